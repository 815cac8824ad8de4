import ShuntCore
import ShuntTesting
import Testing

/// One message, one reading: duplicates, spellings of one value, other names of the token.
@Suite struct `One reading` {
    private static let dotted = TableDefinition.agents {
        $0.addressing.routeBy = ["to.agent", "pillar"]
        $0.addressing.conversationField = "to.conversation.id"
    }

    @Test(
        arguments: [
            #"{"agent_type":"guide","agent_type":"liaison","pillar":"content","message":"m"}"#,
            #"{"agent_type":"guide","agent_type":null}"#, #"{"agent_type":null,"agent_typ\u0065":"guide"}"#,
            #"{"agent_type":"liaison","pillar":"content","pillar":"insights"}"#,
            #"{"conversation_id":"a","conversation_id":"b"}"#, #"{"conversation_id":1,"conversation_id":"1"}"#,
            #"{"type":"heartbeat","type":"message"}"#, #"{"type":"message","type":"heartbeat"}"#,
        ])
    func `a member that decides stands twice: refused, nothing is forwarded`(message: String) throws {
        let world = try Driver(.agents())
        let anna = world.connect("anna")
        let told = world.say(anna, message)
        #expect(told.errors == ["ambiguous_member unsent"])
        #expect(told.count == 1)
        #expect(world.say(anna, Text.guide("still here")) == [.dial(1)])
    }

    @Test func `what correlates is refused twice, what nobody asks for is not`() throws {
        let world = try Driver(
            .agents { definition in definition.everywhere { $0.correlation = .field("id", unique: true) } })
        let anna = world.connect("anna")
        #expect(world.say(anna, #"{"id":1,"id":2}"#).errors == ["ambiguous_member unsent"])
        #expect(world.say(anna, #"{"id":1,"id":1.0,"x":1,"x":2}"#) == [.dial(1)])
        #expect(world.ready(1) == [.forward(1, #"{"id":1.0,"x":1,"x":2}"#)])
    }

    @Test func `equal duplicates are cut to one, where they stand`() throws {
        let world = try Driver(.agents(servedBy: .unified))
        let anna = world.connect("anna")
        world.say(
            anna,
            #"{"agent_type":"guide","a":1,"agent_type":"gu\u0069de","conversation_id":"c","conversation_id":"c","b":2}"#
        )
        #expect(world.ready(1) == [.forward(1, #"{"a":1,"agent_type":"gu\u0069de","conversation_id":"c","b":2}"#)])
    }

    @Test(
        arguments: [
            #"{"to":{"agent":"guide"},"to":{}}"#, #"{"to":{"agent":"guide"},"to":{"agent":"guide"}}"#,
            #"{"to":7,"t\u006f":{"agent":"guide"}}"#, #"{"to":{"agent":"guide","conversation":{},"conversation":{}}}"#,
            #"{"to":{"agent":"guide","agent":"liaison"}}"#, #"{"to":{"conversation":{"id":1,"id":2}}}"#,
        ])
    func `an object on the way to a member that decides must stand there once`(message: String) throws {
        let world = try Driver(Self.dotted)
        #expect(world.say(world.connect("anna"), message).errors == ["ambiguous_member unsent"])
    }

    @Test func `paths reach any depth, and equal duplicates there are cut to one`() throws {
        let world = try Driver(Self.dotted)
        let anna = world.connect("anna")
        let message =
            #"{"to":{"conversation":{"x":0,"id":"c","id":"c"},"agent":"liaison","agent":"liaison"},"pillar":"content"}"#
        #expect(world.say(anna, message) == [.dial(1)])
        #expect(world.dials[0].upstream.settings.name == "liaison/content")
        #expect(world.ready(1) == [.forward(1, #"{"to":{"conversation":{"x":0,"id":"c"},"agent":"liaison"}}"#)])
    }

    @Test(
        arguments: [
            (#"{"conversation_id":"\ud83d"}"#, #"{"type":"error","code":"bad_member""#),
            (#"{"conversation_id":"a\u0000b"}"#, ""), (#"{"conversation_id":["\udc00"]}"#, ""),
            (#"{"message\u0000":"x"}"#, ""),
        ])
    func `what cannot be carried is refused`(message: String, beginning: String) throws {
        let world = try Driver(.agents())
        let told = world.say(world.connect("anna"), message)
        #expect(told.errors == ["bad_member unsent"])
        guard case .deliver(_, let text) = told.first else { return }
        #expect(text.hasPrefix(beginning))
        #expect(!text.contains("conversation_id\":"), "the id is not repeated")
    }

    @Test(arguments: [#"{"conversation_id":"\ud83d\ude00"}"#, #"{"message":"\ud83d\u0000","a":{"b\u0000":1}}"#])
    func `what is nobody's id may say what it likes`(message: String) throws {
        let world = try Driver(.agents())
        #expect(world.say(world.connect("anna"), message) == [.dial(1)])
    }

    @Test(
        arguments: [
            ("\"caf\\u00e9\"", "\"café\""), (#""a\/b""#, #""a/b""#), ("1", "1.0"), ("-0", "0"), ("1e2", "100"),
            ("12345678901234567890", "12345678901234567890.0"), ("[1, \"\\u0061\"]", "[1.0,\"a\"]"),
        ])
    func `two spellings of a conversation are one, for pins and for correlation`(one: String, other: String) throws {
        let world = try Driver(
            .agents { definition in
                definition.everywhere { $0.correlation = .field("conversation_id", unique: true) }
            })
        // Whose bucket is within the share.
        let emil = world.connect("emil")
        world.say(emil, #"{"conversation_id":\#(one)}"#)
        world.ready(1)
        #expect(world.hear(1, #"{"conversation_id":\#(other),"message":"r"}"#).delivered == ["1: r"])
        try world.serve(0, by: Rollout(steps: 2500))
        #expect(world.say(emil, #"{"conversation_id":\#(other),"message":"2"}"#).forwarded == ["1: 2"], "on legacy")
        world.hear(1, #"{"conversation_id":\#(one),"message":"r"}"#)
        #expect(world.say(emil, #"{"conversation_id":"new"}"#).dials == 1, "to unified")
    }

    @Test(arguments: [
        ("1", "\"1\""), ("1", "10"), ("100000000000000000000", "100000000000000000001"), ("\"a\"", "\"A\""),
    ])
    func `other values are other conversations`(one: String, other: String) throws {
        let world = try Driver(
            .agents { definition in
                definition.everywhere { $0.correlation = .field("conversation_id", unique: true) }
            })
        let anna = world.connect("anna")
        world.say(anna, #"{"conversation_id":\#(one)}"#)
        world.ready(1)
        #expect(world.hear(1, #"{"conversation_id":\#(other),"message":"r"}"#).delivered == [])
    }

    @Test(
        arguments: [
            #""Session_Token""#, #""SESSION_TOKEN""#, "\"\u{17F}ession_token\"", "\"session_to\u{212A}en\"",
            "\"sess\u{131}on_token\"", "\"se\u{DF}ion_token\"", #""session_token\u0000""#, #""session_token\u0000x""#,
            #""S\u0065ssion_token""#, #""\u017fession_token""#, #""session_token""#,
        ], [UpstreamIdentity.message, .handshake])
    func `what some parsers take for the token is cut`(name: String, identity: UpstreamIdentity) throws {
        let world = try Driver(.agents { definition in definition.everywhere { $0.identity = identity } })
        let anna = world.connect("anna")
        world.say(anna, #"{\#(name):"another's","a":1,"session_id":2,"s":{\#(name):3},\#(name):4}"#)
        let own = identity == .message ? #","session_token":"anna""# : ""
        #expect(world.ready(1) == [.forward(1, #"{"a":1,"session_id":2,"s":{\#(name):3}\#(own)}"#)])
    }

    @Test func `rules and tags act on all duplicates of a reply, however late they come`() throws {
        let world = try Driver(
            .agents { definition in
                definition.everywhere {
                    $0.toUnified.drop = ["session_token"]
                    $0.toUnified.map = [.type("response", "message")]
                }
            })
        let anna = world.connect("anna")
        world.say(anna, #"{"conversation_id":"c","message":"m"}"#)
        world.ready(1)
        let reply =
            #"{"type":"response","message":"r","agent_type":"x","pillar":"y","conversation_id":"z","session_token":"s","#
            + #""type":"response","session_token":"t","agent_type":"x","pillar":"y"}"#
        let heard = world.hear(1, reply)
        #expect(
            heard == [.deliver(anna, #"{"message":"r","type":"message","agent_type":"guide","conversation_id":"c"}"#)])
    }

    @Test func `an old client's message of two types passes as it is, and is refused where it would be collapsed`()
        throws
    {
        let twice = #"{"type":"heartbeat","type":"chat","message":"m"}"#
        let old = try Driver(.migration())
        let anna = old.arrive(Old.guide, "anna")
        old.ready(1)
        #expect(old.say(anna, twice) == [.forward(1, twice)])
        #expect(old.tally.ambiguous == 1)
        let collapsed = try Driver(.migration(servedBy: .unified))
        let bert = collapsed.arrive(Old.guide, "bert")
        #expect(collapsed.say(bert, twice).errors == ["ambiguous_member unsent"])
        #expect(
            collapsed.say(bert, #"{"agent_type":"x","agent_type":"y"}"#).errors == [], "its address is its endpoint's")
    }
}
