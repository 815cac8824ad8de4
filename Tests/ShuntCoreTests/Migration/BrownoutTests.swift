import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Brownouts` {
    /// 2027-02-01T10:00:00Z.
    static let start = UnixTime(milliseconds: 1_801_476_000_000)

    private static func brownout(
        _ routes: [String] = ["*"], share: Rollout = .unified, length: TimeSpan = .hours(1)
    ) -> Brownout {
        Brownout(routes: routes, from: start, length: length, share: share)
    }

    private static func definition(
        _ brownouts: [Brownout], _ change: (inout TableDefinition) -> Void = { _ in }
    ) -> TableDefinition {
        .migration {
            $0.phase = .deprecate
            $0.deprecation.brownouts = brownouts
            change(&$0)
        }
    }

    private static func refusal(
        _ brownout: Brownout, at wall: UnixTime, _ target: String = Old.guide + "?session_token=anna",
        from address: String = "192.0.2.7", _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws -> HandshakeVerdict.Refusal? {
        let verdict = HandshakeCheck.verdict(
            of: .valid(target, from: address), table: try RoutingTable(definition([brownout], change)),
            listen: ListenSettings(), at: wall)
        if case .refuse(let refusal) = verdict { return refusal }
        return nil
    }

    // MARK: Handshakes

    @Test(arguments: [
        (-3_600_000_000_000, nil), (-1, nil), (0, "3600"), (1, "3600"), (1000, "3599"), (3_599_999, "1"),
        (3_600_000, nil), (3_600_000_000_000, nil), (Int64.min / 2, nil), (Int64.max / 2, nil),
    ])
    func `a handshake is refused inside of the window only, wherever the clock jumps`(
        offset: Int64, retryAfter: String?
    ) throws {
        let wall = UnixTime(milliseconds: Self.start.milliseconds + offset)
        let refusal = try Self.refusal(Self.brownout(), at: wall)
        #expect(refusal?.headers.values(of: "Retry-After").first?.text == retryAfter)
        #expect(refusal.map { "\($0.status) \($0.code)" } == (retryAfter == nil ? nil : "503 brownout"))
    }

    @Test func `the refusal says what, why and until when`() throws {
        let refusal = try #require(try Self.refusal(Self.brownout(), at: Self.start))
        #expect(
            refusal.body
                == #"{"error":{"code":"brownout","message":"This endpoint is deprecated and switched off for a "#
                + #"test until 2027-02-01T11:00:00Z. Its successor is at: /api/ws/agent.","#
                + #""until":"2027-02-01T11:00:00Z","successor":"/api/ws/agent"}}"#)
        #expect(refusal.headers.map(\.name) == ["Retry-After", "Link"])
    }

    @Test(arguments: Phase.allCases) func `brownouts are for deprecated endpoints`(phase: Phase) throws {
        let refusal = try Self.refusal(Self.brownout(), at: Self.start) { $0.phase = phase }
        #expect(refusal?.code == (phase == .deprecate ? "brownout" : phase == .complete ? "endpoint_closed" : nil))
    }

    @Test func `other routes and the unified endpoint go on`() throws {
        let brownout = Self.brownout(["liaison/*"])
        #expect(try Self.refusal(brownout, at: Self.start, Old.content)?.code == "brownout")
        #expect(try Self.refusal(brownout, at: Self.start, Old.guide) == nil)
        #expect(try Self.refusal(brownout, at: Self.start, "/api/ws/agent") == nil)
    }

    // MARK: The share

    private static func picked(_ share: Int, _ window: UnixTime = Self.start) -> [Bool] {
        let brownout = Brownout(
            routes: ["*"], from: window, length: .hours(1), share: Rollout(steps: share))
        return (0..<2000).map { brownout.picks(ByteString("user \($0)")) }
    }

    @Test(arguments: [0, 100, 2500, 5000, 10_000]) func `a share is that part of the users`(steps: Int) {
        let count = Self.picked(steps).count { $0 }
        #expect(abs(count - steps / 5) <= (steps % 10_000 == 0 ? 0 : 80))
    }

    @Test func `a larger share keeps whom the smaller one picked`() {
        #expect(zip(Self.picked(1000), Self.picked(4000)).allSatisfy { !$0 || $1 })
    }

    @Test func `neither another window nor the rollout picks the same users`() {
        let (here, later) = (Self.picked(5000), Self.picked(5000, Self.start + .hours(24)))
        let rollout = (0..<2000).map { Bucket.of(salt: "guide", user: ByteString("user \($0)")) < 5000 }
        for others in [later, rollout] {
            let same = zip(here, others).count { $0 == $1 }
            #expect((850...1150).contains(same))
        }
    }

    @Test func `clients without a token are picked by their address`() throws {
        let half = Self.brownout(share: Rollout(steps: 5000))
        let refused = try (0..<100).map { number in
            try Self.refusal(half, at: Self.start, Old.guide, from: "192.0.2.\(number)") != nil
        }
        #expect((25...75).contains(refused.count { $0 }))
        let again = try Self.refusal(half, at: Self.start, Old.content, from: "192.0.2.1")
        #expect((again != nil) == refused[1])
    }

    // MARK: Open sockets

    private func world(_ brownout: Brownout) throws -> (Driver, Int) {
        let world = try Driver(Self.definition([brownout]))
        return (world, world.arrive(Old.guide, "anna"))
    }

    private func closed(_ happenings: [Driver.Happening]) -> [Driver.Happening] {
        happenings.filter { if case .closeClient = $0 { true } else { false } }
    }

    @Test func `open sockets are closed within a tenth of the window, with a code of their own`() throws {
        let (world, anna) = try world(Self.brownout(length: .seconds(50)))
        #expect(world.wallClock(UnixTime(milliseconds: Self.start.milliseconds - 1)) == [])
        #expect(closed(world.pass(.seconds(20))) == [])
        world.wallClock(Self.start)
        #expect(closed(world.pass(.milliseconds(5050))) == [.closeClient(anna, 4411, .brownout)])
        #expect(world.tally.brownoutClosed == 1)
    }

    @Test func `many sockets are not closed at once`() throws {
        let world = try Driver(Self.definition([Self.brownout()]))
        for number in 1...100 { _ = world.arrive(Old.guide, "user\(number)") }
        world.wallClock(Self.start)
        var counts: [Int] = []
        for _ in 1...3 { counts.append(closed(world.pass(.seconds(10))).count) }
        #expect(counts.allSatisfy { (15...55).contains($0) })
        #expect(closed(world.pass(.seconds(1))).count + counts.reduce(0, +) == 100)
    }

    @Test func `an exchange is over before its socket is closed`() throws {
        let (world, anna) = try world(Self.brownout(length: .seconds(50)))
        world.say(anna, #"{"message":"hi"}"#)
        world.ready(1)
        world.wallClock(Self.start)
        #expect(closed(world.pass(.seconds(20))) == [])
        let happenings = world.hear(1, Old.unifiedReply("there", "guide", of: "anna"))
        guard case .deliver(anna, _) = happenings.first else {
            Issue.record("the reply comes first: \(happenings)")
            return
        }
        #expect(closed(happenings) == [.closeClient(anna, 4411, .brownout)])
    }

    @Test func `a window that ends or goes before a socket is closed lets it stay`() throws {
        for end in ["clock", "table", "jump"] {
            let (world, anna) = try world(Self.brownout(length: .seconds(50)))
            world.say(anna, #"{"message":"hi"}"#)
            world.ready(1)
            world.wallClock(Self.start)
            world.pass(.seconds(20))
            switch end {
            case "clock": world.wallClock(Self.start + .seconds(50))
            case "jump": world.wallClock(UnixTime(milliseconds: 0))
            default: try world.change { $0.deprecation.brownouts = [] }
            }
            let happenings = world.hear(1, Old.unifiedReply("there", "guide", of: "anna"))
            #expect(closed(happenings) == [], "\(end)")
            #expect(closed(world.pass(.seconds(60))) == [], "\(end)")
        }
    }

    @Test func `an endpoint that closes in a brownout is closed for good`() throws {
        let (world, anna) = try world(Self.brownout())
        world.wallClock(Self.start)
        try world.change(spread: .seconds(1)) { $0.phase = .complete }
        world.wallClock(Self.start)
        #expect(closed(world.pass(.seconds(2))) == [.closeClient(anna, 4410, .endpointClosed)])
    }

    @Test func `a reload in a brownout does not let anybody stay`() throws {
        let (world, anna) = try world(Self.brownout())
        world.wallClock(Self.start)
        try world.change { $0.limits.nesting = 64 }
        world.wallClock(Self.start)
        #expect(closed(world.pass(.seconds(31))) == [.closeClient(anna, 4411, .brownout)])
    }

    @Test func `who was on its way when the window began goes too, others stay`() throws {
        let world = try Driver(
            Self.definition([Self.brownout(["guide"])]) { $0.routes[0].hold = .legacy })
        let (anna, _) = world.arriving(Old.guide, "anna")
        let ben = world.arrive(Old.content, "ben")
        let cleo = world.connect("cleo")
        world.wallClock(Self.start)
        world.ready(1)
        #expect(closed(world.pass(.seconds(31))) == [.closeClient(anna, 4411, .brownout)])
        #expect(world.id(ben) != .none && world.id(cleo) != .none)
        #expect(world.census.clients == 2)
    }

    // MARK: The notice

    @Test(arguments: [PassthroughMode.managed, .raw])
    func `a client is told once, but never between piped bytes`(mode: PassthroughMode) throws {
        let world = try Driver(
            Self.definition([]) {
                $0.deprecation.notice = #"{"type":"x"}"#
                $0.routes[0].hold = .legacy
                $0.routes[0].endpoint?.passthrough = mode
                $0.routes[0].endpoint?.heartbeat = nil
            })
        let (anna, _) = world.arriving(Old.guide, "anna")
        let told: [Driver.Happening] = mode == .managed ? [.deliver(anna, #"{"type":"x"}"#)] : []
        #expect(world.ready(1) == [.admit(anna, 1)] + told)
    }
}

@Suite struct `Use of deprecated endpoints` {
    private func app(_ name: String) -> ClientApp { ClientApp(name: ByteString(name), version: "1") }
    private func day(_ number: Int64) -> UnixTime { UnixTime(milliseconds: number * 86_400_000 + 5) }

    @Test func `an app is told once a day`() {
        var use = DeprecatedUse()
        #expect(use.see(app("a"), at: day(1)) == .first)
        #expect(use.see(app("a"), at: day(1)) == .known)
        #expect(use.see(app("b"), at: day(1)) == .first)
        #expect(use.see(app("a"), at: day(2)) == .first)
        #expect(use.see(app("a"), at: day(1)) == .known, "a clock that jumps back")
        #expect(use.see(app("a"), at: day(-1)) == .first)
    }

    @Test func `memory is bounded, and that it is full is told once a day`() {
        var use = DeprecatedUse()
        var answers: [DeprecatedUse.Answer] = []
        for number in 0..<3 * DeprecatedUse.most { answers.append(use.see(app("app \(number)"), at: day(1))) }
        #expect(answers.count { $0 == .first } == DeprecatedUse.most)
        #expect(answers.count { $0 == .full } == 1)
        #expect(use.count == DeprecatedUse.most)
        #expect(use.see(app("another"), at: day(2)) == .first, "a new day makes room")
        #expect(use.count == 1)
    }
}
