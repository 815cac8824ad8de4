import ShuntCore
import ShuntTesting
import Testing

/// What tells replies, parts and pushes apart, for routed and for passed messages alike.
@Suite struct `Kinds of messages` {
    private func world(_ change: @escaping (inout UpstreamSettings) -> Void) throws -> Driver {
        try Driver(
            .agents { definition in
                definition.everywhere(change)
                definition.addressing.kinds = definition.upstreams[0].replies.by
            })
    }

    private static func rpc(_ settings: inout UpstreamSettings) {
        settings.replies.by = .presence(reply: ["result", "error"], push: ["method"])
        settings.correlation = .field("id", unique: true)
        settings.pushes = ["progress": .forward]
    }

    @Test func `a member other than type tells them, at any depth`() throws {
        let world = try world {
            $0.replies.by = .member("event.kind")
            $0.replies.match = ["completed"]
            $0.pushes = ["started": .forward]
        }
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","type":"heartbeat","message":"m"}"#)
        #expect(world.ready(1).forwarded == ["1: m"], "type means nothing here")
        #expect(world.say(anna, #"{"event":{"kind":"ping"}}"#) == [], "absorbed")
        #expect(world.hear(1, #"{"event":{"kind":"token"},"type":"response","message":"x"}"#) == [])
        #expect(world.hear(1, #"{"event":{"kind":"started"},"message":"go"}"#).delivered == ["1: go"])
        #expect(world.census.exchanges == 1)
        #expect(world.hear(1, #"{"type":"started","event":{"kind":"completed"},"message":"r"}"#).delivered == ["1: r"])
        #expect(world.census.exchanges == 0)
    }

    @Test func `a stream ends by another member than the one that tells its parts`() throws {
        let world = try world {
            $0.replies.match = ["agent_event"]
            $0.replies.until = ReplyEnd(path: "data.event_type", values: ["completed", "failed"])
        }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        for event in ["started", "token"] {
            let text = #"{"type":"agent_event","message":"\#(event)","data":{"event_type":"\#(event)"}}"#
            #expect(world.hear(1, text).delivered == ["1: \(event)"])
        }
        #expect(world.census.exchanges == 1)
        world.hear(1, #"{"type":"agent_event","data":{"event_type":"completed"}}"#)
        #expect(world.census.exchanges == 0)
    }

    @Test func `members that are there tell them: result or error is a reply, method a push`() throws {
        let world = try world(Self.rpc)
        let anna = world.connect("anna")
        for id in 1...3 { world.say(anna, #"{"jsonrpc":"2.0","id":\#(id),"method":"ask"}"#) }
        #expect(world.ready(1).count == 1, "one in flight")
        #expect(world.hear(1, #"{"jsonrpc":"2.0","method":"log","message":"x"}"#) == [])
        #expect(world.hear(1, #"{"method":"progress","message":"half"}"#).delivered == ["1: half"])
        #expect(world.hear(1, #"{"id":1,"method":"progress","message":"asks"}"#).delivered == ["1: asks"])
        #expect(world.census.exchanges == 3)
        #expect(world.hear(1, #"{"id":1,"result":null}"#).count == 2, "delivered, and the second goes out")
        world.hear(1, #"{"id":2.0,"error":{"code":-32000,"message":"no"}}"#)
        #expect(world.census.exchanges == 1)
        #expect(world.hear(1, #"{"id":3,"neither":1}"#) == [])
        #expect(world.census.exchanges == 1)
    }

    @Test func `an error after which nothing comes is told by its own text`() throws {
        let world = try world(Self.rpc)
        world.say(world.connect("anna"), #"{"id":1,"method":"ask"}"#)
        world.ready(1)
        let heard = world.hear(1, #"{"id":1,"error":{"message":"Internal error: gone"}}"#)
        #expect(heard.contains(.closeConnection(1, 1000)))
    }

    @Test func `our own errors are of the kind that the product knows`() throws {
        let kinds: [(ReplyKinds, String)] = [
            (.member("kind"), #"{"kind":"error","code":"unknown_agent","#),
            (.member("event.kind"), #"{"event":{"kind":"error"},"code":"unknown_agent","#),
            (
                .presence(reply: ["result", "error"], push: ["method"]),
                #"{"error":{"code":"unknown_agent","message":"Unknown agent_type: x"},"code":"unknown_agent","#
            ),
        ]
        for (kind, beginning) in kinds {
            let world = try world { $0.replies.by = kind }
            guard case .deliver(_, let text)? = world.say(world.connect("anna"), #"{"agent_type":"x"}"#).first else {
                Issue.record("nothing was said")
                continue
            }
            #expect(text.hasPrefix(beginning), "\(text)")
            #expect(!text.contains("\"type\""))
        }
    }

    @Test(arguments: [true, false])
    func `an error ends a stream though match does not name it, passed through or not`(isRouted: Bool) throws {
        let world = try Driver(
            .migration {
                $0.upstreams[0].replies.match = ["part"]
                $0.upstreams[0].replies.until = ReplyEnd(values: ["done"])
                $0.routes[0].endpoint?.heartbeat = nil
            })
        let anna = isRouted ? world.connect("anna") : world.arrive(Old.guide, "anna")
        if isRouted { world.say(anna, Text.guide("1")) }
        world.ready(1)
        if !isRouted { world.say(anna, Text.bare("1")) }
        #expect(world.hear(1, #"{"type":"part","message":"a"}"#).delivered == ["1: a"])
        #expect(world.hear(1, #"{"type":"error","message":"no"}"#).delivered == ["1: no"])
        // Nothing is in flight: the side changes at once.
        try world.serve(0, by: .unified)
        #expect(world.say(anna, Text.guide("2")).dials == 1)
    }

    @Test func `replies may carry ids elsewhere than messages do`() throws {
        let world = try Driver(
            .agents { definition in
                definition.addressing.conversationField = "payload.conversation_id"
                definition.addressing.conversationInReplies = "conversation_id"
                definition.everywhere {
                    $0.correlation = .field("payload.id", unique: true)
                    $0.correlationInReplies = "meta.reply.to"
                    $0.inFlight = 2
                }
            })
        let anna = world.connect("anna")
        for id in ["a", "b"] {
            world.say(anna, #"{"payload":{"id":"\#(id)","conversation_id":"c-\#(id)"}}"#)
        }
        world.ready(1)
        let heard = world.hear(1, #"{"meta":{"reply":{"to":"b"}},"message":"B","conversation_id":"x"}"#)
        #expect(heard.delivered == ["1: B"])
        #expect(Text.member("conversation_id", of: heard.first) == "c-b")
    }

    @Test func `messages are taken out of their wrapper, and what stands beside it is not read for it`() throws {
        let world = try Driver(
            .agents { definition in
                definition.addressing.routeBy = ["channel"]
                definition.addressing.conversationField = "payload.conversation_id"
                for (index, channel) in ["guide", "pillar:content", "pillar:insights"].enumerated() {
                    definition.routes[index].match = [channel]
                    definition.upstreams[index].request.unwrap = "payload"
                    definition.upstreams[index].request.rename = [.init(from: "text", to: "message")]
                    definition.upstreams[index].correlation = .field("payload.conversation_id", unique: false)
                    definition.upstreams[index].correlationInReplies = "conversation_id"
                }
            })
        let anna = world.connect("anna")
        world.say(
            anna,
            #"{"channel":"pillar:content","conversation_id":"other","Session_Token":"x","#
                + #""payload":{"text":"m","conversation_id":"c","session_token":"t"},"intent":"i"}"#)
        #expect(world.ready(1) == [.forward(1, #"{"intent":"i","conversation_id":"c","message":"m"}"#)])
        #expect(world.hear(1, #"{"type":"response","conversation_id":"c","message":"r"}"#).delivered == ["1: r"])
        world.say(anna, #"{"channel":"pillar:content","payload":{}}"#)
        #expect(
            world.hear(1, #"{"type":"response","conversation_id":"pillar:content_\#(Driver.name(of: "anna"))"}"#).count
                == 1, "one was made, and went along")
        world.say(anna, #"{"channel":"pillar:content","payload":"bare"}"#)
        #expect(world.census.exchanges == 1)
    }

    // MARK: One unified backend, several agents

    private func mixed(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].inFlight = 4
                var own = UnifiedRouteSettings()
                var replies = ReplySettings()
                replies.match = ["event"]
                replies.until = ReplyEnd(path: "event", values: ["done"])
                own.replies = replies
                own.pushes = ["note": .forward]
                own.toUnified = ReshapeRules()
                own.toUnified?.rename = [.init(from: "text", to: "message")]
                $0.routes[1].unified = own
                change(&$0)
            })
    }

    @Test func `one agent streams, its neighbour on the same unified backend does not`() throws {
        let world = try mixed()
        let anna = world.connect("anna")
        world.say(anna, Text.content("1"))
        world.say(anna, Text.guide("2"))
        world.ready(1)
        let to = #""agent_type":"liaison","pillar":"content""#
        #expect(world.hear(1, #"{"type":"event","event":"token","text":"a",\#(to)}"#).delivered == ["1: a"])
        #expect(world.hear(1, #"{"type":"note","text":"n",\#(to)}"#).delivered == ["1: n"])
        #expect(world.hear(1, #"{"type":"note","text":"n","agent_type":"guide"}"#) == [], "the guide has no such push")
        #expect(world.hear(1, #"{"type":"event","agent_type":"guide"}"#) == [], "nor such a reply")
        #expect(world.census.exchanges == 2)
        #expect(world.hear(1, #"{"type":"event","event":"done","text":"b",\#(to)}"#).delivered == ["1: b"])
        #expect(world.census.exchanges == 1)
        #expect(world.hear(1, #"{"type":"response","message":"g","agent_type":"guide"}"#).delivered == ["1: g"])
        #expect(world.census.exchanges == 0)
    }

    @Test func `without an address the only route in flight is meant, and the owner by correlation before all`() throws
    {
        let world = try mixed { $0.upstreams[3].correlation = .field("id", unique: false) }
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","id":1}"#)
        world.ready(1)
        #expect(world.hear(1, #"{"type":"event","event":"x","text":"a"}"#).delivered == ["1: a"])
        world.say(anna, #"{"agent_type":"guide","id":2}"#)
        #expect(world.hear(1, #"{"type":"event","event":"x","text":"b"}"#) == [], "two routes: the upstream's rules")
        #expect(world.hear(1, #"{"type":"event","event":"x","text":"c","id":1}"#).delivered == ["1: c"])
        #expect(world.hear(1, #"{"type":"event","event":"done","text":"d","id":1}"#).delivered == ["1: d"])
        #expect(world.census.exchanges == 1)
    }

    // MARK: Replies without the correlation field

    private func fielded(unique: Bool = false) throws -> (Driver, Int) {
        let world = try Driver(
            .agents(servedBy: .unified) {
                $0.upstreams[3].correlation = .field("conversation_id", unique: unique)
                $0.upstreams[3].inFlight = 4
            })
        let anna = world.connect("anna")
        world.say(anna, #"{"agent_type":"guide","conversation_id":"1"}"#)
        world.say(anna, #"{"agent_type":"liaison","pillar":"content","conversation_id":"2"}"#)
        world.say(anna, #"{"agent_type":"guide","conversation_id":"3"}"#)
        world.ready(1)
        return (world, anna)
    }

    @Test func `a message without the field is no reply while the others carry it`() throws {
        let (world, _) = try fielded()
        #expect(world.hear(1, #"{"type":"response","conversation_id":"2","message":"a"}"#).delivered == ["1: a"])
        #expect(world.hear(1, #"{"type":"response","message":"b"}"#) == [])
        #expect(world.census.exchanges == 2)
        #expect(world.hear(1, #"{"type":"response","conversation_id":"1","message":"c"}"#).delivered == ["1: c"])
    }

    @Test(
        arguments: [
            #"{"type":"error","message":"Message is required","agent_type":"liaison"}"#,
            #"{"type":"error","message":"Liaison Agent for pillar 'content' not available","agent_type":"liaison"}"#,
            #"{"type":"error","message":"Rate limit exceeded.","agent_type":"liaison","conversation_id":null}"#,
        ])
    func `an error without the field ends the oldest that fits its address, whatever the others carry`(
        error: String
    ) throws {
        let (world, anna) = try fielded()
        world.hear(1, #"{"type":"response","conversation_id":"3","message":"a"}"#)
        let told = world.hear(1, error)
        #expect(Text.member("conversation_id", of: told.first) == "2")
        #expect(world.census.exchanges == 1)
        world.say(anna, #"{"agent_type":"guide","conversation_id":"4"}"#)
        let bare = world.hear(1, #"{"type":"error","message":"x"}"#)
        #expect(Text.member("conversation_id", of: bare.first) == "1", "without an address the oldest")
    }

    @Test func `where ids are unique, what has none answers none`() throws {
        let (world, _) = try fielded(unique: true)
        #expect(world.hear(1, #"{"type":"response","message":"a"}"#) == [])
        #expect(world.hear(1, #"{"type":"error","message":"a"}"#) == [])
        #expect(world.census.exchanges == 3)
    }
}
