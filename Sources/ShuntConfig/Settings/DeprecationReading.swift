import ShuntCore

extension DeprecationSettings {
    /// Reads `deprecation:`.
    mutating func read(_ section: Section, _ usage: inout UsageSettings, into draft: inout TableDraft) {
        let diagnostics = section.diagnostics
        if let node = section["deprecated_at"] { deprecatedAt = diagnostics.read(node, .moment) }
        if let node = section["sunset"] { sunset = diagnostics.read(node, .moment) }
        if let sunset, let deprecatedAt, sunset < deprecatedAt, let node = section["sunset"] {
            diagnostics.error(
                node, "sunset is before deprecated_at",
                advice: "what is not deprecated yet cannot be gone: RFC 9745 forbids it")
        }
        if let node = section["link"] { link = diagnostics.read(node, .pageURL) }
        if let node = section["successor"] { successor = diagnostics.read(node, .successor) }
        if let node = section["notice"] { readNotice(node, diagnostics) }
        if let node = section["brownouts"] { readBrownouts(node, diagnostics, into: &draft) }
        usage.readDeprecation(section)
        // A quiet period alone deprecates nothing yet.
        let onlyQuiet = section["quiet_period"] != nil && self == DeprecationSettings()
        if deprecatedAt == nil, section["deprecated_at"] == nil, !onlyQuiet {
            diagnostics.warning(
                section.node, "there is no deprecated_at, so that no Deprecation header is sent",
                advice: "add deprecated_at: since when the legacy endpoints are deprecated")
        }
        section.finish()
    }

    private mutating func readNotice(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        switch node.scalar?.text {
        case "false", "off": notice = nil
        case "true":
            let known = [
                ("deprecated_at", deprecatedAt != nil), ("sunset", sunset != nil), ("successor", true),
                ("link", link != nil),
            ]
            let members = known.filter { $0.1 }.map { #""\#($0.0)":"{\#($0.0)}""# }
            notice = #"{"type":"deprecation",\#(members.joined(separator: ","))}"#
        default:
            notice = diagnostics.readObject(node, advice: "or true for the built-in one, false for none")
            for name in Placeholders.words(in: notice ?? "") where !Self.placeholders.contains(name) {
                diagnostics.unknownPlaceholder(name, at: node, known: Self.placeholders)
            }
        }
    }

    private mutating func readBrownouts(
        _ node: DocumentNode, _ diagnostics: DiagnosticList, into draft: inout TableDraft
    ) {
        guard case .list(let nodes) = node.content else {
            if node.isNull { return }
            return diagnostics.error(
                node, "found \(node.found)",
                allowed: "a list: [{routes: [\"liaison/*\"], from: \"2027-02-01T10:00Z\", for: 1h, share: 100%}, …]")
        }
        guard nodes.count <= 100 else {
            return diagnostics.error(node, "found a list of \(nodes.count)", allowed: "at most 100 brownouts")
        }
        for element in nodes {
            guard let section = Section(element, diagnostics), let brownout = Self.brownout(section) else { continue }
            brownouts.append(brownout)
            draft.brownoutPlaces.append(element)
        }
    }

    /// nil when it cannot be read, which is told.
    private static func brownout(_ section: Section) -> Brownout? {
        let diagnostics = section.diagnostics
        func value<Value>(_ key: String, _ read: (DocumentNode) -> Value?) -> Value? {
            guard let node = section[key] else {
                diagnostics.error(
                    section.node, "the brownout has no \(key)", allowed: "{routes: […], from: …, for: …, share: …}")
                return nil
            }
            return read(node)
        }
        let routes = value("routes") {
            diagnostics.readList(
                $0, .literal(.text("a route's name, or a pattern such as \"liaison/*\"")), count: 1...100)
        }
        let from = value("from") { diagnostics.read($0, .moment) }
        let length = value("for") { diagnostics.read($0, .duration(.seconds(1) ... .hours(24 * 31))) }
        var share: Share? = Share(steps: Rollout.whole)
        if let node = section["share"] { share = diagnostics.read(node, .share) }
        section.finish()
        guard let routes, let from, let length, let share else { return nil }
        return Brownout(routes: routes, from: from, length: length, share: Rollout(steps: share.steps))
    }
}

extension ValueKind where Value == String {
    /// Stands in a header between angle brackets, so that nothing may need an escape.
    private static func url(_ text: String, _ schemes: [String]) -> Bool {
        guard text.utf8.allSatisfy(Announcement.isOfURI), let scheme = schemes.first(where: { text.hasPrefix($0) })
        else { return false }
        return text.dropFirst(scheme.count).first.map { !"/?#:@".contains($0) } ?? false
    }

    fileprivate static var pageURL: ValueKind {
        ValueKind(allowed: "the URL of a page, such as https://example.com/migrate, escaped as URLs are") { scalar in
            if Self.url(scalar.text, ["https://", "http://"]) { return .value(scalar.text) }
            let meant = "https://" + scalar.text
            return scalar.text.contains(".") && !scalar.text.contains("/") && Self.url(meant, ["https://"])
                ? .wrong(meant: meant) : .wrong()
        }
    }

    fileprivate static var successor: ValueKind {
        ValueKind(allowed: "a path such as /api/ws/agent, or a URL such as wss://example.com/agent") { scalar in
            if Self.url(scalar.text, ["wss://", "ws://", "https://", "http://"]) { return .value(scalar.text) }
            guard scalar.text.hasPrefix("/"), !scalar.text.hasPrefix("//"),
                scalar.text.utf8.allSatisfy(Announcement.isOfURI)
            else {
                let meant = "/" + scalar.text
                return scalar.text.hasPrefix("api/") && scalar.text.utf8.allSatisfy(Announcement.isOfURI)
                    ? .wrong(meant: meant) : .wrong()
            }
            return .value(scalar.text)
        }
    }
}
