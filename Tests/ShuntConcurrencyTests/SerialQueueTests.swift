import ShuntConcurrency
import Synchronization
import Testing

/// Numbers in the order in which they were said.
private final class Record: Sendable {
    private let said = Mutex<[Int]>([])
    var numbers: [Int] { said.withLock { $0 } }
    func say(_ number: Int) { said.withLock { $0.append(number) } }
}

/// Hands in work as the proxy's actors do: between a call and its place in the queue nothing is awaited.
private actor Caller {
    private let queue = SerialQueue()
    let called = Record()
    let done = Record()

    func add(_ number: Int, _ pause: @escaping @Sendable () async -> Void) async {
        called.say(number)
        await queue.run { [done] in
            done.say(number)
            await pause()
            done.say(number)
        }
    }
}

/// Holds work back until it is opened.
private final class Gate: Sendable {
    private let (passes, opener) = AsyncStream.makeStream(of: Void.self)
    private let arrived = Mutex(false)

    func pass() async {
        arrived.withLock { $0 = true }
        for await _ in passes {}
    }

    func open() { opener.finish() }

    func isReached() async {
        while !arrived.withLock({ $0 }) { await Task.yield() }
    }
}

@Suite struct SerialQueueTests {
    private struct Broken: Error, Equatable {}

    @Test func `work is done in the order of the calls, one piece at a time`() async {
        let caller = Caller()
        await withTaskGroup { group in
            for number in 0..<100 { group.addTask { await caller.add(number) { await Task.yield() } } }
        }
        #expect(caller.called.numbers.count == 100)
        #expect(caller.done.numbers == caller.called.numbers.flatMap { [$0, $0] })
    }

    @Test func `what waits behind a suspended piece begins only when that has ended`() async {
        let (caller, gate) = (Caller(), Gate())
        async let first: Void = caller.add(1) { await gate.pass() }
        await gate.isReached()
        async let second: Void = caller.add(2) {}
        while caller.called.numbers.count < 2 { await Task.yield() }
        #expect(caller.done.numbers == [1])
        gate.open()
        _ = await (first, second)
        #expect(caller.done.numbers == [1, 1, 2, 2])
    }

    @Test func `a caller that is cancelled takes nothing out, and its work is not cancelled`() async {
        let (queue, record, gate) = (SerialQueue(), Record(), Gate())
        async let first: Void = queue.run { await gate.pass() }
        await gate.isReached()
        let cancelled = Task {
            while !Task.isCancelled { await Task.yield() }
            await queue.run {
                if !Task.isCancelled { record.say(2) }
            }
        }
        cancelled.cancel()
        gate.open()
        await first
        await cancelled.value
        await queue.run { record.say(3) }
        #expect(record.numbers == [2, 3])
    }

    @Test func `an error reaches its caller, and those behind it are done`() async {
        let queue = SerialQueue()
        await #expect(throws: Broken.self) {
            try await queue.run { () async throws(Broken) -> Int in throw Broken() }
        }
        #expect(await queue.run { 7 } == 7)
    }
}
