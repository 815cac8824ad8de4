/// What a switchboard has counted since it began: each entry only grows.
package struct Tally: Sendable, Equatable {
    package var messages = 0
    package var absorbed = 0
    package var refused = 0
    package var forwarded = 0
    /// Those of them that were passed through as they are.
    package var passed = 0
    /// Changes of side of a client socket's route.
    package var flips = 0
    /// Heartbeats that were sent to old clients.
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
    package init() {}
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
}
