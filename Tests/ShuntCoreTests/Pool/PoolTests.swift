import ShuntCore
import Testing

@Suite struct `The clock of unready time` {
    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test func `it runs only while no connection is ready`() {
        var line = Line()
        #expect(line.unreadyTime(now: start) == .zero)
        line.setReady(false, now: start)
        line.setReady(false, now: start + .seconds(3))
        #expect(line.unreadyTime(now: start + .seconds(5)) == .seconds(5), "said twice, it began once")
        line.setReady(true, now: start + .seconds(5))
        line.setReady(true, now: start + .seconds(6))
        #expect(line.unreadyTime(now: start + .seconds(100)) == .seconds(5))
        line.setReady(false, now: start + .seconds(100))
        #expect(line.unreadyTime(now: start + .seconds(101)) == .seconds(6))
    }

    @Test func `a message's time is over when so much of it has run since it came`() {
        var line = Line()
        #expect(
            line.deadline(started: .zero, timeout: .seconds(30)) == .distantFuture, "never while a connection is ready")
        line.setReady(false, now: start)
        #expect(line.deadline(started: .zero, timeout: .seconds(30)) == start + .seconds(30))
        line.setReady(true, now: start + .seconds(10))
        let second = line.unreadyTime(now: start + .seconds(50))
        line.setReady(false, now: start + .seconds(50))
        #expect(line.deadline(started: .zero, timeout: .seconds(30)) == start + .seconds(70))
        #expect(line.deadline(started: second, timeout: .seconds(30)) == start + .seconds(80))
    }
}

@Suite struct `Lists of exchanges` {
    @Test func `appended ones come last, prepended ones first`() throws {
        let line = try ListUnderTest(3)
        #expect(line.order == line.ids)
        line.remove(line.ids[2])
        line.prepend(line.ids[2])
        #expect(line.order == [line.ids[2], line.ids[0], line.ids[1]])
    }

    @Test(arguments: 0..<4) func `any of them can be taken out`(place: Int) throws {
        let line = try ListUnderTest(4)
        var left = line.ids
        let taken = left.remove(at: place)
        line.remove(taken)
        #expect(line.order == left)
        line.append(taken)
        #expect(line.order == left + [taken])
    }

    @Test func `the last one leaves it empty, and one that is no more changes nothing`() throws {
        let line = try ListUnderTest(1)
        line.remove(line.ids[0])
        #expect(line.order == [])
        line.end(line.ids[0])
        line.remove(line.ids[0])
        #expect(line.order == [])
    }
}

/// A list of exchanges, and their table.
private final class ListUnderTest {
    private var list = ExchangeList()
    private var exchanges = Exchanges()
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
    func end(_ id: ExchangeID) { exchanges.discard(id) }

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
