/// What a switchboard has counted since it began: each entry only grows.
package struct Tally: Sendable, Equatable {
    package var messages = 0
    package var absorbed = 0
    /// Messages that were passed through and not absorbed, because their type stands there twice.
    package var ambiguous = 0
    package var refused = 0
    package var forwarded = 0
    /// Messages of them that were passed through as they are.
    package var passed = 0
    /// Changes of side of a client socket's route.
    package var flips = 0
    /// Heartbeats that were sent to clients.
    package var heartbeats = 0
    package var delivered = 0
    package var errors = 0
    package var parked = 0
    package var parkedDelivered = 0
    /// Parked replies that nobody fetched in time, or that others displaced.
    package var parkedExpired = 0
    /// Outcomes of clients without a token that were gone.
    package var discarded = 0
    /// Late replies of exchanges whose client was told already.
    package var lateReplies = 0
    /// Replies with nothing outstanding, or for no known exchange.
    package var unaskedReplies = 0
    package var pushesForwarded = 0
    package var pushesAnswered = 0
    package var pushesDropped = 0
    package var dials = 0
    package var dialsFailed = 0
    package var retired = 0
    /// Handshakes that were refused in a brownout, and sockets that were closed at its beginning.
    package var brownoutRefused = 0
    package var brownoutClosed = 0
    /// Credentials that had their time while their socket was open, and newer ones that took their place.
    package var expired = 0
    package var refreshed = 0
    package init() {}

    package static func + (left: Tally, right: Tally) -> Tally {
        var sum = left
        sum.messages += right.messages
        sum.absorbed += right.absorbed
        sum.ambiguous += right.ambiguous
        sum.refused += right.refused
        sum.forwarded += right.forwarded
        sum.passed += right.passed
        sum.flips += right.flips
        sum.heartbeats += right.heartbeats
        sum.delivered += right.delivered
        sum.errors += right.errors
        sum.parked += right.parked
        sum.parkedDelivered += right.parkedDelivered
        sum.parkedExpired += right.parkedExpired
        sum.discarded += right.discarded
        sum.lateReplies += right.lateReplies
        sum.unaskedReplies += right.unaskedReplies
        sum.pushesForwarded += right.pushesForwarded
        sum.pushesAnswered += right.pushesAnswered
        sum.pushesDropped += right.pushesDropped
        sum.dials += right.dials
        sum.dialsFailed += right.dialsFailed
        sum.retired += right.retired
        sum.brownoutRefused += right.brownoutRefused
        sum.brownoutClosed += right.brownoutClosed
        sum.expired += right.expired
        sum.refreshed += right.refreshed
        return sum
    }
}

/// What is there now, for bounds and tests.
package struct Census: Sendable, Equatable {
    package var clients: Int
    package var sessions: Int
    package var pools: Int
    package var connections: Int
    package var exchanges: Int
    /// Bytes of messages that wait or may be sent again.
    package var heldBytes: Int
    package var parkedReplies: Int
    package var parkedBytes: Int

    package init(
        clients: Int, sessions: Int, pools: Int, connections: Int, exchanges: Int, heldBytes: Int, parkedReplies: Int,
        parkedBytes: Int
    ) {
        self.clients = clients
        self.sessions = sessions
        self.pools = pools
        self.connections = connections
        self.exchanges = exchanges
        self.heldBytes = heldBytes
        self.parkedReplies = parkedReplies
        self.parkedBytes = parkedBytes
    }

    /// Nothing.
    package static let empty = Census(
        clients: 0, sessions: 0, pools: 0, connections: 0, exchanges: 0, heldBytes: 0, parkedReplies: 0, parkedBytes: 0)

    package static func + (left: Census, right: Census) -> Census {
        Census(
            clients: left.clients + right.clients,
            sessions: left.sessions + right.sessions,
            pools: left.pools + right.pools,
            connections: left.connections + right.connections,
            exchanges: left.exchanges + right.exchanges,
            heldBytes: left.heldBytes + right.heldBytes,
            parkedReplies: left.parkedReplies + right.parkedReplies,
            parkedBytes: left.parkedBytes + right.parkedBytes)
    }
}
