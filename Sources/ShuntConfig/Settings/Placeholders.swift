/// `{name}` in a text.
enum Placeholders {
    /// The names in order; a brace that is not closed is no placeholder.
    static func names(in text: String) -> [String] {
        var names: [String] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: "}") else { break }
            names.append(String(rest[..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return names
    }

    /// The names in a text in which braces have a meaning of their own, such as JSON: only words in braces count.
    static func words(in text: String) -> [String] {
        var words: [String] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            rest = rest[rest.index(after: open)...]
            let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
            if !word.isEmpty, rest[word.endIndex...].hasPrefix("}") { words.append(String(word)) }
        }
        return words
    }

    /// What stands in braces where a JSON text has a string of nothing but that, in order: also what is no word, but for
    /// what may be JSON itself.
    static func wholeStrings(inJSON text: String) -> [String] {
        let text = Array(text.utf8)
        var found: [String] = []
        var index = 0
        while index < text.count {
            let start = index + 1
            if text[index] == UInt8(ascii: "\"") {
                index = start
                while index < text.count, text[index] != UInt8(ascii: "\"") {
                    index += text[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                let content = text[start..<min(index, text.count)]
                if content.count >= 2, content.first == UInt8(ascii: "{"), content.last == UInt8(ascii: "}") {
                    let inside = content.dropFirst().dropLast()
                    if !inside.contains(where: { "\":{}".utf8.contains($0) }) {
                        found.append(String(decoding: inside, as: UTF8.self))
                    }
                }
            }
            index += 1
        }
        return found
    }

    /// Whether a text is one of some names in braces, and nothing more.
    static func isOne(_ text: Substring, among names: [String]) -> Bool {
        text.hasPrefix("{") && text.hasSuffix("}") && names.contains(String(text.dropFirst().dropLast()))
    }

    /// The text with the given names replaced; others stay.
    static func fill(_ text: String, _ values: [String: String]) -> String {
        guard text.contains("{") else { return text }
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            let inside = rest.dropFirst()
            // Names are short: a text of nothing but braces must not be searched to its end for each of them.
            if let close = inside.prefix(64).firstIndex(of: "}"), let value = values[String(inside[..<close])] {
                result += value
                rest = rest[rest.index(after: close)...]
            } else {
                result += "{"
                rest = inside
            }
        }
        return result + rest
    }
}
