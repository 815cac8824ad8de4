import ShuntCore

/// Reads `on_connect:`: what a client of a legacy endpoint is sent in place of the legacy backend's own first words.
struct ConnectReader {
    let diagnostics: DiagnosticList
    /// The `route_by` members that the route has a value of.
    let fields: [String]

    private static let most = 64

    func read(_ node: DocumentNode) -> [String] {
        guard let section = Section(node, diagnostics) else { return [] }
        defer { section.finish() }
        guard let send = section["send"] else {
            diagnostics.error(node, "the key send is missing", allowed: "{send: {type: welcome}}")
            return []
        }
        guard send.elements.count <= Self.most else {
            diagnostics.error(send, "found a list of \(send.elements.count)", allowed: "at most \(Self.most) messages")
            return []
        }
        return send.elements.compactMap { readTemplate($0) }
    }

    private func readTemplate(_ node: DocumentNode) -> String? {
        let text = node.entries == nil ? node.scalar?.text ?? "" : JSONText.of(node)
        if node.scalar?.isBroken == true { return nil }
        let known = fields + ["session", "conversation_id"]
        let words = Placeholders.words(in: text)
        let unknown = words.filter { !known.contains($0) }
        for name in unknown { diagnostics.unknownPlaceholder(name, at: node, known: known) }
        if !unknown.isEmpty { return nil }
        // What is filled in is text: it must stand inside of a string.
        let filled = Placeholders.fill(text, Dictionary(words.map { ($0, "x") }) { first, _ in first })
        guard JSONText.isObject(filled) else {
            diagnostics.error(
                node, "found \(node.found)", allowed: "a JSON object as text, a mapping, or a list of them",
                advice: words.isEmpty ? nil : "placeholders stand inside of strings: \"{\(words[0])}\"")
            return nil
        }
        return text
    }
}
