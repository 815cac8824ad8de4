import ShuntCore
import Testing

/// Frames of compressed messages (RFC 7692 §6): RSV1 stands on the first frame of a message and nowhere else.
@Suite struct CompressedFrameTests {
    private static let hello: [UInt8] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]
    /// The examples of §7.2.3.1: in one frame, and in two with a ping between.
    private static let whole: [UInt8] = [0xc1, 0x07] + hello
    private static let parts: [UInt8] = [0x41, 0x03] + hello[..<3] + [0x89, 0x00] + [0x80, 0x04] + hello[3...]

    @Test(arguments: 1...16)
    func `a compressed message is given as it came, in whatever pieces`(_ size: Int) {
        func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
            stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min(bytes.count, $0 + size)]) }
        }
        #expect(hear(pieces(Self.whole), takesCompressed: true) == [.compressed(.text, Self.hello)])
        #expect(hear(pieces(Self.parts), takesCompressed: true) == [.ping([]), .compressed(.text, Self.hello)])
        let between = Self.whole + [0x81, 0x01, 0x41] + [0xc2, 0x00] + [0x82, 0x01, 0x42]
        #expect(
            hear(pieces(between), takesCompressed: true) == [
                .compressed(.text, Self.hello), .text([0x41]), .compressed(.binary, []), .binary([0x42]),
            ])
    }

    @Test func `a masked one is unmasked`() {
        let key: [UInt8] = [1, 2, 3, 4]
        let payload = Self.hello.enumerated().map { $1 ^ key[$0 % 4] }
        #expect(
            hear([[0xc1, 0x87] + key + payload], masked: true, takesCompressed: true)
                == [.compressed(.text, Self.hello)])
    }

    @Test(
        arguments: [
            // On a ping, a close, a continuation; with another bit; on an opcode that there is none of.
            [0xc9, 0x00], [0xc8, 0x00], [0x01, 0x00, 0xc0, 0x00], [0x41, 0x00, 0xc0, 0x00], [0xe1, 0x00], [0xd1, 0x00],
            [0xc3, 0x00], [0xa1, 0x00],
        ] as [[UInt8]])
    func `elsewhere the bit is a violation`(_ bytes: [UInt8]) {
        #expect(hear([bytes], takesCompressed: true) == [.violation(1002, .reservedBits)])
        for read in bytes.indices.dropFirst() {
            let reads = [Array(bytes[..<read]), Array(bytes[read...])]
            #expect(hear(reads, takesCompressed: true) == [.violation(1002, .reservedBits)])
        }
    }

    @Test func `so it is where nobody agreed on it`() {
        #expect(hear([Self.whole]) == [.violation(1002, .reservedBits)])
    }

    @Test func `a message inside of a message is one, compressed or not`() {
        #expect(hear([[0x01, 0x00] + Self.whole], takesCompressed: true) == [.violation(1002, .interleavedMessage)])
        #expect(hear([[0x41, 0x00, 0x81, 0x00]], takesCompressed: true) == [.violation(1002, .interleavedMessage)])
    }

    @Test func `a compressed one may be a little longer than the limit, others may not`() {
        let long: [UInt8] = [0xc2, 126, 0, 170] + [UInt8](repeating: 0, count: 170)
        #expect(hear([long], maxMessage: 100, takesCompressed: true) == [.compressed(.binary, Array(long[4...]))])
        let longer: [UInt8] = [0xc2, 126, 0, 177] + [UInt8](repeating: 0, count: 177)
        #expect(hear([longer], maxMessage: 100, takesCompressed: true) == [.violation(1009, .messageTooBig)])
        let plain: [UInt8] = [0x82, 101] + [UInt8](repeating: 0, count: 101)
        #expect(
            hear([long + plain], maxMessage: 100, takesCompressed: true)
                == [.compressed(.binary, Array(long[4...])), .violation(1009, .messageTooBig)])
    }

    @Test(arguments: [0, 125, 126, 65_535, 65_536])
    func `a compressed frame is written as it is read`(_ count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for mask in [nil, 0x0403_0201] as [UInt32?] {
            var frame = [UInt8](repeating: 0, count: FrameEncoder.length(payload: count, masked: mask != nil))
            let written = frame.withUnsafeMutableBytes {
                FrameEncoder.encodeCompressed(2, payload: payload.span, mask: mask, into: $0)
            }
            #expect(written == frame.count)
            #expect(hear([frame], masked: mask != nil, takesCompressed: true) == [.compressed(.binary, payload)])
        }
    }
}
