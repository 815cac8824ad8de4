import ShuntCore
import ShuntTesting
import Testing

/// Connections for sockets that only listen, and greetings for those that come later.
@Suite struct `Who only listens` {
    private let welcome = #"{"type":"welcome","message":"w"}"#

    /// Old clients, collapsed, and sockets of the unified endpoint.
    private func world(
        _ dial: DialTime = .onConnect, forUnified own: DialTime = .onMessage, servedBy rollout: Rollout = .unified,
        _ change: @escaping (inout UpstreamSettings) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .migration(servedBy: rollout) {
                $0.everywhere {
                    $0.dialForLegacy = dial
                    $0.pushes = ["welcome": .greeting, "news": .forward]
                    $0.pushTarget = .all
                    $0.toUnified = ReshapeRules()
                    change(&$0)
                }
                $0.upstreams[3].dial = own
            })
    }

    @Test func `an old client is greeted by the unified backend before it speaks`() throws {
        let world = try world()
        let (anna, happenings) = world.arriving(Old.guide, "anna")
        #expect(happenings == [.admit(anna, 0), .dial(1)])
        #expect(world.ready(1) == [])
        #expect(world.hear(1, welcome).delivered == ["\(anna): w"])
        #expect(world.say(anna, Text.bare("1")).forwarded == ["1: 1"])
    }

    @Test func `on_message dials for nobody who is silent`() throws {
        let world = try world(.onMessage)
        #expect(world.arriving(Old.guide, "anna").happenings == [.admit(1, 0)])
        #expect(world.connecting("bert").happenings == [])
    }

    @Test func `a socket of the unified endpoint dials where the upstream itself says so`() throws {
        let quiet = try world()
        #expect(quiet.connecting("anna").happenings == [])
        let world = try world(forUnified: .onConnect)
        let (anna, happenings) = world.connecting("anna")
        #expect(happenings == [.dial(1)], "one for all routes")
        world.ready(1)
        #expect(world.hear(1, welcome).delivered == ["\(anna): w"])
        #expect(world.say(anna, Text.content("1")).forwarded == ["1: 1"])
    }

    @Test func `each later socket is given the last greeting of each type first`() throws {
        let world = try world()
        let first = world.arrive(Old.guide, "anna")
        world.ready(1)
        world.hear(1, #"{"type":"welcome","message":"old"}"#)
        world.hear(1, welcome)
        world.hear(1, #"{"type":"news","message":"n"}"#)
        let (second, happenings) = world.arriving(Old.guide, "anna")
        #expect(happenings.first == .admit(second, 0))
        #expect(happenings.delivered == ["\(second): w"], "and what is no greeting was for those who were there")
        let (third, given) = world.connecting("anna")
        #expect(given.delivered == ["\(third): w"])
        #expect(world.hear(1, #"{"type":"welcome","message":"new"}"#).delivered.count == 3)
        #expect(world.connecting("bert").happenings.delivered == [], "another session's is its own")
        world.leave(first)
        #expect(world.connecting("anna").happenings.delivered == ["5: new"])
    }

    @Test func `sockets that come while it is dialled wait for the same greeting`() throws {
        let world = try world { $0.pushTarget = .last }
        let (first, second) = (world.arriving(Old.guide, "anna").client, world.arriving(Old.guide, "anna").client)
        world.ready(1)
        #expect(Set(world.hear(1, welcome).delivered) == ["\(first): w", "\(second): w"])
    }

    @Test func `a greeting is not repeated by the next connection to who had it`() throws {
        let world = try world(.keep)
        let anna = world.arrive(Old.guide, "anna")
        world.ready(1)
        #expect(world.hear(1, welcome).delivered == ["\(anna): w"])
        #expect(world.lose(1, 1012) == [.dial(2)])
        world.ready(2)
        #expect(world.hear(2, welcome).delivered == [])
        #expect(world.connecting("anna").happenings.delivered == ["2: w"], "a new socket gets the new one")
    }

    @Test func `so much is kept, and no more`() throws {
        let world = try world()
        _ = world.arrive(Old.guide, "anna")
        world.ready(1)
        let large = String(repeating: "x", count: KeptGreetings.most)
        world.hear(1, #"{"type":"welcome","message":"\#(large)"}"#)
        #expect(world.arriving(Old.guide, "anna").happenings.delivered == [])
        world.hear(1, welcome)
        #expect(world.arriving(Old.guide, "anna").happenings.delivered == ["3: w"])
    }

    @Test func `a dial that fails tells nobody, and is tried while a socket is there`() throws {
        let world = try world()
        let anna = world.arrive(Old.guide, "anna")
        var tried = 1
        for _ in 0..<4 {
            #expect(world.fail(tried, .refused(status: 404)).errors == [])
            var happenings: [Driver.Happening] = []
            for _ in 0..<3_000 where world.dials.count == tried { happenings += world.pass(.milliseconds(20)) }
            tried += 1
            #expect(world.dials.count == tried && happenings.errors == [])
        }
        world.leave(anna)
        world.fail(tried, .refused(status: 404))
        #expect(world.pass(.minutes(10)).dials == 0)
        #expect(world.census.isEmpty)
    }

    @Test func `what we end is dialled anew, what the backend ends only with keep`() throws {
        for (dial, again) in [(DialTime.onConnect, 0), (.keep, 1)] {
            let world = try world(dial) { $0.lifetime = .seconds(100) }
            _ = world.arrive(Old.guide, "anna")
            world.ready(1)
            #expect(world.pass(.seconds(101)).dials == 1, "its lifetime is over")
            world.ready(2)
            #expect(world.lose(2, 1012).dials + world.pass(.seconds(40)).dials == again)
        }
    }

    @Test func `who is listened to is not idle`() throws {
        let world = try world { $0.idleTimeout = .seconds(30) }
        let anna = world.arrive(Old.guide, "anna")
        world.ready(1)
        #expect(world.pass(.minutes(5)).filter { $0 != .deliver(anna, Old.heartbeat) } == [])
        world.leave(anna)
        #expect(world.pass(.minutes(1)).contains(.closeConnection(1, 1000)))
    }

    @Test func `a socket that moves to the other side hears that one`() throws {
        let world = try world(servedBy: .legacy)
        let anna = world.arrive(Old.guide, "anna")
        #expect(try world.serve(0, by: .unified).dials == 1)
        world.ready(2)
        #expect(world.hear(2, welcome).delivered == ["\(anna): w"])
    }

    @Test func `a connection of a socket without a token closes with it`() throws {
        let world = try world()
        let nobody = world.arrive(Old.guide, nil)
        world.ready(1)
        #expect(world.leave(nobody).contains(.closeConnection(1, 1000)))
        #expect(world.census.isEmpty)
    }

    @Test func `auth ends it until the session's next socket`() throws {
        let world = try world(.keep) { $0.closes = [4001: .auth] }
        _ = world.arrive(Old.guide, "anna")
        world.ready(1)
        #expect(world.lose(1, 4001) == [])
        #expect(world.pass(.minutes(1)).dials == 0)
        #expect(world.arriving(Old.guide, "anna").happenings.dials == 1)
    }

    @Test func `nothing is dialled while the proxy stops`() throws {
        let world = try world(.keep)
        _ = world.arrive(Old.guide, "anna")
        world.ready(1)
        world.drain()
        #expect(world.lose(1).dials == 0)
    }

    // MARK: Passed through

    @Test func `an old client's own connection is dialled anew when its predecessor has answered`() throws {
        let world = try world(servedBy: .legacy)
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "1")
        let change = try world.change { $0.upstreams[0].address = .test("/elsewhere") }
        #expect(change.dials == 0 && world.pass(.seconds(5)).dials == 0, "one at a time: the old one answers yet")
        #expect(world.ticks < 20, "and nothing is asked for again and again meanwhile")
        #expect(world.hear(1, Text.reply("r")).dials == 1)
        world.ready(2)
        #expect(world.hear(2, #"{"type":"news","message":"n"}"#).delivered == ["\(anna): n"])
    }

    @Test func `an old client's own connection is dialled anew at once where nothing is under way`() throws {
        for (dial, again) in [(DialTime.onMessage, 0), (.onConnect, 1)] {
            let world = try world(dial, servedBy: .legacy)
            let anna = world.arrive(Old.guide, "anna")
            #expect(try world.change { $0.upstreams[0].address = .test("/elsewhere") }.dials == again)
            #expect(world.leave(anna).dials == 0 && world.census.connections == 0)
        }
    }

    @Test func `a listener whose route gets another upstream hears that one`() throws {
        for rollout in [Rollout.legacy, .unified] {
            let world = try world(servedBy: rollout)
            _ = world.arrive(Old.guide, "anna")
            if rollout == .unified { world.ready(1) }
            let place = rollout == .unified ? 3 : 0
            #expect(try world.change { $0.upstreams[place].name = "another" }.dials == 1)
        }
    }

    @Test func `a socket of the unified endpoint that moves to the other side hears that one`() throws {
        let world = try world(forUnified: .onConnect, servedBy: .legacy) { $0.dial = .onConnect }
        let anna = world.connect("anna")
        #expect(world.dials.count == 3, "the guide's and the liaisons'")
        for connection in 1...3 { world.ready(connection) }
        #expect(try world.serve(0, by: .unified).dials == 1)
        world.ready(4)
        #expect(world.hear(4, welcome).delivered == ["\(anna): w"])
    }

    // MARK: What is new on the next connection

    @Test func `news on the next connection reach who only listens`() throws {
        for pushes: [String: PushAction] in [["welcome": .greeting, "news": .forward], ["news": .forward]] {
            let world = try world(.keep) { $0.pushes = pushes }
            let anna = world.arrive(Old.guide, "anna")
            world.ready(1)
            #expect(world.hear(1, #"{"type":"news","message":"1"}"#).delivered == ["\(anna): 1"])
            world.lose(1, 1012)
            world.ready(2)
            #expect(world.hear(2, #"{"type":"news","message":"2"}"#).delivered == ["\(anna): 2"])
        }
    }

    @Test func `where greetings are named nothing else is one, whoever is passed through`() throws {
        let world = try world(.onMessage, servedBy: .legacy)
        let anna = world.arrive(Old.guide, "anna")
        try world.change { $0.upstreams[0].address = .test("/elsewhere") }
        world.say(anna, "1")
        world.ready(2)
        #expect(world.hear(2, welcome) == [], "it was greeted when it came")
        #expect(world.hear(2, #"{"type":"news","message":"n"}"#).delivered == ["\(anna): n"])
    }

    // MARK: Whose greeting

    @Test func `a later socket is given nothing of a connection that it does not use`() throws {
        let own = try world { $0.mode = .client }
        _ = own.arrive(Old.guide, "anna")
        own.ready(1)
        own.hear(1, welcome)
        #expect(own.arriving(Old.guide, "anna").happenings.delivered == [], "it is greeted by its own")

        let varied = try world { $0.vary = [.value(.query("tenant"))] }
        _ = varied.arriving(Old.guide, "anna", query: "tenant=a")
        varied.ready(1)
        varied.hear(1, welcome)
        #expect(varied.arriving(Old.guide, "anna", query: "tenant=b").happenings.delivered == [])
        #expect(varied.connecting("anna", query: "tenant=b").happenings.delivered == [])
        #expect(varied.connecting("anna", query: "tenant=a").happenings.delivered == ["4: w"])
    }

    @Test func `nothing is kept for later sockets where pushes go to nobody`() throws {
        let world = try world { $0.pushTarget = .none }
        _ = world.arrive(Old.guide, "anna")
        world.ready(1)
        world.hear(1, welcome)
        #expect(world.arriving(Old.guide, "anna").happenings.delivered == [])
    }

    @Test func `a paused route dials for nobody who only listens, its resume does`() throws {
        let world = try world(servedBy: .legacy)
        _ = world.arrive(Old.guide, "anna")
        #expect(try world.serve(0, by: .unified).dials == 1)
        world.ready(2)
        try world.change { $0.routes[0].isPaused = true }
        #expect(world.reconnect(route: "guide").dials == 0)
        #expect(world.arriving(Old.guide, "bert").happenings.dials == 0)
        #expect(world.pass(.minutes(1)).dials == 0)
        let before = world.ticks
        world.pass(.seconds(9))
        #expect(world.ticks - before < 30, "nothing is asked for again and again")
        #expect(try world.change { $0.routes[0].isPaused = false }.dials + world.pass(.seconds(1)).dials == 2)
    }

    // MARK: Bounds

    @Test func `many listeners that move at once are dialled for one after the other, who speaks at once`() throws {
        let world = try world(servedBy: .legacy)
        let clients = (1...200).map { world.arrive(Old.guide, "t\($0)") }
        #expect(try world.serve(0, by: .unified).dials < 5)
        #expect(world.say(clients[199], Text.bare("1")).dials == 1, "it does not wait for its turn")
        var most = 0
        for _ in 1...25 { most = max(most, world.pass(.milliseconds(100)).dials) }
        #expect(world.dials.count == 400 && most < 25, "a hundred a second, \(most) at most in a tenth of one")
    }

    @Test func `listeners of an upstream that is back come one after the other`() throws {
        let world = try world {
            $0.breakerFailures = 1
            $0.breakerOpen = .seconds(5)
        }
        for number in 1...100 { _ = world.arriving(Old.guide, "t\(number)") }
        for number in 1...100 { world.fail(number) }
        while world.dials.count == 100 { world.pass(.milliseconds(20)) }
        #expect(world.dials.count == 101, "one tries")
        #expect(world.ready(101).dials < 5)
        var most = 0
        for _ in 1...15 { most = max(most, world.pass(.milliseconds(100)).dials) }
        #expect(world.dials.count == 200 && most < 25, "\(most) at most in a tenth of a second")
    }

    @Test func `a connection for a silent socket without a token takes a place among the clients`() throws {
        let world = try world()
        _ = world.arriving(Old.guide, nil)
        let bert = world.arriving(Old.guide, "bert").client
        #expect(world.dials.map(\.takesPlace) == [true, false])
        let talker = try self.world(.onMessage)
        talker.say(talker.arrive(Old.guide, nil), Text.bare("1"))
        #expect(talker.dials.map(\.takesPlace) == [false], "what is said goes, whatever the number of clients")
        _ = bert
    }
}
