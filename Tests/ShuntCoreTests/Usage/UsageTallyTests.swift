import ShuntCore
import ShuntTesting
import Testing

/// A worker's tally, driven through the switchboard with a wall clock of the test's own.
private final class Counting {
    let world: Driver
    var wall: UnixTime

    static let key: (UInt64, UInt64) = (1, 2)
    /// 2026-11-22, noon.
    static let noon = UnixTime(milliseconds: 1_795_348_800_000)
    static let today = UsageDay(noon)

    init(maxClients: Int = 100, _ change: (inout TableDefinition) -> Void = { _ in }) throws {
        world = try Driver(.migration(servedBy: .legacy, change))
        wall = Self.noon
        let (now, wall) = (world.now, wall)
        world.event { core, _ in core.countUsage(maxClients: maxClients, key: Self.key, now: now, wall: wall) }
    }

    /// Time passes on both clocks.
    func pass(_ span: TimeSpan) {
        world.pass(span)
        wall.milliseconds += span.milliseconds
    }

    func take() -> [UsageRow] {
        var batch = UsageBatch()
        let (now, wall) = (world.now, wall)
        world.event { core, _ in batch = core.takeUsage(now: now, wall: wall) }
        return batch.rows.sorted {
            ($0.day.number, $0.key.endpoint, $0.key.app) < ($1.day.number, $1.key.endpoint, $1.key.app)
        }
    }

    func old(_ token: String, app: String = "web", path: String = Old.guide) -> Int {
        let (client, happenings) = world.arriving(
            path, token, query: "client=\(app)", headers: [.init(name: "Origin", value: "https://app.example")])
        if case .dial(let connection) = happenings.first { world.ready(connection) }
        return client
    }
}

private let hour = TimeSpan.hours(1)
private let day = TimeSpan.hours(24)

@Suite struct UsageTallyTests {
    @Test func `a message counts for its endpoint, route, app and origin, with its reply`() throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        counting.world.say(anna, Text.bare("hello"))
        counting.world.hear(1, Text.reply("hi"))
        let row = try #require(counting.take().first)
        #expect(row.day == Counting.today)
        #expect(
            row.key
                == UsageKey(
                    endpoint: "/api/ws/guide", route: "guide", app: "web", version: "", origin: "https://app.example"))
        #expect(row.counts.sockets == 1)
        #expect(row.counts.messages == 1)
        #expect(row.counts.replies == 1)
        #expect(row.counts.bytesIn == Text.bare("hello").utf8.count)
        #expect(row.counts.bytesOut == Text.reply("hi").utf8.count)
        #expect(row.counts.sessions.count == 1)
        #expect(row.counts.firstSeen == Counting.noon)
    }

    @Test func `the unified endpoint counts by route`() throws {
        let counting = try Counting()
        let anna = counting.world.connect("anna")
        counting.world.say(anna, Text.guide("one"))
        counting.world.say(anna, Text.content("two"))
        counting.world.say(anna, Text.content("three"))
        let rows = counting.take()
        #expect(Set(rows.map(\.key.endpoint)) == ["/api/ws/agent"])
        #expect(rows.first { $0.key.route == "guide" }?.counts.messages == 1)
        #expect(rows.first { $0.key.route == "liaison/content" }?.counts.messages == 2)
        // Two routes, and one socket.
        #expect(rows.map(\.counts.sockets).reduce(0, +) == 1)
        #expect(rows.map(\.counts.sessions.count) == [1, 1])
    }

    @Test func `what is taken once is not taken again`() throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        counting.world.say(anna, Text.bare("a"))
        #expect(counting.take().map(\.counts.messages) == [1])
        #expect(counting.take() == [])
        counting.world.say(anna, Text.bare("b"))
        let again = counting.take()
        #expect(again.map(\.counts.messages) == [1])
        #expect(again.map(\.counts.sockets) == [0])
    }

    @Test func `a socket that is open but idle leaves no row, whatever heartbeats it sends`() throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        for _ in 0..<3 {
            counting.world.say(anna, Old.heartbeat)
            counting.pass(day)
            #expect(counting.take() == [])
        }
    }

    @Test func `a socket counts on each of the three days on which it speaks`() throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        var rows: [UsageRow] = []
        for _ in 0..<3 {
            counting.world.say(anna, Text.bare("a"))
            counting.world.say(anna, Text.bare("b"))
            counting.pass(hour)
            counting.world.say(anna, Text.bare("c"))
            rows += counting.take()
            counting.pass(day + TimeSpan.hours(-1))
        }
        let days = Dictionary(grouping: rows, by: \.day).mapValues { $0.reduce(0) { $0 + $1.counts.sockets } }
        #expect(days == [Counting.today: 1, Counting.today.adding(1): 1, Counting.today.adding(2): 1])
        #expect(rows.reduce(0) { $0 + $1.counts.messages } == 9)
    }

    @Test func `midnight between two flushes parts the messages`() throws {
        let counting = try Counting()
        counting.pass(.milliseconds(12 * 3_600_000 - 1000))
        let anna = counting.old("anna")
        counting.world.say(anna, Text.bare("before"))
        counting.pass(.seconds(2))
        counting.world.say(anna, Text.bare("after"))
        counting.world.say(anna, Text.bare("after too"))
        let rows = counting.take()
        #expect(rows.map(\.day) == [Counting.today, Counting.today.adding(1)])
        #expect(rows.map(\.counts.messages) == [1, 2])
        #expect(rows.map(\.counts.sockets) == [1, 1])
    }

    @Test func `a wall clock that jumps to and fro counts no message and no socket twice`() throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        var rows: [UsageRow] = []
        for jump in [day, TimeSpan.hours(-24), day, TimeSpan.hours(-48), TimeSpan.hours(24)] {
            counting.world.say(anna, Text.bare("a"))
            counting.wall.milliseconds += jump.milliseconds
            rows += counting.take()
        }
        #expect(rows.reduce(0) { $0 + $1.counts.messages } == 5)
        let sockets = Dictionary(grouping: rows, by: \.day).mapValues { $0.reduce(0) { $0 + $1.counts.sockets } }
        #expect(sockets.values.allSatisfy { $0 == 1 })
        #expect(sockets.count == 3)
    }

    @Test(arguments: [Int64.min, Int64.max, 0, -1])
    func `no time of the wall clock traps`(milliseconds: Int64) throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        counting.world.say(anna, Text.bare("a"))
        counting.wall = UnixTime(milliseconds: milliseconds)
        let first = counting.take()
        counting.world.say(anna, Text.bare("b"))
        let second = counting.take()
        #expect((first + second).reduce(0) { $0 + $1.counts.messages } == 2)
        #expect(first.map(\.day) == [Counting.today])
    }

    @Test func `past the bound clients are counted together as other`() throws {
        let counting = try Counting(maxClients: 2)
        for number in 0..<5 {
            let client = counting.old("user\(number)", app: "app\(number)")
            counting.world.say(client, Text.bare("a"))
        }
        let rows = counting.take()
        #expect(rows.map(\.key.app) == ["app0", "app1", "other"])
        #expect(rows.map(\.counts.sockets) == [1, 1, 3])
        #expect(rows.last?.counts.sessions.count == 3)
        #expect(rows.last?.key.origin == "other")
    }

    @Test func `the next day others are known by name`() throws {
        let counting = try Counting(maxClients: 1)
        let first = counting.old("anna", app: "a")
        let second = counting.old("bo", app: "b")
        counting.world.say(first, Text.bare("x"))
        counting.world.say(second, Text.bare("x"))
        #expect(counting.take().map(\.key.app) == ["a", "other"])
        counting.pass(day)
        counting.world.say(second, Text.bare("x"))
        #expect(counting.take().map(\.key.app) == ["b"])
    }

    @Test func `an error counts where the message did`() throws {
        let counting = try Counting()
        let anna = counting.old("anna")
        counting.world.say(anna, Text.bare("a"))
        try counting.world.change {
            $0.addressing.defaultRoute = nil
            $0.routes.remove(at: 0)
        }
        counting.world.say(anna, Text.bare("b"))
        let counts = counting.take().reduce(into: UsageCounts()) { $0.add($1.counts) }
        #expect(counts.messages == 2)
        #expect(counts.errors >= 1)
    }

    @Test func `what is refused on the unified endpoint is an error there too`() throws {
        let counting = try Counting { $0.everywhere { $0.queue.messages = 1 } }
        let anna = counting.world.connect("anna")
        for number in 1...3 { counting.world.say(anna, Text.guide("\(number)")) }
        let counts = try #require(counting.take().first?.counts)
        #expect([counts.messages, counts.errors] == [3, 2])
    }

    @Test func `without being asked nothing is counted`() throws {
        let world = try Driver(.migration())
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("a"))
        var batch = UsageBatch()
        let now = world.now
        world.event { core, _ in batch = core.takeUsage(now: now, wall: Counting.noon) }
        #expect(batch.rows == [])
    }

    @Test func `piped bytes count as messages, with their bytes`() throws {
        let counting = try Counting { $0.routes[0].endpoint?.passthrough = .raw }
        let anna = counting.old("anna")
        let now = counting.world.now
        counting.world.client(anna) { core, id, _ in
            core.rawPassed(id, up: 3, down: 2, bytesUp: 300, bytesDown: 20, now: now)
        }
        let counts = try #require(counting.take().first?.counts)
        #expect([counts.messages, counts.replies, counts.bytesIn, counts.bytesOut] == [3, 2, 300, 20])
    }
}

@Suite struct UsageBookTests {
    private func row(_ app: String, day: Int32 = 1, messages: Int = 1) -> UsageRow {
        var counts = UsageCounts()
        counts.messages = messages
        return UsageRow(
            day: UsageDay(number: day), key: UsageKey(endpoint: "/e", route: "r", app: app), counts: counts)
    }

    private func batch(_ rows: [UsageRow]) -> UsageBatch {
        var batch = UsageBatch()
        batch.rows = rows
        return batch
    }

    @Test func `rows of all workers are summed by day and key`() {
        var book = UsageBook(maxClients: 10)
        book.add(batch([row("a"), row("b", day: 2)]))
        book.add(batch([row("a", messages: 4)]))
        let rows = book.take()
        #expect(rows.map(\.counts.messages) == [5, 1])
        #expect(book.isEmpty)
    }

    @Test func `clients are bounded over all workers`() {
        var book = UsageBook(maxClients: 2)
        for app in ["a", "b", "c", "d", "a"] { book.add(batch([row(app)])) }
        let sums = Dictionary(uniqueKeysWithValues: book.take().map { ($0.key.app, $0.counts.messages) })
        #expect(sums == ["a": 2, "b": 1, "other": 2])
    }

    @Test func `rows that were put back are there with what came meanwhile`() {
        var book = UsageBook(maxClients: 10)
        book.add(batch([row("a")]))
        let taken = book.take()
        book.add(batch([row("a", messages: 2)]))
        #expect(book.putBack(taken) == 0)
        #expect(book.take().map(\.counts.messages) == [3])
    }
}

@Suite struct UsageKeyTests {
    @Test(arguments: [
        ("https://app.example:8443", "https://app.example:8443"), ("", ""), ("null", "null"),
        ("https://a\u{0}b", "other"), ("https://a b", "other"), ("https://ü", "other"),
        (String(repeating: "x", count: 201), "other"),
    ])
    func `a hostile origin is other`(text: String, kept: String) {
        #expect(UsageKey.origin(ByteString(text)) == kept)
    }

    @Test(arguments: [
        (Int64(0), Int32(0)), (-1, -1), (86_399_999, 0), (86_400_000, 1), (-86_400_000, -1), (-86_400_001, -2),
        (.max, .max), (.min, .min),
    ])
    func `a day is a whole one of UTC`(milliseconds: Int64, day: Int32) {
        #expect(UsageDay(UnixTime(milliseconds: milliseconds)).number == day)
    }
}
