import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Relay` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].correlation = .field("conversation_id", unique: false)
                $0.upstreams[3].toUnified.rename = [.init(from: "response", to: "message")]
                $0.upstreams[3].toUnified.defaults = [.init(field: "type", json: #""message""#)]
                $0.upstreams[3].toUnified.drop = ["success", "agent"]
                change(&$0)
            })
    }

    @Test func `all routes share the session's one connection, and the address stays in the message`() throws {
        let world = try world { $0.upstreams[3].inFlight = 3 }
        let anna = world.connect("anna")
        #expect(world.say(anna, #"{"agent_type":"guide","conversation_id":"g"}"#) == [.dial(1)])
        #expect(world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"c"}"#) == [])
        #expect(world.dials[0].upstream.settings.name == "unified")
        #expect(
            world.ready(1) == [
                .forward(1, #"{"agent_type":"guide","conversation_id":"g"}"#),
                .forward(1, #"{"agent_type":"liaison","pillar":"content","conversation_id":"c"}"#),
            ])
    }

    @Test func `the shape of its liaison replies is brought to the unified form`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"c","message":"q"}"#)
        world.ready(1)
        let reply =
            #"{"success":true,"response":"R","conversation_id":"c","agent":"content_liaison","agent_type":"liaison","#
            + #""pillar":"content"}"#
        let expected =
            #"{"conversation_id":"c","agent_type":"liaison","pillar":"content","message":"R","type":"message"}"#
        #expect(world.hear(1, reply).map { Text.sorted($0) } == [Text.sorted(.deliver(anna, expected))])
    }

    @Test(arguments: [#"{"agent_type":"guide"}"#, #"{"agent_type":"guide","conversation_id":null}"#])
    func `a conversation id is added where the client sent none`(message: String) throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, message)
        let made = "guide_\(Driver.name(of: "anna"))"
        #expect(
            world.ready(1).map { Text.sorted($0) } == [
                Text.sorted(.forward(1, #"{"agent_type":"guide","conversation_id":"\#(made)"}"#))
            ])
        #expect(world.hear(1, #"{"response":"r","conversation_id":"\#(made)"}"#).delivered == ["1: r"])
    }

    @Test(arguments: [
        (
            #"{"message":"m","conversation_id":"c"}"#,
            #"{"message":"m","conversation_id":"c","agent_type":"liaison","pillar":"content"}"#
        ),
        (
            #"{"agent_type":null,"pillar":"insights","conversation_id":"c"}"#,
            #"{"conversation_id":"c","agent_type":"liaison","pillar":"content"}"#
        ),
    ])
    func `what goes to the default route says so, for the unified backend may have another`(
        message: String, forwarded: String
    ) throws {
        let world = try world { $0.addressing.defaultRoute = "liaison/content" }
        let anna = world.connect("anna")
        world.say(anna, message)
        #expect(world.ready(1).map { Text.sorted($0) } == [Text.sorted(.forward(1, forwarded))])
    }

    @Test func `routes may be served by either side at the same time`() throws {
        let world = try world { $0.routes[0].servedBy = .legacy }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("a"))
        world.say(anna, Text.content("b"))
        #expect(world.dials.map(\.upstream.settings.name) == ["guide", "unified"])
    }

    @Test func `lanes let one route pass another, and keep the order of each`() throws {
        let world = try world { $0.upstreams[3].lanes = 2 }
        let anna = world.connect("anna")
        #expect(world.say(anna, Text.guide("a")).dials == 1)
        #expect(world.say(anna, Text.content("b")).dials == 1)
        #expect(world.say(anna, Text.insights("c")).dials == 0, "the third shares the first one's lane")
        #expect(world.ready(1).forwarded == ["1: a"])
        #expect(world.ready(2).forwarded == ["2: b"])
        #expect(world.hear(2, #"{"message":"B"}"#).delivered == ["1: B"])
        #expect(world.say(anna, Text.content("d")).forwarded == ["2: d"])
        #expect(world.hear(1, #"{"message":"A"}"#).forwarded == ["1: c"])
    }

    @Test func `where identity is per message the token is set in each, and only there`() throws {
        let world = try world {
            $0.upstreams[3].identity = .message
            $0.upstreams[3].credential = nil
        }
        let anna = world.connect("an\"na")
        let nobody = world.connect(nil)
        world.say(anna, #"{"agent_type":"guide","conversation_id":1,"session_token":"evil"}"#)
        world.say(nobody, #"{"agent_type":"guide","conversation_id":1,"session_token":"evil"}"#)
        #expect(
            world.ready(1) == [.forward(1, #"{"agent_type":"guide","conversation_id":1,"session_token":"an\"na"}"#)])
        #expect(world.ready(2) == [.forward(2, #"{"agent_type":"guide","conversation_id":1}"#)])
    }
}
