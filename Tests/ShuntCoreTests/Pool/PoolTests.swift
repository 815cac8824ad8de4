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
    /// A list of so many exchanges, and their table.
    private func made(_ count: Int) throws -> (ExchangeList, SlotTable<Exchange, ExchangeTag>, [ExchangeID]) {
        let table = try RoutingTable(.agents())
        var exchanges = SlotTable<Exchange, ExchangeTag>()
        var list = ExchangeList()
        let ids = (0..<count).map { _ in
            exchanges.insert(Exchange(client: .none, session: .none, pool: .none, route: table.routes[0]))
        }
        for id in ids { list.append(id, in: &exchanges) }
        return (list, exchanges, ids)
    }

    private func order(_ list: ExchangeList, _ exchanges: SlotTable<Exchange, ExchangeTag>) -> [ExchangeID] {
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

    @Test func `appended ones come last, prepended ones first`() throws {
        var (list, exchanges, ids) = try made(3)
        #expect(order(list, exchanges) == ids)
        list.remove(ids[2], in: &exchanges)
        list.prepend(ids[2], in: &exchanges)
        #expect(order(list, exchanges) == [ids[2], ids[0], ids[1]])
    }

    @Test(arguments: 0..<4) func `any of them can be taken out`(place: Int) throws {
        var (list, exchanges, ids) = try made(4)
        list.remove(ids[place], in: &exchanges)
        let taken = ids.remove(at: place)
        #expect(order(list, exchanges) == ids)
        list.append(taken, in: &exchanges)
        #expect(order(list, exchanges) == ids + [taken])
    }

    @Test func `the last one leaves it empty, and one that is no more changes nothing`() throws {
        var (list, exchanges, ids) = try made(1)
        list.remove(ids[0], in: &exchanges)
        #expect(order(list, exchanges).isEmpty)
        exchanges.remove(ids[0])
        list.remove(ids[0], in: &exchanges)
        #expect(list.isEmpty)
    }
}
