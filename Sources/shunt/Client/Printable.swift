/// Text that others wrote (reasons, names of apps, events), made harmless for a terminal.
enum Printable {
    /// One line: control characters, which a terminal would obey, and marks that turn the direction of text become
    /// spaces.
    static func text(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars { result.unicodeScalars.append(isHarmless(scalar) ? scalar : " ") }
        return result
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}

extension Character {
    /// Whether it has a place on the line.
    var isPrintable: Bool { Printable.text(String(self)) == String(self) }
}
