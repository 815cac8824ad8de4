import ShuntCore
import ShuntTesting
import Testing

@Suite struct `While the other side is waited for` {
    /// How often the core wants to be called in ten seconds in which nothing happens.
    private func calls(_ world: Driver) -> Int {
        let before = world.ticks
        world.pass(.seconds(10))
        return world.ticks - before
    }

    // MARK: Nothing is done while nothing can be

    @Test(arguments: [DialTime.onMessage, .onConnect, .keep])
    func `a client of the unified endpoint costs nothing`(dial: DialTime) throws {
        let world = try Driver.quiet { $0.everywhere { $0.dial = dial } }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        for connection in world.dials.indices { world.ready(connection + 1) }
        try world.serve(0, by: .unified)
        for connection in world.dials.indices { world.ready(connection + 1) }
        world.say(anna, Text.guide("2"))
        world.say(anna, Text.guide("3"))
        #expect(world.routeReport[0].waiting == 2)
        #expect(calls(world) < 10)
        world.reconnect(route: "guide")
        #expect(calls(world) < 10, "nor where the new side's connection is gone meanwhile")
        #expect(world.routeReport[0].waiting == 2)
    }

    @Test(arguments: [Side.legacy, .unified], [DialTime.onMessage, .onConnect])
    func `an old client costs nothing, whichever side it comes from`(side: Side, dial: DialTime) throws {
        let world = try Driver.quiet(servedBy: Rollout(side)) { $0.everywhere { $0.dialForLegacy = dial } }
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.ready(1)
        world.say(anna, Text.bare("2"))
        try world.serve(0, by: Rollout(side.other))
        world.say(anna, Text.bare("3"))
        #expect(world.routeReport[0].waiting > 0)
        #expect(calls(world) < 10)
    }

    @Test func `neither does what waits for its route's resume, or for a connection that was replaced`() throws {
        let world = try Driver.quiet()
        let (anna, bert) = (world.arrive(Old.guide, "anna"), world.connect("bert"))
        world.say(anna, Text.bare("1"))
        world.say(bert, Text.guide("1"))
        world.ready(2)
        world.reconnect(route: "guide")
        world.say(anna, Text.bare("2"))
        world.say(bert, Text.guide("2"))
        #expect(world.routeReport[0].waiting == 2)
        #expect(calls(world) < 10)
        try world.change { $0.routes[0].isPaused = true }
        world.say(bert, Text.guide("3"))
        #expect(calls(world) < 10)
    }

    // MARK: Passed messages that the old side never answers

    private func errors(_ world: Driver) -> Int? {
        world.workerReport.meter.errors[RouteError(route: 0, side: .legacy, code: .timeout)]
    }

    @Test func `what was passed through and is given up is told, counted and noted`() throws {
        let world = try Driver.quiet { $0.everywhere { $0.exchangeTimeout = .seconds(5) } }
        let anna = world.arrive(Old.guide, "anna")
        for text in ["1", "2"] { world.say(anna, Text.bare(text)) }
        try world.serve(0, by: .unified)
        world.say(anna, Text.bare("3"))
        let heard = world.pass(.milliseconds(5_020))
        #expect(heard.errors == ["timeout sent", "timeout sent"])
        #expect(heard.contains(.closeConnection(1, 1000)))
        #expect(heard.dials == 1)
        #expect(errors(world) == 2)
        #expect(world.routeReport[0].errorsByLegacy == 2)
        #expect(world.notes.contains(.connectionRetired(upstream: 0, .timeout)))
        #expect(world.ready(2).forwarded == ["2: 3"])
    }

    @Test func `the same where its connection was replaced on the same side`() throws {
        let world = try Driver.quiet { $0.everywhere { $0.exchangeTimeout = .seconds(5) } }
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        world.reconnect(route: "guide")
        world.say(anna, Text.bare("2"))
        let heard = world.pass(.milliseconds(5_020))
        #expect(heard.errors == ["timeout sent"])
        #expect(heard.contains(.closeConnection(1, 1000)))
        #expect(world.ready(2).forwarded == ["2: 2"])
    }

    @Test func `the last of 64 errors says how many it speaks for`() throws {
        let world = try Driver.quiet { $0.everywhere { $0.exchangeTimeout = .seconds(5) } }
        let anna = world.arrive(Old.guide, "anna")
        for number in 1...70 { world.say(anna, Text.bare("\(number)")) }
        try world.serve(0, by: .unified)
        let heard = world.pass(.milliseconds(5_020))
        #expect(heard.errors == Array(repeating: "timeout sent", count: 64))
        #expect(heard.contains { if case .deliver(_, let text) = $0 { text.contains(#""count":7"#) } else { false } })
        #expect(errors(world) == 70)
    }

    @Test func `where the client stays with its backend it is told nothing, and hears a late reply`() throws {
        let world = try Driver.quiet { $0.everywhere { $0.exchangeTimeout = .seconds(5) } }
        let anna = world.arrive(Old.guide, "anna")
        world.say(anna, Text.bare("1"))
        try world.serve(0, by: .unified)
        try world.serve(0, by: .legacy)
        #expect(world.pass(.milliseconds(6_000)) == [])
        #expect(world.hear(1, Text.reply("late")).delivered == ["\(anna): late"])
        #expect(errors(world) == nil)
    }
}
