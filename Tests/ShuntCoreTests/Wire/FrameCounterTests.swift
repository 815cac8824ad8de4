import ShuntCore
import Testing

struct FrameCounterTests {
    /// A text message, one of each longer length, a ping, a message of three fragments, an unknown opcode.
    private static let stream: [UInt8] = {
        let frames: [[UInt8]] = [
            [0x81, 0x85, 1, 2, 3, 4, 9, 9, 9, 9, 9], [0x82, 126, 0, 200], [UInt8](repeating: 7, count: 200),
            [0x89, 0x02, 0x81, 0x81], [0x01, 0x01, 0xFF], [0x00, 0x00], [0x80, 0x01, 0x88], [0x8B, 0x01, 0x81],
            // Compressed.
            [0xC1, 127, 0, 0, 0, 0, 0, 1, 0, 0], [UInt8](repeating: 0x81, count: 65_536),
        ]
        return frames.flatMap { $0 }
    }()
    private static let payload = 65_746

    @Test(arguments: [1, 2, 3, 7, 100, 70_000])
    func `messages and payload are counted however the stream is cut`(_ size: Int) {
        var counter = FrameCounter()
        for start in stride(from: 0, to: Self.stream.count, by: size) {
            let part = Array(Self.stream[start..<min(start + size, Self.stream.count)])
            counter.count(part.span)
        }
        #expect(counter.messages == 4)
        #expect(counter.payload == Self.payload)
        #expect(counter.isBetweenFrames)
    }

    @Test
    func `in the middle of a header or a payload there is no place for another frame`() {
        for count in [1, 2, 5, 6, 7, 10] {
            var counter = FrameCounter()
            counter.count(Array(Self.stream[..<count]).span)
            #expect(!counter.isBetweenFrames, "\(count)")
        }
    }

    @Test
    func `a length that is none ends the counting, not the process`() {
        var counter = FrameCounter()
        counter.count(([0x82, 127] + [UInt8](repeating: 0xFF, count: 100)).span)
        #expect(counter.messages == 0)
        #expect(!counter.isBetweenFrames)
        counter.count([0x81, 0x00].span)
        #expect(counter.messages == 0)
    }

    @Test
    func `of a payload that is announced, what came counts`() {
        var counter = FrameCounter()
        counter.count([0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3].span)
        #expect(counter.messages == 1)
        #expect(counter.payload == 3)
        #expect(!counter.isBetweenFrames)
    }
}
