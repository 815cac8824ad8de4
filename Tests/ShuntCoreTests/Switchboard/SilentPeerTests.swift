import ShuntCore
import ShuntTesting
import Testing

/// A busy peer is not a dead one: it answers no ping while it computes, or reads nothing, and TCP still hears its host.
@Suite struct `Peers that answer no ping` {
    private let busy = TransportState(silence: .hours(1), isUnacknowledged: false)
    private let fresh = TransportState(silence: .zero, isUnacknowledged: true)
    private let gone = TransportState(silence: .seconds(20), isUnacknowledged: true)

    private func world(_ change: (inout TableDefinition) -> Void = { _ in }) throws -> (Driver, Int) {
        let world = try Driver(
            .agents {
                $0.limits.clientPing = nil
                change(&$0)
            })
        world.answersPings = false
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.ready(1)
        return (world, anna)
    }

    /// What the system says whenever the core asks of a connection.
    private func pass(_ span: TimeSpan, _ world: Driver, answering state: TransportState) -> [Driver.Happening] {
        var happenings: [Happening] = []
        var left = span
        while left > .zero {
            let seen = world.pass(.milliseconds(20))
            left = left + .milliseconds(-20)
            happenings += seen
            for case .inspectConnection(let number) in seen {
                happenings += world.connection(number) { $0.connectionInspected($1, state, &$2) }
            }
            for case .inspectClient(let number) in seen {
                happenings += world.client(number) { $0.clientInspected($1, state, &$2) }
            }
        }
        return happenings
    }

    private typealias Happening = Driver.Happening

    @Test func `with something in flight only its time ends the connection`() throws {
        let (world, _) = try world { $0.upstreams[0].breakerFailures = 1 }
        let seen = pass(.seconds(119), world, answering: busy)
        #expect(seen.errors == [])
        #expect(!seen.contains(.closeConnection(1, 1000)))
        #expect(seen.filter { $0 == .pingConnection(1) }.count == 3, "every 40 s, for as long as it is silent")
        #expect(world.hear(1, Text.reply("late")).delivered == ["1: late"])
        #expect(world.notes == [])
    }

    @Test func `what was sent a moment ago proves nothing`() throws {
        let (world, _) = try world()
        #expect(pass(.seconds(100), world, answering: fresh).errors == [])
    }

    @Test func `a host that is gone is noticed, and what was sent to it is lost`() throws {
        let (world, anna) = try world { $0.upstreams[0].breakerFailures = 1 }
        let seen = pass(.seconds(41), world, answering: gone)
        #expect(seen.errors == ["upstream_lost sent"])
        #expect(seen.contains(.closeConnection(1, 1000)))
        #expect(world.notes == [.connectionRetired(upstream: 0, .hostGone)], "dials will show whose fault it is")
        #expect(world.say(anna, Text.guide("2")) == [.dial(2)])
    }

    @Test func `an answer that comes late or of something that is gone does nothing`() throws {
        let (world, anna) = try world()
        _ = pass(.milliseconds(20_020), world, answering: busy)
        world.hear(1, Text.reply("r"))
        #expect(world.connection(1) { $0.connectionInspected($1, gone, &$2) } == [])
        world.leave(anna)
        #expect(world.client(anna) { $0.clientInspected($1, gone, &$2) } == [])
    }

    @Test func `an idle connection is replaced without a word, and nobody is blamed`() throws {
        let (world, anna) = try world { $0.upstreams[0].breakerFailures = 1 }
        world.hear(1, Text.reply("r"))
        #expect(world.pass(.milliseconds(40_040)) == [.pingConnection(1), .closeConnection(1, 1000)])
        #expect(world.notes == [.connectionRetired(upstream: 0, .unansweredPing)])
        #expect(world.say(anna, Text.guide("2")) == [.dial(2)], "at once")
    }

    @Test func `three idle connections and none that answers are the upstream's fault`() throws {
        let (world, _) = try world { $0.upstreams[0].breakerFailures = 3 }
        world.hear(1, Text.reply("r"))
        for user in 2...3 {
            world.say(world.connect("user \(user)"), Text.guide("1"))
            world.ready(user)
            world.hear(user, Text.reply("r"))
        }
        world.pass(.milliseconds(40_040))
        #expect(world.notes.contains(.breakerOpened(upstream: 0)))
    }

    @Test func `they are not while it answers elsewhere`() throws {
        let (world, _) = try world { $0.upstreams[0].breakerFailures = 3 }
        world.hear(1, Text.reply("r"))
        for user in 2...6 {
            world.say(world.connect("user \(user)"), Text.guide("1"))
            world.ready(user)
            world.hear(user, Text.reply("r"))
        }
        let seen = (0..<42).flatMap { _ in
            let seen = world.pass(.seconds(1))
            for case .pingConnection(6) in seen { world.connection(6) { $0.connectionPong($1, &$2) } }
            return seen
        }
        #expect(seen.filter { if case .closeConnection = $0 { true } else { false } }.count == 5)
        #expect(!world.notes.contains(.breakerOpened(upstream: 0)))
    }

    @Test func `a passed-through connection ends by TCP or its peer only`() throws {
        let world = try Driver(
            .migration {
                $0.limits.clientPing = nil
                for index in $0.routes.indices { $0.routes[index].endpoint?.heartbeat = nil }
            })
        world.answersPings = false
        let old = world.arrive("/api/ws/guide", "anna")
        let seen = pass(.minutes(5), world, answering: busy)
        #expect(Set(seen.map { "\($0)" }) == ["pingConnection(1)", "inspectConnection(1)"])
        let end = pass(.minutes(1), world, answering: gone)
        #expect(end.contains(.closeConnection(1, 1000)))
        #expect(end.contains(.relayCloseToClient(old, .cut)))
    }

    @Test func `a client that answers none and acknowledges lives`() throws {
        let (world, anna) = try world {
            $0.limits.clientPing = KeepaliveSettings(every: .seconds(3), timeout: .seconds(2))
        }
        world.hear(1, Text.reply("r"))
        let seen = pass(.seconds(30), world, answering: busy)
        #expect(seen.filter { $0 == .pingClient(anna) }.count == 6)
        #expect(!seen.contains(.closeClient(anna, 1001, .keepalive)))
        let end = pass(.seconds(5), world, answering: TransportState(silence: .seconds(2), isUnacknowledged: true))
        #expect(end.contains(.closeClient(anna, 1001, .keepalive)))
    }

    @Test func `clients are not pinged where that is off, from the change of the table on`() throws {
        let (world, anna) = try world()
        #expect(!world.pass(.minutes(2)).contains(.pingClient(anna)))
        try world.change { $0.limits.clientPing = KeepaliveSettings() }
        #expect(world.pass(.milliseconds(20_020)).contains(.pingClient(anna)))
    }
}
