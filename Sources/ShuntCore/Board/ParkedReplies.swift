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
