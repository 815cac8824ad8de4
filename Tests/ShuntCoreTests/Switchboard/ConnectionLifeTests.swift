import ShuntCore
import ShuntTesting
import Testing

@Suite struct `The life of connections and sockets` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> (Driver, Int) {
        let world = try Driver(.agents(change))
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        return (world, anna)
    }

    @Test func `a silent upstream is pinged, and one that answers pings lives`() throws {
        let (world, anna) = try world()
        world.answersPings = false
        #expect(!world.pass(.milliseconds(19_990)).contains(.pingConnection(1)))
        #expect(world.pass(.milliseconds(30)).contains(.pingConnection(1)))
        world.connection(1) { $0.connectionPong($1, &$2) }
        world.client(anna) { $0.clientPong($1, &$2) }
        #expect(world.pass(.milliseconds(20_020)).contains(.pingConnection(1)))
        world.client(anna) { $0.clientPong($1, &$2) }
        #expect(world.hear(1, Text.reply("r")).delivered == ["1: r"], "a message is an answer too")
        #expect(!world.pass(.milliseconds(19_900)).contains(.closeConnection(1, 1000)))
    }

    @Test func `an idle connection is closed, one with a message in flight is not`() throws {
        let (world, anna) = try world {
            $0.upstreams[0].idleTimeout = .seconds(60)
            $0.upstreams[0].exchangeTimeout = .seconds(100)
        }
        #expect(world.pass(.seconds(90)) == [])
        world.hear(1, Text.reply("r"))
        #expect(world.pass(.milliseconds(59_980)) == [])
        #expect(world.pass(.milliseconds(60)) == [.closeConnection(1, 1000)])
        #expect(world.say(anna, Text.guide("2")) == [.dial(2)])
    }

    @Test func `at the end of its lifetime it takes no new message, and ends with its last`() throws {
        let (world, anna) = try world {
            $0.upstreams[0].lifetime = .seconds(100)
            $0.upstreams[0].inFlight = 2
        }
        #expect(world.pass(.seconds(89)) == [])
        #expect(world.pass(.seconds(12)) == [], "up to a tenth earlier, and never while a reply is awaited")
        #expect(world.say(anna, Text.guide("2")) == [], "replies keep their order")
        #expect(world.say(world.connect("anna"), Text.guide("3")) == [.dial(2)])
        let last = world.hear(1, Text.reply("r"))
        #expect(last.delivered == ["1: r"])
        #expect(last.contains(.closeConnection(1, 1000)))
        #expect(world.ready(2).forwarded == ["2: 2", "2: 3"])
    }

    @Test func `lifetimes of connections that were dialled together end apart`() throws {
        let world = try Driver(.agents { $0.upstreams[0].lifetime = .seconds(100) })
        for user in 1...20 {
            world.say(world.connect("user \(user)"), Text.guide("1"))
            world.ready(user)
            world.hear(user, Text.reply("r"))
        }
        var moments = 0
        for _ in 0..<110 { moments += world.pass(.milliseconds(100 * 1)).isEmpty ? 0 : 1 }
        #expect(moments == 0)
        world.pass(.seconds(79))
        for _ in 0..<110 { moments += world.pass(.milliseconds(100)).isEmpty ? 0 : 1 }
        #expect(moments > 10)
        #expect(world.census.connections == 0)
    }

    @Test func `a client that says nothing for long is closed, but not before its reply`() throws {
        let (world, anna) = try world {
            $0.limits.idleTimeout = .minutes(1)
            $0.upstreams[0].exchangeTimeout = .minutes(9)
        }
        #expect(world.pass(.minutes(2)) == [])
        #expect(world.hear(1, Text.reply("r")).delivered == ["1: r"])
        #expect(world.pass(.seconds(59)) == [], "from the end of its last exchange on")
        #expect(world.pass(.milliseconds(1_200)) == [.closeClient(anna, 1001, .idle)])
    }

    @Test func `a client that is pushed to, or hears parts, is not idle`() throws {
        let (world, anna) = try world {
            $0.limits.idleTimeout = .minutes(1)
            $0.upstreams[0].pushes = ["news": .forward]
            $0.upstreams[0].replies.until = ReplyEnd(values: ["done"])
        }
        world.hear(1, #"{"type":"done"}"#)
        world.pass(.seconds(50))
        #expect(world.hear(1, #"{"type":"news","message":"n"}"#).delivered == ["1: n"])
        #expect(world.pass(.seconds(50)) == [])
        world.say(anna, Text.guide("2"))
        world.pass(.seconds(50))
        #expect(world.hear(1, Text.reply("part")).delivered == ["1: part"])
        #expect(world.pass(.seconds(50)) == [])
        world.hear(1, #"{"type":"done"}"#)
        #expect(world.pass(.milliseconds(60_200)) == [.closeClient(anna, 1001, .idle)])
    }

    @Test func `what is absorbed, refused or only pings keeps nobody from being idle`() throws {
        let (world, anna) = try world { $0.limits.idleTimeout = .minutes(1) }
        world.hear(1, Text.reply("r"))
        for _ in 0..<3 {
            world.pass(.seconds(15))
            world.say(anna, #"{"type":"ping"}"#)
            world.say(anna, #"{"agent_type":"nobody"}"#)
        }
        #expect(world.pass(.milliseconds(15_200)) == [.closeClient(anna, 1001, .idle)])
    }
}

@Suite struct `A graceful stop` {
    private let settings: DrainSettings = {
        var settings = DrainSettings()
        settings.exchanges = .seconds(30)
        settings.spread = .seconds(10)
        return settings
    }()

    @Test func `new messages are refused, those in flight and those that wait finish`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        for number in 1...2 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        world.drain(settings)
        #expect(world.say(anna, Text.guide("3")).errors == ["draining unsent"])
        world.pass(.seconds(15))
        #expect(world.hear(1, Text.reply("a")).forwarded == ["1: 2"])
        let last = world.hear(1, Text.reply("b"))
        #expect(last.delivered == ["1: b"])
        #expect(last.contains(.closeClient(anna, 1012, .draining)), "at once, for its time to leave is past")
        #expect(world.isIdle)
    }

    @Test func `sockets leave spread over time, with the code for a restart`() throws {
        let world = try Driver(.agents())
        for user in 1...500 { _ = world.connect("user \(user)") }
        #expect(world.drain(settings).count < 5)
        var left: [Int] = []
        for _ in 0..<6 { left.append(world.pass(.seconds(1)).count) }
        #expect(left.reduce(0, +) == 500)
        #expect(left[..<5].allSatisfy { $0 > 50 && $0 < 150 }, "a hundred a second")
    }

    @Test func `what has no outcome when time is up gets one`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        for number in 1...2 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        world.drain(settings)
        let told = world.pass(.milliseconds(30_020))
        #expect(Set(told.errors) == ["draining sent", "draining unsent"])
        #expect(told.contains(.closeClient(anna, 1012, .draining)))
        #expect(told.contains(.closeConnection(1, 1000)))
        #expect(world.isIdle && world.census.isEmpty)
    }

    @Test func `sessions without a socket end at once`() throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        world.leave(anna)
        #expect(world.drain(settings) == [.closeConnection(1, 1000)])
        #expect(world.census.isEmpty)
        #expect(world.drain(settings) == [], "a second stop is none")
    }
}
