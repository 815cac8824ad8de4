/// Whose a pool is: a session's (shared by its sockets) or one client socket's.
package enum PoolOwner: Hashable, Sendable {
    case session(SessionID)
    case client(ClientID)
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

/// What waits for, and is served by, one upstream connection at a time. A connection that was replaced may still be
/// finishing its exchanges beside it.
package struct Pool: Sendable {
    package var key: PoolKey
    package let session: SessionID
    package var upstream: Upstream
    /// Of the upstream's settings, for the message path.
    package var inFlight: Int
    package var isPaced: Bool
    /// Messages go through as they are, for one client socket: its connection lives and closes with the socket.
    package let isThrough: Bool
    /// Some of what is queued may wait for more than a connection: its route is paused, or its side's turn has not
    /// come.
    package var hasHindered = false
    /// Some of what is queued may wait for its route's resume.
    package var hasPaused = false
    /// A socket wants a connection to be there, whether a message waits or not.
    package var isWanted = false
    /// It is not dialled before this while nobody says anything.
    package var listensFrom = Instant(nanoseconds: .min)
    /// Some of what is queued needs no place in flight.
    package var hasOneWay = false
    /// The table has no such upstream any more.
    package var isRemoved = false
    /// The connection that takes new messages or is being dialled for them; none when there is none.
    package var current = ConnectionID.none
    /// Connections that are not forgotten yet, the current one included.
    package var connections: [ConnectionID] = []
    /// No dial before this, because the upstream's breaker is open.
    package var dialNotBefore = Instant(nanoseconds: .min)
    /// Listed among those that are woken when the breaker closes.
    package var awaitsBreaker = false
    /// Accepted and not sent, oldest first.
    package var queue = ExchangeList()
    package var queuedBytes = 0
    package var backoff = Backoff()
    /// The backend said that the session is over: nothing is sent until the session's next socket.
    package var expired = false
    /// The handshake of the client that queued a message last, for a dial when the one that causes it is gone.
    package var handshake: Handshake
    /// The socket that last used the pool, for pushes, and its route.
    package var lastClient: ClientID
    package var lastRoute: Route
    /// The last dial came to nothing: what waits in vain is told `upstream_unavailable`.
    package var failing = false
    package var armed = Instant.distantFuture

    /// Time during which messages waited and no connection was ready for them, up to `unreadySince`.
    private var unreadyTotal = TimeSpan.zero
    private var unreadySince: Instant?

    package init(
        key: PoolKey, session: SessionID, upstream: Upstream, handshake: Handshake, client: ClientID, route: Route,
        isThrough: Bool = false
    ) {
        self.key = key
        self.session = session
        self.upstream = upstream
        self.isThrough = isThrough
        // An old client sends what it likes, when it likes.
        inFlight = isThrough ? .max : upstream.settings.inFlight
        isPaced = !isThrough && !upstream.settings.pace.isEmpty
        self.handshake = handshake
        lastClient = client
        lastRoute = route
    }

    /// Nothing waits in it, and nobody wants a connection.
    package var isAtRest: Bool { queue.isEmpty && !isWanted }

    /// A socket sent a message for it.
    ///
    /// - Returns: whether nothing waits.
    mutating func wasUsed(by client: ClientID, for route: Route) -> Bool {
        lastClient = client
        if lastRoute !== route { lastRoute = route }
        return queue.isEmpty
    }

    /// The pool's clock of unready time: `queue.timeout` is measured on it, so that waiting behind an exchange in
    /// flight costs nothing.
    package func unreadyTime(now: Instant) -> TimeSpan {
        guard let unreadySince else { return unreadyTotal }
        return unreadyTotal + (now - unreadySince)
    }

    /// What a pool has to do.
    enum Work { case messagesWait, connectionIsWanted, nothing }

    /// Tells what it has to do. Where no message waits, its clock of unready time stands still from now on.
    mutating func work(now: Instant) -> Work {
        guard queue.isEmpty else { return .messagesWait }
        hasHindered = false
        hasPaused = false
        hasOneWay = false
        setReady(true, now: now)
        return isWanted ? .connectionIsWanted : .nothing
    }

    /// Whether nothing of it waits for a connection, as far as was said.
    package var isReady: Bool { unreadySince == nil }

    package mutating func setReady(_ ready: Bool, now: Instant) {
        if ready {
            // Field by field: asking for `unreadyTime` here copies the pool, on the path of every reply.
            if let since = unreadySince { unreadyTotal = unreadyTotal + (now - since) }
            unreadySince = nil
        } else if unreadySince == nil {
            unreadySince = now
        }
    }

    /// When the oldest queued message has waited long enough; never while a connection is ready.
    package func queueDeadline(headStarted: TimeSpan) -> Instant {
        guard let unreadySince else { return .distantFuture }
        let waited = TimeSpan(nanoseconds: unreadyTotal.nanoseconds &- headStarted.nanoseconds)
        return unreadySince + TimeSpan(nanoseconds: upstream.settings.queue.timeout.nanoseconds &- waited.nanoseconds)
    }
}
