import Testing

@testable import ShuntReactor

private func expect(
    _ buffer: borrowing OutputBuffer, _ bytes: some Collection<UInt8>, at location: SourceLocation = #_sourceLocation
) {
    let (written, count) = (Array(buffer.bytes), buffer.count)
    #expect(written == Array(bytes), sourceLocation: location)
    #expect(count == bytes.count, sourceLocation: location)
}

extension OutputBuffer {
    fileprivate mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }
}

@Suite struct OutputBufferTests {
    @Test func `what is appended stands behind what was there, however often the buffer grows`() {
        var buffer = OutputBuffer()
        var expected: [UInt8] = []
        for round in 0..<200 {
            let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: round * 7)
            buffer.append(bytes)
            expected += bytes
        }
        expect(buffer, expected)
    }

    @Test func `only what was written counts`() {
        var buffer = OutputBuffer()
        let some = buffer.append(atMost: 100) { room in
            room[0] = 1
            room[1] = 2
            return 2
        }
        let none = buffer.append(atMost: 10) { _ in 0 }
        let fewer = buffer.append(atMost: 10) { _ in -1 }
        #expect([some, none, fewer] == [2, 0, 0])
        expect(buffer, [1, 2])
        let most = buffer.append(atMost: 3) { $0.count + 1 }
        #expect(most == 3, "no more than there was room for")
    }

    @Test func `what the socket took is forgotten, the rest stays in its order`() {
        var buffer = OutputBuffer()
        buffer.append(Array(0..<250))
        buffer.drop(first: 0)
        expect(buffer, Array(0..<250))
        buffer.drop(first: 40)
        expect(buffer, Array(40..<250))
        buffer.append([7])
        buffer.drop(first: 209)
        expect(buffer, [249, 7])
        buffer.drop(first: 2)
        expect(buffer, [])
    }
}

@Suite struct OutputPoolTests {
    @Test func `memory that was given back is the next one's, and empty`() {
        var pool = OutputPool()
        var buffer = OutputBuffer()
        buffer.append([UInt8](repeating: 1, count: 5000))
        let (place, capacity) = (buffer.bytes.baseAddress, buffer.capacity)
        pool.giveBack(&buffer)
        let left = buffer.capacity
        #expect(left == 0)
        expect(buffer, [])
        pool.lend(to: &buffer)
        let (placeThen, capacityThen) = (buffer.bytes.baseAddress, buffer.capacity)
        #expect(placeThen == place)
        #expect(capacityThen == capacity)
        expect(buffer, [])
    }

    @Test func `two that ask at the same time never have the same memory`() {
        var pool = OutputPool()
        var first = OutputBuffer()
        first.append([0])
        pool.giveBack(&first)
        var one = OutputBuffer()
        var two = OutputBuffer()
        pool.lend(to: &one)
        pool.lend(to: &two)
        one.append(Array("one".utf8))
        two.append(Array("two".utf8))
        expect(one, Array("one".utf8))
        expect(two, Array("two".utf8))
    }

    @Test func `who has memory is lent none`() {
        var pool = OutputPool()
        var first = OutputBuffer()
        first.append([0])
        pool.giveBack(&first)
        var buffer = OutputBuffer()
        buffer.append([1])
        pool.lend(to: &buffer)
        expect(buffer, [1])
    }

    @Test func `as many as are given back are lent again, the last one first`() {
        var pool = OutputPool()
        var one = OutputBuffer()
        var two = OutputBuffer()
        one.append([UInt8](repeating: 1, count: 5000))
        two.append([UInt8](repeating: 2, count: 6000))
        pool.giveBack(&one)
        pool.giveBack(&two)
        var three = OutputBuffer()
        pool.lend(to: &one)
        pool.lend(to: &two)
        pool.lend(to: &three)
        let capacities = [one.capacity, two.capacity, three.capacity]
        #expect(capacities == [6000, 5000, 0])
    }

    @Test func `a large one is not kept, nor one that has nothing`() {
        var pool = OutputPool()
        var buffer = OutputBuffer()
        buffer.append([UInt8](repeating: 1, count: OutputPool.largestKept + 1))
        pool.giveBack(&buffer)
        pool.giveBack(&buffer)
        pool.lend(to: &buffer)
        let capacity = buffer.capacity
        #expect(capacity == 0)
    }

    @Test func `what nobody needs for a while goes back to the system`() {
        var pool = OutputPool()
        var one = OutputBuffer()
        var two = OutputBuffer()
        one.append([1])
        two.append([2])
        pool.giveBack(&one)
        pool.giveBack(&two)
        pool.shrink()
        for _ in 0..<40 { pool.shrink() }
        let kept = pool.kept
        #expect(kept == 0)
        pool.lend(to: &one)
        one.append([3])
        expect(one, [3])
    }
}
