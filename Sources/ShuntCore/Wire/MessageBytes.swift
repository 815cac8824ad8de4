extension JSONValue {
    /// Whether it names something: `null` and `""` do not.
    var namesSomething: Bool { kind != .null && !(kind == .string && end - start == 2) }
}

/// Whether a range of a message equals some bytes.
func equal(_ bytes: Span<UInt8>, _ range: Range<Int>, _ other: [UInt8]) -> Bool {
    range.count == other.count && bytes.hasEqual(other.count, at: range.lowerBound, to: other.span, at: 0)
}

/// A copy of a range of a message.
func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return [] }
    return unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
}
