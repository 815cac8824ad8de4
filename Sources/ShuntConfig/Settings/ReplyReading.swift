import ShuntCore

extension ReplySettings {
    /// Reads `replies:`.
    mutating func read(_ section: Section) {
        let diagnostics = section.diagnostics
        if let node = section["by"], let read = ReplyKinds.read(node, diagnostics) { by = read }
        if let node = section["match"],
            let types = diagnostics.readList(
                node, .text("a type, or none for a message without one"), count: 1...256)
        {
            match = types.filter { $0 != "none" }
            matchNone = types.contains("none")
            if case .presence = by {
                diagnostics.error(
                    node, "match lists values, and by tells replies by the members that they have",
                    advice: "remove match, or name one member: by: type")
            }
        }
        if let until = section.section("until") { readUntil(until) }
        section.finish()
    }

    /// One member, by its path, with the values that end an exchange: `{type: [done]}`.
    private mutating func readUntil(_ section: Section) {
        let diagnostics = section.diagnostics
        let entries = section.node.entries ?? []
        guard let entry = entries.first, entries.count == 1 else {
            diagnostics.error(
                section.node, entries.isEmpty ? "until names no member" : "until names more than one member",
                allowed: "{type: [done]}")
            for entry in entries { _ = section[entry.key] }
            return
        }
        guard let node = section[entry.key] else { return }
        if entry.key.split(separator: ".", omittingEmptySubsequences: false).contains("") {
            diagnostics.error(node, "found \(Excerpt.quoted(entry.key))", allowed: "the path of a member")
        }
        var values: [String] = []
        section.setList(&values, entry.key, .text("a type"), count: 1...256)
        if !values.isEmpty { until = ReplyEnd(path: entry.key, values: values) }
        // What ends an exchange is a reply, whether `match` says so or not.
        if by == .member(entry.key) { match += values.filter { !match.contains($0) } }
    }
}

extension ReplyKinds {
    /// A path, or `{reply: [result, error], push: [method]}`.
    static func read(_ node: DocumentNode, _ diagnostics: DiagnosticList) -> ReplyKinds? {
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            let allowed = "the path of a member, or {reply: [result, error], push: [method]}"
            let path = ValueKind<String>.memberPath
            return diagnostics.read(node, ValueKind(allowed: allowed, parse: path.parse)).map { .member($0) }
        }
        var (replies, pushes): ([String], [String]) = ([], [])
        section.setList(&replies, "reply", .memberPath, count: 1...16)
        section.setList(&pushes, "push", .memberPath, count: 0...16)
        section.finish()
        if section["reply"] == nil {
            diagnostics.error(node, "the key reply is missing", allowed: "{reply: [result, error], push: [method]}")
        }
        for (index, push) in pushes.enumerated() where replies.contains(push) {
            let places = section["push"]?.elements ?? []
            diagnostics.error(
                places.indices.contains(index) ? places[index] : node,
                "\(Excerpt.quoted(push)) stands in reply and in push",
                advice: "what has a member of push is a push, so that no reply with it would ever be one")
        }
        return replies.isEmpty ? nil : .presence(reply: replies, push: pushes)
    }

    /// What tells kinds on the unified endpoint: what does for its upstream, or by default. What is wrong with it is told
    /// where it is read as an upstream's.
    static func read(_ unified: DocumentNode?, defaults: DocumentNode?) -> ReplyKinds {
        guard let node = unified?["replies"]?["by"] ?? defaults?["replies"]?["by"] else { return .member("type") }
        return read(node, DiagnosticList(file: "")) ?? .member("type")
    }
}
