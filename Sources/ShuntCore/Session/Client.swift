/// The connection of a pool whose greetings a socket was given; those of a later one are dropped.
package struct Greeting: Sendable {
    package let pool: PoolID
    package let connection: ConnectionID
}

/// Why a client's socket is closed when its exchanges are over.
package enum Leaving: UInt8, Sendable { case draining, endpointClosed, routeRemoved, brownout }

/// A client socket, of the unified endpoint or of a legacy one.
package struct Client: Sendable {
    package let session: SessionID
    package let handshake: Handshake
    /// nil on the unified endpoint.
    package var endpoint: Endpoint?
    /// Its handshake is not answered yet: that waits for the legacy backend's own answer.
    package var isArriving = false
    /// Its bytes are piped: the core sees no message, and sends nothing of its own.
    package var isRaw = false
    package let app: ClientApp
    package var seats: [SeatPlace] = []
    /// One for each pool that greeted it.
    package var greetings: [Greeting] = []
    package var pace: Pace
    /// More is unread than it may be: in `client` mode its upstreams are not read, elsewhere the next message ends it.
    package var congested = false
    package var lastHeard: Instant
    package var lastActive: Instant
    package var pingedAt: Instant?
    /// Accepted messages without an outcome.
    package var open = 0
    /// When it is closed at the earliest, because the proxy stops or its endpoint goes.
    package var leaves = Instant.distantFuture
    package var leaving = Leaving.draining
    /// An old client whose route is gone: nothing more is accepted, for whatever reason it leaves.
    package var isStranded = false
    /// When a heartbeat is sent to it; `.distantFuture` for never.
    package var beats = Instant.distantFuture
    /// It is not read, because its upstream does not take what it sends.
    package var readingStopped = false
    package var armed = Instant.distantFuture
    /// Days on which its use was counted.
    package var usedDays: [UsageDay] = []

    package init(
        session: SessionID, handshake: Handshake, endpoint: Endpoint? = nil, app: ClientApp, limits: Limits,
        now: Instant
    ) {
        self.session = session
        self.handshake = handshake
        self.endpoint = endpoint
        self.app = app
        isRaw = endpoint?.mode == .raw
        pace = Pace([Rate(count: limits.messagesPerSecond, per: .seconds(1))], burst: 2)
        lastHeard = now
        lastActive = now
    }

    /// Clients are pinged as upstreams are by default.
    package static let keepaliveEvery = TimeSpan.seconds(20)
    package static let keepaliveTimeout = TimeSpan.seconds(20)

    /// A data message of it came.
    @inline(__always)
    mutating func spoke(_ now: Instant) {
        lastHeard = now
        lastActive = now
        pingedAt = nil
    }

    package func nextDeadline(idleTimeout: TimeSpan) -> Instant {
        if isArriving { return .distantFuture }
        if isRaw { return leaves }
        // Nothing comes from a socket that is not read, pongs neither.
        var keepalive = pingedAt.map { $0 + Self.keepaliveTimeout } ?? (lastHeard + Self.keepaliveEvery)
        if readingStopped { keepalive = .distantFuture }
        let idle = endpoint == nil ? lastActive + idleTimeout : .distantFuture
        return min(min(keepalive, idle), min(leaves, beats))
    }

    /// The seat of a route. Clients use few routes, and mostly the same one again.
    @inline(__always)
    package func seat(of routeIndex: Int) -> SeatID {
        for index in 0..<seats.count where seats[index].routeIndex == routeIndex { return seats[index].seat }
        return .none
    }
}
