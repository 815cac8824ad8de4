/// Text of a file as it may stand in a diagnostic: on one line, printable, of bounded length.
enum Excerpt {
    static func of(_ text: String, longest: Int = 60) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == longest { return result + "…" }
            count += 1
            switch scalar.value {
            case 0x0A: result += "\\n"
            case 0x09: result += "\\t"
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text in double quotes.
    static func quoted(_ text: String) -> String { "\"\(of(text))\"" }

    /// `a, b or c`.
    static func choices(_ values: [String]) -> String {
        guard let last = values.last else { return "nothing" }
        return values.count == 1 ? last : values.dropLast().joined(separator: ", ") + " or " + last
    }
}
