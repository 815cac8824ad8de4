import ShuntCore
import ShuntTesting
import Testing

/// Buckets on the guide's route: emil 1638, hugo 3246, dora 5625, anna 7305.
@Suite struct `Shares` {
    private static let quarter = Rollout(steps: 2500)

    private func world(
        _ rollout: Rollout = quarter, _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .migration {
                for index in $0.routes.indices { $0.routes[index].endpoint?.heartbeat = nil }
                $0.routes[0].servedBy = rollout
                change(&$0)
            })
    }

    /// Who serves a client's next message, answered at once so that nothing is under way behind it.
    private func served(_ world: Driver, _ client: Int, _ message: String = Text.guide("m")) -> Side? {
        let before = world.dials.count
        var heard = world.say(client, message)
        for connection in (before + 1)..<(world.dials.count + 1) { heard += world.ready(connection) }
        guard case .forward(let connection, let text)? = heard.first(where: { $0.forwarded != nil }) else { return nil }
        let side: Side = world.dials[connection - 1].upstream.isUnified ? .unified : .legacy
        let conversation = Text.member("conversation_id", of: text) ?? ""
        let reply =
            side == .legacy
            ? Text.reply("r") : #"{"response":"r","conversation_id":"\#(conversation)","agent_type":"guide"}"#
        #expect(world.hear(connection, reply).contains { if case .deliver(client, _) = $0 { true } else { false } })
        return side
    }

    private func guide(_ conversation: String) -> String {
        #"{"agent_type":"guide","message":"m","conversation_id":"\#(conversation)"}"#
    }

    @Test(
        arguments: [
            ("emil", 1638, Side.legacy), ("emil", 1639, .unified), ("hugo", 2500, .legacy), ("anna", 7305, .legacy),
            ("anna", 7306, .unified), (nil, 9999, .legacy), (nil, 10_000, .unified), ("anna", 0, .legacy),
        ] as [(String?, Int, Side)])
    func `the bucket of a session decides, and one without a token stays to the end`(
        token: String?, steps: Int, side: Side
    ) throws {
        let world = try world(Rollout(steps: steps))
        #expect(served(world, world.connect(token)) == side)
        #expect(served(world, world.arrive(Old.guide, token), Text.bare("m")) == side)
    }

    @Test func `another route has other people in its share`() throws {
        let world = try world { $0.routes[1].servedBy = Self.quarter }
        let dora = world.connect("dora")
        #expect(served(world, dora) == .legacy)
        #expect(world.say(dora, Text.content("m")).dials == 1)
        #expect(world.dials.last?.upstream.isUnified == true, "344 of liaison/content")
    }

    @Test func `a raised share leaves a conversation where it is until it was idle, a new one begins on unified`()
        throws
    {
        let world = try world()
        let hugo = world.connect("hugo")
        #expect(served(world, hugo, guide("old")) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo, guide("old")) == .legacy)
        #expect(served(world, hugo, guide("new")) == .unified)
        #expect(served(world, hugo, guide("old")) == .legacy)
        world.pass(.minutes(29))
        #expect(served(world, hugo, guide("old")) == .legacy)
        world.pass(.minutes(31))
        #expect(served(world, hugo, guide("old")) == .unified)
    }

    @Test func `it is held over a reconnect, and on a legacy endpoint the handshake goes where the messages go`() throws
    {
        let world = try world()
        let hugo = world.arrive(Old.guide, "hugo")
        #expect(served(world, hugo, Text.bare("m")) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        world.leave(hugo)
        let (again, heard) = world.arriving(Old.guide, "hugo")
        #expect(heard == [.dial(2)], "its backend answers")
        world.ready(2)
        #expect(world.say(again, "x") == [.forward(2, "x")])
        world.leave(again)
        world.pass(.minutes(1))
        let (other, at) = world.arriving(Old.guide, "emil")
        #expect(at == [.admit(other, 0)])
    }

    @Test(arguments: [true, false])
    func `a first share finds conversations under way and holds them, whatever their socket`(isOld: Bool) throws {
        let world = try world(.legacy)
        let emil = isOld ? world.arrive(Old.guide, "emil") : world.connect("emil")
        let message = isOld ? Text.bare("m") : Text.guide("m")
        #expect(served(world, emil, message) == .legacy)
        world.pass(.minutes(45))
        #expect(served(world, emil, message) == .legacy)
        world.pass(.minutes(10))
        try world.serve(0, by: Self.quarter)
        #expect(served(world, emil, message) == .legacy)
        world.pass(.minutes(29))
        #expect(served(world, emil, message) == .legacy)
        world.pass(.minutes(31))
        #expect(served(world, emil, message) == .unified)
    }

    @Test func `a socket that has not said anything is in no conversation`() throws {
        let world = try world(.legacy)
        let emil = world.arrive(Old.guide, "emil")
        #expect(try world.serve(0, by: Self.quarter) == [.closeConnection(1, 1000)])
        #expect(served(world, emil, Text.bare("m")) == .unified)
    }

    @Test func `changes of the table keep no idle conversation alive`() throws {
        let world = try world()
        let hugo = world.connect("hugo")
        #expect(served(world, hugo) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        for _ in 1...5 {
            world.pass(.minutes(10))
            try world.change { $0.limits.unreadByClient += 1 }
        }
        #expect(served(world, hugo) == .unified)
    }

    @Test func `a lowered share and a rollback act on the next message`() throws {
        for rollout in [Self.quarter, .legacy] {
            let world = try world(Rollout(steps: 5000))
            let hugo = world.connect("hugo")
            #expect(served(world, hugo) == .unified)
            try world.serve(0, by: rollout)
            #expect(served(world, hugo) == .legacy)
        }
        let world = try world()
        let hugo = world.connect("hugo")
        #expect(served(world, hugo) == .legacy)
        try world.serve(0, by: .unified)
        #expect(served(world, hugo) == .unified, "unified for all is for conversations under way too")
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo) == .unified, "and a share that has it still does not call it back")
    }

    @Test func `a session's pin holds all of its conversations`() throws {
        let world = try world { $0.routes[0].pin = .session }
        let hugo = world.connect("hugo")
        #expect(served(world, hugo, guide("old")) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo, guide("new")) == .legacy)
        #expect(served(world, world.connect("hugo"), guide("newer")) == .legacy)
        world.pass(.minutes(31))
        #expect(served(world, hugo, guide("old")) == .unified)
    }

    @Test func `without pins the next exchange moves`() throws {
        let world = try world { $0.routes[0].pin = .exchange }
        let hugo = world.connect("hugo")
        #expect(served(world, hugo) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo) == .unified)
    }

    @Test func `an old client that names conversations is in one all the same`() throws {
        let world = try world()
        let hugo = world.arrive(Old.guide, "hugo")
        #expect(served(world, hugo, guide("a")) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo, guide("b")) == .legacy)
        let emil = world.arrive(Old.guide, "emil")
        #expect(served(world, emil, guide("a")) == .unified)
        #expect(served(world, emil, guide("b")) == .unified)
    }

    @Test(
        arguments: [
            (Rollout.legacy, nil, nil, Phase.migrate), (.unified, nil, nil, .migrate),
            (quarter, .legacy, nil, .deprecate),
            (.legacy, .unified, .legacy, .parallel), (.unified, nil, .unified, .complete),
        ] as [(Rollout, Side?, Rollout?, Phase)])
    func `an app's own side counts above everything else`(
        file: Rollout, hold: Side?, override: Rollout?, phase: Phase
    ) throws {
        let world = try world(file) {
            $0.routes[0].hold = hold
            $0.routes[0].override = override
            $0.phase = phase
            $0.routes[0].overrides = [
                ClientOverride(app: "qa-*", servedBy: .unified), ClientOverride(app: "old-*", servedBy: .legacy),
                ClientOverride(app: "qa-legacy", servedBy: .legacy),
            ]
        }
        #expect(served(world, world.connect("anna", query: "client=qa-legacy")) == .unified, "the first that fits")
        #expect(served(world, world.connect("bert", query: "client=old-1")) == .legacy)
        let plain = override ?? hold.map { Rollout($0) } ?? phase.side.map { Rollout($0) } ?? file
        #expect(served(world, world.connect("anna")) == (plain.side ?? .legacy))
    }

    @Test func `an app's override that is a share picks by bucket, and one that comes or goes acts at once`() throws {
        let world = try world(.legacy) {
            $0.routes[0].overrides = [ClientOverride(app: "qa", servedBy: Self.quarter)]
        }
        let (emil, anna) = (world.connect("emil", query: "client=qa"), world.connect("anna", query: "client=qa"))
        #expect(served(world, emil) == .unified)
        #expect(served(world, anna) == .legacy)
        try world.change { $0.routes[0].overrides = [] }
        #expect(served(world, emil) == .legacy)
        try world.change { $0.routes[0].overrides = [ClientOverride(app: "*", servedBy: .unified)] }
        #expect(served(world, anna) == .unified)
    }

    @Test func `a side without an upstream is never chosen, whatever an override says`() throws {
        let none = try Driver(
            .migration {
                $0.unified = nil
                $0.routes[0].overrides = [ClientOverride(app: "*", servedBy: .unified)]
            })
        let (anna, heard) = none.arriving(Old.guide, "anna")
        #expect(heard == [.dial(1)])
        none.ready(1)
        #expect(none.say(anna, "x") == [.forward(1, "x")])

        let only = try Driver(
            .migration(servedBy: .unified) {
                $0.routes[0].legacy = nil
                $0.routes[0].overrides = [ClientOverride(app: "*", servedBy: .legacy)]
                $0.routes[0].endpoint?.passthrough = .raw
            })
        let (bert, admitted) = only.arriving(Old.guide, "bert")
        #expect(admitted == [.admit(bert, 0)])
    }

    @Test func `messages of several conversations that wait go each to its side, and keep their order`() throws {
        let world = try world()
        let hugo = world.connect("hugo")
        #expect(served(world, hugo, guide("old")) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        func say(_ message: String, in conversation: String) -> [Driver.Happening] {
            world.say(hugo, #"{"agent_type":"guide","message":"\#(message)","conversation_id":"\#(conversation)"}"#)
        }
        func answer(_ message: String) -> String {
            #"{"response":"\#(message)","conversation_id":"new","agent_type":"guide"}"#
        }
        #expect(say("1", in: "old").forwarded == ["1: 1"])
        for (message, conversation) in [("2", "old"), ("3", "new"), ("4", "old"), ("5", "new"), ("6", "new")] {
            #expect(say(message, in: conversation) == [], "one is under way, and order is kept")
        }
        #expect(world.hear(1, Text.reply("a")).forwarded == ["1: 2"])
        #expect(world.hear(1, Text.reply("b")).dials == 1)
        #expect(world.ready(2).forwarded == ["2: 3"])
        #expect(world.hear(2, answer("c")).forwarded == ["1: 4"], "the held one was not taken along")
        #expect(world.hear(1, Text.reply("d")).forwarded == ["2: 5"])
        #expect(world.hear(2, answer("e")).forwarded == ["2: 6"])
        #expect(world.hear(2, answer("f")).count == 1)
        #expect(world.census.exchanges == 0)
    }

    /// A socket with one conversation that legacy holds, and one that unified has answered, over connections 1 and 2.
    private func twoConversations(_ change: (inout TableDefinition) -> Void) throws -> (Driver, Int) {
        let world = try world(Self.quarter, change)
        let hugo = world.connect("hugo")
        #expect(served(world, hugo, guide("old")) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo, guide("new")) == .unified)
        return (world, hugo)
    }

    /// Lets time pass while nobody answers at one side, until something was said or sent to.
    private func wait(_ world: Driver, whileDown side: Side, until isOver: ([Driver.Happening]) -> Bool) -> [Driver
        .Happening]
    {
        var heard: [Driver.Happening] = []
        var answered = 2
        for _ in 0..<75 * 20 where !isOver(heard) {
            while answered < world.dials.count {
                answered += 1
                let isDown = world.dials[answered - 1].upstream.isUnified == (side == .unified)
                heard += isDown ? world.fail(answered) : world.ready(answered)
            }
            heard += world.pass(.milliseconds(50))
        }
        return heard
    }

    @Test(arguments: [false, true])
    func `a conversation whose side is up waits for another one's patience at most, not for its side`(fallsBack: Bool)
        throws
    {
        let (world, hugo) = try twoConversations {
            $0.routes[0].fallsBack = fallsBack
            $0.upstreams[3].breakerFailures = 1
            $0.upstreams[3].breakerOpen = .seconds(1)
        }
        world.lose(2, 1000)
        world.say(hugo, guide("new"))
        #expect(world.say(hugo, guide("old")).forwarded == [], "order is kept")
        let heard = wait(world, whileDown: .unified) { !$0.forwarded.isEmpty }
        #expect(heard.errors == ["upstream_unavailable unsent"])
        #expect(heard.forwarded == ["1: m"])
    }

    @Test func `and the other way round it is not charged with the time that the other waited`() throws {
        let (world, hugo) = try twoConversations { _ in }
        world.lose(1, 1000)
        world.say(hugo, guide("old"))
        world.say(hugo, guide("new"))
        let heard = wait(world, whileDown: .legacy) { !$0.forwarded.isEmpty }
        #expect(heard.errors == ["upstream_unavailable unsent"])
        #expect(heard.forwarded == ["2: m"])
    }

    @Test func `what another table has on this side after all waits for its connection from then on`() throws {
        let (world, hugo) = try twoConversations { $0.everywhere { $0.queue.timeout = .seconds(1) } }
        world.lose(2, 1000)
        for conversation in ["new", "old"] { world.say(hugo, guide(conversation)) }
        world.pass(.milliseconds(500))
        try world.serve(0, by: .unified)
        #expect(world.pass(.milliseconds(1_300)).errors.count == 2)
    }

    @Test func `a session that one side has ended goes on at the other`() throws {
        let (world, hugo) = try twoConversations { $0.upstreams[3].closes = [4001: .auth] }
        world.lose(2, 4001)
        for _ in 1...2 { world.say(hugo, guide("old")) }
        #expect(world.say(hugo, guide("new")) == [], "behind the one that waits")
        #expect(world.say(hugo, guide("old")) == [])
        let heard = world.hear(1, Text.reply("r")) + world.hear(1, Text.reply("r"))
        #expect(heard.errors == ["session_expired unsent"])
        #expect(heard.forwarded == ["1: m", "1: m"])
        #expect(world.dials.count == 2, "nobody asks again before the session's next socket")
    }

    @Test func `a socket that used both sides over its own connections takes both along`() throws {
        let (world, hugo) = try twoConversations { $0.everywhere { $0.mode = .client } }
        let heard = world.leave(hugo)
        #expect(heard.contains(.closeConnection(1, 1000)) && heard.contains(.closeConnection(2, 1000)))
        #expect(world.census.pools == 0)
    }

    @Test func `a conversation id as long as a message is remembered as one, in little room`() throws {
        let world = try world()
        let hugo = world.connect("hugo")
        let (one, two) = (String(repeating: "x", count: 5000), String(repeating: "x", count: 5001))
        #expect(served(world, hugo, guide(one)) == .legacy)
        try world.serve(0, by: Rollout(steps: 5000))
        #expect(served(world, hugo, guide(one)) == .legacy)
        #expect(served(world, hugo, guide(two)) == .unified)
    }
}
