import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Falling back to legacy` {
    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .migration(servedBy: .unified) {
                for index in $0.routes.indices {
                    $0.routes[index].fallsBack = true
                    $0.routes[index].endpoint?.heartbeat = nil
                }
                $0.upstreams[3].breakerFailures = 1
                $0.upstreams[3].breakerOpen = .seconds(10)
                change(&$0)
            })
    }

    private func guide(_ conversation: String, _ message: String = "m") -> String {
        #"{"agent_type":"guide","message":"\#(message)","conversation_id":"\#(conversation)"}"#
    }

    private func names(_ world: Driver) -> [String] { world.dials.map(\.upstream.settings.name) }

    @Test func `what is unsent goes to legacy when unified is down, in order`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("a", "1"))
        world.say(anna, guide("a", "2"))
        #expect(world.fail(1).dials == 1)
        #expect(names(world) == ["unified", "guide"])
        #expect(world.ready(2).forwarded == ["2: 1"])
        #expect(world.hear(2, Text.reply("r")).forwarded == ["2: 2"])
        #expect(world.say(anna, Text.content("3")).dials == 1)
        #expect(names(world).last == "liaison/content", "every route does, while the breaker is open")
    }

    @Test func `where both sides are down a message ends in one error, in time`() throws {
        let world = try world { $0.upstreams[3].breakerOpen = .seconds(1) }
        let anna = world.connect("anna")
        world.say(anna, guide("a"))
        var failed = 0
        var errors: [String] = []
        // The queue's timeout once for each side, and what backing off takes.
        for _ in 0..<75 * 20 where errors.isEmpty {
            while failed < world.dials.count {
                failed += 1
                errors += world.fail(failed).errors
            }
            errors += world.pass(.milliseconds(50)).errors
        }
        #expect(errors == ["upstream_unavailable unsent"])
        #expect(world.census.exchanges == 0)
    }

    @Test func `without the setting it waits`() throws {
        let world = try world { $0.routes[0].fallsBack = false }
        let anna = world.connect("anna")
        world.say(anna, guide("a"))
        #expect(world.fail(1) == [])
        #expect(world.pass(.seconds(5)).dials == 0)
    }

    @Test func `an old socket is passed through meanwhile, and comes back`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "1, as it is")
        #expect(world.tally.refused == 1, "collapsed, it must be JSON")
        world.say(anna, Text.bare("2"))
        world.fail(1)
        #expect(names(world) == ["unified", "guide"])
        #expect(world.ready(2) == [.forward(2, Text.bare("2"))])
        #expect(world.say(anna, "3, as it is") == [.forward(2, "3, as it is")])
        world.hear(2, Text.reply("a"))
        world.hear(2, Text.reply("b"))
        world.pass(.seconds(11))
        let probe = world.say(anna, Text.bare("4"))
        #expect(probe.dials == 1)
        #expect(names(world).last == "unified", "somebody has to try")
        #expect(world.ready(3).forwarded == ["3: 4"])
        #expect(world.hear(3, Old.unifiedReply("r", "guide", of: "anna")).delivered == ["\(anna): r"])
    }

    @Test func `a probe that fails sends its message to legacy too`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("a", "1"))
        world.fail(1)
        world.ready(2)
        world.hear(2, Text.reply("r"))
        world.pass(.seconds(11))
        #expect(world.say(anna, guide("a", "2")).dials == 1)
        #expect(world.fail(3).forwarded == ["2: 2"])
    }

    @Test func `a conversation that unified has answered waits for it, another does not`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("a", "1"))
        world.ready(1)
        world.hear(1, #"{"response":"r","conversation_id":"a","agent_type":"guide"}"#)
        world.lose(1)
        let bert = world.connect("bert")
        world.say(bert, guide("b"))
        world.fail(2)
        #expect(names(world) == ["unified", "unified", "guide"])
        #expect(world.say(anna, guide("a", "2")).dials == 0, "it waits")
        #expect(world.say(world.connect("anna"), guide("c", "3")).dials == 1, "it does not")
        #expect(names(world).last == "guide")
    }

    @Test func `what waits in an answered conversation is not taken along by another of its socket`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("a", "1"))
        world.ready(1)
        world.hear(1, #"{"response":"r","conversation_id":"a","agent_type":"guide"}"#)
        world.lose(1)
        world.say(world.connect("bert"), guide("b"))
        world.fail(2)
        world.say(anna, guide("a", "2"))
        world.say(anna, guide("new", "3"))
        #expect(names(world).filter { $0 == "guide" }.count == 1, "only bert's")
    }

    @Test func `the made conversation of a client that names none is known as answered as well`() throws {
        for isOld in [false, true] {
            let world = try world()
            let anna = isOld ? world.arrive(Old.guide, "anna") : world.connect("anna")
            world.say(anna, Text.guide("1"))
            world.ready(1)
            #expect(world.hear(1, Old.unifiedReply("r", "guide", of: "anna")).delivered.count == 1)
            world.lose(1)
            world.say(world.connect("bert"), guide("b"))
            world.fail(2)
            #expect(try world.change { $0.limits.unreadByClient += 1 } == [])
            #expect(world.say(anna, Text.guide("2")).dials == 0)
            #expect(names(world) == ["unified", "unified", "guide"])
        }
    }

    @Test func `a session whose connection is there goes on over it, whatever others find`() throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, guide("a", "1"))
        world.ready(1)
        world.say(world.connect("bert"), guide("b"))
        world.fail(2)
        #expect(world.say(anna, guide("a", "2")) == [], "it waits for the reply, which may come")
        #expect(
            world.hear(1, #"{"response":"r","conversation_id":"a","agent_type":"guide"}"#).forwarded == ["1: 2"])
    }

    @Test func `a fall back sets no pin`() throws {
        let world = try world { $0.routes[0].servedBy = Rollout(steps: 9_900) }
        let anna = world.connect("anna")
        world.say(anna, guide("a", "1"))
        world.fail(1)
        world.ready(2)
        world.hear(2, Text.reply("r"))
        world.pass(.seconds(11))
        #expect(world.say(anna, guide("a", "2")).dials == 1)
        #expect(names(world).last == "unified")
    }
}
