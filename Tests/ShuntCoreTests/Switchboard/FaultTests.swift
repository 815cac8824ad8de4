import ShuntCore
import ShuntTesting
import Testing

/// Whose fault a failure is decides who waits.
@Suite struct `Whose fault` {
    private func world(_ change: @escaping (inout UpstreamSettings) -> Void = { _ in }) throws -> Driver {
        try Driver(
            .agents {
                $0.everywhere {
                    $0.breakerFailures = 3
                    $0.breakerOpen = .seconds(1)
                    change(&$0)
                }
            })
    }

    @Test(arguments: [
        DialFailure.connect, .nameNotResolved, .connectTimeout, .handshakeTimeout, .tls, .refused(status: 500),
        .refused(status: 503),
    ])
    func `what is the upstream's stops all sessions' dials, until one of them finds it back`(
        failure: DialFailure
    ) throws {
        let world = try world()
        open(world, failure)
        #expect(world.notes.filter { $0 == .breakerOpened(upstream: 0) }.count == 1)
        #expect(world.say(world.connect("late"), Text.guide("m")) == [], "no dial while the breaker is open")
        #expect(world.say(world.connect("other"), Text.content("m")).dials == 1, "another upstream is not concerned")
        #expect(world.pass(.milliseconds(2_100)).dials == 1, "one finds out")
        let woken = world.ready(world.dials.count)
        #expect(woken.forwarded.count == 1)
        #expect(world.notes.last == .breakerClosed(upstream: 0))
        #expect(woken.dials + world.pass(.seconds(1)).dials == 2, "the others dial when they hear of it")
    }

    /// Two users' dials fail until the breaker opens: the first of each costs nothing and is followed by another.
    private func open(_ world: Driver, _ failure: DialFailure) {
        var failed = 0
        for user in ["one", "two"] {
            world.say(world.connect(user), Text.guide("m"))
            while failed < world.dials.count {
                failed += 1
                #expect(world.fail(failed, failure).errors == [], "messages wait, they are not refused")
            }
        }
    }

    @Test func `a probe that fails keeps the others waiting`() throws {
        let world = try world()
        open(world, .connect)
        world.say(world.connect("three"), Text.guide("m"))
        for _ in 0..<5 {
            var probes = 0
            while probes == 0 { probes = world.pass(.milliseconds(50)).dials }
            #expect(probes == 1, "one at a time")
            #expect(world.fail(world.dials.count).dials == 0)
        }
    }

    @Test(arguments: [DialFailure.refused(status: 404), .refused(status: 302), .refused(status: 200), .badHandshake])
    func `what is the session's is told to it, and costs no one else a dial`(failure: DialFailure) throws {
        let world = try world()
        let anna = world.connect("anna")
        for connection in 1...5 {
            var happenings = world.say(anna, Text.guide("m"))
            while happenings.dials == 0 { happenings += world.pass(.milliseconds(100)) }
            #expect(world.fail(connection, failure).errors == ["upstream_unavailable unsent"])
        }
        #expect(world.say(world.connect("bert"), Text.guide("m")).dials == 1)
        #expect(!world.notes.contains(.breakerOpened(upstream: 0)))
    }

    @Test(arguments: [401, 403]) func `a refusal as unauthorised is the session's end, until its next socket`(
        status: Int
    ) throws {
        let world = try world()
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.say(anna, Text.guide("2"))
        #expect(world.fail(1, .refused(status: status)).errors == ["session_expired unsent", "session_expired unsent"])
        #expect(world.say(anna, Text.guide("3")).errors == ["session_expired unsent"], "and nothing is dialled")
        #expect(world.say(world.connect("bert"), Text.guide("m")).dials == 1, "nobody else is concerned")
        var happenings = world.say(world.connect("anna"), Text.guide("4"))
        while happenings.dials == 0 { happenings += world.pass(.milliseconds(100)) }
        #expect(!world.notes.contains(.breakerOpened(upstream: 0)))
    }

    @Test func `what a refusal's status means is a setting`() throws {
        let world = try world { $0.refusals = [403: .refuse, 503: .limit] }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        #expect(world.fail(1, .refused(status: 403)).errors == ["upstream_unavailable unsent"])
        for connection in 2...6 {
            var happenings = connection == 2 ? world.say(anna, Text.guide("2")) : []
            while happenings.dials == 0 { happenings += world.pass(.milliseconds(100)) }
            #expect(world.fail(connection, .refused(status: 503)).errors == [], "it waits until there is room")
        }
        #expect(!world.notes.contains(.breakerOpened(upstream: 0)))
        #expect(world.say(world.connect("bert"), Text.guide("m")).dials == 1)
    }

    @Test(arguments: [DialFailure.noLocalAddress, .limit])
    func `what is ours makes messages wait and is nobody else's`(failure: DialFailure) throws {
        let world = try world()
        world.say(world.connect("anna"), Text.guide("m"))
        for connection in 1...5 {
            #expect(world.fail(connection, failure).errors == [])
            if world.dials.count == connection { #expect(world.pass(.milliseconds(1_100)).dials == 1) }
        }
        #expect(!world.notes.contains(.breakerOpened(upstream: 0)))
    }

    @Test func `a backend that closes before its first reply is dialled slower and slower`() throws {
        let world = try world()
        let anna = world.connect("anna")
        var waited = TimeSpan.zero
        for connection in 1...12 {
            var happenings = world.say(anna, Text.guide("m"))
            while happenings.dials == 0 {
                waited = waited + .milliseconds(20)
                happenings = world.pass(.milliseconds(20))
            }
            world.ready(connection)
            #expect(world.lose(connection, 1011).errors.first == "upstream_lost sent")
        }
        #expect(waited > .seconds(2))
        #expect(!world.notes.contains(.breakerOpened(upstream: 0)), "an application's close is no absence")
    }

    @Test func `one that served well is dialled at once, however often it closes`() throws {
        let world = try world()
        let anna = world.connect("anna")
        for connection in 1...20 {
            #expect(world.say(anna, Text.guide("m")) == [.dial(connection)])
            world.ready(connection)
            world.hear(connection, Text.reply("r"))
            world.lose(connection, 1000)
        }
    }

    // MARK: Close codes

    @Test func `auth ends the route for the session until its next socket`() throws {
        let world = try world { $0.closes = [4001: .auth] }
        let anna = world.connect("anna")
        world.say(anna, Text.guide("1"))
        world.say(anna, Text.guide("2"))
        world.ready(1)
        world.hear(1, #"{"type":"welcome"}"#)
        #expect(world.lose(1, 4001).errors == ["session_expired sent", "session_expired unsent"])
        #expect(world.say(anna, Text.guide("3")).errors == ["session_expired unsent"])
        #expect(world.say(anna, Text.content("4")).dials == 1, "another route goes on")
        let again = world.connect("anna")
        #expect(world.say(again, Text.guide("5")).dials == 1)
    }

    @Test func `refuse ends what waits, limit lets it wait`() throws {
        for (meaning, errors) in [
            (CloseMeaning.refuse, ["upstream_lost sent", "upstream_unavailable unsent"]),
            (.limit, ["upstream_lost sent"]),
        ] {
            let world = try world { $0.closes = [4003: meaning] }
            let anna = world.connect("anna")
            world.say(anna, Text.guide("1"))
            world.say(anna, Text.guide("2"))
            world.ready(1)
            world.hear(1, #"{"type":"welcome"}"#)
            #expect(world.lose(1, 4003).errors == errors)
        }
    }

    @Test func `a limit makes the next dial wait even after a good reply`() throws {
        let world = try world { $0.closes = [4029: .limit] }
        var waits = 0
        for user in 1...10 {
            let anna = world.connect("user \(user)")
            world.say(anna, Text.guide("1"))
            let connection = world.dials.count
            world.ready(connection)
            world.hear(connection, Text.reply("r"))
            world.lose(connection, 4029)
            waits += world.say(anna, Text.guide("2")).dials == 0 ? 1 : 0
        }
        #expect(waits > 5)
    }
}
