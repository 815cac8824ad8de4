import Foundation

/// JSON text out of the values of the file.
enum JSONText {
    /// The JSON of a value: plain `true`, `false`, `null` and numbers mean what they say, every other scalar is a
    /// string, mappings keep their order.
    static func of(_ node: DocumentNode) -> String {
        switch node.content {
        case .scalar(let scalar): of(scalar)
        case .list(let nodes): "[" + nodes.map { of($0) }.joined(separator: ",") + "]"
        case .mapping(let entries):
            "{" + entries.map { quoted($0.key) + ":" + of($0.value) }.joined(separator: ",") + "}"
        }
    }

    private static func of(_ scalar: DocumentScalar) -> String {
        guard scalar.isPlain else { return quoted(scalar.text) }
        if scalar.isNull { return "null" }
        if scalar.text == "true" || scalar.text == "false" || isNumber(scalar.text) { return scalar.text }
        return quoted(scalar.text)
    }

    /// A JSON string (RFC 8259 §7).
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Whether a text is a number of JSON (RFC 8259 §6): `010` and `1_000` are none.
    static func isNumber(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" { rest.removeFirst() }
        guard let integer = digits(&rest), integer == "0" || !integer.hasPrefix("0") else { return false }
        if rest.first == "." {
            rest.removeFirst()
            guard digits(&rest) != nil else { return false }
        }
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            if rest.first == "+" || rest.first == "-" { rest.removeFirst() }
            guard digits(&rest) != nil else { return false }
        }
        return rest.isEmpty
    }

    private static func digits(_ rest: inout Substring) -> Substring? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest.removeFirst(digits.count)
        return digits.isEmpty ? nil : digits
    }

    /// Whether a text is one JSON object.
    static func isObject(_ text: String) -> Bool {
        let value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        return value is [String: Any]
    }

    /// The top-level `type` of a JSON object, nil when it has none.
    static func type(of text: String) -> String? {
        let value = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        return (value as? [String: Any])?["type"] as? String
    }
}
