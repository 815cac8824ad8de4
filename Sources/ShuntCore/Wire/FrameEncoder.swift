/// The sending half of a WebSocket leg (RFC 6455 §5.2): each message is one frame, its payload put together from the
/// pieces of a splice while it is written.
package enum FrameEncoder {
    /// Bytes of a frame with a payload of that many bytes.
    package static func length(payload: Int, masked: Bool) -> Int {
        headerLength(payload: payload, masked: masked) &+ max(0, payload)
    }

    @inline(__always)
    private static func headerLength(payload: Int, masked: Bool) -> Int {
        2 &+ (payload < 126 ? 0 : payload < 65536 ? 2 : 8) &+ (masked ? 4 : 0)
    }

    /// Writes one final frame.
    ///
    /// - Parameters:
    ///   - opcode: 1 for text, 2 for binary.
    ///   - message: what pieces of origin `.message` point into.
    ///   - mask: the masking key, its lowest byte first on the wire; nil towards clients.
    ///   - target: at least `length(payload:masked:)` bytes.
    /// - Returns: bytes written; 0, with nothing of use written, when the target is too small or a piece points
    ///   outside of its origin.
    package static func encode(
        _ opcode: UInt8, _ splice: Splice, _ buffer: borrowing SpliceBuffer, message: Span<UInt8>, mask: UInt32?,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        let total = length(payload: splice.length, masked: mask != nil)
        guard let base = target.baseAddress, total <= target.count, splice.length >= 0 else { return 0 }
        var position = unsafe writeHeader(opcode, payload: splice.length, mask: mask, to: base)
        let payloadStart = position
        let pieces = buffer.pieceRoom.span
        let first = Int(splice.firstPiece)
        guard first >= 0, splice.pieceCount >= 0, first &+ Int(splice.pieceCount) <= buffer.pieceCount else { return 0 }
        for index in first..<first &+ Int(splice.pieceCount) {
            let piece = pieces[index]
            guard piece.count <= total &- position else { return 0 }
            let key = Masking.key(mask ?? 0, at: position &- payloadStart)
            let place = unsafe base + position
            let written: Bool
            switch piece.origin {
            case .message: written = unsafe copy(piece, message, key, to: place)
            case .literal:
                let literals = buffer.literalRoom.span.extracting(first: buffer.literalCount)
                written = unsafe copy(piece, literals, key, to: place)
            case .blob:
                let index = Int(piece.blob)
                guard index >= 0, index < buffer.blobs.count else { return 0 }
                let blob = buffer.blobs[index]
                written = unsafe copy(piece, blob.span, key, to: place)
            }
            guard written else { return 0 }
            position &+= piece.count
        }
        return position == total ? total : 0
    }

    /// Writes one final frame of a compressed message (RFC 7692 §6.1).
    ///
    /// - Returns: bytes written; 0 when the target is too small.
    package static func encodeCompressed(
        _ opcode: UInt8, payload: Span<UInt8>, mask: UInt32?, into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        let total = length(payload: payload.count, masked: mask != nil)
        guard let base = target.baseAddress, total <= target.count else { return 0 }
        let position = unsafe writeHeader(opcode, payload: payload.count, mask: mask, to: base)
        unsafe base.storeBytes(of: 0x80 | FrameHeader.compressed | (opcode & 0x0F), as: UInt8.self)
        let piece = Piece(origin: .message, start: 0, count: payload.count)
        return unsafe copy(piece, payload, mask ?? 0, to: base + position) ? total : 0
    }

    /// Appends a control frame. A payload of more than 125 bytes is cut, because such a frame would be a violation.
    package static func encodeControl(
        _ opcode: UInt8, payload: Span<UInt8>, mask: UInt32?, into target: inout [UInt8]
    ) {
        let count = min(payload.count, 125)
        let start = target.count
        let total = length(payload: count, masked: mask != nil)
        target.append(contentsOf: repeatElement(0, count: total))
        unsafe target.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            let frame = unsafe base + start
            let position = unsafe writeHeader(opcode, payload: count, mask: mask, to: frame)
            let piece = Piece(origin: .message, start: 0, count: count)
            _ = unsafe copy(piece, payload, mask ?? 0, to: frame + position)
        }
    }

    package static func encodeControl(
        _ opcode: UInt8, payload: [UInt8], mask: UInt32?, into target: inout [UInt8]
    ) {
        encodeControl(opcode, payload: payload.span, mask: mask, into: &target)
    }

    /// Appends a close frame; without a code it is empty (and the reason is left out). A code that must not be sent
    /// (1005, 1006, 1015, below 1000 …) becomes an empty frame too. The reason is cut to 123 bytes between characters.
    package static func encodeClose(
        _ code: CloseCode?, reason: [UInt8] = [], mask: UInt32?, into target: inout [UInt8]
    ) {
        var payload: [UInt8] = []
        if let code, code.mayBeSent {
            payload = [UInt8(truncatingIfNeeded: code.rawValue &>> 8), UInt8(truncatingIfNeeded: code.rawValue)]
            var count = min(reason.count, 123)
            if count < reason.count {
                while count > 0, reason[count] & 0xC0 == 0x80 { count &-= 1 }
            }
            payload.append(contentsOf: reason[..<count])
        }
        encodeControl(8, payload: payload, mask: mask, into: &target)
    }

    /// Writes header and key; the caller has checked that there is room.
    @inline(__always)
    @unsafe
    private static func writeHeader(
        _ opcode: UInt8, payload: Int, mask: UInt32?, to base: UnsafeMutableRawPointer
    ) -> Int {
        let bit: UInt8 = mask == nil ? 0 : 0x80
        var position = 2
        unsafe base.storeBytes(of: 0x80 | (opcode & 0x0F), as: UInt8.self)
        if payload < 126 {
            unsafe base.storeBytes(of: bit | UInt8(truncatingIfNeeded: payload), toByteOffset: 1, as: UInt8.self)
        } else if payload < 65536 {
            unsafe base.storeBytes(of: bit | 126, toByteOffset: 1, as: UInt8.self)
            let length = UInt16(truncatingIfNeeded: payload).bigEndian
            unsafe base.storeBytes(of: length, toByteOffset: 2, as: UInt16.self)
            position = 4
        } else {
            unsafe base.storeBytes(of: bit | 127, toByteOffset: 1, as: UInt8.self)
            let length = UInt64(truncatingIfNeeded: payload).bigEndian
            unsafe base.storeBytes(of: length, toByteOffset: 2, as: UInt64.self)
            position = 10
        }
        if let mask {
            unsafe base.storeBytes(of: mask.littleEndian, toByteOffset: position, as: UInt32.self)
            position &+= 4
        }
        return position
    }

    /// Copies a piece of `origin`; false when there is no such range.
    @inline(__always)
    @unsafe
    private static func copy(
        _ piece: Piece, _ origin: Span<UInt8>, _ key: UInt32, to place: UnsafeMutableRawPointer
    ) -> Bool {
        guard piece.start >= 0, piece.count >= 0, piece.start <= origin.count,
            piece.count <= origin.count &- piece.start
        else { return false }
        unsafe origin.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress, piece.count > 0 else { return }
            if key == 0 {
                unsafe place.copyMemory(from: source + piece.start, byteCount: piece.count)
            } else {
                _ = unsafe Masking.copy(from: source + piece.start, to: place, count: piece.count, mask: key)
            }
        }
        return true
    }
}
