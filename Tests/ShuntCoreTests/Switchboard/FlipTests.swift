import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Flips` {
    private func reply(_ message: String) -> String { Old.unifiedReply(message, "guide", of: "anna") }

    @Test func `an old socket that nothing is under way for changes at once, and loses nothing but its connection`()
        throws
    {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        #expect(try world.serve(0, by: .unified) == [.closeConnection(1, 1000)])
        #expect(world.say(anna, Text.bare("m")) == [.dial(2)])
        #expect(world.dials[1].upstream.isUnified)
        #expect(world.ready(2).forwarded == ["2: m"])
        #expect(world.hear(2, reply("r")).delivered == ["\(anna): r"])
        #expect(try world.serve(0, by: .legacy) == [])
        #expect(world.say(anna, "as it is") == [.dial(3)])
        #expect(world.dials[2].request.target == "/guide?session_token=anna")
        #expect(world.ready(3) == [.forward(3, "as it is")])
    }

    @Test func `exchanges on the old side end there, what comes meanwhile waits and goes to the new side in order`()
        throws
    {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.say(anna, Text.bare("2"))
        #expect(try world.serve(0, by: .unified) == [])
        #expect(world.say(anna, Text.bare("3")) == [])
        #expect(world.say(anna, Text.bare("4")) == [])
        #expect(world.routeReport[0].waiting == 2)
        #expect(world.hear(1, Text.reply("a")) == [.deliver(anna, Text.reply("a"))])
        let over = world.hear(1, Text.reply("b"))
        #expect(over.first == .deliver(anna, Text.reply("b")))
        #expect(Set(over.dropFirst().map { "\($0)" }) == ["dial(2)", "closeConnection(1, 1000)"])
        #expect(world.ready(2).forwarded == ["2: 3"])
        #expect(world.hear(2, reply("c")).forwarded == ["2: 4"])
        #expect(world.hear(2, reply("d")).delivered == ["\(anna): d"])
    }

    @Test func `and the other way round`() throws {
        let world = try Driver.quiet(servedBy: .unified)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.say(anna, Text.bare("2"))
        world.ready(1)
        #expect(try world.serve(0, by: .legacy) == [])
        #expect(world.say(anna, "3, as it is") == [])
        let over = world.hear(1, reply("a"))
        #expect(over.delivered == ["\(anna): a"])
        #expect(over.dials == 1)
        #expect(
            world.ready(2) == [.forward(2, Text.bare("2")), .forward(2, "3, as it is")],
            "what waited goes as the client wrote it, and none waits for the other's reply")
        #expect(world.hear(2, Text.reply("b")) == [.deliver(anna, Text.reply("b"))])
        #expect(world.hear(2, Text.reply("c")) == [.deliver(anna, Text.reply("c"))])
        #expect(world.census.exchanges == 0)
    }

    @Test func `a socket of the unified endpoint changes in the same way, and its other routes do not`() throws {
        let world = try Driver.quiet { $0.upstreams[0].inFlight = 2 }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.say(anna, Text.content("c"))
        world.ready(1)
        world.ready(2)
        try world.serve(0, by: .unified)
        #expect(world.say(anna, Text.guide("2")) == [])
        #expect(world.say(anna, Text.content("d")) == [])
        #expect(world.hear(2, Text.reply("x")).forwarded == ["2: d"], "the other route goes on")
        let over = world.hear(1, Text.reply("a"))
        #expect(over.delivered == ["\(anna): a"])
        #expect(over.dials == 1)
        #expect(world.ready(3).forwarded == ["3: 2"])
        try world.serve(0, by: .legacy)
        #expect(world.say(anna, Text.guide("3")) == [])
        #expect(world.hear(3, reply("b")).forwarded == ["1: 3"], "its session's connection was kept")
    }

    @Test func `flipped back before the old side was done, the socket goes on where it was`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "1")
        try world.serve(0, by: .unified)
        world.say(anna, #"{"message":"2"}"#)
        #expect(world.say(anna, "no json").errors == ["bad_json unsent"])
        #expect(try world.serve(0, by: .legacy) == [.forward(1, #"{"message":"2"}"#)])
        #expect(world.say(anna, "3") == [.forward(1, "3")])
        for number in 1...3 { #expect(world.hear(1, Text.reply("\(number)")).count == 1) }
        #expect(world.census.exchanges == 0)
        #expect(try world.serve(0, by: .unified) == [.closeConnection(1, 1000)], "every exchange was counted once")
    }

    @Test func `what was taken to be passed through is checked when it is to be read after all`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.reconnect(route: "guide")
        world.say(anna, Text.bare("1"))
        world.say(anna, "no json")
        world.say(anna, "bytes", kind: .binary)
        world.say(anna, "[]")
        world.say(anna, Old.heartbeat)
        world.say(anna, #"{"message":"2","conversation_id":"mine","session_token":"evil"}"#)
        var heard = try world.serve(0, by: .unified)
        #expect(heard.dials == 1)
        let unified = world.dials.count
        heard = world.ready(unified)
        #expect(Text.member("agent_type", of: heard.first) == "guide")
        #expect(heard.forwarded == ["\(unified): 1"])
        #expect(Text.member("conversation_id", of: heard.first) == Old.conversation("guide", of: "anna"))
        heard = world.hear(unified, reply("a"))
        #expect(heard.errors == ["bad_json unsent", "binary_unsupported unsent", "not_an_object unsent"])
        #expect(heard.forwarded == ["\(unified): 2"])
        let last = heard.last.map { Text.sorted($0) }
        #expect(last == .forward(unified, #"agent_type="guide" conversation_id="mine" message="2""#))
    }

    @Test func `what waits for the other side and was not read yet is the session's next socket's, as the rest is`()
        throws
    {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.reconnect(route: "guide")
        for text in ["1", "2"] { world.say(anna, Text.bare(text)) }
        world.say(anna, "no json")
        try world.serve(0, by: .unified)
        let unified = world.dials.count
        #expect(world.ready(unified).forwarded == ["\(unified): 1"])
        world.leave(anna)
        let next = world.arrive(Old.guide, "anna")
        let heard = world.hear(unified, reply("a"))
        #expect(heard.delivered == ["\(next): a"])
        #expect(heard.forwarded == ["\(unified): 2"])
        let last = world.hear(unified, reply("b"))
        #expect(last.delivered.first == "\(next): b")
        #expect(last.errors == ["bad_json unsent"])
        #expect(world.census.parkedReplies == 0 && world.census.exchanges == 0)
    }

    @Test func `a client that closes while it waits is not owed its unsent messages' sending, only once`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        try world.serve(0, by: .unified)
        world.say(anna, Text.bare("2"))
        let gone = world.leave(anna)
        #expect(gone.contains(.relayCloseToConnection(1, .cut)))
        #expect(gone.dials == 1, "a queued message outlives its socket")
        #expect(world.ready(2).forwarded == ["2: 2"])
        #expect(world.hear(2, reply("late")) == [])
        let heard = world.arriving(Old.guide, "anna").happenings
        #expect(heard.delivered == ["2: late"])
        #expect(world.census.exchanges == 0)
    }

    @Test(arguments: [UInt16?.none, 1000, 1011])
    func `the old side's connection is lost while the socket waits: the socket stays and learns what is lost`(
        code: UInt16?
    ) throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "1")
        world.say(anna, "2")
        try world.serve(0, by: .unified)
        world.say(anna, Text.bare("3"))
        let lost = world.lose(1, code)
        #expect(lost.errors == ["upstream_lost sent", "upstream_lost sent"])
        #expect(lost.dials == 1)
        #expect(world.ready(2).forwarded == ["2: 3"])
    }

    @Test func `the unified connection is lost while a socket waits to leave it`() throws {
        let world = try Driver.quiet(servedBy: .unified)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.ready(1)
        try world.serve(0, by: .legacy)
        world.say(anna, "2")
        let lost = world.lose(1)
        #expect(lost.errors == ["upstream_lost sent"])
        #expect(lost.dials == 1)
        #expect(world.ready(2) == [.forward(2, "2")])
    }

    @Test func `what was lost and may be sent twice goes over the side that its socket changed to meanwhile`() throws {
        let world = try Driver.quiet(servedBy: .unified) { $0.upstreams[3].retrySafe = true }
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.ready(1)
        #expect(try world.serve(0, by: .legacy) == [])
        #expect(world.lose(1) == [.dial(2)])
        #expect(world.ready(2) == [.forward(2, Text.bare("1"))])
    }

    @Test func `what may be sent twice waits for what may not, on whichever side`() throws {
        let world = try Driver.quiet(servedBy: .unified) {
            $0.upstreams[3].retrySafe = true
            $0.upstreams[3].inFlight = 2
        }
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("first"))
        world.ready(1)
        // From here on it is known to give back the ids that it is given.
        world.hear(1, reply("a"))
        world.say(anna, Text.bare("0"))
        world.say(anna, Text.bare("1"))
        // It takes no more, and lets its other exchange end.
        world.hear(1, "[]")
        world.say(anna, Text.bare("2"))
        #expect(world.ready(2).forwarded == ["2: 2"])
        try world.serve(0, by: .legacy)
        #expect(world.lose(1).forwarded == [], "the other exchange is not over")
        let over = world.hear(2, reply("b"))
        #expect(over.dials == 1)
        #expect(world.ready(3) == [.forward(3, Text.bare("1"))])
    }

    @Test
    func `back on a side whose connection was replaced meanwhile, the socket waits for its reply over the old one`()
        throws
    {
        let world = try Driver.quiet()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        try world.serve(0, by: .unified)
        world.reconnect(route: "guide")
        #expect(world.say(anna, Text.guide("2")) == [])
        #expect(try world.serve(0, by: .legacy) == [])
        let over = world.hear(1, Text.reply("a"))
        #expect(over.delivered == ["\(anna): a"])
        #expect(over.dials == 1)
        #expect(world.ready(2).forwarded == ["2: 2"])
    }

    @Test func `another change of the table in between changes nothing of the waiting`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "1")
        try world.serve(0, by: .unified)
        world.say(anna, Text.bare("2"))
        #expect(try world.change { $0.limits.messagesPerSecond = 7 } == [])
        #expect(try world.change { $0.routes.swapAt(0, 2) } == [])
        world.say(anna, Text.bare("3"))
        #expect(world.hear(1, Text.reply("a")).dials == 1)
        #expect(world.ready(2).forwarded == ["2: 2"])
        #expect(world.hear(2, reply("b")).forwarded == ["2: 3"])
    }

    @Test func `an old side that does not answer lets go in time`() throws {
        let passed = try Driver.quiet { $0.everywhere { $0.exchangeTimeout = .seconds(5) } }
        let anna = passed.arrive(Old.guide, "anna")
        passed.say(anna, "1")
        try passed.serve(0, by: .unified)
        passed.say(anna, Text.bare("2"))
        let heard = passed.pass(.milliseconds(5_020))
        #expect(heard.errors == ["timeout sent"])
        #expect(heard.dials == 1)
        #expect(heard.contains(.closeConnection(1, 1000)))
        #expect(passed.ready(2).forwarded == ["2: 2"])

        let routed = try Driver.quiet(servedBy: .unified) { $0.everywhere { $0.exchangeTimeout = .seconds(5) } }
        let bert = routed.arrive(Old.guide, "bert")
        routed.say(bert, Text.bare("1"))
        routed.ready(1)
        try routed.serve(0, by: .legacy)
        routed.say(bert, "2")
        let told = routed.pass(.milliseconds(5_020))
        #expect(told.errors == ["timeout sent"])
        #expect(told.dials == 1)
        #expect(routed.ready(2) == [.forward(2, "2")])
    }

    @Test func `a socket whose handshake is under way during the flip is served by the new side from then on`() throws {
        let world = try Driver.quiet()
        let (anna, _) = world.arriving(Old.guide, "anna")
        #expect(try world.serve(0, by: .unified) == [])
        let heard = world.ready(1)
        #expect(heard.first == .admit(anna, 1), "the backend that was asked answers")
        world.say(anna, Text.bare("m"))
        #expect(world.dials.last?.upstream.isUnified == true)
    }

    @Test func `what the backend says first on a second connection was said before`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        #expect(world.hear(1, #"{"type":"welcome"}"#).count == 1)
        try world.serve(0, by: .unified)
        try world.serve(0, by: .legacy)
        world.say(anna, "m")
        world.ready(2)
        #expect(world.hear(2, #"{"type":"welcome"}"#) == [])
        #expect(world.hear(2, Text.reply("r")).count == 1)
        #expect(world.hear(2, #"{"type":"typing"}"#).count == 1)
    }

    @Test func `a client that is not read is read again once its messages went to the other side`() throws {
        let world = try Driver.quiet { $0.upstreams[0].queue.messages = 1 }
        let anna = world.arrive(Old.guide, "anna")
        world.reconnect(route: "guide")
        #expect(world.say(anna, Text.bare("1")).contains(.stopReadingClient(anna)))
        #expect(try world.serve(0, by: .unified).contains(.startReadingClient(anna)))
    }

    @Test func `a raw socket stays where it is`() throws {
        let world = try Driver.quiet { $0.routes[0].endpoint?.passthrough = .raw }
        let anna = world.arrive(Old.guide, "anna")
        #expect(world.dials[0].through?.isRaw == true)
        #expect(try world.serve(0, by: .unified) == [])
        #expect(world.leave(anna) == [.relayCloseToConnection(1, .cut)])
    }
}
