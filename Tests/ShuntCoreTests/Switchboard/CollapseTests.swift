import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Collapse` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(.migration(servedBy: .unified, change))
    }

    @Test func `a handshake is answered at once`() throws {
        let world = try world()
        let (anna, heard) = world.arriving(Old.guide, "anna")
        #expect(heard == [.admit(anna, 0)])
        #expect(world.dials.isEmpty, "the first message dials")
    }

    @Test(arguments: [
        (Old.guide, #"{"message":"m"}"#, #"agent_type="guide" conversation_id="C" message="m""#),
        (
            Old.content, #"{"message":"m"}"#,
            #"agent_type="liaison" conversation_id="C" message="m" pillar="content""#
        ),
        (
            Old.content, #"{"agent_type":"guide","pillar":"insights","message":"m","x":{"y":1}}"#,
            #"agent_type="liaison" conversation_id="C" message="m" pillar="content" x={"y":1}"#
        ),
        (Old.guide, #"{"pillar":"content","message":"m"}"#, #"agent_type="guide" conversation_id="C" message="m""#),
        (
            Old.guide, #"{"message":"m","conversation_id":"mine","session_token":"evil","session_token":1}"#,
            #"agent_type="guide" conversation_id="mine" message="m""#
        ),
        (Old.guide, #"{"conversation_id":null,"pillar":1,"pillar":2}"#, #"agent_type="guide" conversation_id="C""#),
        (Old.guide, #"{}"#, #"agent_type="guide" conversation_id="C""#),
    ])
    func `the endpoint's address is written, whatever the client wrote, and a conversation id is there`(
        path: String, message: String, expected: String
    ) throws {
        let world = try world()
        let anna = world.arrive(path, "anna")
        #expect(world.say(anna, message) == [.dial(1)])
        let route = path == Old.guide ? "guide" : "liaison/content"
        let conversation = Old.conversation(route, of: "anna")
        let sent = world.ready(1).map { Text.sorted($0) }
        #expect(sent == [.forward(1, expected.replacing("\"C\"", with: "\"\(conversation)\""))])
    }

    @Test func `all old sockets of a session share one connection, each with its own replies`() throws {
        let world = try world { $0.upstreams[3].inFlight = 10 }
        let paths = [Old.guide, Old.content, Old.insights, Old.guide, Old.content]
        let routes = ["guide", "liaison/content", "liaison/insights", "guide", "liaison/content"]
        let sockets = paths.map { world.arrive($0, "anna") }
        for (index, socket) in sockets.enumerated() {
            #expect(world.say(socket, Text.bare("\(index)")).dials == (index == 0 ? 1 : 0))
        }
        #expect(world.ready(1).forwarded == (0..<3).map { "1: \($0)" }, "one of each agent's, until one was answered")
        let first = world.hear(1, Old.unifiedReply("r0", "guide", of: "anna"))
        #expect(first.delivered == ["\(sockets[0]): r0"])
        #expect(first.forwarded == ["1: 3", "1: 4"])
        #expect(world.say(sockets[0], Text.bare("0")).forwarded == ["1: 0"])
        // The guide's second tab was sent its message before the first one's next.
        for index in [1, 2, 3, 4, 0] {
            let socket = sockets[index]
            let heard = world.hear(1, Old.unifiedReply("r\(index)", routes[index], of: "anna"))
            #expect(heard.delivered == ["\(socket): r\(index)"])
        }
        #expect(world.say(world.arrive(Old.guide, "bert"), Text.bare("b")).dials == 1, "another session shares nothing")
    }

    @Test func `an old socket that says and hears nothing is closed as idle, from its move on`() throws {
        let world = try Driver(
            .migration {
                $0.limits.idleTimeout = .minutes(1)
                $0.upstreams[3].pushes = ["note": .forward]
                $0.upstreams[3].exchangeTimeout = .minutes(9)
            })
        let anna = world.arrive(Old.guide, "anna")
        #expect(world.pass(.minutes(5)).closed == [], "whether it is idle its backend says, while it is passed through")
        try world.change { $0.routes[0].servedBy = .unified }
        #expect(world.pass(.seconds(59)).closed == [], "it has all its time")
        #expect(world.say(anna, Text.bare("1")) == [.dial(2)])
        world.ready(2)
        #expect(world.pass(.minutes(2)).closed == [], "it waits for a reply")
        world.hear(2, Old.unifiedReply("r", "guide", of: "anna"))
        world.pass(.seconds(50))
        #expect(world.hear(2, #"{"type":"note","message":"n","agent_type":"guide"}"#).delivered == ["\(anna): n"])
        world.pass(.seconds(50))
        world.say(anna, #"{"type":"ping"}"#)
        #expect(world.pass(.seconds(9)).closed == [])
        #expect(world.pass(.milliseconds(1_200)).closed == [.closeClient(anna, 1001, .idle)])
        let bert = world.arrive(Old.guide, "bert")
        #expect(world.pass(.milliseconds(60_200)).closed == [.closeClient(bert, 1001, .idle)])
    }

    @Test func `a socket that moves back to its own backend is not idle any more`() throws {
        let world = try world { $0.limits.idleTimeout = .minutes(1) }
        _ = world.arrive(Old.guide, "anna")
        world.pass(.seconds(50))
        try world.change { $0.routes[0].servedBy = .legacy }
        #expect(world.pass(.minutes(5)).closed == [])
    }

    @Test func `lanes are connections that routes are spread over`() throws {
        let world = try world { $0.upstreams[3].lanes = 3 }
        let sockets = [Old.guide, Old.content, Old.insights, Old.guide].map { world.arrive($0, "anna") }
        #expect(sockets.map { world.say($0, Text.bare("m")).dials } == [1, 1, 1, 0])
    }

    @Test func `new and old sockets of a session share the connection too, each in its form`() throws {
        let world = try world { $0.upstreams[3].inFlight = 2 }
        let (old, new) = (world.arrive(Old.guide, "anna"), world.connect("anna"))
        world.say(old, Text.bare("a"))
        #expect(world.say(new, Text.guide("b")).dials == 0)
        world.ready(1)
        let reply = Old.unifiedReply("r", "guide", of: "anna")
        #expect(Text.member("type", of: world.hear(1, reply).first) == "response")
        #expect(Text.member("type", of: world.hear(1, reply).first) == "message")
    }

    @Test(arguments: [
        (
            Old.guide, "guide",
            #"agent_type="guide" conversation_id="C" message="r" response="r" type="response""#
        ),
        (
            Old.content, "liaison/content",
            #"agent_type="liaison" conversation_id="C" message="r" pillar="content" type="chat_response""#
        ),
    ])
    func `replies come in the form that the endpoint's clients know`(
        path: String, route: String, expected: String
    ) throws {
        let world = try world()
        let anna = world.arrive(path, "anna")
        world.say(anna, Text.bare("m"))
        world.ready(1)
        let heard = world.hear(1, Old.unifiedReply("r", route, of: "anna")).map { Text.sorted($0) }
        let conversation = Old.conversation(route, of: "anna")
        #expect(heard == [.deliver(anna, expected.replacing("\"C\"", with: "\"\(conversation)\""))])
    }

    @Test(arguments: [
        ("[]", MessageKind.text, "not_an_object unsent"), ("{", .text, "bad_json unsent"),
        ("", .text, "bad_json unsent"),
        ("x", .binary, "binary_unsupported unsent"), (#"{"a":1}x"#, .text, "bad_json unsent"),
        (String(repeating: #"{"a":"#, count: 200), .text, "bad_json unsent"),
    ])
    func `what cannot be routed is told in the endpoint's form, and the socket stays usable`(
        message: String, kind: MessageKind, error: String
    ) throws {
        let world = try world {
            $0.routes[0].endpoint?.toLegacy.copy = [.init(from: "message", to: "response")]
            $0.routes[0].endpoint?.toLegacy.drop = ["code_of_nobody"]
        }
        let anna = world.arrive(Old.guide, "anna")
        let heard = world.say(anna, message, kind: kind)
        #expect(heard.errors == [error])
        #expect(heard.count == 1)
        #expect(Text.member("response", of: heard[0]) == Text.member("message", of: heard[0]))
        #expect(Text.member("agent_type", of: heard[0]) == "guide")
        #expect(world.say(anna, Text.bare("m")) == [.dial(1)])
    }

    @Test func `errors of accepted messages are in the endpoint's form`() throws {
        let world = try world { $0.upstreams[3].queue.messages = 1 }
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        let full = world.say(anna, Text.bare("2"))
        #expect(full.errors == ["queue_full unsent"])
        #expect(Text.member("response", of: full.first) != nil)
        world.ready(1)
        let lost = world.lose(1)
        #expect(lost.errors == ["upstream_lost sent"])
        #expect(Text.member("response", of: lost.first) == Text.member("message", of: lost.first))
    }

    @Test func `heartbeats of either generation go nowhere`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        for type in ["heartbeat", "ping", "pong"] { #expect(world.say(anna, #"{"type":"\#(type)"}"#) == []) }
        #expect(world.pass(.milliseconds(8_020)) == [.deliver(anna, Old.heartbeat)])
    }

    @Test func `what the legacy backend would say to a newcomer is said from templates`() throws {
        let world = try world {
            $0.routes[1].endpoint?.greet = [
                #"{"type":"welcome","data":{"pillar":"{pillar}","conversation_id":"{conversation_id}"}}"#,
                #"{"type":"{agent_type}","session":"{session}"}"#,
            ]
        }
        let (anna, heard) = world.arriving(Old.content, "anna")
        let conversation = Old.conversation("liaison/content", of: "anna")
        #expect(
            heard == [
                .admit(anna, 0),
                .deliver(
                    anna, #"{"type":"welcome","data":{"pillar":"content","conversation_id":"\#(conversation)"}}"#),
                .deliver(anna, #"{"type":"liaison","session":"\#(Driver.name(of: "anna"))"}"#),
            ])
        world.say(anna, Text.bare("m"))
        #expect(Text.member("conversation_id", of: world.ready(1).first) == conversation, "and it stays that one")
    }

    @Test func `a backend that serves a socket itself greets it itself`() throws {
        let world = try Driver(.migration { $0.routes[1].endpoint?.greet = [#"{"type":"welcome"}"#] })
        let (anna, _) = world.arriving(Old.content, "anna")
        #expect(world.ready(1) == [.admit(anna, 1)])
        let restored = #"{"type":"conversation_restored","messages":[]}"#
        #expect(world.hear(1, restored) == [.deliver(anna, restored)])
    }

    @Test func `a reply whose socket is gone is for the session's next one on the same endpoint, in its form`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("m"))
        world.ready(1)
        world.leave(anna)
        #expect(world.hear(1, Old.unifiedReply("late", "guide", of: "anna")) == [])
        #expect(world.arriving(Old.content, "anna").happenings.count == 1, "not for another endpoint")
        #expect(world.connecting("anna").happenings == [], "nor for the unified one")
        let (again, heard) = world.arriving(Old.guide, "anna")
        #expect(heard.first == .admit(again, 0))
        #expect(heard.count == 2)
        #expect(Text.member("response", of: heard.last) == "late")
        #expect(Text.member("type", of: heard.last) == "response")
        #expect(world.arriving(Old.guide, "anna").happenings.count == 1, "once")
    }

    @Test func `what is under way for a socket that is gone goes to the next one on the same endpoint`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("m"))
        world.ready(1)
        world.leave(anna)
        _ = world.arrive(Old.content, "anna")
        _ = world.connect("anna")
        let alias = world.arrive("/api/ws/agent/api/ws/guide", "anna")
        let heard = world.hear(1, Old.unifiedReply("late", "guide", of: "anna"))
        #expect(heard.delivered == ["\(alias): late"], "an alias is the same endpoint")
        #expect(Text.member("response", of: heard.first) == "late")
    }

    @Test func `a parked reply waits for its endpoint even when its route is served by the old side again`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("m"))
        world.ready(1)
        world.leave(anna)
        world.hear(1, Old.unifiedReply("late", "guide", of: "anna"))
        try world.serve(0, by: .legacy)
        let (again, _) = world.arriving(Old.guide, "anna")
        let heard = world.ready(2)
        #expect(heard.first == .admit(again, 2))
        #expect(Text.member("response", of: heard.last) == "late")
    }

    @Test func `five sockets together never exceed the pace of their session`() throws {
        let world = try world {
            $0.upstreams[3].pace = [Rate(count: 9, per: .seconds(1)), Rate(count: 90, per: .minutes(1))]
            $0.upstreams[3].inFlight = 1000
            $0.upstreams[3].queue.messages = 1000
            $0.upstreams[3].queue.timeout = .minutes(10)
            $0.everywhere { $0.exchangeTimeout = .hours(1) }
        }
        let sockets = [Old.guide, Old.content, Old.insights, Old.guide, Old.content].map { world.arrive($0, "anna") }
        var times: [Instant] = []
        world.say(sockets[0], Text.bare("first"))
        world.ready(1)
        // From here on it is known to give back the ids that it is given.
        world.hear(1, Old.unifiedReply("r", "guide", of: "anna"))
        func count(_ happenings: [Driver.Happening]) {
            times += happenings.compactMap { $0.forwarded == nil ? nil : world.now }
        }
        for number in 0..<250 { count(world.say(sockets[number % 5], Text.bare("\(number)"))) }
        while times.count < 250, times.last.map({ world.now - $0 < .minutes(3) }) ?? true {
            count(world.pass(.milliseconds(20)))
        }
        #expect(times.count == 250)
        for (index, time) in times.enumerated() {
            if index >= 9 { #expect(time - times[index - 9] >= .milliseconds(980)) }
            if index >= 90 { #expect(time - times[index - 90] >= .milliseconds(59_980)) }
        }
    }

    @Test func `the unified backend's connection may close without a socket being closed`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("m"))
        world.ready(1)
        world.hear(1, Old.unifiedReply("r", "guide", of: "anna"))
        #expect(world.lose(1, 4029) == [])
        #expect(world.say(anna, Text.bare("n")) == [.dial(2)])
    }
}

extension [Driver.Happening] {
    /// Without heartbeats and dials.
    fileprivate var closed: Self {
        filter { if case .closeClient = $0 { true } else { false } }
    }
}
