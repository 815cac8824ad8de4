import DequeModule
import ShuntCore
import ShuntReactor

/// One thread's share of the proxy: its switchboard, its reactor's sockets, its deadlines. Everything here lives and dies
/// on that thread, so nothing is locked.
///
/// Every event goes the same way: the switchboard is told, its effects are applied, in order, then the next event.
/// Applying may give rise to more (a socket that is cut, a dial that cannot begin): that waits in `inbox`.
final class Worker {
    let index: Int
    let reactor: Reactor
    let process: ProcessState
    let log: WorkerLog
    /// What other threads ask of it.
    let orders: Inbox<WorkerOrder>
    /// All workers; empty until they are all there.
    var workers = Workers([])

    var switchboard: Switchboard
    var turn = Turn(now: .zero)
    var inbox: Deque<WorkerEvent> = []
    var isApplying = false
    var isEmptyingInbox = false

    var clients = ByID<ClientTag, Leg>()
    var connections = ByID<ConnectionTag, Leg>()
    var dials = ByID<ConnectionTag, Dial>()
    /// Old clients whose handshake is not answered.
    var arrivals = ByID<ClientTag, ArrivingClient>()
    /// What dials for them came to, until the core has said what that means for the client.
    var outcomes = ByID<ConnectionTag, DialOutcome>()
    /// More about dials that failed, until the core has been told; and of the one that it is being told of.
    var dialProblems = ByID<ConnectionTag, String>()
    var dialProblem: String?
    /// Sockets whose bytes are piped, by client and by connection.
    var pipes = ByID<ClientTag, RawPipe>()
    var pipedConnections = ByID<ConnectionTag, RawPipe>()
    /// Those whose messages the core was not told of.
    var uncountedPipes: [RawPipe] = []
    /// Who has each socket of the reactor: those too that the core has forgotten and that still close.
    var occupants = ByID<SocketTag, Occupant>()
    /// Who is under way at the door: sockets of clients whose handshake is not over, and of those that were refused and
    /// read their answer.
    var door = Door()
    var handshakes: [Door.ID: OpeningHandshake] = [:]
    var lingering: [Door.ID: LingeringClose] = [:]

    /// When too much waits for an upstream's socket: then the core sends it nothing more.
    var upstreamMarks = WaterMarks(1 << 20)

    var maskingKeys: MaskingKeys
    /// What messages are compressed by, where they are.
    var codecs = WorkerCodecs()
    private var scratch: [UInt8] = []

    /// What is due that is no socket's.
    var deadlines = WorkerDeadlines()
    /// When dials have had their time.
    var dialWheel = TimerWheel<ConnectionID>()
    /// Bytes of the reactor's that the core counts as held.
    var countedPending = 0
    /// The brownouts that the log was told of.
    var toldBrownouts: [Brownout] = []

    /// Handshakes that were refused, by their stable code.
    var refusedHandshakes: [String: Int] = [:]
    var memoryPeak = MemoryPeak()
    /// How late this worker's deadlines are met.
    var lag = DurationCounts()
    #if DEBUG
        var selfCheck = SelfCheck()
    #endif

    /// A graceful stop has begun: no new sockets.
    var isDraining = false
    /// Its thread ends, and then tells this.
    var isOver = false
    var whenOver: (@Sendable () -> Void)?

    init(index: Int, reactor: Reactor, process: ProcessState, maskingKeys: MaskingKeys = MaskingKeys()) {
        self.index = index
        self.reactor = reactor
        self.process = process
        orders = Inbox(of: reactor)
        self.maskingKeys = maskingKeys
        let limits = process.table.definition.limits
        switchboard = Switchboard(
            table: process.table, seed: self.maskingKeys.word(), hashKey: process.hashKey,
            memory: limits.memory / max(1, process.workerCount))
        log = WorkerLog(logger: process.logger, worker: index, reminders: process.reminders)
        dialWheel.start(at: reactor.now)
        if let usage = process.usage {
            switchboard.countUsage(
                maxClients: usage.maxClients, key: (usage.key.low, usage.key.high), now: now(), wall: wallTime)
        }
    }

    /// The time as of the beginning of the turn.
    @inline(__always)
    func now() -> Instant { reactor.now }

    func takeUsage() -> UsageBatch { switchboard.takeUsage(now: now(), wall: wallTime) }

    /// The buffer that masked payloads are unmasked into. Taken, so that a span over it can be lent to the switchboard.
    func takeScratch() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &scratch)
        return taken
    }

    /// - Parameter used: changes places with what is there, which is nothing: no reference is counted.
    func giveBack(scratch used: inout [UInt8]) {
        // A message of 16 MiB must not leave 16 MiB behind in every worker.
        guard used.capacity <= 1 << 20 else { return }
        swap(&scratch, &used)
    }

    // MARK: Sockets come and go

    /// A client's handshake is accepted and its answer appended to the leg's output.
    ///
    /// - Returns: false where the core has no room for it; the leg is closing then.
    @discardableResult
    func connected(client leg: Leg, _ handshake: Handshake, as identity: ClientIdentity?) -> Bool {
        guard !isApplying else {
            // No handshake ends while effects are applied; should one ever, the client tries again.
            leg.close(.tryAgainLater, reason: "server is overloaded")
            return false
        }
        turn.now = now()
        isApplying = true
        let id = switchboard.clientConnected(handshake, as: identity, &turn)
        if !id.isNone {
            leg.role = .client(id)
            clients.insert(leg, for: id)
        }
        finish(Span())
        guard !id.isNone else {
            leg.close(.tryAgainLater, reason: "server is overloaded")
            return false
        }
        return true
    }

    /// An upstream's handshake is over.
    ///
    /// - Parameter outcome: what it said, where a client arrives with it.
    func connected(upstream leg: Leg, _ id: ConnectionID, _ outcome: DialOutcome?) {
        leg.role = .upstream(id)
        dials.remove(id)
        connections.insert(leg, for: id)
        if let outcome { outcomes.insert(outcome, for: id) }
        feed(.connectionReady(id))
    }

    /// As `connected(upstream:)`, for a client whose bytes are piped.
    func connected(_ pipe: RawPipe, _ outcome: DialOutcome) {
        dials.remove(pipe.connection)
        pipedConnections.insert(pipe, for: pipe.connection)
        outcomes.insert(outcome, for: pipe.connection)
        feed(.connectionReady(pipe.connection))
    }

    /// A socket's close, end or reset was read, or it broke the protocol.
    func ended(_ leg: Leg, _ close: PeerClose) {
        switch leg.role {
        case .client(let id):
            leg.role = .none
            clients.remove(id)
            feed(.clientClosed(id, close))
        case .upstream(let id):
            leg.role = .none
            connections.remove(id)
            feed(.connectionClosed(id, close))
        case .none:
            break
        }
    }

    /// Ends sessions.
    func kick(_ choice: SessionChoice) -> KickReport {
        // Orders come between turns: nothing is being applied.
        guard !isApplying else { return KickReport() }
        countPipes()
        turn.now = now()
        isApplying = true
        let report = switchboard.kick(choice, &turn)
        finish(Span())
        return report
    }

    // MARK: What sockets say

    func clientMessage(_ id: ClientID, _ kind: MessageKind, _ bytes: borrowing Span<UInt8>, _ now: Instant) {
        guard !isApplying else { return wait(.clientMessage(id, kind, bytes.copied())) }
        isApplying = true
        turn.now = now
        switchboard.clientMessage(id, kind, bytes, &turn)
        finish(bytes)
    }

    func connectionMessage(_ id: ConnectionID, _ kind: MessageKind, _ bytes: borrowing Span<UInt8>, _ now: Instant) {
        guard !isApplying else { return wait(.connectionMessage(id, kind, bytes.copied())) }
        isApplying = true
        turn.now = now
        switchboard.connectionMessage(id, kind, bytes, &turn)
        finish(bytes)
    }

    func messageTooLarge(_ leg: Leg) {
        switch leg.role {
        case .client(let id): feed(.clientMessageTooLarge(id))
        case .upstream(let id): feed(.connectionMessageTooLarge(id))
        case .none: break
        }
    }

    func pong(_ leg: Leg, _ now: Instant) {
        switch leg.role {
        case .client(let id): feed(.clientPong(id))
        case .upstream(let id): feed(.connectionPong(id))
        case .none: break
        }
    }

    func congestionChanged(_ leg: Leg) {
        switch leg.role {
        case .client(let id): feed(leg.isCongested ? .clientCongested(id) : .clientRelieved(id))
        case .upstream(let id): feed(leg.isCongested ? .connectionCongested(id) : .connectionRelieved(id))
        case .none: break
        }
    }

    /// Seldom, and kept out of what every message goes through: a deque that may grow there costs each of them.
    @inline(never)
    private func wait(_ event: WorkerEvent) { inbox.append(event) }
}
