/// Counts of use: additive but for the ends.
package struct UsageCounts: Sendable, Hashable {
    /// Client sockets that said something. On the unified endpoint a socket counts for the route that it used first on a
    /// day, so that sums count it once.
    package var sockets = 0
    /// Messages of clients: those that were absorbed, or that name no route, are none.
    package var messages = 0
    /// Messages to clients, without errors of the proxy's own.
    package var replies = 0
    /// Payloads of `messages` and `replies`, in bytes.
    package var bytesIn = 0
    package var bytesOut = 0
    /// Messages that the proxy answered with an error.
    package var errors = 0
    /// Sessions that said something.
    package var sessions = DistinctSketch()
    /// The times of the first and the last of `messages`; nil where there was none.
    package var firstSeen: UnixTime?
    package var lastSeen: UnixTime?

    package init() {}

    package var isUsed: Bool { messages > 0 }

    package mutating func add(_ other: UsageCounts) {
        sockets &+= other.sockets
        messages &+= other.messages
        replies &+= other.replies
        bytesIn &+= other.bytesIn
        bytesOut &+= other.bytesOut
        errors &+= other.errors
        sessions.formUnion(other.sessions)
        if let first = other.firstSeen { firstSeen = min(firstSeen ?? first, first) }
        if let last = other.lastSeen { lastSeen = max(lastSeen ?? last, last) }
    }
}

/// A row of the ledger.
package struct UsageRow: Sendable, Hashable {
    package struct ID: Sendable, Hashable {
        package var day: UsageDay
        package var key: UsageKey
        package init(day: UsageDay, key: UsageKey) {
            self.day = day
            self.key = key
        }
    }

    package var id: ID
    package var counts: UsageCounts

    package var day: UsageDay { id.day }
    package var key: UsageKey { id.key }

    package init(day: UsageDay, key: UsageKey, counts: UsageCounts) {
        id = ID(day: day, key: key)
        self.counts = counts
    }
}

/// Counts of a worker since it was asked last.
package struct UsageBatch: Sendable, Equatable {
    package var rows: [UsageRow] = []
    package init() {}
}
