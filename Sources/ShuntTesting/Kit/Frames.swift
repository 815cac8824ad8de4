/// A frame made byte by byte after the picture in RFC 6455 §5.2, by nothing of the codec under test. Wrong frames too.
///
/// - Parameters:
///   - reserved: the three bits behind FIN.
///   - mask: of four bytes; nil: the frame is not masked.
///   - lengthBytes: of the extended length: 0, 2 or 8; nil: the fewest that hold it.
package func naiveFrame(
    _ opcode: UInt8, _ payload: [UInt8], final: Bool = true, reserved: UInt8 = 0, mask: [UInt8]? = nil,
    lengthBytes: Int? = nil
) -> [UInt8] {
    var frame: [UInt8] = [(final ? 0x80 : 0) | reserved << 4 | opcode]
    let bit: UInt8 = mask == nil ? 0 : 0x80
    let size = lengthBytes ?? (payload.count < 126 ? 0 : payload.count < 65536 ? 2 : 8)
    switch size {
    case 0: frame.append(bit | UInt8(payload.count))
    case 2: frame.append(bit | 126)
    default: frame.append(bit | 127)
    }
    for place in (0..<size).reversed() { frame.append(UInt8(truncatingIfNeeded: payload.count >> (8 * place))) }
    guard let mask else { return frame + payload }
    frame += mask
    frame.reserveCapacity(frame.count + payload.count)
    for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index % 4]) }
    return frame
}

/// A frame that was read, unmasked.
package struct NaiveFrame: Sendable, Equatable {
    package var opcode: UInt8
    package var payload: [UInt8]
    package var isFinal = true
    package var isMasked = false
    /// The bit of compressed messages is set (RFC 7692 §6).
    package var isCompressed = false

    package init(opcode: UInt8, payload: [UInt8], isFinal: Bool = true, isMasked: Bool = false) {
        self.opcode = opcode
        self.payload = payload
        self.isFinal = isFinal
        self.isMasked = isMasked
    }

    package var text: String { String(decoding: payload, as: UTF8.self) }
    /// Of a close frame.
    package var code: UInt16? { payload.count < 2 ? nil : UInt16(payload[0]) << 8 | UInt16(payload[1]) }
    package var reason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
}

/// Takes whole frames out of bytes, by nothing of the codec under test.
package struct NaiveFrameReader {
    private var bytes: [UInt8] = []

    package init() {}

    /// The frames that are whole with these bytes.
    package mutating func feed(_ more: [UInt8]) -> [NaiveFrame] {
        bytes += more
        var frames: [NaiveFrame] = []
        while let frame = next() { frames.append(frame) }
        return frames
    }

    /// All frames that bytes begin with.
    package static func frames(_ bytes: [UInt8]) -> [NaiveFrame] {
        var reader = NaiveFrameReader()
        return reader.feed(bytes)
    }

    /// How many bytes are missing at least until the next frame is whole; more may be once they are there.
    package var missing: Int {
        guard let (start, count) = head else { return max(1, headLength - bytes.count) }
        return start + count - bytes.count
    }

    /// Of the bytes up to the payload, as far as they are known.
    private var headLength: Int {
        guard bytes.count >= 2 else { return 2 }
        let length = bytes[1] & 0x7F
        return 2 + (length == 127 ? 8 : length == 126 ? 2 : 0) + (bytes[1] & 0x80 != 0 ? 4 : 0)
    }

    /// Where the payload begins, and how long it is.
    private var head: (start: Int, count: Int)? {
        guard bytes.count >= headLength, bytes.count >= 2 else { return nil }
        let length = Int(bytes[1] & 0x7F)
        let width = length == 127 ? 8 : length == 126 ? 2 : 0
        return (headLength, width == 0 ? length : bytes[2..<2 + width].reduce(0) { $0 << 8 | Int($1) })
    }

    private mutating func next() -> NaiveFrame? {
        guard let (start, count) = head, bytes.count >= start + count else { return nil }
        let isMasked = bytes[1] & 0x80 != 0
        var payload = Array(bytes[start..<start + count])
        if isMasked {
            let key = Array(bytes[start - 4..<start])
            for index in payload.indices { payload[index] ^= key[index % 4] }
        }
        var frame = NaiveFrame(
            opcode: bytes[0] & 0x0F, payload: payload, isFinal: bytes[0] & 0x80 != 0, isMasked: isMasked)
        frame.isCompressed = bytes[0] & 0x40 != 0
        bytes.removeFirst(start + count)
        return frame
    }
}
