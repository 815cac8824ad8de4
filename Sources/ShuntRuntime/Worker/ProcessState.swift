import Logging
import ShuntCore
import ShuntReactor
import Synchronization

/// What all workers share: settings that never change while they run, and a few things that are locked and touched only
/// when a socket or a table comes or goes, never per message.
final class ProcessState: Sendable {
    let listen: ListenSettings
    let workerCount: Int
    let logger: Logger
    /// Of the keyed hash that stands for a session: the same for all workers, another one in every process.
    let hashKey: (UInt64, UInt64)

    /// How use is counted; nil where it is not.
    let usage: (maxClients: Int, key: UsageHashKey)?

    let admission: Admission
    let budget: DoorBudget
    let compressed: CompressedSockets
    let sessions: SessionDirectory
    let leases: UpstreamLeases
    let names: NameCache
    let sources: SourceAddresses
    let tls: TLSContexts
    /// Asked about credentials where the table says so; nil where nobody can be.
    let validator: (any CredentialValidator)?
    /// Touched when a client with a credential comes.
    let blocks = SessionBlocks()
    let memory = MemoryReturn()
    /// Called on a worker's thread.
    let onNote: (@Sendable (ProxyLogEvent) -> Void)?
    let wallClock: @Sendable () -> UnixTime
    /// Touched when a client of a deprecated endpoint connects.
    let deprecatedUse = Mutex(DeprecatedUse())
    let reminders = Reminders()
    /// What was said of unlisted types in the last minute, and when. Touched once a minute and upstream.
    let saidUnlisted = Mutex<[String: Instant]>([:])
    /// By the path of an old endpoint. Touched when a client connects there that offers a subprotocol.
    let subprotocols = Mutex<[String: SubprotocolMemory]>([:])
    /// Touched when a client with a token connects.
    let sharedTokens = Mutex(SharedTokens())
    private let newest: Mutex<RoutingTable>

    init(
        settings: ProxySettings, workerCount: Int, logger: Logger, usageKey: UsageHashKey? = nil,
        validator: (any CredentialValidator)? = nil, onNote: (@Sendable (ProxyLogEvent) -> Void)? = nil,
        wallClock: @escaping @Sendable () -> UnixTime = WallClock.now
    ) {
        usage = usageKey.map { (settings.usage.maxClients, $0) }
        newest = Mutex(settings.table)
        listen = settings.listen
        self.workerCount = workerCount
        self.logger = logger
        hashKey = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
        admission = Admission(limits: settings.table.definition.limits, trusted: settings.listen.trustedProxies)
        budget = DoorBudget(limit: settings.table.definition.limits.handshakeBytes)
        compressed = CompressedSockets(memory: settings.table.definition.limits.memory)
        sessions = SessionDirectory(keepFor: Self.kept(by: settings.table))
        leases = UpstreamLeases()
        names = NameCache(lookup: { HostNames.addresses(of: $0, port: 0) })
        sources = SourceAddresses()
        tls = TLSContexts(logger: logger)
        self.validator = validator
        self.onNote = onNote
        self.wallClock = wallClock
    }

    /// The table that new workers begin with. The others have their own, and are told.
    var table: RoutingTable { newest.withLock { $0 } }

    /// Another table comes into force: its limits count for sockets that come from now on.
    func adopt(_ table: RoutingTable) {
        newest.withLock { $0 = table }
        subprotocols.withLock { $0 = $0.filter { table.endpoints.endpoint(at: $0.key) != nil } }
        admission.adopt(table.definition.limits)
        budget.adopt(limit: table.definition.limits.handshakeBytes)
        sessions.adopt(keepFor: Self.kept(by: table))
    }

    /// How long a session may be of use after its last socket: a message that outlived that may wait and be answered so
    /// late; its reply is parked from then on.
    private static func kept(by table: RoutingTable) -> TimeSpan {
        let longest = table.upstreams.map { $0.settings.queue.timeout + $0.settings.exchangeTimeout }.max()
        let session = table.definition.session
        return session.linger + session.parkedFor + (longest ?? .zero)
    }
}
