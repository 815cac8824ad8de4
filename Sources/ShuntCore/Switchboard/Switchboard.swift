/// The pure core of one worker: it is told what happened, with the time, and appends what must be done to `effects`.
///
/// No I/O, no clock, no randomness of its own (`seed`), no locks, no logging. It never traps on an event: ids are
/// generation-checked, and an event that comes twice or late does nothing.
package struct Switchboard: ~Copyable {
    package internal(set) var table: RoutingTable
    package internal(set) var tally = Tally()
    package internal(set) var meter: Meter
    /// Bytes that the runtime's write buffers hold: the runtime keeps it up to date; part of `limits.memory`.
    package var bufferedBytes = 0
    /// Bytes that the runtime's sockets take by being there: kept up to date by the runtime; part of `limits.memory`.
    package var socketBytes = 0

    var clients = SlotTable<Client, ClientTag>()
    var sessions = Sessions()
    var pools = Pools()
    var links = Links()
    var exchanges = Exchanges()
    var seats = SlotTable<Seat, SeatTag>()
    /// By `Route.index`.
    var routeTallies: [RouteTally]

    var breakers: Breakers

    /// By upstream: how its backend names what its client did not.
    var namingHabits: [NamingHabit]

    var usage = UsageTally()
    var unlisted = UnlistedTypes()

    var draining: Drain?
    /// The windows that clients were told of.
    package internal(set) var brownoutsInForce: [Brownout] = []
    var agenda = Agenda()

    var wheel = TimerWheel<TimerKey>()
    var due: [TimerKey] = []
    var random: RandomSource
    var envelope = Envelope(remembers: true)
    var reshaper = Reshaper()
    var addresses = AddressMemory()
    let hashKey: (UInt64, UInt64)
    let memory: Int

    /// - Parameters:
    ///   - seed: for jitter; the same seed and events give the same effects.
    ///   - hashKey: of the keyed hash that stands for a session in conversation ids; the same for all workers.
    ///   - memory: this worker's share of `limits.memory`, in bytes.
    package init(table: RoutingTable, seed: UInt64, hashKey: (UInt64, UInt64), memory: Int) {
        self.table = table
        self.hashKey = hashKey
        self.memory = memory
        random = RandomSource(seed: seed)
        breakers = Breakers(count: table.upstreams.count)
        namingHabits = Array(repeating: .unknown, count: table.upstreams.count)
        routeTallies = Array(repeating: RouteTally(), count: table.routes.count)
        meter = Meter(table)
    }

    /// When `tick` wants to be called next; `.distantFuture` when nothing waits. Cheap: read it after every event.
    ///
    /// Reading it changes nothing. But what is not `mutating` is lent the whole switchboard as a copy on the stack, which is too
    /// much for the path of every message.
    package var nextDeadline: Instant { mutating get { wheel.earliest } }

    /// Nothing is left to wait for: no client, no message without an outcome.
    package var isIdle: Bool { clients.count == 0 && exchanges.count == 0 }

    /// Bytes of greetings that are kept for sockets that come later; part of `limits.memory`.
    package var greetingBytes: Int { links.greetingBytes }

    package var sessionCount: Int { mutating get { sessions.count } }

    package var census: Census {
        Census(
            clients: clients.count, sessions: sessions.count, pools: pools.count, connections: links.count,
            exchanges: exchanges.count - exchanges.passedCount, heldBytes: exchanges.heldBytes,
            parkedReplies: sessions.parkedCount,
            parkedBytes: sessions.parkedBytes)
    }

    /// Gives back the memory of what was many and is few now. To be called when many have gone.
    package mutating func shrink() {
        clients.shrink()
        sessions.shrink()
        pools.shrink()
        links.shrink()
        exchanges.shrink()
        seats.shrink()
        wheel.shrink()
        due = []
    }

    /// Whether new work must be shed.
    package var isOverloaded: Bool {
        mutating get {
            exchanges.heldBytes &+ links.greetingBytes &+ sessions.parkedBytes &+ bufferedBytes &+ socketBytes > memory
        }
    }

    /// Whether a client that comes may stay. An eighth is for what is said by those who are there.
    package var hasRoomForClients: Bool { socketBytes <= memory &- memory / 8 }
}
