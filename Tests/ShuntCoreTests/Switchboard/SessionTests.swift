import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Sessions` {
    @Test func `two tabs of a session share a connection and never see each other's replies`() throws {
        let world = try Driver(.agents { $0.upstreams[0].inFlight = 2 })
        let (one, two) = (world.connect("anna"), world.connect("anna"))
        #expect(world.say(one, Text.guide("1")) == [.dial(1)])
        #expect(world.say(two, Text.guide("2")) == [])
        world.ready(1)
        #expect(world.hear(1, Text.reply("a")).delivered == ["\(one): a"])
        #expect(world.hear(1, Text.reply("b")).delivered == ["\(two): b"])
    }

    @Test func `sessions share nothing, and clients without a token are sessions of their own`() throws {
        let world = try Driver(.agents())
        for (index, token) in ["anna", "bert", nil, nil].enumerated() {
            #expect(world.say(world.connect(token), Text.guide("m")) == [.dial(index + 1)])
        }
        world.ready(3)
        #expect(world.hear(3, Text.reply("r")).delivered == ["3: r"])
    }

    @Test func `tokens are compared byte for byte`() throws {
        let world = try Driver(.agents())
        world.say(world.connect("\u{E9}"), Text.guide("m"))
        #expect(world.say(world.connect("e\u{301}"), Text.guide("m")) == [.dial(2)])
    }

    @Test func `a session's connections are kept over a reconnect, and closed when it lingers no more`() throws {
        let world = try Driver(.agents { $0.session.linger = .minutes(2) })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        #expect(world.leave(anna) == [])
        world.pass(.seconds(119))
        let again = world.connect("anna")
        #expect(world.say(again, Text.guide("2")) == [.forward(1, Text.bare("2"))])
        world.hear(1, Text.reply("b"))
        world.leave(again)
        #expect(world.pass(.seconds(119)) == [])
        #expect(world.pass(.seconds(2)) == [.closeConnection(1, 1000)])
        #expect(world.census.isEmpty)
    }

    @Test func `tokens that differ in one byte are two sessions, each dialled with its own`() throws {
        let world = try Driver(.agents())
        for byte: UInt8 in [0xFC, 0xF6, 0xFC] {
            let client = world.connecting(bytes: ByteString([0x4D, byte, 0x6C])).client
            world.say(client, Text.guide("m"))
        }
        #expect(world.census.sessions == 2)
        #expect(world.dials.map(\.request.target) == ["/guide?session_token=M%FCl", "/guide?session_token=M%F6l"])
        let composed = world.connecting(bytes: "\u{E9}").client, decomposed = world.connecting(bytes: "e\u{301}").client
        #expect(composed != decomposed)
        #expect(world.census.sessions == 4)
    }

    @Test func `a client without a token takes its connections with it`() throws {
        let world = try Driver(.agents())
        let nobody = world.connect(nil)
        world.say(nobody, Text.guide("1"))
        world.say(nobody, Text.content("2"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        #expect(world.leave(nobody) == [], "the second message is still to be sent")
        #expect(world.ready(2) == [.forward(2, Text.bare("2"))])
        let ended = world.hear(2, Text.reply("b"))
        #expect(Set(ended.map { "\($0)" }) == ["closeConnection(1, 1000)", "closeConnection(2, 1000)"])
        #expect(world.census.isEmpty)
        #expect(world.tally.discarded == 1)
    }

    @Test func `a session has so many sockets, and one more is closed at once`() throws {
        let world = try Driver(.agents { $0.limits.connectionsPerSession = 2 })
        let one = world.connect("anna")
        _ = world.connect("anna")
        #expect(world.connecting("anna").happenings == [.closeClient(3, 1013, .tooManyConnections)])
        #expect(world.connecting("bert").happenings == [])
        world.leave(one)
        #expect(world.connecting("anna").happenings == [])
    }

    @Test func `a dial says what the client said whose message caused it`() throws {
        let world = try Driver(.agents())
        let one = world.connect("anna", query: "tab=1")
        let two = world.connect("anna", query: "tab=2")
        world.say(one, Text.guide("1"))
        world.say(two, Text.content("2"))
        #expect(world.dials[0].request.target == "/guide?tab=1&session_token=anna")
        #expect(world.dials[1].request.target == "/liaison/content?tab=2&session_token=anna")
    }

    @Test func `what an upstream varies by is not shared`() throws {
        let world = try Driver(
            .agents { $0.everywhere { $0.vary = [.value(.query("tenant")), .value(.header("x-mode"))] } })
        let plain = world.connect("anna", query: "tenant=a")
        let other = world.connect("anna", query: "tenant=b")
        let same = world.connect("anna", query: "x=1&tenant=a")
        let header = world.connect("anna", query: "tenant=a", headers: fields(["X-Mode": "m"]))
        #expect(world.say(plain, Text.guide("1")) == [.dial(1)])
        #expect(world.say(other, Text.guide("2")) == [.dial(2)])
        #expect(world.say(same, Text.guide("3")) == [])
        #expect(world.say(header, Text.guide("4")) == [.dial(3)])
        #expect(world.ready(2).forwarded == ["2: 2"])
    }
}

extension Census {
    /// Nothing is left of anybody.
    var isEmpty: Bool {
        clients == 0 && sessions == 0 && pools == 0 && connections == 0 && exchanges == 0 && heldBytes == 0
            && parkedReplies == 0 && parkedBytes == 0
    }
}
