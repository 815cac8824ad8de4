import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Another table` {
    private func names(_ world: Driver) -> [String] { world.dials.map(\.upstream.settings.name) }

    /// Puts an upstream and a route in front of all others, so that every index is another.
    private func insertInFront(_ table: inout TableDefinition) {
        table.upstreams.insert(UpstreamSettings(name: "new", address: .test("/new")), at: 0)
        for index in table.routes.indices { table.routes[index].legacy = table.routes[index].legacy.map { $0 + 1 } }
        table.unified = table.unified.map { $0 + 1 }
        table.routes.insert(RouteSettings(name: "new", match: ["new"], servedBy: .legacy, legacy: 0), at: 0)
    }

    private func remove(_ name: String, from table: inout TableDefinition) {
        guard let index = table.upstreams.firstIndex(where: { $0.name == name }) else { return }
        table.upstreams.remove(at: index)
        table.routes.removeAll { $0.name == name }
        for route in table.routes.indices {
            table.routes[route].legacy = table.routes[route].legacy.map { $0 > index ? $0 - 1 : $0 }
        }
        table.unified = table.unified.map { $0 > index ? $0 - 1 : $0 }
        if table.addressing.defaultRoute == name { table.addressing.defaultRoute = nil }
    }

    @Test func `the same one changes nothing, whatever is under way`() throws {
        let world = try Driver.quiet { $0.routes[2].servedBy = .unified }
        let sockets = [
            world.arrive(Old.guide, "anna"), world.arrive(Old.insights, "anna"), world.connect("anna"),
            world.connect(nil),
        ]
        world.say(sockets[0], "1")
        world.say(sockets[1], Text.bare("2"))
        for socket in sockets[2...] {
            world.say(socket, Text.guide("3"))
            world.say(socket, Text.content("4"))
        }
        world.ready(2)
        world.ready(3)
        let (census, tally) = (world.census, world.tally)
        for _ in 1...3 { #expect(try world.change { _ in } == []) }
        #expect(world.census == census)
        #expect(world.tally == tally)
    }

    // MARK: Upstreams

    @Test func `another url: connections end when they are idle, the next message dials it, no client is closed`()
        throws
    {
        let world = try Driver.quiet()
        let (old, new) = (world.arrive(Old.guide, "anna"), world.connect("anna"))
        world.say(old, "1")
        world.say(new, Text.guide("a"))
        world.ready(2)
        world.say(new, Text.guide("b"))
        world.say(world.connect("anna"), Text.guide("c"))
        let change = try world.change { $0.upstreams[0].address = .test("/elsewhere") }
        #expect(change == [.dial(3)], "for what waits")
        #expect(world.dials[2].request.target.hasPrefix("/elsewhere"))
        #expect(world.ready(3).forwarded == ["3: c"], "the other socket has nothing under way")
        #expect(world.hear(3, Text.reply("C")).delivered == ["3: C"])
        let over = world.hear(2, Text.reply("A"))
        #expect(over.contains(.closeConnection(2, 1000)))
        #expect(over.forwarded == ["3: b"])
        #expect(world.hear(1, Text.reply("r")) == [.deliver(old, Text.reply("r")), .closeConnection(1, 1000)])
        #expect(world.say(old, "2") == [.dial(4)])
        #expect(world.dials[3].request.target.hasPrefix("/elsewhere"))
        #expect(world.ready(4) == [.forward(4, "2")])
    }

    @Test func `an old client's replies keep their order over a change of connection`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "1")
        world.say(anna, "2")
        try world.change { $0.upstreams[0].address = .test("/elsewhere") }
        #expect(world.say(anna, "3") == [])
        #expect(world.hear(1, Text.reply("a")) == [.deliver(anna, Text.reply("a"))])
        #expect(world.say(anna, "4") == [])
        #expect(world.hear(1, Text.reply("b")).dials == 1)
        #expect(world.ready(2) == [.forward(2, "3"), .forward(2, "4")])
        world.say(anna, "5")
        world.reconnect(route: "guide")
        try world.serve(0, by: .unified)
        world.say(anna, Text.bare("6"))
        #expect(try world.serve(0, by: .legacy) == [], "it waits yet")
        #expect(world.lose(2).errors == Array(repeating: "upstream_lost sent", count: 3))
        #expect(world.ready(3) == [.forward(3, Text.bare("6"))])
    }

    @Test func `another url while the old one is asked: its answer counts, the next message goes to the new one`()
        throws
    {
        let world = try Driver.quiet()
        let (anna, _) = world.arriving(Old.guide, "anna")
        #expect(try world.change { $0.upstreams[0].address = .test("/elsewhere") } == [])
        #expect(world.ready(1) == [.admit(anna, 1), .closeConnection(1, 1000)])
        #expect(world.say(anna, "1") == [.dial(2)])
        #expect(world.dials[1].request.target.hasPrefix("/elsewhere"))
        #expect(world.ready(2) == [.forward(2, "1")])
    }

    @Test func `a url that is down keeps nobody from another one`() throws {
        let world = try Driver.quiet {
            $0.upstreams[0].breakerFailures = 1
            $0.upstreams[0].breakerOpen = .seconds(20)
        }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.fail(1)
        #expect(world.pass(.seconds(5)) == [])
        #expect(try world.change { $0.upstreams[0].address = .test("/elsewhere") } == [.dial(2)])
    }

    @Test func `a breaker that is open stays with its upstream, and so do pools, paces and tallies`() throws {
        let world = try Driver.quiet {
            $0.upstreams[1].breakerFailures = 1
            $0.upstreams[1].breakerOpen = .seconds(20)
            $0.upstreams[2].pace = [Rate(count: 1, per: .seconds(60))]
            $0.upstreams[2].queue.timeout = .minutes(10)
        }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        world.hear(1, Text.reply("r"))
        world.say(anna, Text.content("2"))
        world.fail(2)
        world.say(anna, Text.insights("3"))
        world.ready(3)
        world.hear(3, Text.reply("r"))
        let before = world.routeReport
        #expect(try world.change { insertInFront(&$0) } == [])
        #expect(world.routeReport == [RouteTally()] + before)
        #expect(world.say(anna, Text.guide("4")).forwarded == ["1: 4"])
        #expect(world.say(anna, Text.insights("5")) == [], "its pace is kept")
        #expect(world.pass(.seconds(10)) == [], "and so is the breaker")
        #expect(try world.change { $0.routes.reverse() } == [])
        #expect(
            world.routeReport
                == Array(([RouteTally()] + before).reversed()).enumerated().map { index, tally in
                    var tally = tally
                    if index == 2 {
                        tally.byLegacy += 1
                        // The second message is as long as the first.
                        tally.bytesToLegacy *= 2
                    }
                    return tally
                })
        #expect(world.pass(.seconds(11)).dials == 1)
        #expect(names(world).last == "liaison/content")
        #expect(world.pass(.seconds(60)).forwarded == ["3: 5"])
        #expect(world.say(anna, #"{"agent_type":"new"}"#).dials == 1)
    }

    @Test func `another pace counts what was sent before`() throws {
        let world = try Driver.quiet(servedBy: .unified) {
            $0.upstreams[3].pace = [Rate(count: 5, per: .seconds(60))]
            $0.upstreams[3].inFlight = 100
        }
        let anna = world.connect("anna")
        func say(_ number: Int) -> [Driver.Happening] {
            world.say(anna, #"{"agent_type":"guide","conversation_id":"c","message":"\#(number)"}"#)
        }
        for number in 1...3 { _ = say(number) }
        world.ready(1)
        try world.change { $0.upstreams[3].pace = [Rate(count: 4, per: .seconds(60))] }
        #expect(say(4).forwarded == ["1: 4"])
        #expect(say(5).errors == ["rate_limited unsent"])
        try world.change { $0.upstreams[3].pace = [Rate(count: 6, per: .seconds(1))] }
        #expect(say(6).forwarded == ["1: 6"])
        try world.change { $0.upstreams[3].pace = [] }
        for number in 7...20 { #expect(say(number).forwarded == ["1: \(number)"]) }
    }

    @Test func `other rules shape the next reply`() throws {
        let world = try Driver.quiet()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        try world.change { $0.upstreams[0].toUnified.set = [.init(field: "v", json: #""2""#)] }
        #expect(Text.member("v", of: world.hear(1, Text.reply("r")).first) == "2")

        let collapsed = try Driver.quiet(servedBy: .unified)
        let bert = collapsed.arrive(Old.guide, "bert")
        collapsed.say(bert, Text.bare("1"))
        collapsed.ready(1)
        try collapsed.change { $0.routes[0].endpoint?.toLegacy.set = [.init(field: "v", json: #""3""#)] }
        #expect(Text.member("v", of: collapsed.hear(1, Old.unifiedReply("r", "guide", of: "bert")).first) == "3")
    }

    @Test func `a route's upstream under another name takes over what waits`() throws {
        let world = try Driver.quiet()
        let (old, new) = (world.arrive(Old.guide, "anna"), world.connect("anna"))
        world.say(new, Text.guide("1"))
        world.ready(2)
        world.say(new, Text.guide("2"))
        world.say(old, "a")
        let change = try world.change {
            $0.upstreams[0].name = "another"
            $0.upstreams[0].address = .test("/another")
        }
        #expect(change.dials == 0)
        let over = world.hear(2, Text.reply("r"))
        #expect(over.delivered == ["\(new): r"])
        #expect(over.dials == 1)
        #expect(world.ready(3).forwarded == ["3: 2"])
        #expect(world.hear(1, Text.reply("r")) == [.deliver(old, Text.reply("r")), .closeConnection(1, 1000)])
        #expect(world.say(old, "b") == [.dial(4)])
        #expect(names(world).last == "another")
    }

    @Test func `an upstream that goes while its replies are awaited traps nobody`() throws {
        let world = try Driver.quiet { $0.everywhere { $0.retrySafe = true } }
        let (old, new) = (world.arrive(Old.insights, "anna"), world.connect("anna"))
        world.say(old, "1")
        world.say(new, Text.insights("2"))
        world.ready(2)
        try world.change {
            remove("liaison/insights", from: &$0)
            remove("liaison/content", from: &$0)
        }
        #expect(world.lose(2).errors == ["upstream_lost sent"])
        #expect(world.hear(1, Text.reply("r")).first == .deliver(old, Text.reply("r")))
        world.pass(.minutes(5))
        #expect(world.census.connections == 0)
    }

    @Test func `a unified upstream that goes leaves its routes on legacy`() throws {
        let world = try Driver.quiet(servedBy: .unified)
        let (old, new) = (world.arrive(Old.guide, "anna"), world.connect("anna"))
        world.say(old, Text.bare("1"))
        world.ready(1)
        world.say(new, Text.guide("2"))
        let heard = try world.change {
            $0.unified = nil
            $0.upstreams.remove(at: 3)
            for index in $0.routes.indices { $0.routes[index].servedBy = .legacy }
        }
        #expect(heard.dials == 1)
        #expect(world.say(old, "3") == [])
        let over = world.hear(1, Old.unifiedReply("r", "guide", of: "anna"))
        #expect(over.delivered == ["\(old): r"])
        #expect(over.dials == 1)
        #expect(over.contains(.closeConnection(1, 1000)))
    }

    // MARK: Routes

    @Test func `a route that is added works at once`() throws {
        let world = try Driver.quiet()
        let anna = world.connect("anna")
        #expect(world.say(anna, #"{"agent_type":"new"}"#).errors == ["unknown_agent unsent"])
        try world.change { insertInFront(&$0) }
        #expect(world.say(anna, #"{"agent_type":"new"}"#).dials == 1)
        #expect(names(world) == ["new"])
    }

    @Test func `a route that is removed: nothing new, what waits is told, what was sent ends, its old sockets go`()
        throws
    {
        let world = try Driver.quiet()
        let (old, new, other) = (
            world.arrive(Old.content, "anna"), world.connect("anna"), world.arrive(Old.guide, "anna")
        )
        world.say(old, "1")
        world.say(new, Text.content("a"))
        world.ready(3)
        world.say(new, Text.content("b"))
        let told = try world.change { remove("liaison/content", from: &$0) }
        #expect(told.errors == ["route_removed unsent"])
        #expect(told.count == 1)
        #expect(world.say(new, Text.content("c")).errors == ["unknown_pillar unsent"])
        #expect(world.say(old, "2").errors == ["unknown_agent unsent"])
        #expect(world.hear(3, Text.reply("r")).delivered == ["\(new): r"])
        #expect(world.pass(.seconds(11)) == [], "its exchange is not over")
        let over = world.hear(1, Text.reply("s"))
        #expect(over.prefix(2) == [.deliver(old, Text.reply("s")), .closeClient(old, 1001, .routeRemoved)])
        #expect(world.say(other, "x") == [.forward(2, "x")])
        #expect(world.routeReport.map(\.sockets) == [1, 0])
        world.leave(other)
        world.leave(new)
        world.pass(.minutes(5))
        #expect(world.census.isEmpty)
    }

    @Test func `old sockets of a route that is removed go spread over time`() throws {
        let world = try Driver.quiet()
        for _ in 1...200 { _ = world.arrive(Old.content, nil) }
        #expect(try world.change(spread: .seconds(10)) { remove("liaison/content", from: &$0) } == [])
        func closed(_ heard: [Driver.Happening]) -> Int {
            heard.count { if case .closeClient(_, 1001, .routeRemoved) = $0 { true } else { false } }
        }
        let halves = [closed(world.pass(.seconds(5))), closed(world.pass(.milliseconds(5_200)))]
        #expect(halves[0] > 60)
        #expect(halves[1] > 60)
        #expect(halves[0] + halves[1] == 200)
    }

    @Test func `a route that comes back in time keeps its old sockets`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.content, "anna")
        let before = TableDefinition.migration {
            for index in $0.routes.indices { $0.routes[index].endpoint?.heartbeat = nil }
        }
        try world.change { remove("liaison/content", from: &$0) }
        try world.change { $0 = before }
        #expect(world.pass(.seconds(15)) == [])
        let heard = world.say(anna, "1")
        #expect(heard == [.forward(1, "1")] || heard.dials == 1)
    }

    @Test func `an old socket that leaves for another reason already sends nothing more to a route that is removed`()
        throws
    {
        let world = try Driver.quiet()
        let old = world.arrive(Old.content, "anna")
        world.say(old, "1")
        try world.change { $0.phase = .complete }
        try world.change { remove("liaison/content", from: &$0) }
        #expect(world.say(old, "2").errors == ["unknown_agent unsent"])
        let over = world.hear(1, Text.reply("s"))
        #expect(over.first == .deliver(old, Text.reply("s")), "what was sent before ends as it should")
    }

    @Test func `a client that arrives at a route that goes is turned away`() throws {
        let world = try Driver.quiet()
        let (anna, _) = world.arriving(Old.content, nil)
        let heard = try world.change { remove("liaison/content", from: &$0) }
        #expect(heard == [.reject(anna, 0), .closeConnection(1, 1000)])
        #expect(world.census.isEmpty)
    }

    @Test func `an endpoint under another path keeps its sockets`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        try world.change { $0.routes[0].endpoint?.path = "/moved" }
        #expect(world.pass(.seconds(15)) == [])
        #expect(world.say(anna, "1") == [.forward(1, "1")])
        #expect(world.routeReport[0].sockets == 1)
    }

    @Test func `a path that means another route from now on is not that for sockets that are there`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        try world.change {
            remove("guide", from: &$0)
            $0.routes[0].endpoint?.aliases = [Old.guide]
        }
        #expect(world.pass(.seconds(11)).contains(.closeClient(anna, 1001, .routeRemoved)))
    }

    @Test func `unlisted values keep their sockets while their pattern is there`() throws {
        func unlisted(_ table: inout TableDefinition, upstream: Int) {
            table.upstreams.append(UpstreamSettings(name: "liaison/{pillar}", address: .test("/l/{pillar}")))
            table.unlisted = [
                UnlistedEndpointSettings(name: "liaison/{pillar}", path: "/api/ws/liaison/{pillar}", upstream: upstream)
            ]
        }
        let world = try Driver.quiet { unlisted(&$0, upstream: 4) }
        let (anna, _) = world.arriving("/api/ws/liaison/other", "anna")
        #expect(world.dials[0].request.target == "/l/other?session_token=anna")
        world.ready(1)
        try world.change { $0.phase = .complete }
        #expect(world.pass(.seconds(15)) == [])
        #expect(world.say(anna, "1") == [.forward(1, "1")])
        world.hear(1, Text.reply("r"))
        try world.change {
            $0.unlisted = []
            $0.upstreams.remove(at: 4)
        }
        #expect(world.pass(.seconds(11)).contains(.closeClient(anna, 1001, .routeRemoved)))
    }

    // MARK: Phases

    @Test func `the last phase closes old sockets after their exchanges, and coming back from it lets the others stay`()
        throws
    {
        let world = try Driver.quiet()
        let sockets = (1...40).map { _ in world.arrive(Old.guide, nil) }
        let new = world.connect("anna")
        world.say(sockets[0], "1")
        try world.change { $0.phase = .complete }
        var closed: Set<Int> = []
        for happening in world.pass(.seconds(5)) {
            if case .closeClient(let client, 4410, .endpointClosed) = happening { closed.insert(client) }
        }
        #expect((1..<40).contains(closed.count))
        #expect(!closed.contains(sockets[0]))
        try world.change { $0.phase = .migrate }
        let heard = world.pass(.seconds(15))
        #expect(heard.allSatisfy { if case .closeClient = $0 { false } else { true } })
        try world.change { $0.phase = .complete }
        world.pass(.seconds(11))
        let last = world.hear(sockets[0], Text.reply("r"))
        #expect(last.contains(.closeClient(sockets[0], 4410, .endpointClosed)))
        #expect(world.census.clients == 1)
        #expect(world.say(new, Text.guide("m")).dials == 1)
        #expect(names(world).last == "unified")
    }

    // MARK: Pause

    @Test func `what waits for a resume or for a predecessor's end is not looked at again and again`() throws {
        let world = try Driver(.migration { $0.everywhere { $0.queue.timeout = .minutes(10) } })
        let (new, old) = (world.connect("anna"), world.arrive(Old.guide, "bert"))
        world.say(old, "1")
        try world.change {
            $0.routes[1].isPaused = true
            $0.upstreams[0].address = .test("/elsewhere")
        }
        world.say(new, Text.content("1"))
        world.say(old, "2")
        let before = world.ticks
        world.pass(.seconds(9))
        #expect(world.ticks - before < 30)
    }

    @Test(arguments: [Rollout.legacy, .unified])
    func `a paused route's messages wait in order, other routes of the same connection do not`(rollout: Rollout) throws
    {
        let world = try Driver.quiet(servedBy: rollout) { $0.upstreams[3].inFlight = 10 }
        let (old, new) = (world.arrive(Old.guide, "anna"), world.connect("anna"))
        world.say(new, Text.guide("0"))
        world.say(new, Text.content("0"))
        for connection in 1...world.dials.count { world.ready(connection) }
        try world.change { $0.routes[0].isPaused = true }
        for number in 1...3 {
            #expect(world.say(new, Text.guide("\(number)")) == [])
            #expect(world.say(old, Text.bare("\(number)")) == [])
        }
        #expect(world.routeReport[0].waiting == 6)
        let reply = rollout == .legacy ? Text.reply("c") : Old.unifiedReply("c", "liaison/content", of: "anna")
        let content = rollout == .legacy ? 3 : 1
        world.hear(content, reply)
        #expect(world.say(new, Text.content("4")).forwarded == ["\(content): 4"])
        let heard = try world.change { $0.routes[0].isPaused = false }
        if rollout == .unified {
            #expect(heard.forwarded == ["1: 1", "1: 1", "1: 2", "1: 2", "1: 3", "1: 3"])
        } else {
            #expect(heard.compactMap(\.forwarded) == (1...3).map { Text.bare("\($0)") })
            #expect(world.hear(2, Text.reply("r")).forwarded == ["2: 1"])
        }
    }

    @Test func `what waits for the resume is told in time, bounded, and leaves room for others`() throws {
        let world = try Driver.quiet(servedBy: .unified) {
            $0.upstreams[3].queue.messages = 2
            $0.upstreams[3].queue.timeout = .seconds(30)
            $0.upstreams[3].pace = [Rate(count: 3, per: .seconds(20))]
        }
        let anna = world.connect("anna")
        try world.change { $0.routes[0].isPaused = true }
        world.say(anna, Text.guide("1"))
        world.pass(.seconds(10))
        world.say(anna, Text.guide("2"))
        #expect(world.say(anna, Text.guide("3")).errors == ["route_paused unsent"])
        #expect(world.say(anna, Text.content("a")).dials == 1)
        #expect(world.say(anna, Text.content("b")) == [])
        #expect(world.say(anna, Text.content("c")).errors == ["queue_full unsent"])
        #expect(world.ready(1).forwarded == ["1: a"])
        #expect(world.pass(.milliseconds(20_020)).errors == ["route_paused unsent"])
        #expect(world.pass(.milliseconds(10_020)).errors == ["route_paused unsent"])
        try world.change { $0.routes[0].isPaused = false }
        #expect(world.hear(1, Old.unifiedReply("A", "liaison/content", of: "anna")).forwarded == ["1: b"])
    }

    @Test func `a paused old socket is told in its form, and is read again`() throws {
        let world = try Driver.quiet { $0.upstreams[0].queue.messages = 1 }
        let anna = world.arrive(Old.guide, "anna")
        try world.change { $0.routes[0].isPaused = true }
        #expect(world.say(anna, "1") == [.stopReadingClient(anna)])
        let heard = world.pass(.milliseconds(30_020))
        #expect(heard.errors == ["route_paused unsent"])
        #expect(Text.member("response", of: heard.first) == Text.member("message", of: heard.first))
        #expect(heard.contains(.startReadingClient(anna)))
        try world.change { $0.routes[0].isPaused = false }
        #expect(world.say(anna, "2") == [.forward(1, "2")])
    }

    @Test(arguments: [PeerClose.cut, PeerClose(code: .goingAway), PeerClose(code: .serviceRestart)])
    func `an old socket stays while its backend moves behind a pause`(close: PeerClose) throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, "under way")
        try world.change { $0.routes[0].isPaused = true }
        world.say(anna, "1")
        #expect(world.connection(1) { $0.connectionClosed($1, close, &$2) }.errors == ["upstream_lost sent"])
        #expect(try world.change { $0.routes[0].isPaused = false } == [.dial(2)])
        #expect(world.ready(2) == [.forward(2, "1")])
        // What a backend says to this one socket counts all the same.
        try world.change { $0.routes[0].isPaused = true }
        let farewell = PeerClose(code: CloseCode(rawValue: 4001))
        #expect(
            world.connection(2) { $0.connectionClosed($1, farewell, &$2) } == [
                .relayCloseToClient(anna, farewell)
            ])
    }

    @Test func `an old socket that is a byte pipe ends with its backend, paused or not`() throws {
        let world = try Driver.quiet { $0.routes[0].endpoint?.passthrough = .raw }
        let anna = world.arrive(Old.guide, "anna")
        try world.change { $0.routes[0].isPaused = true }
        #expect(
            world.connection(1) { $0.connectionClosed($1, .cut, &$2) } == [.relayCloseToClient(anna, .cut)])
    }

    @Test func `a flip during a pause moves what waits, and it goes on waiting`() throws {
        let world = try Driver.quiet()
        let anna = world.arrive(Old.guide, "anna")
        try world.change { $0.routes[0].isPaused = true }
        world.say(anna, Text.bare("1"))
        #expect(try world.serve(0, by: .unified) == [.closeConnection(1, 1000)])
        #expect(world.pass(.seconds(10)) == [])
        #expect(try world.change { $0.routes[0].isPaused = false } == [.dial(2)])
        #expect(world.ready(2).forwarded == ["2: 1"])
    }

    // MARK: Reconnect

    @Test func `a route's connections are replaced as they become idle, and no socket is closed`() throws {
        let world = try Driver.quiet { $0.routes[1].servedBy = .unified }
        let (old, new) = (world.arrive(Old.guide, "anna"), world.connect("anna"))
        world.say(old, "1")
        world.say(new, Text.guide("a"))
        world.ready(2)
        world.hear(2, Text.reply("A"))
        world.say(new, Text.content("c"))
        world.ready(3)
        #expect(world.reconnect(route: "guide") == [.closeConnection(2, 1000)])
        #expect(world.hear(1, Text.reply("r")) == [.deliver(old, Text.reply("r")), .closeConnection(1, 1000)])
        #expect(world.say(old, "2") == [.dial(4)])
        #expect(world.say(new, Text.guide("b")) == [.dial(5)])
        #expect(world.hear(3, Old.unifiedReply("C", "liaison/content", of: "anna")).delivered == ["\(new): C"])
        #expect(world.reconnect(route: "liaison/content") == [.closeConnection(3, 1000)])
        #expect(world.reconnect(route: "nobody") == [])
    }
}
