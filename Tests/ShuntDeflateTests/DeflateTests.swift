import ShuntDeflate
import Testing

/// The examples of RFC 7692 §7.2.3, and what else a peer can say.
@Suite struct InflaterTests {
    private let hello = Array("Hello".utf8)

    private func expand(_ bytes: [UInt8], with inflater: Inflater, limit: Int = 1 << 20) -> (Inflater.Outcome, [UInt8])
    {
        var room: [UInt8] = []
        let outcome = inflater.expand(bytes.span, into: &room, limit: limit)
        guard case .whole(let count) = outcome else { return (outcome, []) }
        return (outcome, Array(room[..<count]))
    }

    @Test(
        arguments: [
            // One block with fixed codes.
            [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            // One without compression.
            [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            // A final block, and an empty one behind it.
            [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            // A final block that nothing follows.
            [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            // Two blocks.
            [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ] as [[UInt8]])
    func `Hello as the RFC writes it, twice`(_ bytes: [UInt8]) throws {
        let inflater = try #require(Inflater(windowBits: 15))
        #expect(expand(bytes, with: inflater).1 == hello)
        #expect(expand(bytes, with: inflater).1 == hello)
    }

    @Test func `a message may lean on the one before, until that is forgotten`() throws {
        let inflater = try #require(Inflater(windowBits: 15))
        #expect(expand([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], with: inflater).1 == hello)
        #expect(expand([0xf2, 0x00, 0x11, 0x00, 0x00], with: inflater).1 == hello)
        inflater.reset()
        #expect(expand([0xf2, 0x00, 0x11, 0x00, 0x00], with: inflater).0 == .malformed)
    }

    @Test func `it may lean on one that ended with a final block`() throws {
        let inflater = try #require(Inflater(windowBits: 15))
        #expect(expand([0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], with: inflater).1 == hello)
        #expect(expand([0xf2, 0x00, 0x11, 0x00, 0x00], with: inflater).1 == hello)
    }

    @Test(arguments: [[0x00], [0x02, 0x00]] as [[UInt8]])
    func `an empty message`(_ bytes: [UInt8]) throws {
        let inflater = try #require(Inflater(windowBits: 15))
        #expect(expand(bytes, with: inflater).0 == .whole(0))
        #expect(expand([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], with: inflater).1 == hello)
    }

    @Test(
        arguments: [
            // A block of a type that there is none of; one that is cut off; a length that contradicts itself; something
            // behind a final block that is none.
            [0x06], [0xf2, 0x48, 0xcd], [0x00, 0x05, 0x00, 0x00, 0x00, 0x48], [0x00, 0x06, 0x00, 0xf9, 0xff, 0x48],
            [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06],
        ] as [[UInt8]])
    func `what is no DEFLATE is told from what is`(_ bytes: [UInt8]) throws {
        #expect(expand(bytes, with: try #require(Inflater(windowBits: 15))).0 == .malformed)
    }

    @Test(arguments: [0, 1, 999, 1000, 1001, 16 << 10, 100_000])
    func `no more comes out than is taken`(_ limit: Int) throws {
        let deflater = try #require(Deflater(level: 9, windowBits: 15))
        let inflater = try #require(Inflater(windowBits: 15))
        var packed: [UInt8] = []
        let zeros = [UInt8](repeating: 0, count: 1000)
        let count = try #require(deflater.compress(zeros.span, into: &packed))
        var room: [UInt8] = []
        let outcome = inflater.expand(packed.span.extracting(0..<count), into: &room, limit: limit)
        #expect(outcome == (limit >= 1000 ? .whole(1000) : .tooLarge))
    }

    @Test func `a bomb takes no more memory than the limit`() throws {
        let deflater = try #require(Deflater(level: 9, windowBits: 15))
        let inflater = try #require(Inflater(windowBits: 15))
        var packed: [UInt8] = []
        let count = try #require(deflater.compress([UInt8](repeating: 0, count: 100 << 20).span, into: &packed))
        var room: [UInt8] = []
        #expect(
            inflater.expand(packed.span.extracting(0..<count), into: &room, limit: 1 << 20) == .tooLarge)
        #expect(room.count == 1 << 20 + 1)
    }
}

@Suite struct DeflaterTests {
    /// Texts that compress well, a little and not at all.
    private static let texts: [[UInt8]] = {
        var state: UInt64 = 88_172_645_463_325_252
        func random() -> UInt8 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state)
        }
        let words = (0..<9000).map { UInt8(0x61 + $0 * $0 % 7) }
        return [[], [0x41], words, (0..<70_000).map { _ in random() }, (0..<140_000).map { _ in random() & 3 }]
    }()

    @Test(arguments: 9...15, [true, false])
    func `what is compressed comes back, with every window and with or without what went before`(
        _ bits: Int, _ takesOver: Bool
    ) throws {
        for level in [1, 9] {
            let deflater = try #require(Deflater(level: level, windowBits: bits))
            let inflater = try #require(Inflater(windowBits: bits))
            for text in Self.texts + Self.texts {
                var packed: [UInt8] = []
                let count = try #require(deflater.compress(text.span, into: &packed))
                var room: [UInt8] = []
                let outcome = inflater.expand(packed.span.extracting(0..<count), into: &room, limit: 1 << 20)
                #expect(outcome == .whole(text.count))
                #expect(Array(room[..<text.count]) == text)
                if !takesOver {
                    deflater.reset()
                    inflater.reset()
                }
            }
        }
    }

    @Test func `a window of 8 bits is none that zlib can keep to`() {
        #expect(Deflater(level: 6, windowBits: 8) == nil)
        #expect(Deflater(level: 6, windowBits: 16) == nil)
        #expect(Inflater(windowBits: 8) != nil)
    }
}
