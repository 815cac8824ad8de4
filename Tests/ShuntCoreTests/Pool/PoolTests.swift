import ShuntCore
import Testing

@Suite struct `The clock of unready time` {
    private let start = Instant(nanoseconds: 5_000_000_000)

    private func pool() throws -> Pool {
        let table = try RoutingTable(.agents { $0.upstreams[0].queue.timeout = .seconds(30) })
        return Pool(
            key: PoolKey(owner: .session(.none), upstream: 0, lane: 0, vary: []), session: .none,
            upstream: table.upstreams[0], handshake: Handshake(path: "/", query: "", headers: []), client: .none,
            route: table.routes[0])
    }

    @Test func `it runs only while no connection is ready`() throws {
        var pool = try pool()
        #expect(pool.unreadyTime(now: start) == .zero)
        pool.setReady(false, now: start)
        pool.setReady(false, now: start + .seconds(3))
        #expect(pool.unreadyTime(now: start + .seconds(5)) == .seconds(5), "said twice, it began once")
        pool.setReady(true, now: start + .seconds(5))
        pool.setReady(true, now: start + .seconds(6))
        #expect(pool.unreadyTime(now: start + .seconds(100)) == .seconds(5))
        pool.setReady(false, now: start + .seconds(100))
        #expect(pool.unreadyTime(now: start + .seconds(101)) == .seconds(6))
    }

    @Test func `a message's time is over when so much of it has run since it came`() throws {
        var pool = try pool()
        #expect(pool.queueDeadline(headStarted: .zero) == .distantFuture, "never while a connection is ready")
        pool.setReady(false, now: start)
        #expect(pool.queueDeadline(headStarted: .zero) == start + .seconds(30))
        pool.setReady(true, now: start + .seconds(10))
        let second = pool.unreadyTime(now: start + .seconds(50))
        pool.setReady(false, now: start + .seconds(50))
        #expect(pool.queueDeadline(headStarted: .zero) == start + .seconds(70))
        #expect(pool.queueDeadline(headStarted: second) == start + .seconds(80))
    }
}

@Suite struct `Lists of exchanges` {
    @Test func `appended ones come last, prepended ones first`() throws {
        let line = try Line(3)
        #expect(line.order == line.ids)
        line.remove(line.ids[2])
        line.prepend(line.ids[2])
        #expect(line.order == [line.ids[2], line.ids[0], line.ids[1]])
    }

    @Test(arguments: 0..<4) func `any of them can be taken out`(place: Int) throws {
        let line = try Line(4)
        var left = line.ids
        let taken = left.remove(at: place)
        line.remove(taken)
        #expect(line.order == left)
        line.append(taken)
        #expect(line.order == left + [taken])
    }

    @Test func `the last one leaves it empty, and one that is no more changes nothing`() throws {
        let line = try Line(1)
        line.remove(line.ids[0])
        #expect(line.order == [])
        line.end(line.ids[0])
        line.remove(line.ids[0])
        #expect(line.order == [])
    }
}

/// A list of exchanges, and their table.
private final class Line {
    private var list = ExchangeList()
    private var exchanges = SlotTable<Exchange, ExchangeTag>()
    private(set) var ids: [ExchangeID] = []

    init(_ count: Int) throws {
        let table = try RoutingTable(.agents())
        for _ in 0..<count {
            ids.append(
                exchanges.insert(.ofNobody(on: table.routes[0])))
        }
        for id in ids { list.append(id, in: &exchanges) }
    }

    func append(_ id: ExchangeID) { list.append(id, in: &exchanges) }
    func prepend(_ id: ExchangeID) { list.prepend(id, in: &exchanges) }
    func remove(_ id: ExchangeID) { list.remove(id, in: &exchanges) }
    func end(_ id: ExchangeID) { exchanges.remove(id) }

    /// From the first to the last, which must be the same from the last to the first.
    var order: [ExchangeID] {
        var order: [ExchangeID] = []
        var candidate = list.head
        while let exchange = exchanges[candidate] {
            #expect(exchange.previous == order.last ?? .none)
            order.append(candidate)
            candidate = exchange.next
        }
        #expect(list.tail == order.last ?? .none)
        #expect(list.count == order.count && list.isEmpty == order.isEmpty)
        return order
    }
}
