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

    @Test func `go where their exchange is though their route came back by another lane`() throws {
        let world = try world {
            $0.upstreams[3].lanes = 2
            for index in $0.routes.indices { $0.routes[index].servedBy = .unified }
        }
        func content(_ message: String) -> String {
            #"{"agent_type":"liaison","pillar":"content","message":"\#(message)","conversation_id":"c"}"#
        }
        let anna = world.connect("anna")
        world.say(anna, content("1"))
        world.ready(1)
        try world.change { $0.routes[1].servedBy = .legacy }
        #expect(world.say(anna, content("2")) == [])
        try world.change {
            $0.routes[1].servedBy = .unified
            $0.routes.removeFirst()
            $0.addressing.defaultRoute = nil
        }
        #expect(world.say(anna, content("3")) == [])
        let yes = #"{"type":"approve","agent_type":"liaison","pillar":"content","message":"yes","conversation_id":"c"}"#
        #expect(world.say(anna, yes).forwarded == ["1: yes"])
    }

    @Test func `follow what was said before when it comes back to where they wait`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("1", "c"))
        world.ready(1)
        world.connection(1) { $0.connectionCongested($1, &$2) }
        world.say(anna, guide("2", "c"))
        world.say(anna, approve("yes", "c"))
        for side in [Rollout.unified, .legacy] { try world.change { $0.routes[0].servedBy = side } }
        world.hear(1, Text.reply("r"))
        #expect(world.connection(1) { $0.connectionRelieved($1, &$2) }.forwarded == ["1: 2", "1: yes"])
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

    // MARK: Of old clients

    private func moving(
        servedBy rollout: Rollout, _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .migration(servedBy: rollout) {
                $0.addressing.oneWay = ["approve"]
                change(&$0)
            })
    }
    private func old(_ message: String, _ conversation: String?, type: String? = nil) -> String {
        let members = [type.map { #""type":"\#($0)""# }, conversation.map { #""conversation_id":"\#($0)""# }]
        return "{" + (members.compactMap { $0 } + [#""message":"\#(message)""#]).joined(separator: ",") + "}"
    }
    private func reply(_ message: String, _ conversation: String?) -> String {
        guard let conversation else { return Old.unifiedReply(message, "guide", of: "anna") }
        return #"{"response":"\#(message)","conversation_id":"\#(conversation)","agent_type":"guide"}"#
    }

    @Test(arguments: [String?.none, "A"])
    func `of an old client whose route moved go as they are over the connection that has its messages`(
        conversation: String?
    ) throws {
        let world = try moving(servedBy: .legacy)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", conversation))
        try world.serve(0, by: .unified)
        #expect(world.say(anna, old("2", conversation)) == [])
        let approval = old("yes", conversation, type: "approve")
        #expect(world.say(anna, approval) == [.forward(1, approval)], "past what waits for the other side")
        #expect(world.hear(1, Text.reply("r")).dials == 1, "and holds no change of side")
        #expect(world.ready(2).forwarded == ["2: 2"])
        #expect(world.say(anna, approval).forwarded == ["2: yes"])
        #expect(world.hear(2, reply("s", conversation)).delivered == ["\(anna): s"])
        #expect(world.census.exchanges == 0)
    }

    @Test(arguments: [String?.none, "A"])
    func `and the other way round, in the unified form`(conversation: String?) throws {
        let world = try moving(servedBy: .unified)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", conversation))
        world.ready(1)
        try world.serve(0, by: .legacy)
        #expect(world.say(anna, old("2", conversation)) == [])
        let sent = world.say(anna, old("yes", conversation, type: "approve"))
        #expect(sent.forwarded == ["1: yes"])
        #expect(Text.member("agent_type", of: sent.first) == "guide")
        #expect(Text.member("type", of: sent.first) == "approve")
        let name = conversation ?? Old.conversation("guide", of: "anna")
        #expect(Text.member("conversation_id", of: sent.first) == name)
        let over = world.hear(1, reply("r", conversation))
        #expect(over.delivered == ["\(anna): r"])
        #expect(over.dials == 1)
        let waited = world.ready(2)
        #expect(waited == [.forward(2, old("2", conversation))])
        #expect(world.census.exchanges == 0)
    }

    @Test func `of an old client go over a connection that was replaced, if its messages are there`() throws {
        let world = try moving(servedBy: .legacy)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", nil))
        world.reconnect(route: "guide")
        #expect(world.say(anna, old("2", nil)) == [])
        let approval = old("yes", nil, type: "approve")
        #expect(world.say(anna, approval) == [.forward(1, approval)])
    }

    @Test func `of an old client wait where nothing of their conversation is in flight`() throws {
        let world = try moving(servedBy: .unified)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", "A"))
        world.ready(1)
        try world.serve(0, by: .legacy)
        #expect(world.say(anna, old("2", "B")) == [])
        let approval = old("yes", "B", type: "approve")
        #expect(world.say(anna, approval) == [])
        #expect(world.hear(1, reply("r", "A")).dials == 1)
        #expect(world.ready(2) == [.forward(2, old("2", "B")), .forward(2, approval)])
    }

    @Test func `of an old client that cannot be read by the other side wait for their own`() throws {
        let world = try moving(servedBy: .unified)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", nil))
        world.ready(1)
        try world.serve(0, by: .legacy)
        let broken = #"{"type":"approve","message":"yes","conversation_id":1,"conversation_id":2}"#
        #expect(world.say(anna, broken) == [])
        #expect(world.hear(1, reply("r", nil)).dials == 1)
        #expect(world.ready(2) == [.forward(2, broken)])
    }

    @Test(arguments: [Side.legacy, .unified])
    func `of an old client wait for a connection that takes nothing, and for no more`(side: Side) throws {
        let world = try moving(servedBy: Rollout(side))
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", nil))
        world.ready(1)
        world.connection(1) { $0.connectionCongested($1, &$2) }
        try world.serve(0, by: Rollout(side.other))
        world.say(anna, old("2", nil))
        #expect(world.say(anna, old("yes", nil, type: "approve")).forwarded == [])
        #expect(world.connection(1) { $0.connectionRelieved($1, &$2) }.forwarded == ["1: yes"])
        #expect(world.hear(1, side == .legacy ? Text.reply("r") : reply("r", nil)).dials == 1)
        #expect(world.ready(2).forwarded == ["2: 2"])
        if side == .legacy { #expect(world.hear(2, reply("s", nil)).delivered == ["\(anna): s"]) }
        #expect(world.census.exchanges == 0)
    }

    @Test(arguments: [Side.legacy, .unified])
    func `of an old client that came too late for their exchange follow what was said before`(side: Side) throws {
        let world = try moving(servedBy: Rollout(side))
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, old("1", nil))
        world.ready(1)
        world.connection(1) { $0.connectionCongested($1, &$2) }
        try world.serve(0, by: Rollout(side.other))
        world.say(anna, old("2", nil))
        world.say(anna, old("yes", nil, type: "approve"))
        #expect(world.hear(1, side == .legacy ? Text.reply("r") : reply("r", nil)).dials == 1)
        let sent = world.ready(2).forwarded
        #expect(sent.first == "2: 2" && (side == .legacy || sent == ["2: 2", "2: yes"]))
        if side == .legacy { #expect(world.hear(2, reply("s", nil)).delivered == ["\(anna): s"]) }
        #expect(world.census.exchanges == 0)
    }
}
