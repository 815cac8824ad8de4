/// One authenticated user session, or one client without a token.
package struct Session: Sendable {
    /// nil for a client without a token: such a session does not outlive its socket and parks nothing.
    package let key: SessionKey?
    /// The newest that a socket of the session came with: what dials show.
    package var credential: Credential?
    /// Stands for the session in conversation ids, reports and logs.
    package let shortName: [UInt8]
    package var clients: [ClientID] = []
    package var pools: [PoolID] = []
    /// Accepted messages without an outcome, of all its sockets, gone ones included.
    package var open = 0
    package var parked = ParkedReplies()
    package var pins = Pins()
    /// Since when it has no socket.
    package var alone: Instant?
    /// What each upstream is paced at, by the upstream's index; kept over redials.
    package var paces: [Int: WindowPace] = [:]
    package var armed = Instant.distantFuture

    package init(of identity: ClientIdentity?, shortName: [UInt8]) {
        key = identity?.key
        credential = identity?.credential
        self.shortName = shortName
    }

    /// A client without a token, who is a session alone.
    package var isAnonymous: Bool { key == nil }

    /// An accepted message has its outcome.
    ///
    /// - Returns: whether nobody is left who would wait for one.
    mutating func concluded() -> Bool {
        open -= 1
        return open == 0 && clients.isEmpty
    }
}

/// Replies whose socket was gone, in unified form, oldest first.
package struct ParkedReplies: Sendable {
    package struct Reply: Sendable {
        package let bytes: [UInt8]
        package let expires: Instant
        /// The path of the legacy endpoint whose next socket it is for; nil for the unified one.
        package let endpoint: String?
    }

    package private(set) var replies: [Reply] = []
    package private(set) var bytes = 0
    package init() {}

    package var isEmpty: Bool { replies.isEmpty }
    package var nextExpiry: Instant { replies.first?.expires ?? .distantFuture }

    /// What parking one reply cost.
    package enum Outcome: Sendable, Equatable {
        case parked
        /// The oldest had to go for it.
        case displaced(Int)
    }

    /// Keeps a reply within the bounds; one reply is always kept, however large.
    package mutating func park(
        _ reply: [UInt8], for endpoint: String? = nil, settings: SessionSettings, now: Instant
    ) -> Outcome {
        replies.append(Reply(bytes: reply, expires: now + settings.parkedFor, endpoint: endpoint))
        bytes += reply.count
        var displaced = 0
        while replies.count > 1, replies.count > settings.parkedCount || bytes > settings.parkedBytes {
            bytes -= replies.removeFirst().bytes.count
            displaced += 1
        }
        return displaced == 0 ? .parked : .displaced(displaced)
    }

    /// Takes what is for a socket of that endpoint.
    package mutating func take(for endpoint: String?) -> [Reply] {
        let taken = replies.filter { $0.endpoint == endpoint }
        replies.removeAll { $0.endpoint == endpoint }
        for reply in taken { bytes -= reply.bytes.count }
        return taken
    }

    /// Drops what is past its time; returns how many.
    package mutating func expire(now: Instant) -> Int {
        let gone = replies.prefix { $0.expires <= now }
        for reply in gone { bytes -= reply.bytes.count }
        replies.removeFirst(gone.count)
        return gone.count
    }
}
