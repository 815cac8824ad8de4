/// The connection of a pool whose greetings a socket was given; those of a later one are dropped.
package struct Greeting: Sendable {
    package let pool: PoolID
    package let connection: ConnectionID
}

/// Why a client's socket is closed when its exchanges are over.
package enum Leaving: UInt8, Sendable { case draining, endpointClosed, routeRemoved, brownout, expired }

/// Where a client came in.
package enum ClientDoor: Sendable {
    case unified
    /// The endpoint has one route: the client uses that one only, from this seat.
    case legacy(Endpoint, seat: SeatID)
}

/// A client socket, of the unified endpoint or of a legacy one.
package struct Client: Sendable {
    package let session: SessionID
    package let handshake: Handshake
    package var door: ClientDoor
    /// Whether the handshake is not answered yet: that waits for the legacy backend's own answer.
    package var isArriving = false
    /// Whether bytes are piped: the core sees no message, and sends nothing of its own.
    package var isRaw = false
    package let app: ClientApp
    package var seats: [SeatPlace] = []
    /// One for each pool that greeted it.
    package var greetings: [Greeting] = []
    package var pace: Pace
    /// More is unread than it may be: in `client` mode its upstreams are not read, elsewhere the next message ends it.
    package var congested = false
    package var keepalive: Keepalive
    /// When a part or a push went to it, or an exchange of it ended, last: with one under way it is not idle anyway.
    package var lastActive: Instant
    /// Accepted messages without an outcome.
    package private(set) var pending = 0
    /// When it is closed at the earliest, because the proxy stops or its endpoint goes.
    package var closeAfter = Instant.distantFuture
    package var closeReason = Leaving.draining
    /// An old client whose route is gone: nothing more is accepted, for whatever reason it leaves.
    package var isStranded = false
    /// When a heartbeat is sent to it; `.distantFuture` for never.
    package var nextHeartbeat = Instant.distantFuture
    /// Whether the client is not read, because its upstream does not take what it sends.
    package private(set) var readingStopped = false
    /// Where its credential stands; nil where that has no end, and nobody shows a newer one.
    private var timed: TimedCredential?
    package var armed = Instant.distantFuture
    /// Days on which its use was counted.
    package var usedDays: [UsageDay] = []

    package init(
        session: SessionID, handshake: Handshake, endpoint: Endpoint? = nil, app: ClientApp, limits: Limits,
        now: Instant
    ) {
        self.session = session
        self.handshake = handshake
        door = endpoint.map { .legacy($0, seat: .none) } ?? .unified
        self.app = app
        isRaw = endpoint?.mode == .raw
        pace = Self.pace(limits)
        keepalive = Keepalive(now: now)
        lastActive = now
    }

    /// Where its credential stands.
    var credential: CredentialTime {
        get { if case .since(let time)? = timed { time } else { CredentialTime() } }
        set { timed = .since(newValue) }
    }

    static func pace(_ limits: Limits) -> Pace {
        Pace([Rate(count: limits.messagesPerSecond, per: .seconds(1))], burst: 2)
    }

    /// The legacy endpoint that it came in by; nil on the unified one.
    @inline(__always)
    package var endpoint: Endpoint? { if case .legacy(let endpoint, _) = door { endpoint } else { nil } }

    /// Its session, and the legacy endpoint that it came in by.
    @inline(__always)
    mutating func origin() -> (session: SessionID, endpoint: Endpoint?) { (session, endpoint) }

    /// Whether it came in by the unified endpoint.
    @inline(__always)
    package var isUnified: Bool { if case .unified = door { true } else { false } }

    /// The one seat of a client of a legacy endpoint; `.none` for others.
    @inline(__always)
    package var ownSeat: SeatID { if case .legacy(_, let seat) = door { seat } else { .none } }

    /// Takes a seat of a route, from now on.
    mutating func take(_ seat: SeatID, of route: Int) {
        seats.append(SeatPlace(routeIndex: route, seat: seat))
        if case .legacy(let endpoint, _) = door { door = .legacy(endpoint, seat: seat) }
    }

    /// Another table is in force: its endpoint is this one there.
    mutating func move(to endpoint: Endpoint) { door = .legacy(endpoint, seat: ownSeat) }

    /// A data message of it came.
    @inline(__always)
    mutating func noteActivity(_ now: Instant) {
        keepalive.heard(now)
    }

    /// What a message that came is to be done with.
    enum Arrival: Sendable {
        case routed
        /// It came in by a legacy endpoint.
        case legacy
        /// There were too many of late.
        case refused
    }

    /// A data message of it came.
    mutating func messageCame(_ now: Instant) -> Arrival {
        noteActivity(now)
        guard isUnified else { return .legacy }
        return pace.take(now: now) ? .routed : .refused
    }

    /// A message of it was accepted, or is its own from now on.
    mutating func accepted() { pending += 1 }

    /// An accepted message has its outcome.
    ///
    /// - Returns: whether its time to leave has come.
    mutating func concluded(_ now: Instant) -> Bool {
        pending -= 1
        lastActive = now
        return closeAfter <= now && pending <= 0
    }

    /// Stops reading the client, or goes on.
    ///
    /// - Returns: whether that is news.
    mutating func setReading(stopped: Bool) -> Bool {
        guard readingStopped != stopped else { return false }
        readingStopped = stopped
        return true
    }

    /// - Parameter isPassed: its messages are passed through: whether it is idle too long its backend says.
    package func nextDeadline(_ limits: Limits, isPassed: Bool) -> Instant {
        if isArriving { return .distantFuture }
        let credential = timed == nil ? .distantFuture : credential.next
        if isRaw { return min(closeAfter, credential) }
        let ping = limits.clientPing.map { keepalive.deadline($0) } ?? .distantFuture
        let idle = isPassed ? .distantFuture : lastActive + limits.idleTimeout
        return min(min(ping, idle), min(min(closeAfter, nextHeartbeat), credential))
    }

    /// The seat of a route. Clients use few routes, and mostly the same one again.
    @inline(__always)
    package func seat(of routeIndex: Int) -> SeatID {
        for index in 0..<seats.count where seats[index].routeIndex == routeIndex { return seats[index].seat }
        return .none
    }
}
