import NIOCore
import Testing

@testable import ShuntRuntime

@Suite struct BufferPoolTests {
    private static func written(_ pool: inout BufferPool, bytes: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        pool.take(into: &buffer, atLeast: bytes)
        buffer.writeRepeatingByte(1, count: bytes)
        return buffer
    }

    @Test func `a buffer that was given back is the next one, and empty`() {
        var pool = BufferPool()
        var buffer = Self.written(&pool, bytes: 5000)
        let capacity = buffer.storageCapacity
        pool.giveBack(written: &buffer)
        #expect(buffer.storageCapacity == 0)
        pool.take(into: &buffer, atLeast: 1)
        #expect(buffer.storageCapacity == capacity)
        #expect(buffer.readableBytes == 0)
        #expect(buffer.writableBytes == capacity)
    }

    @Test func `two that take at the same time never have the same one`() {
        var pool = BufferPool()
        var first = Self.written(&pool, bytes: 10)
        pool.giveBack(written: &first)
        var one = ByteBuffer()
        var two = ByteBuffer()
        pool.take(into: &one, atLeast: 4)
        pool.take(into: &two, atLeast: 4)
        one.writeString("one")
        two.writeString("two")
        #expect(String(buffer: one) == "one")
        #expect(String(buffer: two) == "two")
    }

    @Test func `what somebody else still holds is not taken back`() {
        var pool = BufferPool()
        var buffer = Self.written(&pool, bytes: 10)
        let held = buffer
        let taken = pool.giveBack(&buffer)
        #expect(!taken)
        #expect(held.readableBytes == 10)
        #expect(buffer.readableBytes == 10)
    }

    @Test func `a large one is not kept`() {
        var pool = BufferPool()
        var buffer = Self.written(&pool, bytes: BufferPool.largestKept + 1)
        pool.giveBack(written: &buffer)
        #expect(buffer.storageCapacity == 0)
        pool.take(into: &buffer, atLeast: 1)
        #expect(buffer.storageCapacity == 4096)
    }
}
