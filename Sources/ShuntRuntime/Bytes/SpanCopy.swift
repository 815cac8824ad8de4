extension Span<UInt8> {
    /// The bytes from that one on, for whoever keeps them.
    func copied(from start: Int = 0) -> [UInt8] {
        guard start < count else { return [] }
        return extracting(start...).withUnsafeBufferPointer { Array($0) }
    }
}
