/// A JSON text with placeholders: `{agent_type}` and the other `routeBy` members, `{session}`, `{conversation_id}`.
/// Placeholders stand inside of JSON strings; what is filled in is escaped for them.
package struct ConnectTemplate: Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }

    /// Whether a word stands in braces in it.
    package func names(_ word: String) -> Bool { filled([word: []]).count != text.utf8.count }

    /// The text with its placeholders filled in. A word in braces that is none stays as it is.
    package func filled(_ values: [String: [UInt8]]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")) {
            result += rest[..<open]
            let inside = rest[(open + 1)...]
            guard let close = inside.firstIndex(of: UInt8(ascii: "}")),
                let value = values[String(decoding: inside[..<close], as: UTF8.self)]
            else {
                result.append(UInt8(ascii: "{"))
                rest = inside
                continue
            }
            JSONString.appendEscaped(value, to: &result)
            rest = rest[(close + 1)...]
        }
        return result + rest
    }
}
