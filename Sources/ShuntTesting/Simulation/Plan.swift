import ShuntCore

/// What one seed's world is like: a valid configuration, who lives in it, and how often what goes wrong.
struct Plan {
    /// A route as the model sees it.
    struct PlannedRoute {
        let name: String
        let match: [String]
    }

    var definition = TableDefinition()
    var routes: [PlannedRoute] = []
    var styles: [BackendStyle] = []
    var tokens: [String] = []
    var faults = Faults()
    var memory = 1 << 30
    var drain = DrainSettings()
    /// Whether some upstream tells exchanges apart by the member `id`.
    var usesIDs = false
    /// The longest pause between two things that clients do, in milliseconds.
    var pauseMilliseconds = 100
    /// How many of a hundred things that happen are a change of the table.
    var changes = 0
    /// How many of a hundred clients connect to a legacy endpoint.
    var oldClients = 0
    /// Whether sides, tables and endpoints may change; else everything stays as it is planned.
    let isMoving: Bool

    init(_ dice: inout Dice, isMoving: Bool) {
        self.isMoving = isMoving
        for number in 1...dice.within(1...4) { tokens.append("tok\(number)" + dice.pick(["", "-x", "/+=&", "%41"])) }
        planRoutes(&dice)
        planLimits(&dice)
        faults = Faults(&dice)
        memory = dice.chance(6) ? dice.within(300...8_000) : 1 << 30
        drain.exchanges = dice.span(200...5_000)
        drain.spread = dice.span(0...2_000)
        drain.limit = drain.exchanges + drain.spread + dice.span(100...2_000)
        pauseMilliseconds = dice.pick([2, 20, 20, 100, 100, 400, 4_000])
        // Without a throw of the dice, so that seeds keep their lives.
        if tokens.count.isMultiple(of: 2) {
            let every = TimeSpan.milliseconds(Int64(250 + 7 * pauseMilliseconds))
            definition.addressing.heartbeat = BeatSettings(send: #"{"type":"heartbeat","of":"all"}"#, every: every)
        }
        definition.addressing.absorb = ["heartbeat", Self.answeredPing, "pong"]
        if isMoving { planMigration(&dice) }
    }

    /// A ping that names the message's number is told it again.
    static let answeredPing = AbsorbedType("ping", answer: #"{"type":"pong","absorbed":"{id}"}"#)

    var unified: Int? { definition.unified }

    private mutating func planRoutes(_ dice: inout Dice) {
        let pillars = ["content", "insights", "operations"].prefix(dice.within(0...3))
        let names = ["guide"] + pillars.map { "liaison/\($0)" } + (dice.chance(20) ? ["journal"] : [])
        var upstreams: [UpstreamSettings] = []
        for name in names {
            let (settings, style) = planUpstream(name, at: upstreams.count, unified: false, &dice)
            upstreams.append(settings)
            styles.append(style)
        }
        if isMoving || dice.chance(60) {
            let (settings, style) = planUpstream("unified", at: upstreams.count, unified: true, &dice)
            definition.unified = upstreams.count
            upstreams.append(settings)
            styles.append(style)
        }
        for (index, name) in names.enumerated() {
            let match = name.split(separator: "/").map(String.init)
            let side: Side = definition.unified != nil && dice.chance(40) ? .unified : .legacy
            definition.routes.append(RouteSettings(name: name, match: match, servedBy: Rollout(side), legacy: index))
            routes.append(PlannedRoute(name: name, match: match))
        }
        definition.upstreams = upstreams
        if dice.chance(60) { definition.addressing.defaultRoute = dice.pick(names) }
        if dice.chance(30) { definition.addressing.oneWay = ["typing"] }
        usesIDs = upstreams.contains { $0.correlation == .field("id", unique: true) }
    }

    private mutating func planLimits(_ dice: inout Dice) {
        definition.limits.messagesPerSecond = dice.chance(10) ? dice.within(1...10) : 1000
        definition.limits.nesting = dice.pick([8, 32, 128])
        definition.limits.unreadByClient = dice.pick([300, 2_000, 1 << 20])
        definition.limits.connectionsPerSession = dice.chance(10) ? dice.within(1...3) : 50
        definition.limits.idleTimeout = dice.chance(15) ? dice.span(500...10_000) : .hours(1)
        definition.session.linger = dice.chance(30) ? dice.span(0...1_000) : dice.span(1_000...60_000)
        definition.session.parkedFor = dice.chance(30) ? dice.span(50...1_000) : dice.span(1_000...60_000)
        definition.session.parkedCount = dice.chance(30) ? dice.within(1...3) : 64
        definition.session.parkedBytes = dice.chance(20) ? dice.within(200...2_000) : 1 << 20
    }
}

/// How often what goes wrong, in percent. Half of all worlds know a given fault not at all.
struct Faults {
    var dialFails = 0
    var dialSilent = 0
    var zombie = 0
    var silentBackend = 0
    var lostConnection = 0
    var closesAfterReply = 0
    var nonsense = 0
    var unaskedReply = 0
    var pushes = 0
    var tooLarge = 0
    var slowReply = 0
    var badMessage = 0
    var slowReader = 0
    var congestedUpstream = 0
    var clientLeaves = 0
    var missingPong = 0
    var ghostEvent = 0
    var oddTick = 0
    var drain = 0

    init() {}

    init(_ dice: inout Dice) {
        func rate(_ most: Int) -> Int { dice.chance(50) ? 0 : dice.within(1...most) }
        dialFails = rate(40)
        dialSilent = rate(15)
        zombie = rate(10)
        silentBackend = rate(8)
        lostConnection = rate(8)
        closesAfterReply = rate(8)
        nonsense = rate(5)
        unaskedReply = rate(5)
        pushes = rate(15)
        tooLarge = rate(3)
        slowReply = rate(30)
        badMessage = rate(30)
        slowReader = rate(10)
        congestedUpstream = rate(8)
        clientLeaves = dice.within(1...15)
        missingPong = rate(15)
        ghostEvent = rate(10)
        oddTick = rate(10)
        drain = dice.chance(15) ? 1 : 0
    }
}
