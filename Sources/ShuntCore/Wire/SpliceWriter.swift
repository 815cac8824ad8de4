/// Appends the pieces of one splice to a `SpliceBuffer`: neighbouring literals and neighbouring ranges become one piece.
struct SpliceWriter {
    private let firstPiece: Int
    private var length = 0
    /// Where literals that are not yet a piece begin.
    private var literalStart: Int
    /// A range of the message that is not yet a piece.
    private var messageStart = 0
    private var messageEnd = 0

    init(_ target: borrowing SpliceBuffer) {
        firstPiece = target.pieces.count
        literalStart = target.literals.count
    }

    @inline(__always)
    mutating func literal(_ byte: UInt8, _ target: inout SpliceBuffer) {
        flushMessage(&target)
        target.literals.append(byte)
    }

    /// The range `start..<end` of `bytes`, copied.
    @inline(__always)
    mutating func literal(_ bytes: Span<UInt8>, _ start: Int, _ end: Int, _ target: inout SpliceBuffer) {
        guard bytes.covers(start, end) else { return }
        flushMessage(&target)
        unsafe bytes.withUnsafeBufferPointer { unsafe target.literals.append(contentsOf: $0[start..<end]) }
    }

    /// The range `start..<end` of the message, by reference.
    @inline(__always)
    mutating func message(_ start: Int, _ end: Int, _ target: inout SpliceBuffer) {
        guard start < end else { return }
        if messageEnd == start && messageEnd > messageStart {
            messageEnd = end
            return
        }
        flushMessage(&target)
        flushLiteral(&target)
        messageStart = start
        messageEnd = end
    }

    mutating func finish(_ target: inout SpliceBuffer) -> Splice {
        flushMessage(&target)
        flushLiteral(&target)
        return Splice(
            firstPiece: Int32(truncatingIfNeeded: firstPiece),
            pieceCount: Int32(truncatingIfNeeded: target.pieces.count - firstPiece), length: length)
    }

    @inline(__always)
    private mutating func flushMessage(_ target: inout SpliceBuffer) {
        guard messageEnd > messageStart else { return }
        target.pieces.append(Piece(origin: .message, start: messageStart, count: messageEnd - messageStart))
        length += messageEnd - messageStart
        messageStart = messageEnd
    }

    @inline(__always)
    private mutating func flushLiteral(_ target: inout SpliceBuffer) {
        let count = target.literals.count - literalStart
        guard count > 0 else { return }
        target.pieces.append(Piece(origin: .literal, start: literalStart, count: count))
        length += count
        literalStart += count
    }
}
