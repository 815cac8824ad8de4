import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Pushes` {
    private func world(_ to: PushTarget = .last, mode: PoolMode = .session) throws -> Driver {
        try Driver(
            .agents {
                $0.everywhere {
                    $0.pushes = [
                        "welcome": .forward, "noise": .drop, "heartbeat": .answer(#"{"type":"pong"}"#),
                    ]
                    $0.pushTarget = to
                    $0.mode = mode
                }
            })
    }
    private let welcome = #"{"type":"welcome","message":"w"}"#

    @Test func `a push is forwarded with its route's tags, dropped or answered, as its type says`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.content("1"))
        world.ready(1)
        #expect(
            world.hear(1, welcome) == [
                .deliver(
                    anna, #"{"type":"welcome","message":"w","agent_type":"liaison","pillar":"content"}"#)
            ])
        #expect(world.hear(1, #"{"type":"noise"}"#) == [])
        #expect(world.hear(1, #"{"type":"unlisted"}"#) == [])
        #expect(world.hear(1, #"{"type":"heartbeat"}"#) == [.forward(1, #"{"type":"pong"}"#)])
        #expect(world.hear(1, Text.reply("r")).delivered == ["1: r"], "and the reply is still the reply")
        let tally = world.tally
        #expect((tally.pushesForwarded, tally.pushesDropped, tally.pushesAnswered) == (1, 2, 1))
        let meters = world.workerReport.meter.upstreams.map(\.pushes)
        #expect(meters[1].forwarded == 1 && meters[1].dropped == 2 && meters[1].answered == 1)
        #expect(meters[0] == PushCounts())
    }

    private let neither = "neither in replies.match nor in pushes"

    @Test func `what no rule names is said once a minute and upstream, all types together`() throws {
        let world = try Driver(
            .agents {
                $0.everywhere {
                    $0.pushes = ["noise": .drop]
                    $0.exchangeTimeout = .minutes(20)
                }
            })
        _ = world.connect("anna")
        world.say(1, Text.content("1"))
        world.ready(1)
        for type in ["typing", "typing", "noise", "an\u{0}s\\wer", "typing"] {
            world.hear(1, #"{"type":\#(JSONWriter.quoted(type))}"#)
        }
        #expect(world.texts == [], "what follows so soon is told with the first")
        world.pass(.milliseconds(1_100))
        #expect(world.texts == [#"type "typing", "an\u{0}s\\wer" are \#(neither)"#])
        #expect(world.notes == [.unlistedType(upstream: 1, text: 0)])
        for number in 0..<580 {
            world.hear(1, #"{"type":\#(number % 5 == 0 ? "\"typing\"" : "[7]")}"#)
            world.pass(.milliseconds(100))
        }
        #expect(world.texts.count == 1)
        world.pass(.seconds(3))
        #expect(world.texts.dropFirst() == [#"type "typing", [7] are \#(neither)"#])
        world.pass(.minutes(5))
        world.hear(1, #"{"type":"late"}"#)
        world.pass(.seconds(2))
        #expect(world.texts.dropFirst(2) == [#"type "late" is \#(neither)"#])
        world.pass(.minutes(5))
        #expect(world.texts.count == 3)
    }

    @Test func `each upstream is said by itself, a type that is long or a token is not repeated`() throws {
        let world = try Driver(.agents { $0.everywhere { $0.replies.matchNone = false } })
        _ = world.connect("a-secret-token")
        world.say(1, Text.guide("1"))
        world.say(1, Text.content("1"))
        world.ready(1)
        world.ready(2)
        world.hear(1, #"{"type":"a-secret-token"}"#)
        world.hear(1, #"{"message":"p"}"#)
        world.hear(2, #"{"type":"\#(String(repeating: "x", count: 1_000))"}"#)
        for number in 0..<20 { world.hear(2, #"{"type":\#(number)}"#) }
        world.pass(.seconds(2))
        #expect(world.texts.first == "a message without type is \(neither)")
        #expect(world.texts.last?.hasPrefix(#"type "\#(String(repeating: "x", count: 64))…", 0, 1, "#) == true)
        #expect(world.texts.last?.hasSuffix("and others are \(neither)") == true)
        #expect(world.texts.count == 2)
    }

    @Test func `a reload that names the type ends it`() throws {
        let world = try world()
        _ = world.connect("anna")
        world.say(1, Text.content("1"))
        world.ready(1)
        world.hear(1, #"{"type":"typing"}"#)
        try world.change { definition in definition.everywhere { $0.pushes["typing"] = .drop } }
        world.hear(1, #"{"type":"typing"}"#)
        world.pass(.minutes(2))
        #expect(world.texts == [])
        #expect(world.tally.pushesDropped == 2)
    }

    @Test func `a push without a type has a rule of its own`() throws {
        let world = try Driver(
            .agents {
                $0.upstreams[0].replies.matchNone = false
                $0.upstreams[0].pushes = ["": .forward]
            })
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        #expect(world.hear(1, #"{"message":"p"}"#).delivered == ["1: p"])
        #expect(world.census.exchanges == 1)
    }

    @Test func `the unified backend says itself whose its push is`() throws {
        let world = try Driver(.agents(servedBy: .unified) { $0.upstreams[3].pushes = ["system": .forward] })
        let anna = world.connect("anna")
        world.say(anna, Text.content("1"))
        world.ready(1)
        let push = #"{"type":"system","agent_type":"guide"}"#
        #expect(world.hear(1, push) == [.deliver(anna, push)])
    }

    @Test
    func `before the first reply it is for the socket that caused the dial, then for the last that used the route`()
        throws
    {
        let world = try world()
        let (one, two) = (world.connect("anna"), world.connect("anna"))
        world.say(one, Text.guide("1"))
        world.say(two, Text.guide("2"))
        world.ready(1)
        #expect(world.hear(1, welcome).delivered == ["\(one): w"])
        world.hear(1, Text.reply("a"))
        world.hear(1, Text.reply("b"))
        #expect(world.hear(1, welcome).delivered == ["\(two): w"])
        world.say(one, Text.guide("3"))
        #expect(world.hear(1, welcome).delivered == ["\(one): w"])
    }

    @Test func `it goes to every socket of the session, or to none, where the setting says so`() throws {
        for (target, expected) in [(PushTarget.all, ["1: w", "2: w"]), (.none, [])] {
            let world = try world(target)
            let one = world.connect("anna")
            _ = world.connect("anna")
            _ = world.connect("bert")
            world.say(one, Text.guide("1"))
            world.ready(1)
            #expect(world.hear(1, welcome).delivered == expected)
        }
    }

    @Test(arguments: [PushTarget.last, .all])
    func `a greeting is delivered once to a socket, and dropped after a redial`(target: PushTarget) throws {
        let world = try world(target)
        let one = world.connect("anna")
        let idle = world.connect("anna")
        world.say(one, Text.guide("1"))
        world.ready(1)
        let greeted = target == .all ? ["\(one): w", "\(idle): w"] : ["\(one): w"]
        #expect(world.hear(1, welcome).delivered == greeted)
        #expect(world.hear(1, welcome).delivered == greeted, "a greeting may be of several messages")
        world.hear(1, Text.reply("a"))
        world.lose(1)
        world.say(one, Text.guide("2"))
        world.ready(2)
        #expect(world.hear(2, welcome).delivered == [])
        world.hear(2, Text.reply("b"))
        #expect(world.hear(2, welcome).delivered == greeted, "after the first reply it is no greeting")
    }

    @Test func `a socket that comes later is greeted by the connection that it causes`() throws {
        let world = try world()
        let one = world.connect("anna")
        world.say(one, Text.guide("1"))
        world.ready(1)
        world.hear(1, welcome)
        world.lose(1)
        let two = world.connect("anna")
        world.say(two, Text.guide("2"))
        world.ready(2)
        #expect(world.hear(2, welcome).delivered == ["\(two): w"])
    }

    @Test func `a push for a socket that is gone or does not read is for nobody, and is not kept`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("a"))
        world.client(anna) { $0.clientCongested($1, &$2) }
        #expect(world.hear(1, welcome) == [])
        world.leave(anna)
        #expect(world.hear(1, welcome) == [])
        #expect(world.connecting("anna").happenings == [])
    }
}
