import ShuntCore

/// A switchboard, the clients and backends around it, and the model that judges what it does. Everything follows from
/// the seed: time is virtual, and nothing else is random.
final class World {
    /// What the world has noted to happen later.
    enum Happening {
        case dialDone(Int)
        case reply(connection: Int, number: Int, part: Int)
        case readOn(Int)
        case closed(Int, CloseCode?)
        case firstWord(Int, String)
        case pong(Int)
        case relieved(Int)
        case clientPong(Int)
        case inspected(Int)
        case clientInspected(Int)
        case clientReads(Int)
        case clientCongested(Int)
        case changeAgain(RoutingTable)
    }

    let plan: Plan
    var table: RoutingTable
    /// The configuration that the table was made of.
    var arrangement: Arrangement
    var core: Switchboard
    var turn = Turn(now: Instant(nanoseconds: 1_000_000_000))
    var dice: Dice
    /// For what was added later: the lives of older seeds stay what they are, as far as they can.
    var laterDice: Dice
    var now: Instant {
        get { turn.now }
        set { turn.now = newValue }
    }
    var agenda = Agenda<Happening>()
    var clients: [ModelClient] = []
    var connections: [ModelConnection] = []
    var messages: [ModelMessage] = []
    var sessions: [ModelSession]
    var clientByID: [ClientID: Int] = [:]
    var connectionByID: [ConnectionID: Int] = [:]
    /// Connections that dial or are ready.
    var liveConnections: [Int] = []
    var pushes = 0
    /// Sessions (or clients) and upstreams whose backend closed with the code that means "not logged in".
    var loggedOut: Set<PoolKey> = []
    var refusedLogin: Set<PoolKey> = []
    var draining = false
    /// Everything that goes wrong is over: what is outstanding must end.
    var healing = false
    var step = 0
    /// Ticks in a row that nothing came of, one as soon as may be after the other.
    var idleTicks = 0
    var lastTick = Instant(nanoseconds: 0)
    /// How much later than asked the next tick comes.
    var tickDelay = TimeSpan.zero

    // What is known of the event in hand.
    /// The message that the event carries to the core, if it is a client's.
    var messageInHand: Int?
    /// By pool: when it had a connection last that took messages.
    var lastReady: [PoolKey: Instant] = [:]
    /// The client that connects in this event.
    var clientInHand: Int?
    /// Replies that this event must park.
    var parksInHand = 0
    /// The connection that the event is about.
    var connectionInHand: Int?
    /// Connections that ended in this event.
    var endedConnections: [Int] = []
    /// Connections whose exchanges were told `upstream_lost` in this event.
    var saidToBeLost: [Int] = []
    var answersInHand = 0
    /// Outcomes that the core had parked or given up before this event.
    var parkedBefore = 0

    // What is known of old clients and of changes.
    /// What a backend says to the one client of its connection, which must get it as it is.
    var throughInHand: (client: Int, bytes: [UInt8], kind: MessageKind)?
    /// How the peer of the event closes.
    var closeInHand: PeerClose?
    /// The passed-through connection that the core closed in this event because it did not answer a ping.
    var condemned: Int?
    /// By client: errors about passed messages that it must hear in this event.
    var owedErrors: [Int: Int] = [:]
    /// The same, as the event left it.
    var owedBefore: [Int: Int] = [:]
    /// Clients whose passed messages were given up in this event, because their time was over, and whether they must
    /// hear of it.
    var givenUp: [Int: Bool] = [:]
    /// By message that such an error was taken for: the others that it may have been about.
    var doubts: [Int: [Int]] = [:]
    /// By session (or client without one) and upstream: when messages were sent that its pace counts.
    var paced: [PoolKey: [Instant]] = [:]
    /// Greetings that the client that is admitted must be given in this event.
    var greetingsInHand: [[UInt8]] = []
    /// The client that was admitted in this event, and what was kept for it.
    var admitted: (client: Int, due: [ParkedReply])?
    var changedAt = Instant(nanoseconds: 0)
    /// Conversations that legacy holds.
    var holds: [HeldConversation: Hold] = [:]
    /// By session: how many messages were forwarded.
    var served: [Int: Int] = [:]
    /// By route: when it was not there, or paused, last.
    var removedAt: [Int: Instant] = [:]
    /// By upstream: when the table did not have it last.
    var unlistedAt: [Int: Instant] = [:]
    /// Messages whose error named nothing, so that another may have been meant, and their bytes.
    var doubtful = (count: 0, bytes: 0)
    var pausedAt: [Int: Instant] = [:]
    /// How often something was the unified upstream's own fault.
    var unifiedTroubles = 0

    let seed: UInt64
    let steps: Int
    let kind: Simulation.Kind
    let tracing: Bool
    private(set) var trace: [String] = []
    private(set) var failure: SimulationFailure?
    var tally = SimulationTally()

    init(seed: UInt64, steps: Int, kind: Simulation.Kind, tracing: Bool) throws(TableProblem) {
        self.seed = seed
        self.steps = steps
        self.kind = kind
        self.tracing = tracing
        dice = Dice(seed: seed)
        laterDice = Dice(seed: seed ^ 0x5bd1_e995_a5a5_0001)
        var plan = Plan(&dice, isMoving: kind == .moving)
        plan.planOpenings(&laterDice)
        self.plan = plan
        arrangement = plan.arrangement()
        table = try RoutingTable(arrangement.definition())
        core = Switchboard(table: table, seed: dice.next(), hashKey: (dice.next(), dice.next()), memory: plan.memory)
        sessions = plan.tokens.map { ModelSession(token: $0) }
        note(planText)
    }

    // MARK: Telling

    func note(_ text: @autoclosure () -> String) {
        guard tracing else { return }
        trace.append("\(step) @\(now.nanoseconds / 1_000_000)ms \(text())")
    }

    /// Notes a broken promise; the first one counts.
    func fail(_ promise: SimulatedPromise, _ text: @autoclosure () -> String) {
        guard failure == nil else { return }
        failure = SimulationFailure(
            seed: seed, step: step, steps: steps, kind: kind, promise: promise, text: text(), trace: trace)
    }

    private var planText: String {
        let routes = arrangement.routes.map { route in
            "\(route.name) by \(route.servedBy.text) pin \(route.pin) \(route.fallsBack ? "falls back " : "")"
                + (route.endpoint.map { "at \($0.path) \($0.passthrough)" } ?? "")
        }.joined(separator: "\n      ")
        let upstreams = plan.definition.upstreams.map { upstream in
            "\(upstream.name): \(upstream.mode) inFlight \(upstream.inFlight) \(upstream.correlation) "
                + "lanes \(upstream.lanes) retry \(upstream.retrySafe) exchange \(upstream.exchangeTimeout.milliseconds)ms "
                + "queue \(upstream.queue.messages)/\(upstream.queue.bytes)B/\(upstream.queue.timeout.milliseconds)ms "
                + "pace \(upstream.pace.map(\.count)) connect \(upstream.connectTimeout.milliseconds)ms handshake \(upstream.handshakeTimeout.milliseconds)ms"
        }
        return "routes \(routes)\n      phase \(arrangement.phase.rawValue)\n      "
            + upstreams.joined(separator: "\n      ")
    }

    // MARK: Living

    /// Lives through the steps, then lets everything heal and checks that nothing is left.
    func run() {
        openClient()
        while step < steps, failure == nil {
            step += 1
            let pause = now + .nanoseconds(Int64(dice.below(plan.pauseMilliseconds * 1_000_000)))
            if !happenNext(until: pause) {
                now = max(now, pause)
                act()
            }
        }
        if failure == nil { settle() }
    }

    /// The tick or the happening that is due first, if one is until then.
    func happenNext(until limit: Instant) -> Bool {
        let deadline = core.nextDeadline
        let tick = deadline == .distantFuture ? deadline : deadline + tickDelay
        if tick <= agenda.next {
            guard tick <= limit, tick != .distantFuture else { return false }
            now = max(now, tick)
            tickDelay = dice.chance(80) ? .zero : dice.span(0...50)
            tellTick()
            return true
        }
        guard agenda.next <= limit else { return false }
        now = max(now, agenda.next)
        if let happening = agenda.pop() { happen(happening) }
        return true
    }

    private func happen(_ happening: Happening) {
        switch happening {
        case .dialDone(let connection): finishDial(connection)
        case .reply(let connection, let number, let part): sendReply(connection, number, part)
        case .readOn(let connection): readOn(connection)
        case .closed(let connection, let code): loseConnection(connection, code)
        case .firstWord(let connection, let type): sayFirstWord(connection, type)
        case .pong(let connection): tellPong(connection)
        case .relieved(let connection): relieve(connection)
        case .clientPong(let client): tellClientPong(client)
        case .inspected(let connection): tellInspected(connection)
        case .clientInspected(let client): tellClientInspected(client)
        case .clientReads(let client): readAll(client)
        case .clientCongested(let client): tellCongested(client)
        case .changeAgain(let table): tellTable(table)
        }
    }

    /// One thing that a client, a backend or the network does of its own accord.
    private func act() {
        let faults = plan.faults
        let present = clients.indices.filter { clients[$0].isThere }
        if present.isEmpty || dice.chance(present.count < 3 ? 15 : 3) { return openClient() }
        if dice.chance(faults.clientLeaves) { return closeClient(dice.pick(present)) }
        if faults.tooLarge > 0, dice.chance(1) { return sayTooMuch(dice.pick(present)) }
        if dice.chance(faults.slowReader) { return stopReading(dice.pick(present)) }
        if dice.chance(faults.ghostEvent) { return haunt() }
        if dice.chance(faults.oddTick) { return tellTick() }
        if plan.changes > 0, dice.chance(plan.changes) { return dice.chance(12) ? reconnect() : changeTable() }
        if faults.drain > 0, !draining, step > steps * 2 / 3, dice.chance(5) { return startDrain() }
        let ready = liveConnections.filter { connections[$0].state == .ready && connections[$0].hostGoneAt == nil }
        if !ready.isEmpty {
            if dice.chance(faults.lostConnection) { return lose(dice.pick(ready)) }
            if dice.chance(faults.congestedUpstream) { return congest(dice.pick(ready)) }
            if dice.chance(faults.pushes) { return push(dice.pick(ready)) }
            if dice.chance(faults.nonsense) { return talkNonsense(dice.pick(ready)) }
            if dice.chance(faults.unaskedReply) { return replyUnasked(dice.pick(ready)) }
            if dice.chance(faults.tooLarge) { return growTooLarge(dice.pick(ready)) }
        }
        let client = dice.pick(present)
        if clients[client].isArriving || clients[client].isRaw || clients[client].hostGoneAt != nil
            || (clients[client].isStopped && !dice.chance(5))
        {
            return
        }
        for _ in 0...(dice.chance(20) ? dice.below(8) : 0) where clients[client].isThere && failure == nil {
            sendMessage(client)
        }
    }

    func closeCode() -> CloseCode? {
        let code: UInt16? = dice.pick([nil, 1000, 1001, 1011, 1012, 4001, 4003, 4004, 4999])
        return (laterDice.chance(8) ? 1009 : code).map { CloseCode(rawValue: $0) }
    }
}

/// What became of things in a run, for coverage: a simulator that meets no timeouts proves nothing about them.
package struct SimulationTally: Sendable {
    package var outcomes: [String: Int] = [:]
    package var events = 0

    package init() {}

    mutating func count(_ outcome: String) { outcomes[outcome, default: 0] += 1 }

    package mutating func add(_ other: SimulationTally) {
        events += other.events
        outcomes.merge(other.outcomes, uniquingKeysWith: +)
    }
}
