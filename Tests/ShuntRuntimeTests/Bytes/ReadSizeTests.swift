import NIOCore
import Testing

@testable import ShuntRuntime

@Suite struct ReadSizeTests {
    @Test func `it fits where NIO needs no box`() {
        #expect(MemoryLayout<ReadSize>.size <= 3 * MemoryLayout<Int>.size)
    }

    @Test func `it is as large as NIO's own would be, whatever is read`() {
        for seed in 0..<200 {
            var ours = ReadSize()
            var theirs = AdaptiveRecvByteBufferAllocator()
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
            for _ in 0..<200 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let size = theirs.nextBufferSize() ?? 0
                let count =
                    switch state >> 60 {
                    case 0..<6: size
                    case 6..<10: size / 2
                    case 10..<12: size / 2 + 1
                    default: Int(state >> 32) % size
                    }
                #expect(ours.record(actualReadBytes: count) == theirs.record(actualReadBytes: count))
                #expect(ours.nextBufferSize() == theirs.nextBufferSize())
            }
        }
    }
}
