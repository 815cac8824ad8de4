/// Puts the pieces of one splice together: neighbouring literals and neighbouring ranges become one piece. Literals
/// gather in room that the caller lends, which is the `SpliceBuffer`'s own behind the literals that it has.
@safe
struct SpliceWriter {
    private let made: UnsafeMutableRawBufferPointer
    private let room: Int
    private let firstPiece: Int
    /// The beginning of this splice's literals in the buffer.
    private let base: Int
    private var madeCount = 0
    /// The beginning of literals that are not yet a piece.
    private var literalStart = 0
    /// A range of the message that is not yet a piece.
    private var messageStart = 0
    private var messageEnd = 0
    private var length = 0

    /// `made` must outlive the writer.
    @unsafe
    init(_ made: UnsafeMutableRawBufferPointer, _ target: borrowing SpliceBuffer) {
        unsafe self.made = unsafe made
        room = made.count
        firstPiece = target.pieceCount
        base = target.literalCount
    }

    @inline(__always)
    mutating func literal(_ byte: UInt8, _ target: inout SpliceBuffer) {
        if messageEnd > messageStart { flushMessage(&target) }
        guard madeCount < room else { return assertionFailure("literals were counted too low") }
        unsafe made.storeBytes(of: byte, toByteOffset: madeCount, as: UInt8.self)
        madeCount &+= 1
    }

    /// The range `start..<end` of `bytes`, copied.
    @inline(__always)
    mutating func literal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ target: inout SpliceBuffer) {
        guard bytes.covers(start, end), end &- start <= room &- madeCount else {
            return assertionFailure("literals were counted too low")
        }
        if messageEnd > messageStart { flushMessage(&target) }
        let count = end &- start
        let place = madeCount
        let made = unsafe made
        unsafe bytes.withUnsafeBytes { bytes in
            guard let from = bytes.baseAddress, let to = made.baseAddress else { return }
            unsafe copyFew(from: from + start, to: to + place, count: count)
        }
        madeCount &+= count
    }

    /// A value: by reference where it is large and the message's own.
    @inline(__always)
    mutating func value(
        _ value: ReshapedValue, _ text: Span<UInt8>, _ bytes: Span<UInt8>, _ target: inout SpliceBuffer
    ) {
        switch value.origin {
        case .absent: return
        case .text: literal(text, value.value.start, value.value.end, &target)
        case .message:
            if value.copied > 0 {
                literal(bytes, value.value.start, value.value.end, &target)
            } else {
                message(value.value.start, value.value.end, &target)
            }
        }
    }

    /// A member that is added: comma, name, colon and value.
    mutating func member(
        _ slot: Int, _ value: ReshapedValue, _ isFirst: Bool, _ keys: borrowing KeySet, _ text: Span<UInt8>,
        _ bytes: Span<UInt8>, _ target: inout SpliceBuffer
    ) {
        guard keys.isTop(slot) else { return }
        let label = keys.label(slot)
        // The borrowed set owns the table and outlives the call.
        let labels = unsafe Span(_unsafeElements: keys.labelTable)
        literal(labels, label.lowerBound &+ (isFirst ? 1 : 0), label.upperBound, &target)
        self.value(value, text, bytes, &target)
    }

    /// The range `start..<end` of the message, by reference.
    @inline(__always)
    mutating func message(_ start: Int, _ end: Int, _ target: inout SpliceBuffer) {
        guard start < end else { return }
        if messageEnd == start && messageEnd > messageStart {
            messageEnd = end
            return
        }
        if messageEnd > messageStart { flushMessage(&target) }
        if madeCount > literalStart { flushLiteral(&target) }
        messageStart = start
        messageEnd = end
    }

    mutating func finish(_ target: inout SpliceBuffer) -> Splice {
        if messageEnd > messageStart { flushMessage(&target) }
        if madeCount > literalStart { flushLiteral(&target) }
        target.literalCount = base &+ madeCount
        return Splice(
            firstPiece: Int32(truncatingIfNeeded: firstPiece),
            pieceCount: Int32(truncatingIfNeeded: target.pieceCount &- firstPiece), length: length)
    }

    private mutating func flushMessage(_ target: inout SpliceBuffer) {
        target.add(Piece(origin: .message, start: messageStart, count: messageEnd &- messageStart))
        length &+= messageEnd &- messageStart
        messageStart = messageEnd
    }

    private mutating func flushLiteral(_ target: inout SpliceBuffer) {
        let count = madeCount &- literalStart
        target.add(Piece(origin: .literal, start: base &+ literalStart, count: count))
        length &+= count
        literalStart = madeCount
    }
}
