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
        world.client(anna) { $0.clientCongested($1, now: $2, &$3) }
        #expect(world.hear(1, welcome) == [])
        world.leave(anna)
        #expect(world.hear(1, welcome) == [])
        #expect(world.connecting("anna").happenings == [])
    }
}
