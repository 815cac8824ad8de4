import ShuntCore
import ShuntTesting
import Testing

@Suite struct FrameReaderTests {
    private static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    private func next(
        _ reader: inout FrameReader, _ input: [UInt8], _ position: inout Int, _ scratch: inout [UInt8]
    ) -> FrameEvent {
        reader.next(input.span, at: &position, scratch: &scratch)
    }

    // MARK: Messages

    @Test(arguments: [0, 1, 5, 15, 16, 17, 63, 64, 65, 125, 126, 127, 200, 65535, 65536, 70000])
    func `a whole frame is one message, masked or not`(count: Int) {
        let payload = (0..<count).map { UInt8(0x20 + $0 % 0x5F) }
        #expect(hear([naiveFrame(1, payload)]) == [.text(payload)])
        #expect(hear([naiveFrame(1, payload, mask: Self.mask)], masked: true) == [.text(payload)])
        #expect(hear([naiveFrame(2, payload, mask: Self.mask)], masked: true) == [.binary(payload)])
    }

    @Test func `the examples of RFC 6455 5-7 are read`() {
        #expect(hear([[0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]]) == [.text(utf8("Hello"))])
        #expect(
            hear([[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]], masked: true)
                == [.text(utf8("Hello"))])
        #expect(
            hear([[0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]]) == [.text(utf8("Hello"))])
        #expect(hear([[0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]]) == [.ping(utf8("Hello"))])
    }

    @Test func `an unmasked frame that is whole is not copied and a masked one goes to scratch`() {
        var reader = FrameReader(expectsMasked: false, maxMessage: 100)
        var scratch: [UInt8] = []
        var position = 0
        let input = naiveFrame(9, []) + naiveFrame(1, utf8("abc"))
        #expect(next(&reader, input, &position, &scratch) == .ping)
        #expect(
            next(&reader, input, &position, &scratch) == .message(.text, .input(start: 4, count: 3)))
        #expect(scratch.isEmpty)

        var masked = FrameReader(expectsMasked: true, maxMessage: 100)
        position = 0
        let frame = naiveFrame(1, utf8("abc"), mask: Self.mask)
        #expect(next(&masked, frame, &position, &scratch) == .message(.text, .scratch(count: 3)))
        #expect(Array(scratch[..<3]) == utf8("abc"))
        #expect(masked.partial.isEmpty)
    }

    @Test func `scratch keeps its size for a smaller message`() {
        var reader = FrameReader(expectsMasked: true, maxMessage: 1 << 20)
        var scratch: [UInt8] = []
        for count in [10_000, 10] {
            var position = 0
            let frame = naiveFrame(2, [UInt8](repeating: 7, count: count), mask: Self.mask)
            #expect(
                next(&reader, frame, &position, &scratch) == .message(.binary, .scratch(count: count)))
            #expect(scratch.count >= 10_000)
        }
    }

    @Test(arguments: [true, false])
    func `a conversation cut at every byte position says the same`(masked: Bool) {
        let mask = masked ? Self.mask : nil
        let conversation =
            naiveFrame(1, utf8(#"{"message":"grüß dich"}"#), mask: mask) + naiveFrame(9, utf8("hi"), mask: mask)
            + naiveFrame(1, utf8("a€"), final: false, mask: mask) + naiveFrame(10, [], mask: mask)
            + naiveFrame(0, [0xF0, 0x9F], final: false, mask: mask) + naiveFrame(0, [0x98, 0x80], mask: mask)
            + naiveFrame(2, [UInt8](repeating: 0xEE, count: 300), mask: mask) + naiveFrame(2, [], mask: mask)
            + naiveFrame(8, [0x03, 0xE8] + utf8("bye"), mask: mask)
        let whole = hear([conversation], masked: masked)
        #expect(
            whole == [
                .text(utf8(#"{"message":"grüß dich"}"#)), .ping(utf8("hi")), .pong([]), .text(utf8("a€😀")),
                .binary([UInt8](repeating: 0xEE, count: 300)), .binary([]), .close(1000, utf8("bye")),
            ])
        for cut in 0...conversation.count {
            let reads = [Array(conversation[..<cut]), Array(conversation[cut...])]
            #expect(hear(reads, masked: masked) == whole, "cut at \(cut)")
        }
        #expect(hear(conversation.map { [$0] }, masked: masked) == whole)
    }

    @Test func `random frames in random reads say the same as in one`() {
        var random = Dice(seed: 11)
        for _ in 0..<200 {
            var bytes: [UInt8] = []
            var expected: [Heard] = []
            for _ in 0..<random.below(8) + 1 {
                let payload = random.bytes(random.below(random.chance(1, in: 10) ? 70_000 : 300))
                if random.chance(1, in: 4) {
                    let ping = random.bytes(random.below(126))
                    bytes += naiveFrame(9, ping, mask: random.bytes(4))
                    expected.append(.ping(ping))
                }
                let parts = random.below(4) + 1
                for part in 0..<parts {
                    let range = payload.count * part / parts..<payload.count * (part + 1) / parts
                    bytes += naiveFrame(
                        part == 0 ? 2 : 0, Array(payload[range]), final: part == parts - 1, mask: random.bytes(4))
                }
                expected.append(.binary(payload))
            }
            var reads: [[UInt8]] = []
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + 1 + random.below(random.chance(1, in: 3) ? 10 : 3000))
                reads.append(Array(bytes[start..<end]))
                start = end
            }
            #expect(hear([bytes], masked: true) == expected)
            #expect(hear(reads, masked: true) == expected)
        }
    }

    // MARK: Violations

    struct Wrong: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let code: UInt16
        let problem: FrameViolation
        var before: [Heard] = []
        var masked = false
        var testDescription: String { name }
    }

    static let wrong: [Wrong] = [
        Wrong(name: "RSV1", bytes: naiveFrame(1, [], reserved: 4), code: 1002, problem: .reservedBits),
        Wrong(name: "RSV2", bytes: naiveFrame(1, [], reserved: 2), code: 1002, problem: .reservedBits),
        Wrong(name: "RSV3 on a ping", bytes: naiveFrame(9, [], reserved: 1), code: 1002, problem: .reservedBits),
        Wrong(name: "opcode 3", bytes: naiveFrame(3, []), code: 1002, problem: .reservedOpcode),
        Wrong(name: "opcode 7", bytes: naiveFrame(7, []), code: 1002, problem: .reservedOpcode),
        Wrong(name: "opcode 11", bytes: naiveFrame(11, []), code: 1002, problem: .reservedOpcode),
        Wrong(name: "opcode 15", bytes: naiveFrame(15, []), code: 1002, problem: .reservedOpcode),
        Wrong(name: "masked server", bytes: naiveFrame(1, [], mask: mask), code: 1002, problem: .masked),
        Wrong(name: "unmasked client", bytes: naiveFrame(1, []), code: 1002, problem: .unmasked, masked: true),
        Wrong(name: "ping in parts", bytes: naiveFrame(9, [], final: false), code: 1002, problem: .fragmentedControl),
        Wrong(
            name: "ping of 126", bytes: naiveFrame(9, [UInt8](repeating: 0, count: 126)), code: 1002,
            problem: .longControl),
        Wrong(
            name: "125 in two bytes", bytes: naiveFrame(1, [UInt8](repeating: 32, count: 125), lengthBytes: 2),
            code: 1002, problem: .nonMinimalLength),
        Wrong(
            name: "65535 in eight bytes", bytes: naiveFrame(1, [UInt8](repeating: 32, count: 65535), lengthBytes: 8),
            code: 1002, problem: .nonMinimalLength),
        Wrong(
            name: "length with the top bit", bytes: [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1], code: 1009,
            problem: .lengthOverflow),
        Wrong(
            name: "all ones", bytes: [0x82, 127] + [UInt8](repeating: 0xFF, count: 8), code: 1009,
            problem: .lengthOverflow),
        Wrong(
            name: "2^63 - 1", bytes: [0x82, 127, 0x7F] + [UInt8](repeating: 0xFF, count: 7), code: 1009,
            problem: .messageTooBig),
        Wrong(
            name: "one byte too many", bytes: [0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1], code: 1009,
            problem: .messageTooBig),
        Wrong(
            name: "too many in all",
            bytes: naiveFrame(2, [1, 2], final: false) + [0x80, 127, 0, 0, 0, 0, 0, 0x0F, 0xFF, 0xFF],
            code: 1009, problem: .messageTooBig),
        Wrong(
            name: "fragments that overflow together",
            bytes: naiveFrame(2, [1, 2], final: false) + [0x80, 127, 0x7F] + [UInt8](repeating: 0xFF, count: 7),
            code: 1009, problem: .messageTooBig),
        Wrong(name: "continuation of nothing", bytes: naiveFrame(0, []), code: 1002, problem: .unexpectedContinuation),
        Wrong(
            name: "continuation after the end", bytes: naiveFrame(1, [65]) + naiveFrame(0, [66]), code: 1002,
            problem: .unexpectedContinuation, before: [.text([65])]),
        Wrong(
            name: "a message inside of a message", bytes: naiveFrame(1, [65], final: false) + naiveFrame(1, [66]),
            code: 1002, problem: .interleavedMessage),
        Wrong(
            name: "binary inside of text", bytes: naiveFrame(1, [65], final: false) + naiveFrame(2, [66], final: false),
            code: 1002, problem: .interleavedMessage),
        Wrong(name: "text that is no UTF-8", bytes: naiveFrame(1, [0xC3, 0x28]), code: 1007, problem: .invalidUTF8),
        Wrong(
            name: "masked text that is no UTF-8", bytes: naiveFrame(1, [0x41, 0xFF], mask: mask), code: 1007,
            problem: .invalidUTF8, masked: true),
        Wrong(
            name: "a character cut off", bytes: naiveFrame(1, [0xE2, 0x82], final: false) + naiveFrame(0, [65]),
            code: 1007, problem: .invalidUTF8),
        Wrong(name: "close of one byte", bytes: naiveFrame(8, [3]), code: 1002, problem: .badClosePayload),
        Wrong(
            name: "close with a bad reason", bytes: naiveFrame(8, [0x03, 0xE8, 0xFF]), code: 1007,
            problem: .invalidUTF8),
    ]

    @Test(arguments: wrong)
    func `what RFC 6455 forbids ends the leg, whatever comes after`(_ wrong: Wrong) {
        let after = naiveFrame(1, utf8("more"), mask: wrong.masked ? Self.mask : nil)
        let expected = wrong.before + [.violation(wrong.code, wrong.problem)]
        #expect(hear([wrong.bytes + after, after], masked: wrong.masked) == expected)
        #expect(hear((wrong.bytes + after).map { [$0] }, masked: wrong.masked) == expected)
    }

    @Test(arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] as [UInt16])
    func `a close code that must not be sent is a violation`(code: UInt16) {
        let payload = [UInt8(code >> 8), UInt8(code & 0xFF)]
        #expect(hear([naiveFrame(8, payload)]) == [.violation(1002, .badCloseCode)])
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 4003, 4999] as [UInt16])
    func `a close code that may be sent is told, and nothing after it`(code: UInt16) {
        let payload = [UInt8(code >> 8), UInt8(code & 0xFF)] + utf8("weil’s so ist")
        #expect(
            hear([naiveFrame(8, payload) + naiveFrame(1, [65])]) == [.close(code, utf8("weil’s so ist"))])
    }

    @Test func `a close frame without a code has none`() {
        #expect(hear([naiveFrame(8, [])]) == [.close(nil, [])])
    }

    // MARK: Memory

    @Test func `a header that claims much reserves little`() {
        var reader = FrameReader(expectsMasked: false, maxMessage: 1 << 40)
        #expect(hear([[0x82, 127, 0, 0, 0, 0x40, 0, 0, 0, 0, 1, 2, 3]], &reader).isEmpty)
        #expect(reader.partial == [1, 2, 3])
        #expect(reader.partial.capacity < 70_000)
    }

    @Test(arguments: [10, 5000, 1_000_000])
    func `nothing is held between messages`(count: Int) {
        var reader = FrameReader(expectsMasked: true, maxMessage: 1 << 20)
        let payload = [UInt8](repeating: 3, count: count)
        let frame = naiveFrame(2, payload, mask: Self.mask) + naiveFrame(9, [1, 2, 3], mask: Self.mask)
        #expect(hear([Array(frame[..<7]), Array(frame[7...])], &reader) == [.binary(payload), .ping([1, 2, 3])])
        #expect(reader.partial.capacity == 0)
        #expect(reader.control.capacity == 0)
    }

    @Test func `the largest message is taken and one byte more is not, whole or in parts`() {
        let payload = [UInt8](repeating: 1, count: 1000)
        #expect(hear([naiveFrame(2, payload)], maxMessage: 1000) == [.binary(payload)])
        #expect(hear([naiveFrame(2, payload)], maxMessage: 999) == [.violation(1009, .messageTooBig)])
        let parts = naiveFrame(2, payload, final: false) + naiveFrame(0, [1])
        #expect(hear([parts], maxMessage: 1001) == [.binary(payload + [1])])
        #expect(hear([parts], maxMessage: 1000) == [.violation(1009, .messageTooBig)])
    }

    @Test func `a message of very many very small fragments is one message`() {
        var bytes = naiveFrame(2, [0], final: false)
        for _ in 0..<50_000 { bytes += [0x00, 0x01, 0x07, 0x00, 0x00] }
        bytes += naiveFrame(0, [])
        #expect(hear([bytes]) == [.binary([0] + [UInt8](repeating: 7, count: 50_000))])
    }

    @Test func `a position outside of the input is no trap`() {
        var reader = FrameReader(expectsMasked: false, maxMessage: 10)
        var scratch: [UInt8] = []
        let input = naiveFrame(1, [65])
        for start in [Int.min, -1, 4, Int.max] {
            var position = start
            _ = reader.next(input.span, at: &position, scratch: &scratch)
            #expect(position <= input.count)
        }
    }
}
