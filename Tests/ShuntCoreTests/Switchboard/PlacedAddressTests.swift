import ShuntCore
import ShuntTesting
import Testing

/// Addresses that stand in an object of the message: they are written and read there.
@Suite struct `Addresses at any depth` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .migration(servedBy: .unified) { definition in
                definition.addressing.routeBy = ["meta.agent", "meta.pillar"]
                definition.upstreams[3].correlation = .fifo
                for index in definition.routes.indices { definition.routes[index].endpoint?.toLegacy = ReshapeRules() }
                change(&definition)
            })
    }

    @Test(arguments: [
        (Old.guide, #"{"message":"m"}"#, #"{"message":"m","meta":{"agent":"guide"}}"#),
        (Old.guide, #"{"meta":{"agent":"liaison","x":1}}"#, #"{"meta":{"agent":"guide","x":1}}"#),
        (Old.guide, #"{"meta":{"pillar":"content"}}"#, #"{"meta":{"agent":"guide"}}"#),
        (Old.guide, #"{"meta":null}"#, #"{"meta":{"agent":"guide"}}"#),
        (Old.guide, #"{"meta":"liaison"}"#, #"{"meta":{"agent":"guide"}}"#),
        (
            Old.content, #"{"meta":{"agent":"guide","x":1,"pillar":"insights"}}"#,
            #"{"meta":{"agent":"liaison","x":1,"pillar":"content"}}"#
        ),
        (Old.content, #"{"meta":{"x":1}}"#, #"{"meta":{"agent":"liaison","pillar":"content","x":1}}"#),
    ])
    func `an old endpoint speaks to its own agent, whatever its client writes`(
        path: String, message: String, expected: String
    ) throws {
        let world = try world()
        let anna = world.arrive(path, "anna")
        world.say(anna, message)
        #expect(world.ready(1) == [.forward(1, expected)])
    }

    @Test func `the unified backend is told the default route`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, #"{"meta":{"x":1},"message":"m"}"#)
        #expect(world.ready(1) == [.forward(1, #"{"meta":{"agent":"guide","x":1},"message":"m"}"#)])
        world.hear(1, #"{"type":"response"}"#)
        let addressed = #"{"meta":{"agent":"liaison","pillar":"content"}}"#
        #expect(world.say(anna, addressed) == [.forward(1, addressed)])
    }

    @Test(arguments: [
        (#"{"type":"x","message":"r"}"#, #"{"type":"x","message":"r","conversation_id":C,"meta":{"agent":"guide"}}"#),
        (
            #"{"type":"x","meta":{"agent":"liaison","pillar":"p","t":1}}"#,
            #"{"type":"x","meta":{"agent":"guide","t":1},"conversation_id":C}"#
        ),
        (#"{"type":"x","meta":"text"}"#, #"{"type":"x","meta":"text","conversation_id":C}"#),
    ])
    func `replies say there whose they are, on every way`(reply: String, expected: String) throws {
        for side in [Side.legacy, .unified] {
            let world = try world {
                $0.everywhere {
                    $0.replies.match = ["x"]
                    $0.toUnified = ReshapeRules()
                }
                for index in $0.routes.indices { $0.routes[index].servedBy = Rollout(side) }
            }
            let anna = world.connect("anna")
            world.say(anna, #"{"meta":{"agent":"guide"}}"#)
            world.ready(1)
            let conversation = "\"" + Old.conversation("guide", of: "anna") + "\""
            #expect(world.hear(1, reply) == [.deliver(anna, expected.replacing("C", with: conversation))])
        }
    }

    @Test(arguments: [
        (#"{"meta":{"agent":"guide"}}"#, #"{"meta":{"conversation":C,"agent":"guide"}}"#),
        (
            #"{"meta":{"agent":"guide","conversation":null}}"#, #"{"meta":{"agent":"guide","conversation":C}}"#
        ),
        (#"{"message":"m"}"#, #"{"message":"m","meta":{"agent":"guide","conversation":C}}"#),
        (#"{"meta":{"agent":"guide","conversation":"mine"}}"#, #"{"meta":{"agent":"guide","conversation":"mine"}}"#),
    ])
    func `a conversation id that was made is written there, beside the address`(
        message: String, expected: String
    ) throws {
        let world = try world {
            $0.addressing.conversationField = "meta.conversation"
            $0.upstreams[3].correlation = .field("meta.conversation", unique: false)
        }
        let anna = world.connect("anna")
        world.say(anna, message)
        let made = "\"" + Old.conversation("guide", of: "anna") + "\""
        #expect(world.ready(1) == [.forward(1, expected.replacing("C", with: made))])
        let id = message.contains("mine") ? "\"mine\"" : made
        #expect(world.hear(1, #"{"type":"response","meta":{"conversation":\#(id)}}"#).count == 1, "it is told by it")
    }

    @Test func `so is one that a backend named, and a client's own words stay where they are in its way`() throws {
        let world = try world {
            $0.addressing.conversationField = "meta.info.id"
            for index in $0.routes.indices { $0.routes[index].servedBy = .legacy }
        }
        let anna = world.connect("anna")
        world.say(anna, #"{"meta":{"agent":"guide"}}"#)
        #expect(world.ready(1) == [.forward(1, #"{"meta":{"agent":"guide"}}"#)])
        world.hear(1, #"{"type":"response","meta":{"info":{"id":"srv-1"}}}"#)
        #expect(
            world.say(anna, #"{"meta":{"agent":"guide"}}"#) == [
                .forward(1, #"{"meta":{"info":{"id":"srv-1"},"agent":"guide"}}"#)
            ])
        world.hear(1, #"{"type":"response"}"#)
        let words = #"{"meta":{"agent":"guide","info":"words"}}"#
        #expect(world.say(anna, words) == [.forward(1, words)])
    }

    @Test func `a reply's own address is read there, too`() throws {
        let world = try world {
            $0.upstreams[3].correlation = .field("id", unique: false)
            $0.upstreams[3].inFlight = 4
        }
        let anna = world.connect("anna")
        world.say(anna, #"{"id":1,"meta":{"agent":"guide"}}"#)
        world.say(anna, #"{"id":1,"meta":{"agent":"liaison","pillar":"content"}}"#)
        world.ready(1)
        let heard = world.hear(1, #"{"id":1,"message":"r","meta":{"agent":"liaison","pillar":"content"}}"#)
        #expect(heard.delivered == ["1: r"])
        #expect("\(heard)".contains("content"))
        #expect(world.census.exchanges == 1)
    }

    @Test(arguments: [
        #"{"meta":{"agent":"guide","agent\u0000":"liaison"}}"#, #"{"meta\u0000":{"agent":"liaison"}}"#,
    ])
    func `a name that some parsers cut short is refused there, too`(message: String) throws {
        let world = try world()
        #expect(world.say(world.connect("anna"), message).errors == ["bad_member unsent"])
    }

    @Test func `rules that would move the address are refused`() throws {
        for move in [ReshapeRules.Move(from: "meta", to: "head"), .init(from: "meta", to: "x")] {
            #expect(throws: TableProblem.self) { try world { $0.upstreams[3].request.rename = [move] } }
            #expect(throws: TableProblem.self) { try world { $0.upstreams[3].request.copy = [move] } }
            #expect(throws: Never.self) { try world { $0.upstreams[0].request.rename = [move] } }
        }
    }

    @Test func `our own errors say it where replies do`() throws {
        let world = try Driver(
            .agents {
                $0.addressing.routeBy = ["payload.agent", "payload.pillar"]
                $0.addressing.conversationField = "payload.conversation"
                $0.addressing.conversationInReplies = "conversation"
            })
        let anna = world.connect("anna")
        let refused = world.say(anna, #"{"payload":{"agent":"x","conversation":"c"},"request_id":7}"#)
        #expect(
            refused == [
                .deliver(
                    anna,
                    #"{"type":"error","code":"unknown_agent","message":"Unknown payload.agent: x","sent":false,"#
                        + #""payload":{"agent":"x"},"conversation":"c","request_id":7}"#)
            ])
        world.say(anna, #"{"payload":{"agent":"liaison","pillar":"content","conversation":"c"},"request_id":7}"#)
        #expect(
            world.fail(1, .refused(status: 404)) == [
                .deliver(
                    anna,
                    #"{"type":"error","code":"upstream_unavailable","message":"The agent is not available","#
                        + #""sent":false,"payload":{"agent":"liaison","pillar":"content"},"conversation":"c","#
                        + #""request_id":7}"#)
            ])
    }

    @Test func `an error's members that are in one object stand in one`() throws {
        var bytes: [UInt8] = []
        ErrorReply.append(
            .timeout, kinds: .member("ev.kind"), sent: true,
            members: [("ev.agent", utf8("1")), ("a.b.c", utf8("2")), ("a.d", utf8("3")), ("a", utf8("4"))],
            to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"ev":{"kind":"error","agent":1},"code":"timeout","message":"\#(ErrorCode.timeout.text)","#
                + #""sent":true,"a":{"b":{"c":2},"d":3}}"#)
    }
}
