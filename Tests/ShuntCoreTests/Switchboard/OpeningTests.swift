import ShuntCore
import ShuntTesting
import Testing

/// The first words on each new connection: `ready` and `on_open`.
@Suite struct `First words` {
    private let greeting = #"{"type":"system","message":"hi"}"#
    private let joined = #"{"type":"joined","message":"j"}"#

    private func world(
        servedBy side: Side = .legacy, greets: Bool = false, _ messages: [OpeningMessage] = [],
        _ change: @escaping (inout UpstreamSettings) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .agents(servedBy: side) {
                $0.everywhere {
                    $0.onOpen = messages
                    if greets {
                        $0.ready = GreetingSettings()
                        $0.ready?.types = ["system"]
                    }
                    $0.pushes = ["system": .forward]
                    $0.closes = [4001: .auth, 4004: .limit]
                    change(&$0)
                }
            })
    }

    private func message(_ send: String, reply: String? = "joined", afterGreeting: Bool = false) -> OpeningMessage {
        var message = OpeningMessage(send: send)
        message.replies = reply.map { [$0] } ?? []
        message.afterGreeting = afterGreeting
        return message
    }

    @Test func `nothing is written before the backend has greeted, and the greeting goes as pushes say`() throws {
        let world = try world(servedBy: .unified, greets: true)
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        #expect(world.ready(1) == [])
        #expect(world.say(anna, Text.guide("2")) == [])
        #expect(world.hear(1, #"{"type":"other"}"#) == [], "what is no greeting is none")
        #expect(world.hear(1, greeting) == [.deliver(anna, greeting), .forward(1, Text.guide("1"))])
        #expect(world.hear(1, greeting).forwarded == [], "the second one is a push like others")
        #expect(world.hear(1, Text.reply("r")).forwarded == ["1: 2"])
    }

    @Test func `a token that no message can carry is no dial that is tried again and again`() throws {
        let world = try world(servedBy: .unified)
        let (anna, _) = world.connecting(bytes: ByteString([0x4D, 0xFC]))
        let hello = message(#"{"token":"{token}"}"#)
        // The handshake check knew nothing of it yet.
        try world.change { $0.everywhere { $0.onOpen = [hello] } }
        world.say(anna, Text.guide("1"))
        let heard = world.ready(1)
        #expect(heard.errors == ["session_expired unsent"])
        #expect(heard.forwarded == [])
        #expect(world.say(anna, Text.guide("2")).errors == ["session_expired unsent"])
        #expect(world.pass(.minutes(1)).dials == 0)
        let bert = world.connect("bert")
        #expect(world.say(bert, Text.guide("3")).dials == 1, "it says nothing about others")
    }

    @Test func `messages of our own come first, filled in, and their replies are nobody's`() throws {
        let world = try world(
            servedBy: .legacy,
            [
                message(#"{"a":"{token}","b":"{session}"}"#), message(#"{"c":"{agent_type}/{pillar}"}"#, reply: nil),
                message(#"{"d":1}"#, reply: "welcome"),
            ])
        let anna = world.connect(#"an"na"#)
        world.say(anna, Text.content("1"))
        let name = Driver.name(of: #"an"na"#)
        #expect(world.ready(1) == [.forward(1, #"{"a":"an\"na","b":"\#(name)"}"#)])
        #expect(
            world.hear(1, joined) == [.forward(1, #"{"c":"liaison/content"}"#), .forward(1, #"{"d":1}"#)],
            "one after the other, and a message that nobody answers is not waited for")
        #expect(world.hear(1, #"{"type":"welcome"}"#).forwarded == ["1: 1"])
        #expect(world.tally.unaskedReplies == 0)
        #expect(world.hear(1, Text.reply("r")).delivered == ["1: r"])
    }

    @Test func `what is for after the greeting waits for it`() throws {
        let world = try world(
            greets: true,
            [
                message(#"{"a":1}"#, reply: nil), message(#"{"b":1}"#, afterGreeting: true),
            ])
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        #expect(world.ready(1) == [.forward(1, #"{"a":1}"#)])
        #expect(world.hear(1, greeting).last == .forward(1, #"{"b":1}"#))
        #expect(world.hear(1, joined).forwarded == ["1: 1"])
    }

    @Test func `each new connection is told anew, before what waits for it`() throws {
        let world = try world([message(#"{"a":1}"#)]) { $0.lifetime = .seconds(100) }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        for connection in 1...3 {
            #expect(world.ready(connection) == [.forward(connection, #"{"a":1}"#)])
            #expect(world.hear(connection, joined).forwarded == ["\(connection): \(connection)"])
            world.hear(connection, Text.reply("r"))
            world.pass(.seconds(101))
            #expect(world.say(anna, Text.guide("\(connection + 1)")) == [.dial(connection + 1)])
        }
    }

    @Test(arguments: [
        #"{"type":"error","message":"who are you?"}"#, #"{"type":"response","message":"r"}"#, "[]", #"{"message":"m"}"#,
    ])
    func `an answer that is none is a failed dial`(answer: String) throws {
        let world = try world([message(#"{"a":1}"#)])
        let anna = world.connect("anna")
        for number in 1...2 { world.say(anna, Text.guide("\(number)")) }
        world.ready(1)
        let told = world.hear(1, answer)
        #expect(told.errors == Array(repeating: "upstream_unavailable unsent", count: 2))
        #expect(told.contains(.closeConnection(1, 1000)))
        #expect(world.notes.contains(.dialFailed(upstream: 0, .opening, isOwn: false)))
        #expect(world.workerReport.meter.upstreams[0].failures == [.opening: 1])
        #expect(world.census.connections == 0 && world.census.exchanges == 0)
    }

    @Test func `so is one that does not come in time`() throws {
        for world in [
            try world(greets: true) { $0.ready?.timeout = .seconds(3) }, try world([message(#"{"a":1}"#)]),
        ] {
            let anna = world.connect("anna")
            world.say(anna, Text.guide("1"))
            let first = world.ready(1)
            let patience: TimeSpan = first.isEmpty ? .seconds(3) : .seconds(10)
            #expect(world.pass(TimeSpan(nanoseconds: patience.nanoseconds - 20_000_000)) == [])
            let told = world.pass(.milliseconds(40))
            #expect(told.errors == ["upstream_unavailable unsent"])
            #expect(told.contains(.closeConnection(1, 1000)))
        }
    }

    @Test func `each word has its own time`() throws {
        let world = try world([message(#"{"a":1}"#), message(#"{"b":1}"#)])
        world.say(world.connect("anna"), Text.guide("1"))
        world.ready(1)
        world.pass(.seconds(8))
        world.hear(1, joined)
        #expect(world.pass(.seconds(8)) == [])
        #expect(world.hear(1, joined).forwarded == ["1: 1"])
    }

    @Test(
        arguments: [
            (nil, []), (1012, []), (4004, []), (1011, ["upstream_unavailable unsent"]),
            (4001, ["session_expired unsent"]),
        ] as [(UInt16?, [String])])
    func `a close meanwhile says what becomes of what waits`(code: UInt16?, errors: [String]) throws {
        let world = try world([message(#"{"a":1}"#)])
        world.say(world.connect("anna"), Text.guide("1"))
        world.ready(1)
        #expect(world.lose(1, code).errors == errors)
        #expect(world.census.exchanges == (errors.isEmpty ? 1 : 0))
    }

    @Test func `time in the queue counts, and a message that gave up is not sent`() throws {
        let world = try world(greets: true) { $0.queue.timeout = .seconds(2) }
        world.say(world.connect("anna"), Text.guide("1"))
        world.ready(1)
        #expect(world.pass(.milliseconds(2_020)).errors == ["queue_timeout unsent"])
        #expect(world.hear(1, greeting).forwarded == [])
    }

    @Test func `an old client says its own first words, but for a connection that replaces its first`() throws {
        let world = try Driver(
            .migration {
                $0.upstreams[0].onOpen = [message(#"{"a":"{token}"}"#)]
                $0.upstreams[0].ready = GreetingSettings()
                $0.upstreams[0].ready?.types = ["system"]
            })
        let anna = world.arrive(Old.guide, "anna")
        #expect(world.say(anna, Text.bare("1")) == [.forward(1, Text.bare("1"))])
        world.hear(1, Text.reply("r"))
        try world.change { $0.upstreams[0].address = .test("/elsewhere") }
        #expect(world.say(anna, Text.bare("2")).dials == 1)
        #expect(world.ready(2) == [.forward(2, #"{"a":"anna"}"#)])
        #expect(world.hear(2, joined) == [])
        #expect(world.hear(2, greeting) == [.forward(2, Text.bare("2"))], "it was greeted when it connected")
        #expect(world.hear(2, Text.reply("s")).delivered == ["1: s"])
    }

    @Test func `what else an old client's backend says meanwhile goes to its client as ever`() throws {
        let world = try Driver(
            .migration {
                $0.upstreams[0].onOpen = [message(#"{"a":1}"#)]
                $0.upstreams[0].pushes["system"] = .greeting
            })
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.hear(1, Text.reply("r"))
        try world.change { $0.upstreams[0].address = .test("/elsewhere") }
        world.say(anna, Text.bare("2"))
        world.ready(2)
        #expect(world.hear(2, greeting) == [], "it was greeted when it connected")
        #expect(world.hear(2, "not json") == [.deliver(anna, "not json")])
        let news = #"{"type":"news"}"#
        #expect(world.hear(2, news) == [.deliver(anna, news)])
        #expect(world.hear(2, joined) == [.forward(2, Text.bare("2"))])
        #expect(world.hear(2, Text.reply("s")).delivered == ["1: s"])
    }

    @Test func `other first words are for new connections`() throws {
        let world = try world([message(#"{"a":1}"#)])
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, joined)
        world.hear(1, Text.reply("r"))
        let changed = try world.change { $0.everywhere { $0.onOpen = [] } }
        #expect(changed == [.closeConnection(1, 1000)])
        world.say(anna, Text.guide("2"))
        #expect(world.ready(2).forwarded == ["2: 2"])
    }
}
