/// One client socket's use of one route: found once, then reached without a lookup.
package struct Seat: Sendable {
    package let route: Route
    /// The route's index, so that finding a seat touches nothing else.
    package let routeIndex: Int
    package var pool: PoolID
    /// The conversation id that was made for this session and route, as a JSON value; empty until one was needed.
    package var madeConversation: [UInt8] = []
    /// The conversation id that the client sent last, as a JSON value: the next one is mostly the same.
    package var lastConversation: [UInt8] = []
}

/// The connection of a pool whose greetings a socket was given; those of a later one are dropped.
package struct Greeting: Sendable {
    package let pool: PoolID
    package let connection: ConnectionID
}

/// A client socket on the unified endpoint.
package struct Client: Sendable {
    package let session: SessionID
    package let handshake: Handshake
    package var seats: [Seat] = []
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
    /// When a drain closes it at the earliest.
    package var leaves = Instant.distantFuture
    package var armed = Instant.distantFuture

    package init(session: SessionID, handshake: Handshake, limits: Limits, now: Instant) {
        self.session = session
        self.handshake = handshake
        pace = Pace([Rate(count: limits.messagesPerSecond, per: .seconds(1))], burst: 2)
        lastHeard = now
        lastActive = now
    }

    /// Clients are pinged as upstreams are by default.
    package static let keepaliveEvery = TimeSpan.seconds(20)
    package static let keepaliveTimeout = TimeSpan.seconds(20)

    package func nextDeadline(idleTimeout: TimeSpan) -> Instant {
        let keepalive = pingedAt.map { $0 + Self.keepaliveTimeout } ?? (lastHeard + Self.keepaliveEvery)
        return min(min(keepalive, lastActive + idleTimeout), leaves)
    }

    /// Where the seat of a route is. Clients use few routes, and mostly the same one again.
    @inline(__always)
    package func seatIndex(of route: Route) -> Int? {
        let wanted = route.index
        for index in 0..<seats.count where seats[index].routeIndex == wanted { return index }
        return nil
    }
}
