import ShuntCore
import ShuntTesting
import Testing

/// Connections that die, and what becomes of the messages on them.
@Suite struct `Zombies and lost connections` {
    private func world(_ change: @escaping (inout UpstreamSettings) -> Void = { _ in }) throws -> (Driver, Int) {
        let world = try Driver(.agents { $0.everywhere(change) })
        return (world, world.connect("anna"))
    }

    @Test func `ten messages queued behind a zombie cost one error, not ten`() throws {
        let (world, anna) = try world()
        for number in 0...10 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        let told = world.hear(1, Text.zombie)
        #expect(told.delivered == ["1: Internal error: gone"], "it is the agent's own error that is delivered")
        #expect(told.errors == [])
        #expect(told.contains(.closeConnection(1, 1000)))
        #expect(told.dials == 1)
        var heard = world.ready(2)
        for number in 1...10 { heard += world.hear(2, Text.reply("r\(number)")) }
        #expect(heard.forwarded == (1...10).map { "2: \($0)" })
        #expect(heard.delivered == (1...10).map { "1: r\($0)" })
    }

    @Test(arguments: [
        (#"{"type":"error","message":"Internal error"}"#, false),
        (#"{"type":"error","message":"An Internal error: x"}"#, false),
        (#"{"type":"response","message":"Internal error: x"}"#, false),
        (#"{"type":"error","message":{"a":"Internal error:"}}"#, false),
        (#"{"type":"error"}"#, false),
        (#"{"message":"Internal error: x"}"#, false),
        (#"{"type":"error","message":"Internal error:"}"#, true),
        (#"{"type":"err\u006fr","message":"\u0049nternal error: x"}"#, true),
    ])
    func `only an error with the prefix means that the backend is dead`(reply: String, isDead: Bool) throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.hear(1, reply).contains(.closeConnection(1, 1000)) == isDead)
    }

    @Test func `a dead backend's error ends its exchange even where errors are no replies`() throws {
        let (world, anna) = try world { $0.replies.match = ["response"] }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.hear(1, Text.zombie).delivered == ["1: Internal error: gone"])
        #expect(world.census.exchanges == 0)
    }

    @Test(arguments: [Text.zombie, "[]"])
    func `a backend that breaks again and again is dialled slower and slower`(reply: String) throws {
        let (world, anna) = try world()
        var waited = TimeSpan.zero
        for connection in 1...12 {
            var happenings = world.say(anna, Text.guide("x"))
            while happenings.dials == 0 {
                waited = waited + .milliseconds(20)
                happenings = world.pass(.milliseconds(20))
            }
            world.ready(connection)
            world.hear(connection, reply)
        }
        #expect(waited > .seconds(2))
    }

    @Test func `what was sent is lost with its connection, what waits goes over the next`() throws {
        let (world, anna) = try world { $0.inFlight = 2 }
        for number in 1...4 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        let told = world.lose(1)
        #expect(told.errors == ["upstream_lost sent", "upstream_lost sent"])
        #expect(told.dials == 1, "a connection that is lost for the first time is replaced at once")
        #expect(world.ready(2).forwarded == ["2: 3", "2: 4"])
    }

    @Test func `a connection that is lost between messages costs nothing`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("r"))
        #expect(world.lose(1, 1000) == [])
        #expect(world.say(anna, Text.guide("2")) == [.dial(2)])
    }

    @Test func `one agent's lost connection touches no other agent`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.say(anna, Text.content("2"))
        world.ready(1)
        world.ready(2)
        world.lose(1)
        #expect(world.hear(2, Text.reply("r")).delivered == ["1: r"])
        #expect(world.census.clients == 1)
    }

    @Test func `what a socket says while its connection is replaced waits for its reply, so that replies keep order`()
        throws
    {
        let (world, anna) = try world { $0.inFlight = 2 }
        let other = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.reconnect(route: "guide")
        #expect(world.say(anna, Text.guide("2")) == [])
        #expect(world.say(other, Text.guide("3")) == [.dial(2)], "another socket waits for nothing")
        #expect(world.ready(2).forwarded == ["2: 3"])
        #expect(world.say(anna, Text.guide("4")) == [])
        let over = world.hear(1, Text.reply("a"))
        #expect(over.delivered == ["1: a"])
        #expect(over.forwarded == ["2: 2"])
        #expect(over.contains(.closeConnection(1, 1000)))
        #expect(world.hear(2, Text.reply("c")).forwarded == ["2: 4"])
        #expect(world.hear(2, Text.reply("b")).delivered == ["1: b"])
        #expect(world.hear(2, Text.reply("d")).delivered == ["1: d"])
        #expect(world.census.exchanges == 0)
    }

    @Test func `a connection that is lost while it is replaced holds nothing back`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.reconnect(route: "guide")
        #expect(world.say(anna, Text.guide("2")) == [])
        let told = world.lose(1)
        #expect(told.errors == ["upstream_lost sent"])
        #expect(told.dials == 1)
        #expect(world.ready(2).forwarded == ["2: 2"])
    }

    // MARK: retry: safe

    @Test func `where it is safe, what was sent is sent again, once, in its order, before what waits`() throws {
        let (world, anna) = try world {
            $0.retrySafe = true
            $0.inFlight = 2
        }
        for number in 1...4 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        #expect(world.lose(1) == [.dial(2)])
        #expect(world.ready(2).forwarded == ["2: 1", "2: 2"])
        let told = world.lose(2)
        #expect(told.errors == ["upstream_lost sent", "upstream_lost sent"], "not a third time")
        #expect(told.dials == 0, "the second loss in a row waits a little")
        #expect(world.pass(.milliseconds(300)).dials == 1)
        #expect(world.ready(3).forwarded == ["3: 3", "3: 4"])
        world.hear(3, Text.reply("a"))
        world.hear(3, Text.reply("b"))
        #expect(world.census.heldBytes == 0)
    }

    @Test func `a message that was sent once is never said to be unsent`() throws {
        let (world, anna) = try world { $0.retrySafe = true }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.lose(1)
        #expect(world.fail(2, .refused(status: 404)).errors == ["upstream_unavailable sent"])
    }

    @Test func `a stream of which a part was delivered is not sent again`() throws {
        let (world, anna) = try world {
            $0.retrySafe = true
            $0.replies.until = ReplyEnd(values: ["done"])
        }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("part"))
        #expect(world.lose(1).errors == ["upstream_lost sent"])
    }

    @Test func `by default nothing is sent twice`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.lose(1).errors == ["upstream_lost sent"])
        #expect(world.census.exchanges == 0)
    }
}
