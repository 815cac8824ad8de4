import ShuntCore

/// Reads `routes:` into a table's definition.
struct RouteReader {
    let diagnostics: DiagnosticList
    let tls: TLSLookup
    /// `upstream_defaults:`.
    let defaults: DocumentNode?
    /// `legacy_defaults:`.
    let legacyDefaults: DocumentNode?
    let addressing: AddressingSettings
    let surroundings: RouteSurroundings

    static let later: KeyValuePairs<String, String> = [
        "shadow": "nothing is mirrored or compared",
        "guard": "a share is not raised by itself",
    ]

    /// Reads all routes.
    func read(_ node: DocumentNode, into draft: inout TableDraft) {
        guard let section = Section(node, diagnostics) else { return }
        let entries = section.node.entries ?? []
        if entries.isEmpty {
            diagnostics.error(
                node, "there are no routes", advice: "add at least one agent; see the example in config.yaml")
        }
        for entry in entries {
            let room = RouteTemplate.mostRoutes - draft.definition.routes.count
            let template = RouteTemplate(entry: entry, diagnostics: diagnostics)
            let instances = template.instances(room: room)
            if instances.isEmpty { draft.hasBrokenRoutes = true }
            for instance in instances { read(instance, at: entry, into: &draft) }
            if let first = instances.first, !first.values.isEmpty {
                readUnlisted(template.body, name: entry.key, names: first.values.keys.sorted(), into: &draft)
            }
        }
    }

    private func read(_ instance: RouteTemplate.Instance, at entry: DocumentEntry, into draft: inout TableDraft) {
        guard let section = Section(instance.body, diagnostics) else { return }
        var place = instance.body
        place.position = entry.position
        var route = RouteSettings(name: instance.name, match: [], servedBy: .legacy, legacy: nil)
        let isDecided = route.readRollout(section)
        let match = readMatch(section, instance, place)
        route.match = match?.values ?? []
        let fields = Array(addressing.routeBy.prefix(match?.values.count ?? addressing.routeBy.count))
        var upstream: UpstreamReader.Result?
        if let legacy = section.section("legacy") {
            var upstreams = UpstreamReader(legacy: self)
            upstreams.fields = fields
            upstream = readUpstream(legacy, name: instance.name, upstreams)
            let reader = EndpointReader(diagnostics: diagnostics, defaults: legacyDefaults)
            route.endpoint = reader.read(legacy, names: Array(instance.values.keys))
            legacy.finish()
            checkOneMeaning(route.endpoint, legacy)
        }
        if let node = section.section("unified") { readUnified(node, into: &route, draft) }
        if let node = GreetReader.node(in: section) {
            let texts = GreetReader(diagnostics: diagnostics, fields: fields).read(node)
            route.endpoint?.greet = texts
        }
        section.finish(later: Self.later)
        if isDecided {
            RouteChecks(route: route, section: section, place: place, surroundings: surroundings).run()
        }
        guard let match, isDecided else {
            draft.hasBrokenRoutes = true
            return
        }
        if var upstream {
            upstream.shown = Placeholders.fill(upstream.shown, instance.values)
            route.legacy = draft.append(upstream, at: section["legacy"] ?? place)
        }
        draft.append(route, shownMatch: match.shown, at: place)
    }

    /// What the route has of its own where the unified upstream serves it: laid over that upstream's.
    private func readUnified(_ section: Section, into route: inout RouteSettings, _ draft: TableDraft) {
        if !surroundings.hasUnified {
            diagnostics.warning(
                section.node, "unified has no effect: there is no unified upstream",
                advice: "add unified: {upstream: {url: \"ws://…\"}} at the top level")
        }
        func merged(_ key: String) -> Section? {
            guard let own = section[key], Section(own, diagnostics) != nil else { return nil }
            return Section(draft.unifiedUpstream?[key]?.merged(with: own) ?? own, diagnostics)
        }
        if let replies = merged("replies") {
            var settings = ReplySettings()
            settings.read(replies)
            route.unified.replies = settings
        }
        if let pushes = merged("pushes") {
            var actions: [String: PushAction] = [:]
            PushAction.read(pushes, into: &actions)
            route.unified.pushes = actions
        }
        if let rules = merged("to_unified") {
            var settings = ReshapeRules()
            settings.read(rules)
            route.unified.toUnified = settings
        }
        section.finish()
    }

    /// What an endpoint absorbs is nowhere sent on without an answer.
    private func checkOneMeaning(_ endpoint: EndpointSettings?, _ legacy: Section) {
        for type in endpoint?.heartbeat?.absorb ?? [] where addressing.oneWay.contains(type.type) {
            diagnostics.error(
                legacy["heartbeat"]?["absorb"] ?? legacy.node,
                "\(Excerpt.quoted(type.type)) is absorbed here and one_way in unified",
                advice: "an absorbed message is never routed: keep it in one of them")
        }
    }

    /// The endpoint for the values that a template does not list, unless they are refused.
    private func readUnlisted(_ body: DocumentNode, name: String, names: [String], into draft: inout TableDraft) {
        guard let node = body["legacy"], node["path"]?.scalar?.shown.contains("{") ?? false else { return }
        var isExplicit = false
        if let choice = node["unlisted"] {
            guard let forwards = diagnostics.read(choice, .choice(["forward": true, "refuse": false])) else { return }
            isExplicit = true
            if !forwards { return }
        }
        // Where the template's own routes can be read and this cannot, a value as a client writes it has no place.
        let scratch = DiagnosticList(file: diagnostics.file)
        guard let legacy = Section(node, scratch) else { return }
        var upstreams = UpstreamReader(diagnostics: scratch, tls: tls, defaults: defaults, isUnified: false)
        upstreams.placeholders = names
        upstreams.fields = addressing.routeBy
        let upstream = readUpstream(legacy, name: name, upstreams)
        let endpoints = EndpointReader(diagnostics: scratch, defaults: legacyDefaults, placeholders: names)
        guard let settings = endpoints.read(legacy, names: names), let upstream, !scratch.hasErrors else {
            guard isExplicit, let choice = node["unlisted"], let problem = scratch.list.first(where: \.isError),
                !diagnostics.knows(problem)
            else { return }
            diagnostics.error(
                choice, "values that are not listed cannot be forwarded",
                advice: "line \(problem.position.line): \(problem.problem)"
                    + (problem.advice.map { "; \($0)" } ?? "") + "; or write unlisted: refuse")
            return
        }
        let index = draft.append(upstream, at: node)
        var unlisted = UnlistedEndpointSettings(name: name, path: settings.path, upstream: index)
        unlisted.aliases = settings.aliases.filter { alias in names.allSatisfy { alias.contains("{\($0)}") } }
        unlisted.passthrough = settings.passthrough
        unlisted.heartbeat = settings.heartbeat
        unlisted.access = settings.access
        unlisted.compression = settings.compression
        draft.append(unlisted, at: node)
    }

    /// An upstream's settings may stand under `legacy.upstream`, or beside it.
    private func readUpstream(
        _ legacy: Section, name: String, _ reader: UpstreamReader
    ) -> UpstreamReader.Result? {
        let diagnostics = legacy.diagnostics
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
        guard let upstream else {
            diagnostics.error(legacy.node, "legacy has no upstream", advice: "add upstream: {url: \"ws://…\"}")
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
        return reader.read(whole, name: name)
    }
}

extension UpstreamReader {
    /// For the legacy upstream of a route.
    fileprivate init(legacy routes: RouteReader) {
        self.init(diagnostics: routes.diagnostics, tls: routes.tls, defaults: routes.defaults, isUnified: false)
    }
}
