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

    let life: Simulation.Life
    let plan: Plan
    var table: RoutingTable
    /// The configuration that the table was made of.
    var arrangement: Arrangement
    var history = History()
    var core: Switchboard
    var turn = Turn(now: Instant(nanoseconds: 1_000_000_000))
    var dice: Dice
    /// For what was added later: the lives of older seeds stay what they are, as far as they can.
    var laterDice: Dice
    var agenda = Agenda<Happening>()
    var step = 0
    /// How much later than asked the next tick comes.
    var tickDelay = TimeSpan.zero
    /// Everything that goes wrong is over: what is outstanding must end.
    var healing = false
    var draining = false

    var clients: [ModelClient] = []
    var connections: [ModelConnection] = []
    var messages: [ModelMessage] = []
    var sessions: [ModelSession]
    var pushes = 0
    var clientByID: [ClientID: Int] = [:]
    var connectionByID: [ConnectionID: Int] = [:]
    /// Connections that dial or are ready.
    var liveConnections: [Int] = []
    /// Outcomes that the core had parked or given up before this event.
    var parkedBefore = 0

    /// The event that is under way.
    var record = Record()
    private var promises: [any Promise]
    private let tracing: Bool
    private(set) var trace: [String] = []
    private(set) var failure: SimulationFailure?
    var tally = SimulationTally()

    var now: Instant {
        get { turn.now }
        set { turn.now = newValue }
    }

    init(_ life: Simulation.Life, tracing: Bool) throws(TableProblem) {
        self.life = life
        self.tracing = tracing
        promises = SimulatedPromise.allCases.filter { !life.without.contains($0) }.map { $0.judge() }
        dice = Dice(seed: life.seed)
        laterDice = Dice(seed: life.seed ^ 0x5bd1_e995_a5a5_0001)
        var plan = Plan(&dice, isMoving: life.kind == .moving)
        plan.planOpenings(&laterDice)
        self.plan = plan
        arrangement = plan.arrangement()
        table = try RoutingTable(arrangement.definition())
        core = Switchboard(table: table, seed: dice.next(), hashKey: (dice.next(), dice.next()), memory: plan.memory)
        sessions = plan.tokens.map { ModelSession(token: $0) }
        note(planText)
    }

    // MARK: Judging

    func ask(_ question: (inout any Promise) -> Void) {
        for index in promises.indices where failure == nil { question(&promises[index]) }
    }

    // MARK: Telling

    func note(_ text: @autoclosure () -> String) {
        guard tracing else { return }
        trace.append("\(step) @\(now.nanoseconds / 1_000_000)ms \(text())")
    }

    /// Notes a broken promise; the first one counts.
    func fail(_ promise: SimulatedPromise, _ text: @autoclosure () -> String) {
        guard failure == nil, !life.without.contains(promise) else { return }
        failure = SimulationFailure(life: life, step: step, promise: promise, text: text(), trace: trace)
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
        while step < life.steps, failure == nil {
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
        if faults.drain > 0, !draining, step > life.steps * 2 / 3, dice.chance(5) { return startDrain() }
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
