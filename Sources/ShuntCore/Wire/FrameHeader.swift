/// The head of a frame (RFC 6455 §5.2).
struct FrameHeader: Equatable {
    /// The longest there is: two bytes, eight of length, four of mask.
    static let longest = 14
    /// RSV1, which says of a message's first frame that the message is compressed (RFC 7692 §6).
    static let compressed: UInt8 = 0x40

    var final = true
    var opcode: UInt8 = 0
    var masked = false
    /// The masking key as it stands at the next byte of the payload; its lowest byte is the first on the wire.
    var mask: UInt32 = 0
    /// Bytes of payload, or those that are still to come.
    var length = 0
    /// Bytes of the header itself.
    var size = 0

    var isControl: Bool { opcode & 8 != 0 }

    /// How long the header is that begins with these two bytes.
    @inline(__always)
    static func size(_ second: UInt8) -> Int {
        let length = second & 0x7F
        return 2 &+ (length < 126 ? 0 : length == 126 ? 2 : 8) &+ (second >= 0x80 ? 4 : 0)
    }

    /// Reads the header at `start`; the caller has checked that all of it is there. Everything that a header can have
    /// wrong by itself is found here: reserved bits (the one of compressed messages, too), opcodes, masking by role,
    /// control frames, lengths.
    ///
    /// - Returns: nil when the header is good, else what is wrong.
    @inline(__always)
    mutating func read(_ bytes: Span<UInt8>, at start: Int, expectsMasked: Bool) -> FrameViolation? {
        let first = bytes.byte(at: start)
        if first & 0x70 != 0 { return .reservedBits }
        return readBehindBits(bytes, at: start, expectsMasked: expectsMasked)
    }

    /// The same, whatever the reserved bits say.
    @inline(__always)
    mutating func readBehindBits(_ bytes: Span<UInt8>, at start: Int, expectsMasked: Bool) -> FrameViolation? {
        let first = bytes.byte(at: start)
        let second = bytes.byte(at: start &+ 1)
        final = first >= 0x80
        opcode = first & 0x0F
        masked = second >= 0x80
        size = FrameHeader.size(second)
        let short = second & 0x7F
        // Opcodes 0, 1, 2 and 8, 9, 10.
        if opcode & 7 > 2 { return .reservedOpcode }
        if masked != expectsMasked { return masked ? .masked : .unmasked }
        if isControl {
            if !final { return .fragmentedControl }
            if short > 125 { return .longControl }
        }
        // All but a few frames: length and mask lie in eight bytes that are there.
        if short < 127, start >= 0, start &+ 8 <= bytes.count {
            let word = bytes.eight(at: start)
            if short < 126 {
                length = Int(short)
                mask = masked ? UInt32(truncatingIfNeeded: word &>> 16) : 0
                return nil
            }
            length = Int(UInt16(truncatingIfNeeded: word &>> 16).byteSwapped)
            mask = masked ? UInt32(truncatingIfNeeded: word &>> 32) : 0
            return length < 126 ? .nonMinimalLength : nil
        }
        var position = start &+ 2
        if short < 126 {
            length = Int(short)
        } else {
            let count = short == 126 ? 2 : 8
            var value: UInt64 = 0
            for _ in 0..<count {
                value = value &<< 8 | UInt64(bytes.byte(at: position))
                position &+= 1
            }
            if value < (count == 2 ? 126 : 65536) { return .nonMinimalLength }
            guard let claimed = Int(exactly: value) else { return .lengthOverflow }
            length = claimed
        }
        mask = masked ? UInt32(truncatingIfNeeded: bytes.upToEight(at: position, length: 4)) : 0
        return nil
    }
}

extension FrameViolation {
    /// The code to close with.
    package var closeCode: CloseCode {
        switch self {
        case .messageTooBig, .lengthOverflow: .messageTooBig
        case .invalidUTF8, .badCompression: .invalidPayload
        default: .protocolError
        }
    }
}
