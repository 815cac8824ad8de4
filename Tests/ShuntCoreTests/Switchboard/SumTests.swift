import Testing

@testable import ShuntCore

/// Counters of several workers add up field by field: one that is forgotten would be a silent zero.
@Suite struct SumTests {
    private struct NoCounters: Error {}

    /// Counters with a different number in each.
    private func numbered<Value>(_ nothing: Value, from first: Int) throws -> Value {
        let fields = Mirror(reflecting: nothing).children
        guard fields.allSatisfy({ $0.value is Int }), fields.count * MemoryLayout<Int>.size == MemoryLayout<Value>.size
        else { throw NoCounters() }
        var value = nothing
        withUnsafeMutableBytes(of: &value) { bytes in
            for place in 0..<fields.count {
                bytes.storeBytes(of: first + place, toByteOffset: place * MemoryLayout<Int>.size, as: Int.self)
            }
        }
        return value
    }

    private func numbers<Value>(_ value: Value) -> [Int] {
        Mirror(reflecting: value).children.compactMap { $0.value as? Int }
    }

    private func expectAll<Value>(
        of nothing: Value, added: (Value, Value) -> Value, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let (left, right) = (try numbered(nothing, from: 1), try numbered(nothing, from: 1000))
        let expected = zip(numbers(left), numbers(right)).map { $0 + $1 }
        #expect(numbers(added(left, right)) == expected, "\(Value.self)", sourceLocation: location)
    }

    @Test func `every counter is added`() throws {
        try expectAll(of: Tally()) { $0 + $1 }
        try expectAll(of: Census.empty) { $0 + $1 }
        try expectAll(of: RouteTally()) { $0 + $1 }
        try expectAll(of: EndpointMeter()) { $0 + $1 }
        try expectAll(of: PushCounts()) { left, right in
            var sum = left
            sum.add(right)
            return sum
        }
    }

    @Test func `every kind of socket is added`() throws {
        var (left, right) = (SocketCensus(routes: 1), SocketCensus(routes: 1))
        left.unified = try numbered(left.unified, from: 1)
        left.unlisted = try numbered(left.unlisted, from: 11)
        left.legacy[0] = try numbered(left.legacy[0], from: 21)
        right.add(left)
        #expect(right == left)
        right.add(left)
        #expect(numbers(right.unified) == numbers(left.unified).map { 2 * $0 })
        #expect(numbers(right.unlisted) == numbers(left.unlisted).map { 2 * $0 })
        #expect(numbers(right.legacy[0]) == numbers(left.legacy[0]).map { 2 * $0 })
    }

    /// Each field of `full` says something, and adding it to `empty` says all of it.
    private func expectAll<Value>(
        _ full: Value, addedTo empty: Value, but others: Set<String> = [], _ add: (inout Value, Value) -> Void
    ) {
        var sum = empty
        add(&sum, full)
        let (was, given, became) = (Mirror(reflecting: empty), Mirror(reflecting: full), Mirror(reflecting: sum))
        for ((was, given), became) in zip(zip(was.children, given.children), became.children) {
            let name = given.label ?? ""
            if others.contains(name) { continue }
            #expect("\(was.value)" != "\(given.value)", "\(Value.self).\(name): give the test a value of it")
            #expect("\(became.value)" == "\(given.value)", "\(Value.self).\(name) is not added")
        }
    }

    @Test func `what is counted of upstreams is added`() throws {
        var meter = UpstreamMeter()
        (meter.dials, meter.waits, meter.waitedNanoseconds) = (1, 2, 3)
        (meter.failures, meter.retired, meter.closes) = ([.connect: 4], [.deadAfterError: 5], [1000: 6])
        meter.pushes = try numbered(meter.pushes, from: 7)
        expectAll(meter, addedTo: UpstreamMeter()) { $0.add($1) }

        let empty = PoolStatus(upstream: "guide", side: .legacy, url: "ws://127.0.0.1/")
        var pool = empty
        let counters: [WritableKeyPath<PoolStatus, Int>] = [
            \.pools, \.dialling, \.ready, \.retired, \.inFlight, \.queued, \.queuedBytes, \.openBreakers,
        ]
        for (number, counter) in counters.enumerated() { pool[keyPath: counter] = number + 1 }
        expectAll(pool, addedTo: empty, but: ["upstream", "side", "url", "answers"]) { $0.add($1) }
    }
}
