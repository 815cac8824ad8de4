import ShuntCore

/// Reads `greet:`, what a client of a legacy endpoint is sent in place of the legacy backend's own first words.
struct GreetReader {
    /// The name that it had before.
    static let oldName = "on_connect"

    let diagnostics: DiagnosticList
    /// The `route_by` members that the route has a value of.
    let fields: [String]

    private static let most = 64

    /// The key's value under its name, or under the old one, which is told.
    static func node(in section: Section) -> DocumentNode? {
        let (new, old) = (section["greet"], section[oldName])
        guard let old else { return new }
        if new != nil {
            section.diagnostics.error(old, "\(oldName) stands beside greet", advice: "it is the same: keep greet")
        } else {
            section.diagnostics.warning(old, "\(oldName) is called greet now", advice: "write greet: {send: …}")
        }
        return new ?? old
    }

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
        return send.elements.compactMap {
            diagnostics.readTemplate($0, words: fields + ["session", "conversation_id"])
        }
    }
}

extension DiagnosticList {
    /// Reads a JSON object, as text or as a mapping, with placeholders inside of its strings; nil when it is none, which
    /// is told.
    ///
    /// - Parameter known: what may stand in braces.
    func readTemplate(_ node: DocumentNode, words known: [String]) -> String? {
        let text = node.entries == nil ? node.scalar?.text ?? "" : JSONText.of(node)
        if node.scalar?.isBroken == true { return nil }
        let words = Placeholders.words(in: text)
        let unknown = words.filter { !known.contains($0) }
        for name in unknown { unknownPlaceholder(name, at: node, known: known) }
        if !unknown.isEmpty { return nil }
        // What is filled in is text: it must stand inside of a string.
        let filled = Placeholders.fill(text, Dictionary(words.map { ($0, "x") }) { first, _ in first })
        guard JSONText.isObject(filled) else {
            error(
                node, "found \(node.found)", allowed: "a JSON object as text, a mapping, or a list of them",
                advice: words.isEmpty ? nil : "placeholders stand inside of strings: \"{\(words[0])}\"")
            return nil
        }
        return text
    }
}
