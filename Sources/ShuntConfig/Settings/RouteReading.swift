import ShuntCore

/// Reads `routes:` into a table's definition.
struct RouteReader {
    let diagnostics: DiagnosticList
    let defaults: DocumentNode?
    let addressing: AddressingSettings
    /// Whether there is a unified upstream, be it a wrong one.
    let hasUnified: Bool

    static let later: KeyValuePairs<String, String> = [
        "pin": "the file alone decides who serves a conversation",
        "fallback": "a message that its upstream cannot take ends in an error",
        "hold": "served_by says who serves the route",
        "overrides": "served_by counts for all clients alike",
        "shadow": "nothing is mirrored or compared",
        "guard": "a share is not raised by itself",
        "on_connect": "nothing is sent to a backend but clients' messages",
    ]

    static let laterOfLegacy: KeyValuePairs<String, String> = [
        "path": "old clients cannot connect: Shunt serves the unified endpoint only",
        "aliases": "old clients cannot connect: Shunt serves the unified endpoint only",
        "unlisted": "there are no legacy endpoints that other values could use",
        "to_legacy": "there are no old clients whose replies would need their old shape",
        "passthrough": "there are no legacy endpoints to pass through",
        "heartbeat": "there are no legacy endpoints to keep alive",
        "tls": "connections to upstreams are ws:// only",
    ]

    /// Reads all routes; each one's place goes to `places`.
    func read(_ node: DocumentNode, into draft: inout TableDraft) {
        guard let section = Section(node, diagnostics) else { return }
        let entries = section.node.entries ?? []
        if entries.isEmpty {
            diagnostics.error(
                node, "there are no routes", advice: "add at least one agent; see the example in config.yaml")
        }
        for entry in entries {
            let room = RouteTemplate.mostRoutes - draft.definition.routes.count
            let instances = RouteTemplate(entry: entry, diagnostics: diagnostics).instances(room: room)
            if instances.isEmpty { draft.hasBrokenRoutes = true }
            for instance in instances { read(instance, at: entry, into: &draft) }
        }
    }

    private func read(_ instance: RouteTemplate.Instance, at entry: DocumentEntry, into draft: inout TableDraft) {
        guard let section = Section(instance.body, diagnostics) else { return }
        var place = instance.body
        place.position = entry.position
        let servedBy = readServedBy(section)
        let match = readMatch(section, instance, place)
        let legacy = section["legacy"].flatMap { readLegacy($0, name: instance.name) }
        section.finish(later: Self.later)
        if servedBy == .legacy, section["legacy"] == nil {
            diagnostics.error(
                section["served_by"] ?? place, "the route is served by legacy, and has no legacy upstream",
                advice: "add legacy: {upstream: {url: \"ws://…\"}}")
        }
        if servedBy == .unified, !hasUnified {
            diagnostics.error(
                section["served_by"] ?? place, "the route is served by unified, and there is no unified upstream",
                advice: "add unified: {upstream: {url: \"ws://…\"}}, or serve the route by legacy")
        }
        guard let match, let servedBy else {
            draft.hasBrokenRoutes = true
            return
        }
        var index: Int?
        if var legacy {
            legacy.shown = Placeholders.fill(legacy.shown, instance.values)
            index = draft.append(legacy, at: section["legacy"] ?? place)
        }
        draft.append(
            RouteSettings(name: instance.name, match: match.values, servedBy: Rollout(servedBy), legacy: index),
            shownMatch: match.shown, at: place)
    }

    /// nil when it cannot be read, which is told.
    private func readServedBy(_ section: Section) -> Side? {
        guard let node = section["served_by"] else { return .legacy }
        if node.entries != nil, let share = Section(node, diagnostics) {
            var wanted = Share(steps: 0)
            share.set(&wanted, "unified", .share)
            share.finish()
            let plain = [0: "legacy", 10_000: "unified"][wanted.steps]
            diagnostics.error(
                node, "a share of the sessions is not supported yet", allowed: "legacy or unified",
                meant: share["unified"] == nil ? nil : plain,
                advice: "the whole route is served by one side")
            return nil
        }
        return diagnostics.read(node, .choice(["legacy": .legacy, "unified": .unified]))
    }

    /// The values of `route_by` members, from the first one on without a gap.
    private func readMatch(
        _ section: Section, _ instance: RouteTemplate.Instance, _ place: DocumentNode
    ) -> (values: [String], shown: [String])? {
        guard let node = section["match"] else {
            diagnostics.error(
                place, "the route has no match",
                advice: "say which messages are meant: match: {\(addressing.routeBy[0]): …}")
            return nil
        }
        guard let match = Section(node, diagnostics) else { return nil }
        var values: [String?] = []
        var isBroken = false
        for field in addressing.routeBy {
            guard let value = match[field] else {
                values.append(nil)
                continue
            }
            let text = diagnostics.read(value, .text("a value of \(field)"))
            values.append(text)
            guard let text else {
                isBroken = true
                continue
            }
            for name in Placeholders.names(in: text) {
                isBroken = true
                diagnostics.unknownPlaceholder(name, at: value, known: instance.values.keys.sorted())
            }
        }
        match.finish()
        if isBroken { return nil }
        let given = values.prefix { $0 != nil }.compactMap { $0 }
        if let skipped = values.firstIndex(where: { $0 == nil }), values.contains(where: { $0 != nil }),
            values[skipped...].contains(where: { $0 != nil })
        {
            diagnostics.error(
                node, "the match has no \(addressing.routeBy[skipped])",
                advice: "members decide in the order of route_by: \(addressing.routeBy.joined(separator: ", "))")
            return nil
        }
        if given.isEmpty {
            let unknownOnly = !(match.node.entries ?? []).isEmpty
            if !unknownOnly {
                diagnostics.error(node, "the match is empty", allowed: "{\(addressing.routeBy[0]): …}")
            }
            return nil
        }
        for name in instance.values.keys.sorted() where !usesPlaceholder(name, in: section.node["match"], instance) {
            diagnostics.error(
                node, "the match does not use {\(Excerpt.of(name))}",
                advice: "the template's routes would all mean the same messages")
            return nil
        }
        let shown = addressing.routeBy.prefix(given.count).map { field in
            Placeholders.fill(match[field]?.scalar?.shown ?? "", instance.values)
        }
        return (given, shown)
    }

    /// Whether a value of the match is made with the placeholder's value.
    private func usesPlaceholder(_ name: String, in match: DocumentNode?, _ instance: RouteTemplate.Instance) -> Bool {
        guard let value = instance.values[name] else { return true }
        return (match?.entries ?? []).contains { entry in
            guard let scalar = entry.value.scalar else { return false }
            return scalar.shown.contains("{\(name)}") || scalar.text.contains(value)
        }
    }

    /// An upstream's settings may stand under `legacy.upstream`, or beside it.
    private func readLegacy(_ node: DocumentNode, name: String) -> UpstreamReader.Result? {
        guard let legacy = Section(node, diagnostics) else { return nil }
        let upstream = legacy["upstream"]
        var beside: [DocumentEntry] = []
        for entry in legacy.node.entries ?? [] where UpstreamReader.sharedKeys.contains(entry.key) {
            _ = legacy[entry.key]
            if let inside = upstream?[entry.key] {
                diagnostics.error(
                    entry.value, "\(entry.key) stands here and under upstream (line \(inside.position.line))",
                    advice: "keep one of them")
            }
            beside.append(entry)
        }
        for key in UpstreamReader.sharedKeys { _ = legacy[key] }
        legacy.finish(later: Self.laterOfLegacy)
        guard let upstream else {
            diagnostics.error(node, "legacy has no upstream", advice: "add upstream: {url: \"ws://…\"}")
            return nil
        }
        var whole = upstream
        if let scalar = upstream.scalar, !scalar.isNull {
            whole.content = .mapping([DocumentEntry(key: "url", position: upstream.position, value: upstream)])
        }
        if !beside.isEmpty {
            let base = DocumentNode(position: whole.position, path: whole.path, content: .mapping(beside))
            whole = base.merged(with: whole)
        }
        return UpstreamReader(diagnostics: diagnostics, defaults: defaults, isUnified: false).read(whole, name: name)
    }
}
