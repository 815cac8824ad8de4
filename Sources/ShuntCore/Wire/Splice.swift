/// Where the bytes of a piece come from.
package enum PieceOrigin: UInt8, Sendable {
    /// The message that the event in hand carries.
    case message
    /// The literals that were made for these effects (`SpliceBuffer.literals`).
    case literal
    /// A message that was held or parked (`SpliceBuffer.blobs`).
    case blob
}

/// A run of bytes of one origin.
package struct Piece: Sendable, Equatable {
    package var origin: PieceOrigin
    /// Which blob, when the origin is `.blob`.
    package var blob: Int32
    package var start: Int
    package var count: Int

    package init(origin: PieceOrigin, blob: Int32 = 0, start: Int, count: Int) {
        self.origin = origin
        self.blob = blob
        self.start = start
        self.count = count
    }
}

/// A message as a list of pieces, by which edits are made without copying what they do not touch. It points into the
/// `SpliceBuffer` that it was made in and is good until that is reset.
package struct Splice: Sendable, Equatable {
    package var firstPiece: Int32
    package var pieceCount: Int32
    /// Bytes of the whole message.
    package var length: Int
    /// Binary messages exist where they are passed through only.
    package var kind: MessageKind

    package init(firstPiece: Int32, pieceCount: Int32, length: Int, kind: MessageKind = .text) {
        self.firstPiece = firstPiece
        self.pieceCount = pieceCount
        self.length = length
        self.kind = kind
    }
}

/// The storage of splices: reused from event to event, so a steady state allocates nothing.
package struct SpliceBuffer: Sendable {
    package var pieces: [Piece] = []
    package var literals: [UInt8] = []
    package var blobs: [[UInt8]] = []

    package init() {}

    package mutating func reset() {
        if !pieces.isEmpty { pieces.removeAll(keepingCapacity: true) }
        if !literals.isEmpty { literals.removeAll(keepingCapacity: true) }
        if !blobs.isEmpty { blobs.removeAll(keepingCapacity: true) }
    }

    /// A splice of a whole blob, which the buffer keeps until it is reset.
    package mutating func splice(blob bytes: [UInt8]) -> Splice {
        blobs.append(bytes)
        return append(
            Piece(origin: .blob, blob: Int32(truncatingIfNeeded: blobs.count - 1), start: 0, count: bytes.count))
    }

    /// Makes a splice of the event's message one of a blob: the same bytes, which the buffer keeps.
    package mutating func keep(_ bytes: [UInt8], asMessageOf splice: Splice) {
        blobs.append(bytes)
        let index = Int32(truncatingIfNeeded: blobs.count - 1)
        for piece in Int(splice.firstPiece)..<Int(splice.firstPiece) + Int(splice.pieceCount)
        where pieces[piece].origin == .message {
            pieces[piece].origin = .blob
            pieces[piece].blob = index
        }
    }

    /// A splice of the event's own message, unchanged.
    package mutating func splice(messageOf count: Int) -> Splice {
        append(Piece(origin: .message, start: 0, count: count))
    }

    /// A splice of what `literals` holds from `start` to its end.
    package mutating func splice(literalsFrom start: Int) -> Splice {
        append(Piece(origin: .literal, start: start, count: literals.count - start))
    }

    private mutating func append(_ piece: Piece) -> Splice {
        pieces.append(piece)
        return Splice(firstPiece: Int32(truncatingIfNeeded: pieces.count - 1), pieceCount: 1, length: piece.count)
    }

    /// The bytes that a splice stands for, copied out (for what is parked, and for tests).
    package func bytes(of splice: Splice, message: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(splice.length)
        for index in Int(splice.firstPiece)..<Int(splice.firstPiece) + Int(splice.pieceCount) {
            let piece = pieces[index]
            let range = piece.start..<piece.start + piece.count
            switch piece.origin {
            case .message: for position in range { result.append(message[position]) }
            case .literal: result.append(contentsOf: literals[range])
            case .blob: result.append(contentsOf: blobs[Int(piece.blob)][range])
            }
        }
        return result
    }
}
