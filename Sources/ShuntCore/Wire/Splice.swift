/// The source of a piece's bytes.
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

/// The storage of splices: reused from event to event, so a steady state allocates nothing. It is counted, not cleared:
/// to empty an array costs more than all that a usual message puts into it.
package struct SpliceBuffer: Sendable {
    /// Room for pieces, of which the first `pieceCount` are there.
    private(set) var pieceRoom: [Piece] = []
    private(set) var pieceCount = 0
    /// Room for literals, of which the first `literalCount` bytes are there.
    var literalRoom: [UInt8] = []
    var literalCount = 0
    package var blobs: [[UInt8]] = []

    /// More literals than this are not kept room for.
    private static let mostKept = 1 << 20

    package init() {}

    /// The pieces of all splices. Reading copies: for slow paths and tests.
    package var pieces: [Piece] {
        get { Array(pieceRoom[..<pieceCount]) }
        _modify {
            pieceRoom.removeSubrange(pieceCount...)
            defer { pieceCount = pieceRoom.count }
            yield &pieceRoom
        }
    }

    /// The literals of all splices. Reading copies: for slow paths and tests.
    package var literals: [UInt8] {
        get { Array(literalRoom[..<literalCount]) }
        _modify {
            literalRoom.removeSubrange(literalCount...)
            defer { literalCount = literalRoom.count }
            yield &literalRoom
        }
    }

    package mutating func reset() {
        pieceCount = 0
        literalCount = 0
        if literalRoom.count > SpliceBuffer.mostKept { literalRoom = [] }
        if !blobs.isEmpty { blobs.removeAll(keepingCapacity: true) }
    }

    /// Writes a splice as one final frame of its kind: `FrameEncoder.encode`. It changes nothing here, and is `mutating` so
    /// that the buffer is lent where it is: else its arrays are counted up and down for each message.
    package mutating func writeFrame(
        _ splice: Splice, message: Span<UInt8>, mask: UInt32?, into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        unsafe FrameEncoder.encode(splice.kind.rawValue, splice, self, message: message, mask: mask, into: target)
    }

    /// Puts a splice together in `room`, which is grown as far as it must be.
    ///
    /// - Returns: where its bytes are; nil where a piece points outside of its origin.
    package mutating func gather(
        _ splice: Splice, message: Span<UInt8>, into room: inout [UInt8]
    ) -> Range<Int>? {
        let most = FrameHeader.longest &+ max(0, splice.length)
        if room.count < most { room.append(contentsOf: repeatElement(0, count: most &- room.count)) }
        let written = unsafe room.withUnsafeMutableBytes {
            unsafe writeFrame(splice, message: message, mask: nil, into: $0)
        }
        return written > 0 ? written &- splice.length..<written : nil
    }

    /// The message's own pieces of a splice come from `bytes`, which the buffer keeps until it is reset.
    mutating func hold(_ bytes: [UInt8], for splice: Splice) {
        blobs.append(bytes)
        let blob = Int32(truncatingIfNeeded: blobs.count - 1)
        for index in Int(splice.firstPiece)..<Int(splice.firstPiece) + Int(splice.pieceCount)
        where pieceRoom[index].origin == .message {
            pieceRoom[index].origin = .blob
            pieceRoom[index].blob = blob
        }
    }

    /// A splice of a whole blob, which the buffer keeps until it is reset.
    package mutating func splice(blob bytes: [UInt8]) -> Splice {
        blobs.append(bytes)
        return append(
            Piece(origin: .blob, blob: Int32(truncatingIfNeeded: blobs.count - 1), start: 0, count: bytes.count))
    }

    /// A splice of the event's own message, unchanged.
    package mutating func splice(messageOf count: Int) -> Splice {
        append(Piece(origin: .message, start: 0, count: count))
    }

    /// A splice of what `literals` holds from `start` to its end.
    package mutating func splice(literalsFrom start: Int) -> Splice {
        append(Piece(origin: .literal, start: start, count: literalCount - start))
    }

    private mutating func append(_ piece: Piece) -> Splice {
        add(piece)
        return Splice(firstPiece: Int32(truncatingIfNeeded: pieceCount - 1), pieceCount: 1, length: piece.count)
    }

    /// Makes room for so many bytes of further literals.
    @inline(__always)
    mutating func makeRoom(_ count: Int) {
        let lacking = literalCount &+ count &- literalRoom.count
        if lacking > 0 { literalRoom.append(contentsOf: repeatElement(0, count: max(256, lacking &* 2))) }
    }

    /// A further piece, of a splice that is being made.
    @inline(__always)
    mutating func add(_ piece: Piece) {
        if pieceCount < pieceRoom.count { pieceRoom[pieceCount] = piece } else { pieceRoom.append(piece) }
        pieceCount &+= 1
    }

    /// The bytes that a splice stands for, copied out (for what is parked, and for tests).
    package func bytes(of splice: Splice, message: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(splice.length)
        for index in Int(splice.firstPiece)..<Int(splice.firstPiece) + Int(splice.pieceCount) {
            let piece = pieceRoom[index]
            let range = piece.start..<piece.start + piece.count
            switch piece.origin {
            case .message: for position in range { result.append(message[position]) }
            case .literal: result.append(contentsOf: literalRoom[range])
            case .blob: result.append(contentsOf: blobs[Int(piece.blob)][range])
            }
        }
        return result
    }
}
