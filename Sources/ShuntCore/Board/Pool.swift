/// Whose a pool is: a session's (shared by its sockets) or one client socket's.
package enum PoolOwner: Hashable, Sendable {
    case session(SessionID)
    case client(ClientID)

    /// nil for a session's.
    package var client: ClientID? { if case .client(let client) = self { client } else { nil } }
}

/// What makes two messages share a connection.
package struct PoolKey: Hashable, Sendable {
    package let owner: PoolOwner
    /// The upstream's index; another one after a change of the table.
    package var upstream: Int
    package let lane: Int
    /// The values of the upstream's `vary`, joined; empty when it has none.
    package let vary: [UInt8]

    package init(owner: PoolOwner, upstream: Int, lane: Int, vary: [UInt8]) {
        self.owner = owner
        self.upstream = upstream
        self.lane = lane
        self.vary = vary
    }
}

/// What a session, or one client socket, has to do with one upstream: what waits, and the connections that it is sent over.
package struct Pool: Sendable {
    package var key: PoolKey
    package let session: SessionID
    package var upstream: Upstream
    package let passage: Passage
    /// How many messages may be in flight on a connection, and whether they are paced: of the upstream's settings, for the
    /// message path.
    package private(set) var maxInFlight: Int
    package private(set) var isPaced: Bool
    package var line = Line()
    package var links = LinkGroup()
    /// A socket wants a connection to be there, whether a message waits or not.
    package var isWanted = false
    /// The earliest time at which the pool is dialled while nobody says anything.
    package var listensFrom = Instant(nanoseconds: .min)
    /// The table has no such upstream any more.
    package var isRemoved = false
    /// No dial before this, because the upstream's breaker is open.
    package var dialNotBefore = Instant(nanoseconds: .min)
    /// Listed among those that are woken when the breaker closes.
    package var awaitsBreaker = false
    package var backoff = Backoff()
    /// The backend said that the session is over: nothing is sent until the session's next socket.
    package var credentialsRejected = false
    /// The handshake of the client that queued a message last, for a dial when the one that causes it is gone.
    package var handshake: Handshake
    /// The socket that last used the pool, for pushes, and its route.
    package var lastClient: ClientID
    package var lastRoute: Route
    /// The last dial came to nothing: what waits in vain is told `upstream_unavailable`.
    package var failing = false
    package var armed = Instant.distantFuture

    package init(
        key: PoolKey, session: SessionID, upstream: Upstream, passage: Passage, client: (ClientID, Handshake),
        route: Route
    ) {
        self.key = key
        self.session = session
        self.upstream = upstream
        self.passage = passage
        (lastClient, handshake) = client
        lastRoute = route
        (maxInFlight, isPaced) = (.max, false)
        follow(upstream)
    }

    /// Follows an upstream's settings from now on. An old client sends what it likes, when it likes.
    package mutating func follow(_ upstream: Upstream) {
        self.upstream = upstream
        guard passage.isRouted else { return }
        maxInFlight = upstream.settings.inFlight
        isPaced = !upstream.settings.pace.isEmpty
    }

    package var isPassthrough: Bool { !passage.isRouted }

    /// Nothing waits in it, and nobody wants a connection.
    package var isAtRest: Bool { line.isEmpty && !isWanted }

    /// The connection that a message goes over at once; nil where others wait before it.
    @inline(__always)
    mutating func linkForNext() -> ConnectionID? { line.isEmpty ? links.current : nil }

    /// A socket sent a message for it.
    ///
    /// - Returns: what it is a pool of, and whether nothing waits.
    @inline(__always)
    mutating func wasUsed(by client: ClientID, for route: Route) -> (upstream: Upstream, isEmpty: Bool) {
        lastClient = client
        if lastRoute !== route { lastRoute = route }
        return (upstream, line.isEmpty)
    }

    /// The connection that takes a message now, if its turn has come; how many may be in flight, and whether they are paced.
    @inline(__always)
    mutating func nextTurn() -> (link: ConnectionID, maxInFlight: Int, isPaced: Bool) {
        (links.current, maxInFlight, isPaced)
    }

    /// What a pool has to do.
    enum Work { case messagesWait, connectionIsWanted, nothing }

    /// Tells what it has to do. Where no message waits, its clock of unready time stands still from now on.
    mutating func work(now: Instant) -> Work {
        guard line.isEmpty else { return .messagesWait }
        line.rest(now: now)
        return isWanted ? .connectionIsWanted : .nothing
    }
}

/// The pools, by what makes two messages share one.
@safe
package struct Pools: ~Copyable {
    private var table = SlotTable<Pool, PoolTag>()
    private var byKey: [PoolKey: PoolID] = [:]

    package init() {}

    package var count: Int { table.count }
    package var ids: [PoolID] { table.ids }

    /// The pool, or nil where the id is of the past. Assigning to its fields works in place.
    @inline(__always)
    package subscript(_ id: PoolID) -> Pool? {
        unsafeAddress { unsafe UnsafePointer(table.address(of: id)) }
        unsafeMutableAddress { unsafe table.address(of: id) }
    }

    /// Where it is, as `SlotTable.at` has it.
    @inline(__always)
    package func at(_ id: PoolID) -> SlotPlace<Pool>? { table.at(id) }

    @inline(__always)
    package func contains(_ id: PoolID) -> Bool { table.contains(id) }

    package func found(by key: PoolKey) -> PoolID? { byKey[key] }

    package mutating func insert(_ pool: consuming Pool) -> PoolID {
        let key = pool.key
        let id = table.insert(pool)
        byKey[key] = id
        return id
    }

    package mutating func remove(_ id: PoolID) -> Pool? {
        guard let pool = table.remove(id) else { return nil }
        if byKey[pool.key] == id { byKey[pool.key] = nil }
        return pool
    }

    /// Gives back what a burst needed.
    package mutating func shrink() {
        table.shrink()
        byKey.shrink()
    }

    /// Another table comes into force: no pool is found by its key until `rekey` has said what that is now.
    package mutating func forgetKeys() { byKey = [:] }

    /// A pool's upstream has this place in the table now; -1 where it has none, and the pool is found no more.
    package mutating func rekey(_ id: PoolID, upstream place: Int) {
        table[id]?.key.upstream = place
        guard place >= 0, let key = table[id]?.key else { return }
        byKey[key] = id
    }

    /// What does not fit between keys and pools; for `Switchboard.inconsistencies`.
    package func misleadingKeys() -> [PoolID] { byKey.filter { table[$0.value]?.key != $0.key }.map(\.value) }
}
