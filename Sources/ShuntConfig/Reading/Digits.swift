/// Whole numbers as people write them in a file.
enum Digits {
    /// The value of one or more ASCII digits; nil for anything else and for what does not fit 64 bits.
    static func number(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in text.utf8 {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = shifted.addingReportingOverflow(Int64(byte - 0x30))
            if overflow || carried { return nil }
            value = sum
        }
        return value
    }

    /// The digits at the front of a text and what follows them, less the space between.
    static func split(_ text: String) -> (digits: Substring, unit: Substring) {
        let end = text.utf8.firstIndex { !(0x30...0x39).contains($0) } ?? text.endIndex
        return (text[..<end], text[end...].drop { $0 == " " })
    }
}
