/// Text of strangers that people will read in a terminal, a log or a page.
enum PlainText {
    /// Without what moves cursors, breaks lines or turns the direction of writing, without white space at its ends, and
    /// cut between characters.
    ///
    /// - Parameter longest: in Unicode scalars.
    static func cleaned(_ text: String, longest: Int) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !hides(scalar) && !(result.isEmpty && scalar == " ") {
            if result.count == longest { break }
            result.append(scalar)
        }
        while result.last == " " { result.removeLast() }
        return String(result)
    }

    /// Control characters (C0, DEL, C1), line and paragraph separators, and the marks that reorder text.
    private static func hides(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
