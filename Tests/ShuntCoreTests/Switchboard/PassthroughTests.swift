import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Passthrough` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(.migration(change))
    }

    private func admitted(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> (Driver, Int) {
        let world = try world(change)
        return (world, world.arrive(Old.guide, "anna"))
    }

    // MARK: Handshakes

    @Test func `a handshake is answered when the backend has answered its own`() throws {
        let world = try world()
        let (anna, happenings) = world.arriving(Old.guide, "anna", query: "session_token=anna&x=1")
        #expect(happenings == [.dial(1)])
        #expect(world.dials[0].through?.client == world.id(anna))
        #expect(world.dials[0].through?.isRaw == false)
        #expect(world.dials[0].request.target == "/guide?session_token=anna&x=1")
        #expect(world.ready(1) == [.admit(anna, 1)])
        #expect(world.ready(1) == [], "once")
    }

    @Test(arguments: [
        DialFailure.refused(status: 401), .refused(status: 302), .refused(status: 503), .connect, .connectTimeout,
        .badHandshake, .tls, .noLocalAddress, .limit,
    ])
    func `whatever the backend's answer is, the client has it, and nothing is left`(failure: DialFailure) throws {
        let world = try world()
        let (anna, _) = world.arriving(Old.guide, nil)
        #expect(world.fail(1, failure) == [.reject(anna, 1)])
        #expect(world.fail(1, failure) == [])
        #expect(world.census.isEmpty)
    }

    @Test func `ten refusals open no breaker: an old client is told by its backend each time`() throws {
        let world = try world()
        for number in 1...10 {
            #expect(world.arriving(Old.guide, "anna").happenings == [.dial(number)])
            world.fail(number, .connect)
        }
        #expect(world.notes.allSatisfy { $0 != .breakerOpened(upstream: 0) })
    }

    @Test func `a client that goes before the answer takes its dial with it`() throws {
        let world = try world()
        let (anna, _) = world.arriving(Old.guide, nil)
        #expect(world.leave(anna) == [.closeConnection(1, 1000)])
        #expect(world.ready(1) == [])
        #expect(world.census.isEmpty)
    }

    @Test func `each socket has a connection of its own, whoever its session is`() throws {
        let world = try world()
        #expect(
            [1, 2, 3].map { _ in world.arriving(Old.guide, "anna").happenings } == [[.dial(1)], [.dial(2)], [.dial(3)]])
        for number in 1...3 { world.ready(number) }
        #expect(world.say(2, "x") == [.forward(2, "x")])
        #expect(world.hear(3, Text.reply("y")) == [.deliver(3, Text.reply("y"))])
    }

    // MARK: Messages

    @Test(arguments: [
        #"{"message":"hi","agent_type":"x","session_token":"mine","pillar":null}"#, "{", "", "[]", "not json", "null",
        #"{"type":"pong"}"#, "\u{0}", #"{"type":"one","type":"two"}"#, #"{"type":"heartbeatx"}"#,
        String(repeating: "[", count: 300),
    ])
    func `messages go both ways as they are, whatever they are`(text: String) throws {
        let (world, anna) = try admitted()
        #expect(world.say(anna, text) == [.forward(1, text)])
        #expect(world.hear(1, text) == [.deliver(anna, text)])
    }

    @Test func `binary stays binary, bytes that are no text stay as they are`() throws {
        let (world, anna) = try admitted()
        let bytes: [UInt8] = [0xFF, 0, 0x7B]
        var kinds: [MessageKind] = []
        world.event { core, turn in
            core.clientMessage(world.id(anna), .binary, bytes.span, &turn)
            core.connectionMessage(world.id(of: 1), .binary, bytes.span, &turn)
            kinds = turn.effects.list.compactMap { effect -> MessageKind? in
                switch effect {
                case .forward(_, let splice), .deliver(_, let splice): splice.kind
                default: nil
                }
            }
            turn.effects.reset()
        }
        #expect(kinds == [.binary, .binary])
    }

    @Test func `an old client's heartbeats are absorbed where its endpoint says so, and nowhere else`() throws {
        let world = try world { $0.routes[1].endpoint?.heartbeat = nil }
        let (guide, content) = (world.arrive(Old.guide, "anna"), world.arrive(Old.content, "anna"))
        for text in [Old.heartbeat, #"{"id":7,"type":"ping","data":{}}"#, #"{"type":"he\u0061rtbeat"}"#] {
            #expect(world.say(guide, text) == [])
            #expect(world.say(content, text) == [.forward(2, text)])
        }
        #expect(world.say(guide, Old.heartbeat, kind: .binary).count == 1, "binary is no heartbeat")
        #expect(world.tally.absorbed == 3)
    }

    @Test(arguments: [
        #"{"type":"heartbeat","type":"chat","message":"m"}"#, #"{"type":"heartbeat""#, #"{"type":"heartbeat"} x"#,
        #"{"type":"heartbeat","m":}"#,
    ])
    func `what only begins like a heartbeat is none`(text: String) throws {
        let (world, anna) = try admitted()
        #expect(world.say(anna, text) == [.forward(1, text)])
    }

    @Test func `no rate is too high and no silence too long`() throws {
        let (world, anna) = try admitted { $0.limits.messagesPerSecond = 1 }
        for number in 0..<500 { #expect(world.say(anna, "\(number)") == [.forward(1, "\(number)")]) }
        let heard = world.pass(.hours(3))
        #expect(heard.allSatisfy { $0 == .deliver(anna, Old.heartbeat) })
        #expect((1340...1350).contains(heard.count), "a timer may be a little late")
        #expect(world.say(anna, "x") == [.forward(1, "x")])
    }

    @Test func `heartbeats are sent on schedule from the admission on, unless the client does not read`() throws {
        let (world, anna) = try admitted()
        #expect(world.pass(.milliseconds(7_900)) == [])
        #expect(world.pass(.milliseconds(200)) == [.deliver(anna, Old.heartbeat)])
        #expect(world.pass(.seconds(16)).count == 2)
        world.client(anna) { $0.clientCongested($1, &$2) }
        #expect(world.pass(.seconds(16)) == [])
        world.client(anna) { $0.clientRelieved($1, &$2) }
        #expect(world.pass(.seconds(9)).contains(.deliver(anna, Old.heartbeat)))
        world.leave(anna)
        #expect(world.pass(.seconds(60)).filter { $0 == .deliver(anna, Old.heartbeat) } == [])
    }

    // MARK: Closes

    @Test(arguments: [
        PeerClose(code: CloseCode(rawValue: 4003), reason: Array("no".utf8)), PeerClose(code: nil), .cut,
        PeerClose(code: CloseCode(rawValue: 1000)), PeerClose(code: CloseCode(rawValue: 4001)),
    ])
    func `a close is carried over in the peer's own words, either way`(close: PeerClose) throws {
        do {
            let (world, anna) = try admitted { $0.upstreams[0].closes = [4001: .auth, 4003: .refuse] }
            let heard = world.connection(1) { $0.connectionClosed($1, close, &$2) }
            #expect(heard == [.relayCloseToClient(anna, close)])
            #expect(world.connection(1) { $0.connectionClosed($1, close, &$2) } == [])
            #expect(world.leave(anna) == [], "it is forgotten")
        }
        do {
            let (world, anna) = try admitted()
            let heard = world.client(anna) { $0.clientClosed($1, close: close, &$2) }
            #expect(heard == [.relayCloseToConnection(1, close)])
            #expect(world.client(anna) { $0.clientClosed($1, close: close, &$2) } == [])
            world.pass(.minutes(3))
            #expect(world.census.isEmpty)
        }
    }

    @Test func `a reply that is too large ends the socket, as it would without us`() throws {
        let (world, anna) = try admitted()
        world.say(anna, "x")
        let heard = world.connection(1) { $0.connectionMessageTooLarge($1, &$2) }
        #expect(heard == [.relayCloseToClient(anna, PeerClose(code: .messageTooBig))])
        world.pass(.minutes(3))
        #expect(world.census.isEmpty)
    }

    @Test func `a message that is too large is told in the endpoint's shape, then the socket is closed`() throws {
        let (world, anna) = try admitted()
        let heard = world.client(anna) { $0.clientMessageTooLarge($1, &$2) }
        #expect(heard.errors == ["message_too_large unsent"])
        #expect(Text.member("agent_type", of: heard.first) == "guide")
        #expect(heard.dropFirst() == [.closeClient(anna, 1009, .messageTooBig), .closeConnection(1, 1000)])
    }

    // MARK: Backpressure

    @Test func `a backend that takes nothing stops the client, and nothing is lost`() throws {
        let (world, anna) = try admitted()
        #expect(world.connection(1) { $0.connectionCongested($1, &$2) } == [.stopReadingClient(anna)])
        for number in 1...100 { #expect(world.say(anna, "\(number)") == [], "what was read already waits") }
        let heard = world.connection(1) { $0.connectionRelieved($1, &$2) }
        #expect(heard.compactMap(\.forwarded) == (1...100).map { "\($0)" })
        #expect(heard.contains(.startReadingClient(anna)))
        #expect(world.say(anna, "more") == [.forward(1, "more")])
    }

    @Test func `a client that takes nothing stops its backend`() throws {
        let (world, anna) = try admitted()
        #expect(world.client(anna) { $0.clientCongested($1, &$2) } == [.stopReading(1)])
        #expect(world.hear(1, "a") == [.deliver(anna, "a")], "what was read already is delivered")
        #expect(world.client(anna) { $0.clientRelieved($1, &$2) } == [.startReading(1)])
    }

    @Test func `what waits for a new connection is bounded by not reading the client`() throws {
        let (world, anna) = try admitted { $0.upstreams[0].queue.messages = 3 }
        world.reconnect(route: "guide")
        #expect(world.say(anna, "1") == [.dial(2)])
        #expect(world.say(anna, "2") == [])
        #expect(world.say(anna, "3") == [.stopReadingClient(anna)])
        #expect(world.say(anna, "4") == [], "it is never told that a queue is full")
        let heard = world.ready(2)
        #expect(heard.compactMap(\.forwarded) == ["1", "2", "3", "4"])
        #expect(heard.contains(.startReadingClient(anna)))
    }

    @Test func `when what waited has failed, the client is read again`() throws {
        let (world, anna) = try admitted {
            $0.upstreams[0].queue.messages = 2
            $0.routes[0].endpoint?.heartbeat = nil
        }
        world.reconnect(route: "guide")
        world.say(anna, "1")
        #expect(world.say(anna, "2") == [.stopReadingClient(anna)])
        var heard: [Driver.Happening] = []
        while world.dials.count < 1000, heard.errors.count < 2 {
            let connection = world.dials.count
            heard += world.fail(connection)
            while world.dials.count == connection, heard.errors.count < 2 { heard += world.pass(.milliseconds(200)) }
        }
        #expect(heard.errors == ["upstream_unavailable unsent", "upstream_unavailable unsent"])
        #expect(heard.contains(.startReadingClient(anna)))
    }

    @Test func `a congested connection that is replaced leaves the client readable`() throws {
        let (world, anna) = try admitted()
        world.say(anna, "1")
        world.connection(1) { $0.connectionCongested($1, &$2) }
        let change = try world.change { $0.upstreams[0].address = .test("/new") }
        #expect(change == [.startReadingClient(anna)])
        #expect(world.say(anna, "2") == [], "it waits for the reply, so that order stays")
        #expect(world.hear(1, Text.reply("a")).dials == 1)
    }

    // MARK: Exchanges

    @Test func `a push ends no exchange, a reply does, silence is forgotten`() throws {
        for (reply, isOver) in [
            (#"{"type":"typing"}"#, false), (#"{"type":"conversation_restored"}"#, false), ("binary", false),
            (Text.reply("r"), true), (#"{"type":"error","message":"m"}"#, true), (#"{"success":true}"#, true),
            (#"{"type":null}"#, true),
        ] {
            let (world, anna) = try admitted()
            world.say(anna, "m")
            world.hear(1, reply, kind: reply == "binary" ? .binary : .text)
            let heard = world.drain(DrainSettings()) + world.pass(.seconds(2))
            #expect(heard.contains(.closeClient(anna, 1012, .draining)) == isOver, "\(reply)")
        }
        let (world, anna) = try admitted {
            $0.upstreams[0].exchangeTimeout = .seconds(5)
            $0.routes[0].endpoint?.heartbeat = nil
        }
        world.say(anna, "m")
        world.pass(.seconds(6))
        let heard = world.drain(DrainSettings()) + world.pass(.seconds(1))
        #expect(heard.contains(.closeClient(anna, 1012, .draining)))
        #expect(heard.errors == [], "it is the backend's own business")
    }

    @Test func `a stop waits for exchanges, and no longer than it says`() throws {
        let (world, anna) = try admitted { $0.routes[0].endpoint?.heartbeat = nil }
        world.say(anna, "m")
        world.say(anna, "n")
        #expect(world.drain() + world.pass(.seconds(5)) == [])
        #expect(world.hear(1, Text.reply("r")) == [.deliver(anna, Text.reply("r"))])
        let last = world.hear(1, Text.reply("s"))
        #expect(last.prefix(2) == [.deliver(anna, Text.reply("s")), .closeClient(anna, 1012, .draining)])

        let (other, bert) = try admitted { $0.routes[0].endpoint?.heartbeat = nil }
        other.say(bert, "m")
        #expect(other.drain() + other.pass(.seconds(29)) == [])
        #expect(other.pass(.seconds(2)).contains(.closeClient(bert, 1012, .draining)))
    }

    @Test func `a drain whose time for exchanges is shorter than its spread ends too`() throws {
        let (world, anna) = try admitted { $0.routes[0].endpoint?.heartbeat = nil }
        for _ in 1...300 { _ = world.arrive(Old.guide, nil) }
        for client in 1...301 { world.say(client, "m") }
        var settings = DrainSettings()
        settings.exchanges = .milliseconds(10)
        var heard = world.drain(settings) + world.pass(.milliseconds(100))
        for connection in 1...301 { heard += world.hear(connection, Text.reply("r")) }
        heard += world.pass(.seconds(11))
        #expect(heard.contains(.closeClient(anna, 1012, .draining)))
        #expect(heard.count { if case .closeClient = $0 { true } else { false } } == 301)
    }

    @Test func `too many sockets of a session are closed at once`() throws {
        let world = try world { $0.limits.connectionsPerSession = 1 }
        _ = world.arrive(Old.guide, "anna")
        let (second, heard) = world.arriving(Old.guide, "anna")
        #expect(heard == [.admit(second, 0), .closeClient(second, 1013, .tooManyConnections)])
    }
}

extension Driver.Happening {
    /// The text that is forwarded.
    var forwarded: String? { if case .forward(_, let text) = self { text } else { nil } }
}
