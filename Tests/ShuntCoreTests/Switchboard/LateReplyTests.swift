import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Late replies` {
    private func world(_ change: (inout SessionSettings) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents {
                $0.everywhere { $0.inFlight = 100 }
                change(&$0.session)
            })
    }

    /// A socket that sends messages and goes; its connection is 1 and ready.
    private func depart(_ world: Driver, _ messages: Int, token: String? = "anna") {
        let client = world.connect(token)
        for number in 1...messages { world.say(client, Text.guide("\(number)")) }
        world.ready(1)
        world.leave(client)
    }

    @Test func `replies to a socket that is gone come first and in order to the session's next one`() throws {
        let world = try world()
        depart(world, 3)
        for text in ["a", "b"] { #expect(world.hear(1, Text.reply(text)) == []) }
        let (client, happenings) = world.connecting("anna")
        #expect(
            happenings == [
                .deliver(client, Text.fromGuide("a", to: "anna")), .deliver(client, Text.fromGuide("b", to: "anna")),
            ])
        #expect(world.hear(1, Text.reply("c")).delivered == ["\(client): c"], "though it was there before the reply")
        #expect(world.census.parkedReplies == 0 && world.census.parkedBytes == 0)
    }

    @Test func `they are for no socket that was there before, and for no other session`() throws {
        let world = try world()
        let first = world.connect("anna")
        let second = world.connect("anna")
        world.say(first, Text.guide("1"))
        world.ready(1)
        world.leave(first)
        _ = world.connect("bert")
        #expect(world.hear(1, Text.reply("a")) == [])
        #expect(world.connecting("bert").happenings == [])
        #expect(world.connecting("anna").happenings.delivered == ["5: a"])
        #expect(second == 2)
    }

    @Test func `queued messages outlive their socket, and their errors are replies too`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        for number in 1...3 { world.say(anna, Text.guide("\(number)")) }
        world.leave(anna)
        #expect(world.ready(1).forwarded == ["1: 1"])
        let next = world.connect("anna")
        #expect(world.hear(1, Text.reply("a")).delivered == ["\(next): a"])
        world.leave(next)
        #expect(world.hear(1, Text.reply("b")).delivered == [])
        #expect(world.lose(1).errors == [])
        let told = world.connecting("anna").happenings
        #expect(told.delivered.first == "3: b")
        #expect(told.errors == ["upstream_lost sent"])
    }

    @Test func `a socket that took over waits for the outcome like one that sent`() throws {
        let world = try Driver(.agents { $0.limits.idleTimeout = .seconds(60) })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.leave(anna)
        _ = world.connect("anna")
        #expect(world.pass(.seconds(90)) == [], "it is not idle")
        #expect(world.hear(1, Text.reply("a")).delivered == ["2: a"])
        #expect(world.pass(.seconds(61)) == [.closeClient(2, 1001, .idle)])
    }

    @Test func `without a token nothing is parked`() throws {
        let world = try world()
        depart(world, 1, token: nil)
        world.hear(1, Text.reply("a"))
        #expect(world.tally.discarded == 1)
        #expect(world.census.isEmpty)
    }

    @Test func `the oldest go when there are too many`() throws {
        let world = try world { $0.parkedCount = 2 }
        depart(world, 4)
        for text in ["a", "b", "c", "d"] { world.hear(1, Text.reply(text)) }
        #expect(world.tally.parkedExpired == 2)
        #expect(world.connecting("anna").happenings.delivered == ["2: c", "2: d"])
    }

    @Test func `the oldest go when they are too long, but one is always kept`() throws {
        let world = try world { $0.parkedBytes = 500 }
        depart(world, 4)
        let long = String(repeating: "x", count: 1000)
        world.hear(1, Text.reply("a"))
        world.hear(1, Text.reply(long))
        #expect(world.census.parkedReplies == 1)
        world.hear(1, Text.reply("c"))
        #expect(world.connecting("anna").happenings.delivered == ["2: c"])
    }

    @Test func `they are kept for their time, also while the session has other sockets`() throws {
        let world = try world { $0.parkedFor = .seconds(60) }
        _ = world.connect("anna")
        let gone = world.connect("anna")
        world.say(gone, Text.guide("1"))
        world.say(gone, Text.guide("2"))
        world.ready(1)
        world.leave(gone)
        world.hear(1, Text.reply("a"))
        world.pass(.seconds(30))
        world.hear(1, Text.reply("b"))
        world.pass(.milliseconds(30_020))
        #expect(world.census.parkedReplies == 1)
        world.pass(.milliseconds(30_020))
        #expect(world.census.parkedReplies == 0 && world.census.parkedBytes == 0)
        #expect(world.tally.parkedExpired == 2)
    }

    @Test func `a session is remembered as long as something is parked for it`() throws {
        let world = try world {
            $0.linger = .seconds(10)
            $0.parkedFor = .seconds(100)
        }
        depart(world, 1)
        world.hear(1, Text.reply("a"))
        #expect(world.pass(.milliseconds(10_020)) == [.closeConnection(1, 1000)])
        world.pass(.seconds(80))
        #expect(world.connecting("anna").happenings.delivered == ["2: a"])
    }
}

@Suite struct `Parked replies` {
    private let now = Instant(nanoseconds: 5_000_000_000)

    private func settings(count: Int, bytes: Int) -> SessionSettings {
        var settings = SessionSettings()
        settings.parkedCount = count
        settings.parkedBytes = bytes
        settings.parkedFor = .seconds(10)
        return settings
    }

    @Test func `within the bounds nothing is displaced`() {
        var parked = ParkedReplies()
        for _ in 0..<3 { #expect(parked.park([1, 2], settings: settings(count: 3, bytes: 6), now: now) == .parked) }
        #expect(parked.park([3], settings: settings(count: 3, bytes: 6), now: now) == .displaced(1))
        #expect(parked.park([1, 2, 3, 4, 5], settings: settings(count: 3, bytes: 6), now: now) == .displaced(2))
        #expect(parked.bytes == 6 && parked.replies.map(\.bytes) == [[3], [1, 2, 3, 4, 5]])
    }

    @Test func `the last one stays whatever the bounds are`() {
        var parked = ParkedReplies()
        #expect(parked.park([1, 2], settings: settings(count: 0, bytes: 0), now: now) == .parked)
        #expect(parked.park([3, 4], settings: settings(count: 0, bytes: 0), now: now) == .displaced(1))
        #expect(parked.replies.map(\.bytes) == [[3, 4]])
    }

    @Test func `sockets of all endpoints share one bound, and the oldest of them all goes`() {
        var parked = ParkedReplies()
        let settings = settings(count: 2, bytes: 9)
        _ = parked.park([1], settings: settings, now: now)
        _ = parked.park([2], for: "/api/ws/guide", settings: settings, now: now)
        #expect(parked.park([3], for: "/api/ws/guide", settings: settings, now: now) == .displaced(1))
        #expect(parked.take(for: nil).isEmpty)
        #expect(parked.take(for: "/api/ws/guide").map(\.bytes) == [[2], [3]])
        #expect(parked.isEmpty && parked.bytes == 0)
    }

    @Test func `what is past its time goes, the rest stays in order`() {
        var parked = ParkedReplies()
        for second in 0..<4 {
            _ = parked.park([UInt8(second)], settings: settings(count: 9, bytes: 9), now: now + .seconds(Int64(second)))
        }
        #expect(parked.nextExpiry == now + .seconds(10))
        #expect(parked.expire(now: now + .seconds(11)) == 2)
        #expect(parked.nextExpiry == now + .seconds(12))
        #expect(parked.take(for: nil).map(\.bytes) == [[2], [3]])
        #expect(parked.isEmpty && parked.bytes == 0 && parked.nextExpiry == .distantFuture)
    }
}
