import ShuntCore

/// Reads `on_open:` and `ready:`, the first words on each new connection of an upstream.
struct OpeningReader {
    let diagnostics: DiagnosticList
    /// What may stand in braces.
    let words: [String]

    private static let most = 16
    private static let example = "{send: {type: hello, token: \"{token}\"}, reply: {type: welcome}}"

    func readMessages(_ node: DocumentNode, _ ready: GreetingSettings?) -> [OpeningMessage] {
        if node.isNull { return [] }
        guard node.elements.count <= Self.most else {
            diagnostics.error(node, "found a list of \(node.elements.count)", allowed: "at most \(Self.most) messages")
            return []
        }
        return node.elements.compactMap { readMessage($0, ready) }
    }

    private func readMessage(_ node: DocumentNode, _ ready: GreetingSettings?) -> OpeningMessage? {
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            diagnostics.error(node, "found \(node.found)", allowed: Self.example)
            return nil
        }
        let text = section["send"].flatMap { diagnostics.readTemplate($0, words: words) }
        if section["send"] == nil { diagnostics.error(node, "the key send is missing", allowed: Self.example) }
        var message = OpeningMessage(send: text ?? "")
        if let reply = section["reply"] {
            if reply.scalar?.text != "none" { message.replies = readTypes(reply) }
        } else {
            diagnostics.error(
                node, "the key reply is missing", allowed: "{type: [welcome]} or none",
                advice: "what answers it is kept from clients, and their messages wait for it")
        }
        section.set(&message.afterGreeting, "after", .choice(["open": false, "ready": true]))
        if message.afterGreeting, ready == nil, let after = section["after"] {
            diagnostics.error(
                after, "there is no greeting to wait for", advice: "say which one it is: ready: {type: …}")
        }
        section.finish()
        return text == nil ? nil : message
    }

    /// nil for none.
    func readReady(_ node: DocumentNode) -> GreetingSettings? {
        if node.isNull || node.scalar?.text == "none" { return nil }
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            if node.scalar?.isBroken != true {
                diagnostics.error(node, "found \(node.found)", allowed: "{type: system, timeout: 10s} or none")
            }
            return nil
        }
        var settings = GreetingSettings()
        settings.types = readTypes(section)
        section.set(&settings.timeout, "timeout", .duration(.milliseconds(100) ... .minutes(10)))
        section.finish()
        return settings.types.isEmpty ? nil : settings
    }

    private func readTypes(_ node: DocumentNode) -> [String] {
        guard node.entries != nil, let section = Section(node, diagnostics) else {
            diagnostics.error(node, "found \(node.found)", allowed: "{type: [welcome]} or none")
            return []
        }
        defer { section.finish() }
        return readTypes(section)
    }

    private func readTypes(_ section: Section) -> [String] {
        var types: [String] = []
        section.setList(&types, "type", .text("a type"), count: 1...64)
        if section["type"] == nil {
            diagnostics.error(section.node, "the key type is missing", allowed: "{type: [welcome]}")
        }
        return types
    }
}
