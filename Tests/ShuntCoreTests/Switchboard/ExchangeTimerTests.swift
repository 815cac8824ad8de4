import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Timers of an exchange` {
    private func world(_ change: @escaping (inout UpstreamSettings) -> Void = { _ in }) throws -> (Driver, Int) {
        let world = try Driver(
            .agents {
                $0.upstreams[0].queue.timeout = .seconds(30)
                $0.upstreams[0].exchangeTimeout = .seconds(50)
                change(&$0.upstreams[0])
            })
        return (world, world.connect("anna"))
    }

    @Test func `a message that waits for a connection in vain is told after the queue's time`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        #expect(world.pass(.milliseconds(29_990)).errors == [])
        #expect(world.pass(.milliseconds(30)).errors == ["queue_timeout unsent"])
        #expect(world.census.exchanges == 0 && world.census.heldBytes == 0)
        #expect(world.ready(1) == [], "and is not sent any more")
    }

    @Test func `the same with dials that fail is the upstream's absence`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        var told = world.fail(1)
        for connection in 2..<200 {
            told += world.pass(.milliseconds(1_500))
            told += world.fail(connection)
        }
        #expect(told.errors == ["upstream_unavailable unsent"])
    }

    @Test func `the queue's time stands still behind an exchange in flight`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.pass(.seconds(20))
        world.ready(1)
        world.say(anna, Text.guide("2"))
        #expect(world.pass(.seconds(45)).errors == [])
        #expect(world.hear(1, Text.reply("a")).forwarded == ["1: 2"])
    }

    @Test func `the queue's time runs on where it stood when the connection is gone again`() throws {
        let (world, anna) = try world()
        for number in 1...2 { world.say(anna, Text.guide("\(number)")) }
        world.pass(.seconds(20))
        world.ready(1)
        world.pass(.seconds(40))
        #expect(world.lose(1).errors == ["upstream_lost sent"])
        #expect(world.pass(.seconds(9)).errors == [])
        #expect(
            world.pass(.milliseconds(1_030)).errors == ["upstream_unavailable unsent"], "it never answered anything")
    }

    @Test func `an upstream that takes nothing makes messages wait, and their time run`() throws {
        let (world, anna) = try world { $0.inFlight = 5 }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.connection(1) { $0.connectionCongested($1, &$2) }
        #expect(world.say(anna, Text.guide("2")) == [])
        world.pass(.seconds(20))
        #expect(world.connection(1) { $0.connectionRelieved($1, &$2) }.forwarded == ["1: 2"])
        world.connection(1) { $0.connectionCongested($1, &$2) }
        world.say(anna, Text.guide("3"))
        #expect(world.pass(.milliseconds(29_900)).errors == [])
        #expect(Set(world.pass(.milliseconds(200)).errors) == ["timeout sent", "queue_timeout unsent"])
    }

    @Test func `the reply's time runs from the write`() throws {
        let (world, anna) = try world()
        world.say(anna, Text.guide("1"))
        world.pass(.seconds(25))
        world.ready(1)
        #expect(world.pass(.milliseconds(49_990)).errors == [])
        let told = world.pass(.milliseconds(30))
        #expect(told.errors == ["timeout sent"])
        #expect(told.last == .closeConnection(1, 1000), "its late reply could be taken for the next one's")
        #expect(world.hear(1, Text.reply("late")) == [])
        #expect(world.say(anna, Text.guide("2")) == [.dial(2)])
    }

    @Test func `a timeout lets the others on its connection finish, and drops the late reply`() throws {
        let (world, anna) = try world { $0.inFlight = 2 }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.pass(.seconds(30))
        world.say(anna, Text.guide("2"))
        #expect(world.pass(.milliseconds(20_020)).errors == ["timeout sent"])
        #expect(world.say(anna, Text.guide("3")) == [.dial(2)], "a retired connection takes nothing")
        #expect(world.hear(1, Text.reply("late 1")) == [])
        #expect(
            world.hear(1, Text.reply("2")) == [
                .deliver(anna, Text.fromGuide("2", to: "anna")), .closeConnection(1, 1000),
            ])
        #expect(world.tally.lateReplies == 1)
    }

    @Test func `with an id of its own per exchange a timeout costs nothing but itself`() throws {
        let (world, anna) = try world {
            $0.correlation = .field("id", unique: true)
            $0.inFlight = 1
        }
        world.say(anna, #"{"agent_type":"guide","id":1}"#)
        world.ready(1)
        world.say(anna, #"{"agent_type":"guide","id":2,"message":"2"}"#)
        let told = world.pass(.milliseconds(50_020))
        #expect(told.errors == ["timeout sent"])
        #expect(told.forwarded == ["1: 2"], "over the same connection")
        #expect(world.hear(1, #"{"id":1,"message":"late"}"#) == [])
        #expect(world.hear(1, #"{"id":2,"message":"in time"}"#).delivered == ["1: in time"])
        #expect(world.tally.lateReplies == 1)
        #expect(world.census.exchanges == 0)
    }

    @Test func `a backend that answers nothing at all is not remembered for ever`() throws {
        let (world, anna) = try world {
            $0.correlation = .field("id", unique: true)
            $0.inFlight = 1000
            $0.queue.messages = 1000
        }
        for id in 0..<100 { world.say(anna, #"{"agent_type":"guide","id":\#(id)}"#) }
        world.ready(1)
        let told = world.pass(.milliseconds(50_020))
        #expect(told.errors == Array(repeating: "timeout sent", count: 100))
        #expect(told.last == .closeConnection(1, 1000))
        #expect(world.census.exchanges == 0)
    }

    @Test func `a retired connection whose exchanges all timed out is closed`() throws {
        let (world, anna) = try world {
            $0.correlation = .field("id", unique: true)
            $0.lifetime = .seconds(10)
        }
        world.say(anna, #"{"agent_type":"guide","id":1}"#)
        world.ready(1)
        #expect(world.pass(.seconds(20)) == [], "retired, and waiting for the reply")
        #expect(world.pass(.milliseconds(30_020)).last == .closeConnection(1, 1000))
        #expect(world.census.connections == 0 && world.census.exchanges == 0)
    }

    @Test func `each part of a stream starts the time anew`() throws {
        let (world, anna) = try world { $0.replies.until = ReplyEnd(values: ["done"]) }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        for part in 1...5 {
            #expect(world.pass(.seconds(49)).errors == [])
            #expect(world.hear(1, Text.reply("\(part)")).delivered == ["1: \(part)"])
        }
        #expect(world.pass(.milliseconds(50_020)).errors == ["timeout sent"])
    }

    @Test func `timers do not add up over many exchanges`() throws {
        let (world, anna) = try world {
            $0.exchangeTimeout = .seconds(5)
        }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("r"))
        for _ in 0..<200 {
            world.say(anna, Text.guide("x"))
            world.hear(1, Text.reply("r"))
            world.pass(.seconds(6))
        }
        let before = world.ticks
        world.pass(.minutes(10))
        #expect(world.ticks - before < 300, "a connection and a client, each looked at every ten seconds")
    }
}
