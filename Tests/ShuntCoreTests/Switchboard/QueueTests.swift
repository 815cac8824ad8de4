import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Queues` {
    private func world(_ change: @escaping (inout UpstreamSettings) -> Void) throws -> (Driver, Int) {
        let world = try Driver(.agents { change(&$0.upstreams[0]) })
        return (world, world.connect("anna"))
    }

    @Test func `a full queue is an error at once, and one place is one place`() throws {
        let (world, anna) = try world { $0.queue.messages = 2 }
        #expect(world.say(anna, Text.guide("1")) == [.dial(1)])
        #expect(world.say(anna, Text.guide("2")) == [])
        #expect(world.say(anna, Text.guide("3")).errors == ["queue_full unsent"])
        world.ready(1)
        #expect(world.say(anna, Text.guide("4")) == [])
        #expect(world.say(anna, Text.guide("5")).errors == ["queue_full unsent"])
        #expect(world.say(anna, Text.content("other")).dials == 1, "the next agent's queue is another one")
        #expect(world.hear(1, Text.reply("a")).forwarded == ["1: 2"])
    }

    @Test func `bytes are bounded, but an empty queue takes one message however long it is`() throws {
        let (world, anna) = try world { $0.queue.bytes = 100 }
        let long = String(repeating: "x", count: 5000)
        #expect(world.say(anna, Text.guide(long)) == [.dial(1)])
        #expect(world.census.heldBytes > 5000)
        #expect(world.say(anna, Text.guide("2")).errors == ["queue_full unsent"])
        world.ready(1)
        #expect(world.census.heldBytes == 0)
        #expect(world.say(anna, Text.guide(String(repeating: "y", count: 60))) == [])
        #expect(world.say(anna, Text.guide(String(repeating: "z", count: 60))).errors == ["queue_full unsent"])
    }

    @Test func `above the process's memory new messages are refused, those that wait are not lost`() throws {
        let world = try Driver(.agents(), memory: 1000)
        let anna = world.connect("anna")
        world.say(anna, Text.guide(String(repeating: "x", count: 2000)))
        #expect(world.say(anna, Text.guide("2")).errors == ["overloaded unsent"])
        #expect(world.ready(1).count == 1)
        #expect(world.say(anna, Text.guide("3")) == [])
        world.event { core, _ in core.bufferedBytes = 2000 }
        #expect(world.say(anna, Text.guide("4")).errors == ["overloaded unsent"])
    }

    @Test func `sockets count, and who comes leaves an eighth to those who are there`() throws {
        let world = try Driver(.agents(), memory: 8000)
        let anna = world.connect("anna")
        world.event { core, _ in
            core.socketBytes = 7000
            let before = core.hasRoomForClients
            core.socketBytes = 7001
            let after = core.hasRoomForClients
            #expect(before && !after)
        }
        #expect(world.say(anna, Text.guide("1")).errors == [])
        world.event { core, _ in core.socketBytes = 8001 }
        #expect(world.say(anna, Text.guide("2")).errors == ["overloaded unsent"])
    }

    @Test func `the pace of a session holds over redials and sockets, in any second`() throws {
        let (world, anna) = try world {
            $0.pace = [Rate(count: 3, per: .seconds(1))]
            $0.inFlight = 100
        }
        for number in 1...8 { world.say(anna, Text.guide("\(number)")) }
        #expect(world.ready(1).forwarded == ["1: 1", "1: 2", "1: 3"])
        #expect(world.pass(.milliseconds(900)).forwarded == [])
        world.lose(1)
        #expect(world.ready(2).forwarded == [])
        #expect(world.pass(.milliseconds(120)).forwarded == ["2: 4", "2: 5", "2: 6"])
        world.leave(anna)
        let again = world.connect("anna")
        world.say(again, Text.guide("9"))
        #expect(world.pass(.milliseconds(980)).forwarded == [])
        #expect(world.pass(.milliseconds(40)).forwarded == ["2: 7", "2: 8", "2: 9"])
        let bert = world.connect("bert")
        world.say(bert, Text.guide("b"))
        #expect(world.ready(3).forwarded == ["3: b"], "another session has a pace of its own")
    }

    @Test func `a wait longer than the queue's time is refused at once, with the time to wait`() throws {
        let (world, anna) = try world {
            $0.pace = [Rate(count: 1, per: .seconds(10))]
            $0.queue.timeout = .seconds(15)
            $0.inFlight = 100
        }
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.say(anna, Text.guide("2")) == [])
        let told = world.say(anna, Text.guide("3"))
        #expect(told.errors == ["rate_limited unsent"])
        guard case .deliver(_, let text) = told.first else { return }
        #expect(text.contains(#""retry_after":20.000"#))
        #expect(world.pass(.milliseconds(10_020)).forwarded == ["1: 2"])
    }
}
