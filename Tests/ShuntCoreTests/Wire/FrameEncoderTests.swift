import ShuntCore
import ShuntTesting
import Testing

@Suite struct FrameEncoderTests {
    /// The frame that the encoder makes of a splice.
    private func encode(
        _ splice: Splice, _ buffer: SpliceBuffer, message: [UInt8], mask: UInt32?, room: Int? = nil, opcode: UInt8 = 1
    ) -> [UInt8] {
        let length = FrameEncoder.length(payload: splice.length, masked: mask != nil)
        var target = [UInt8](repeating: 0xAA, count: room ?? length)
        let written = target.withUnsafeMutableBytes {
            FrameEncoder.encode(opcode, splice, buffer, message: message.span, mask: mask, into: $0)
        }
        return Array(target[..<written])
    }

    @Test(arguments: [0, 1, 3, 4, 15, 16, 17, 125, 126, 1000, 65535, 65536, 100_000])
    func `a message becomes the frame that RFC 6455 draws`(count: Int) {
        var random = Dice(seed: UInt64(count))
        let message = random.bytes(count)
        var buffer = SpliceBuffer()
        let splice = buffer.splice(messageOf: count)
        #expect(encode(splice, buffer, message: message, mask: nil) == naiveFrame(1, message))
        #expect(
            encode(splice, buffer, message: message, mask: 0x3D21_FA37, opcode: 2)
                == naiveFrame(2, message, mask: [0x37, 0xFA, 0x21, 0x3D]))
    }

    @Test func `the mask runs on over the borders of pieces`() {
        var random = Dice(seed: 5)
        for _ in 0..<500 {
            let message = random.bytes(random.below(200) + 1)
            var buffer = SpliceBuffer()
            buffer.literals = random.bytes(100)
            buffer.blobs = [random.bytes(50)]
            var expected: [UInt8] = []
            for _ in 0..<random.below(6) {
                let origin: PieceOrigin = [.message, .literal, .blob][random.below(3)]
                let bytes = origin == .message ? message : origin == .literal ? buffer.literals : buffer.blobs[0]
                let start = random.below(bytes.count)
                let count = random.below(bytes.count - start + 1)
                buffer.pieces.append(Piece(origin: origin, start: start, count: count))
                expected += bytes[start..<start + count]
            }
            let splice = Splice(firstPiece: 0, pieceCount: Int32(buffer.pieces.count), length: expected.count)
            let mask = random.bytes(4)
            let key = mask.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            #expect(encode(splice, buffer, message: message, mask: key) == naiveFrame(1, expected, mask: mask))
            #expect(encode(splice, buffer, message: message, mask: nil) == naiveFrame(1, expected))
        }
    }

    @Test func `too little room or a piece that is not there writes nothing`() {
        var buffer = SpliceBuffer()
        let splice = buffer.splice(messageOf: 10)
        let message = [UInt8](repeating: 1, count: 10)
        #expect(encode(splice, buffer, message: message, mask: nil, room: 11) == [])
        #expect(encode(splice, buffer, message: Array(message[..<9]), mask: nil) == [])
        let beyond = Splice(firstPiece: 1, pieceCount: 1, length: 10)
        #expect(encode(beyond, buffer, message: message, mask: nil) == [])
        let longer = Splice(firstPiece: 0, pieceCount: 1, length: 11)
        #expect(encode(longer, buffer, message: message, mask: nil) == [])
        let shorter = Splice(firstPiece: 0, pieceCount: 1, length: 9)
        #expect(encode(shorter, buffer, message: message, mask: nil) == [])
        let noBlob = Piece(origin: .blob, blob: 3, start: 0, count: 1)
        buffer.pieces.append(noBlob)
        #expect(
            encode(Splice(firstPiece: 1, pieceCount: 1, length: 1), buffer, message: message, mask: nil) == [])
    }

    @Test func `control frames carry at most 125 bytes`() {
        var target: [UInt8] = [9]
        FrameEncoder.encodeControl(10, payload: utf8("hi"), mask: nil, into: &target)
        #expect(target == [9] + naiveFrame(10, utf8("hi")))
        target = []
        FrameEncoder.encodeControl(9, payload: [UInt8](repeating: 7, count: 200), mask: 0x0403_0201, into: &target)
        #expect(target == naiveFrame(9, [UInt8](repeating: 7, count: 125), mask: [1, 2, 3, 4]))
    }

    @Test func `a long close reason is cut between characters`() {
        var target: [UInt8] = []
        FrameEncoder.encodeClose(.goingAway, reason: utf8(String(repeating: "€", count: 50)), mask: nil, into: &target)
        #expect(hear([target]) == [.close(1001, utf8(String(repeating: "€", count: 41)))])
        target = []
        FrameEncoder.encodeClose(
            .normal, reason: utf8("x" + String(repeating: "€", count: 50)), mask: nil, into: &target)
        #expect(hear([target]) == [.close(1000, utf8("x" + String(repeating: "€", count: 40)))])
    }

    @Test(arguments: [nil, 1005, 1006, 1015, 0] as [UInt16?])
    func `a close code that must not be sent is left out`(code: UInt16?) {
        var target: [UInt8] = []
        FrameEncoder.encodeClose(code.map(CloseCode.init(rawValue:)), reason: utf8("x"), mask: nil, into: &target)
        #expect(target == naiveFrame(8, []))
    }
}
