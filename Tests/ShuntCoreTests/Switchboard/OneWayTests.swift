import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Messages that nobody answers` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents {
                $0.addressing.oneWay = ["approve"]
                change(&$0)
            })
    }
    private func guide(_ message: String, _ conversation: String) -> String {
        #"{"agent_type":"guide","message":"\#(message)","conversation_id":"\#(conversation)"}"#
    }
    private func approve(_ message: String, _ conversation: String? = nil) -> String {
        let member = conversation.map { #","conversation_id":"\#($0)""# } ?? ""
        return #"{"type":"approve","agent_type":"guide","message":"\#(message)"\#(member)}"#
    }

    @Test func `overtake what waits its turn, over the connection of their conversation`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("1", "c"))
        world.ready(1)
        for number in 2...3 { #expect(world.say(anna, guide("\(number)", "c")) == []) }
        #expect(world.say(anna, approve("yes", "c")).forwarded == ["1: yes"])
        #expect(world.hear(1, Text.reply("r")).forwarded == ["1: 2"], "and take no place in flight")
        #expect(world.census.exchanges == 2)
    }

    @Test func `without a name they are of the socket's one conversation`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.say(anna, Text.guide("2"))
        #expect(world.say(anna, approve("yes")).forwarded == ["1: yes"])
    }

    @Test func `follow what their client said before in that conversation, directly`() throws {
        let world = try world()
        let anna = world.connect("anna")
        for (number, conversation) in [(1, "a"), (2, "b"), (3, "a")] {
            world.say(anna, guide("\(number)", conversation))
        }
        #expect(world.say(anna, approve("yes", "b")) == [])
        #expect(world.say(anna, approve("other", "c")) == [])
        #expect(world.ready(1).forwarded == ["1: 1", "1: other"], "what follows nothing goes at once")
        #expect(world.say(anna, approve("more", "c")).forwarded == ["1: more"])
        #expect(world.hear(1, Text.reply("r")).forwarded == ["1: 2", "1: yes"])
        #expect(world.hear(1, Text.reply("r")).forwarded == ["1: 3"])
    }

    @Test func `go to the side that has their exchange, and hold no change of side`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("1", "c"))
        world.ready(1)
        try world.change { $0.routes[0].servedBy = .unified }
        #expect(world.say(anna, guide("2", "c")) == [])
        #expect(world.say(anna, approve("yes", "c")).forwarded == ["1: yes"])
        #expect(world.hear(1, Text.reply("r")).dials == 1)
        #expect(world.ready(2).forwarded == ["2: 2"])
    }

    @Test func `count for the pace`() throws {
        let world = try world { $0.upstreams[0].pace = [Rate(count: 2, per: .seconds(10))] }
        let anna = world.connect("anna")
        world.say(anna, guide("1", "c"))
        world.ready(1)
        #expect(world.say(anna, approve("a", "c")).forwarded == ["1: a"])
        #expect(world.say(anna, approve("b", "c")) == [])
        #expect(world.pass(.milliseconds(10_040)).forwarded == ["1: b"])
    }

    @Test func `have an error where they cannot be written`() throws {
        let world = try world { $0.upstreams[0].queue.timeout = .seconds(1) }
        let anna = world.connect("anna")
        #expect(world.say(anna, approve("yes", "c")) == [.dial(1)])
        #expect(world.pass(.milliseconds(1_040)).errors == ["queue_timeout unsent"])
    }

    @Test func `wait for a connection that takes nothing, in their order`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("1", "c"))
        world.ready(1)
        world.connection(1) { $0.connectionCongested($1, &$2) }
        world.say(anna, approve("a", "c"))
        world.say(anna, approve("b", "c"))
        #expect(world.connection(1) { $0.connectionRelieved($1, &$2) }.forwarded == ["1: a", "1: b"])
    }
}
