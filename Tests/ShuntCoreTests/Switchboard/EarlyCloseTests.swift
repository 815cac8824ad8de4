import ShuntCore
import ShuntTesting
import Testing

/// Backends of the field accept first and close at once: what was written in that instant was read by nobody.
@Suite struct `A close before the first word` {
    private func world(
        servedBy side: Side = .legacy, _ change: @escaping (inout UpstreamSettings) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .agents(servedBy: side) {
                $0.everywhere {
                    $0.closes = [4001: .auth, 4003: .refuse, 4004: .limit]
                    $0.inFlight = 2
                    change(&$0)
                }
            })
    }

    /// Three messages, of which the first connection takes two.
    private func asking(_ world: Driver) -> Int {
        let anna = world.connect("anna")
        for number in 1...3 { world.say(anna, Text.guide("\(number)")) }
        #expect(world.ready(1).forwarded == ["1: 1", "1: 2"])
        return anna
    }

    /// Time passes until something is dialled.
    private func dialled(_ world: Driver) -> Int {
        for _ in 0..<3_000 where world.pass(.milliseconds(20)).dials > 0 { return world.dials.count }
        return 0
    }

    @Test(arguments: [Side.legacy, .unified])
    func `limit puts messages back in order, however often it comes`(side: Side) throws {
        let world = try world(servedBy: side) { $0.queue.timeout = .minutes(10) }
        _ = asking(world)
        #expect(world.lose(1, 4004) == [], "it waits before it dials again, and nobody hears an error")
        for connection in 2...6 {
            #expect(dialled(world) == connection, "one dial for each backoff")
            #expect(world.ready(connection).forwarded == ["\(connection): 1", "\(connection): 2"])
            #expect(world.lose(connection, 4004) == [])
        }
        #expect(!world.notes.contains(.breakerOpened(upstream: side == .legacy ? 0 : 3)))
        let last = dialled(world)
        world.ready(last)
        #expect(world.hear(last, Text.reply("a")).forwarded == ["\(last): 3"])
        world.hear(last, Text.reply("b"))
        #expect(world.hear(last, Text.reply("c")).delivered == ["1: c"])
        #expect(world.census.exchanges == 0 && world.census.heldBytes == 0)
    }

    @Test func `the queue's clock runs on while a limit holds`() throws {
        let world = try world { $0.queue.timeout = .seconds(5) }
        let anna = asking(world)
        world.lose(1, 4004)
        var errors: [String] = []
        for _ in 0..<700 where errors.isEmpty {
            let happenings = world.pass(.milliseconds(10))
            errors = happenings.errors
            for case .dial(let connection) in happenings {
                world.ready(connection)
                world.lose(connection, 4004)
            }
        }
        #expect(errors == Array(repeating: "upstream_unavailable unsent", count: 3))
        #expect(world.say(anna, Text.content("4")).dials == 1)
    }

    @Test(arguments: [
        (UInt16(4003), "upstream_unavailable unsent"), (4001, "session_expired unsent"),
    ])
    func `refuse and auth say that nothing was sent`(code: UInt16, error: String) throws {
        for side in [Side.legacy, .unified] {
            let world = try world(servedBy: side)
            _ = asking(world)
            #expect(world.lose(1, code).errors == [error, error, error])
            #expect(world.census.exchanges == 0 && world.census.heldBytes == 0)
        }
    }

    @Test func `after the first word of any kind a written message counts as sent`() throws {
        for (code, errors) in [
            (UInt16(4003), ["upstream_lost sent", "upstream_lost sent", "upstream_unavailable unsent"]),
            (4001, ["session_expired sent", "session_expired sent", "session_expired unsent"]),
            (4004, ["upstream_lost sent", "upstream_lost sent"]),
        ] {
            let world = try world()
            _ = asking(world)
            let held = world.census.heldBytes
            world.hear(1, #"{"type":"anything"}"#)
            #expect(world.census.heldBytes < held, "what may have been read is not kept")
            #expect(world.lose(1, code).errors == errors)
        }
    }

    @Test(arguments: [nil, 1000, 1006, 1011, 4999] as [UInt16?])
    func `without a code that has a meaning nobody knows what was read`(code: UInt16?) throws {
        let world = try world()
        _ = asking(world)
        #expect(world.lose(1, code).errors == ["upstream_lost sent", "upstream_lost sent"])
    }

    @Test func `what was lost before and may have been read stays sent`() throws {
        let world = try world { $0.retrySafe = true }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, #"{"type":"anything"}"#)
        #expect(world.lose(1) == [.dial(2)])
        #expect(world.ready(2).forwarded == ["2: 1"])
        #expect(world.lose(2, 4003).errors == ["upstream_unavailable sent"])
    }

    @Test func `a socket that went to the other side takes its unread messages along`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        try world.change { $0.routes[0].servedBy = .unified }
        world.say(anna, Text.guide("2"))
        #expect(world.lose(1, 4004).dials == 1)
        #expect(world.ready(2).forwarded == ["2: 1", "2: 2"])
    }

    @Test func `an old client that was collapsed is no different`() throws {
        let world = try Driver(
            .agents(servedBy: .unified) {
                $0.routes[0].endpoint = EndpointSettings(path: "/api/ws/guide")
                $0.upstreams[3].closes = [4003: .refuse, 4004: .limit]
            })
        let anna = world.arrive("/api/ws/guide", "anna")
        world.say(anna, Text.bare("1"))
        world.ready(1)
        #expect(world.lose(1, 4004) == [])
        #expect(dialled(world) == 2)
        #expect(world.ready(2).forwarded == ["2: 1"])
        #expect(world.lose(2, 4003).errors == ["upstream_unavailable unsent"])
    }

    // MARK: Too large

    @Test func `the message that was too large for the backend ends so, and is never sent again`() throws {
        let world = try world { $0.retrySafe = true }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("small"))
        world.say(anna, Text.guide("the large one"))
        world.ready(1)
        let told = world.lose(1, 1009)
        #expect(told.errors == ["message_too_large sent"])
        #expect(told.dials == 1)
        #expect(world.ready(2).forwarded == ["2: small"])
    }

    // MARK: Said

    @Test func `how a backend closed is told and counted, without what it shows of the token`() throws {
        let world = try world()
        for (token, code, reason) in [
            ("anna", UInt16(4004), "Too many connections"), ("bert", 4001, "bert is not logged in"),
            ("0123456789", 4001, "no: 01234567…"), ("carl", 4777, ""),
        ] {
            world.say(world.connect(token), Text.guide("1"))
            world.ready(world.dials.count)
            world.lose(world.dials.count, code, reason)
        }
        let hidden = "(left out: it shows the token)"
        #expect(
            world.upstreamCloses.map { String(decoding: $0.reason, as: UTF8.self) }
                == ["Too many connections", hidden, hidden, ""])
        #expect(world.upstreamCloses.map(\.code?.rawValue) == [4004, 4001, 4001, 4777])
        #expect(world.workerReport.meter.upstreams[0].closes == [4004: 1, 4001: 2, 4777: 1])
    }
}
