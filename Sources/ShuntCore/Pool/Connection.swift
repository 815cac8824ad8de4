/// An upstream connection, from its dial to its end.
///
/// dialling → (opening →) ready → retired → gone; any → gone. Opening: first words are said, clients' messages wait.
/// Retired: no new messages, the outstanding ones may finish.
package struct Connection: Sendable {
    package enum State: UInt8, Sendable { case dialling, opening, ready, retired }

    package let pool: PoolID
    package var upstream: Upstream
    /// The upstream's index in the table in force; -1 when that has it no more.
    package var upstreamIndex: Int
    /// Messages go through as they are.
    package let isThrough: Bool
    /// Bytes go through as they are: neither messages nor pings are seen.
    package let isRaw: Bool
    /// Passed through after a change of side: what the backend says first was said before.
    package let isRedial: Bool
    /// No message waited when it was dialled: somebody only listens.
    package let isForListener: Bool
    /// When the last message was passed through.
    package var lastPassed: Instant
    /// When the oldest of the messages that were passed through was, as long as no reply came to any.
    package var askedAt: Instant?
    /// The socket that caused the dial, by a message or because it listens.
    package let cause: ClientID
    /// What it was dialled with; nil for a client without a token.
    package var credential: Credential?
    package var state = State.dialling
    /// In state `opening`.
    package var opening: Opening?
    /// Sent and not ended, oldest first; abandoned ones keep their place.
    package var outstanding = ExchangeList()
    /// How many of them still await an outcome.
    package var live = 0
    package var congested = false
    package var readingStopped = false
    /// A reply came on it: it is past its greetings, and its loss is no failed dial.
    package var replied = false
    /// A message of any kind came on it: from here on the backend may have read what is written.
    package var hasSpoken = false
    package var keepalive: Keepalive
    /// A reply on it carried the correlation member.
    package var carriesField = false
    package var idleSince: Instant
    /// The end of its lifetime, jittered.
    package var expires = Instant.distantFuture
    package var armed = Instant.distantFuture

    package init(
        pool: PoolID, upstream: Upstream, cause: ClientID, isThrough: Bool = false, isRaw: Bool = false,
        isRedial: Bool = false, isForListener: Bool = false, now: Instant
    ) {
        self.pool = pool
        self.upstream = upstream
        upstreamIndex = upstream.index
        self.isThrough = isThrough
        self.isRaw = isRaw
        self.isRedial = isRedial
        self.isForListener = isForListener
        lastPassed = now
        self.cause = cause
        keepalive = Keepalive(now: now)
        idleSince = now
    }

    /// A message of the backend came. Returns nothing where none can have come yet.
    ///
    /// - Parameter isEarly: set where it is the first one on this connection, or one of the first words.
    mutating func spoke(_ now: Instant, isEarly: inout Bool) -> Upstream? {
        guard state != .dialling else { return nil }
        if !hasSpoken || state == .opening {
            hasSpoken = true
            isEarly = true
        }
        keepalive.heard(now)
        return upstream
    }

    /// Whether it takes a message now.
    @inline(__always)
    mutating func takes(inFlight: Int) -> Bool { state == .ready && !congested && live < inFlight }

    /// An exchange was written to it.
    ///
    /// - Returns: whether its timer stands later than that exchange's deadline.
    mutating func sent(
        _ id: ExchangeID, in exchanges: inout SlotTable<Exchange, ExchangeTag>, deadline: Instant
    ) -> Bool {
        outstanding.append(id, in: &exchanges)
        live += 1
        return armed > deadline
    }

    /// A message was passed through that a reply is expected to.
    ///
    /// - Returns: whether its timer stands later than that message's deadline.
    mutating func passed(at now: Instant) -> Bool {
        if live == 0 { askedAt = now }
        live += 1
        lastPassed = now
        return armed > now + upstream.exchangeTimeout
    }

    /// An exchange that was written to it is over, or goes back to where it waited.
    ///
    /// - Parameter isAwaited: somebody still waited for its outcome.
    /// - Returns: whether nothing is outstanding any more.
    mutating func ended(
        _ id: ExchangeID, isAwaited: Bool, in exchanges: inout SlotTable<Exchange, ExchangeTag>
    ) -> Bool {
        outstanding.remove(id, in: &exchanges)
        if isAwaited { live -= 1 }
        return outstanding.isEmpty
    }

    /// Nobody waits for anything of it, and what it says is read: that it answers no ping ends it at no cost.
    var isReplaceable: Bool { live == 0 && !isThrough && !readingStopped }

    /// The earliest of its own deadlines, but for those of its exchanges.
    package var nextDeadline: Instant {
        guard state != .dialling, !isRaw else { return .distantFuture }
        if state == .opening, let opening { return opening.deadline }
        let settings = upstream.settings
        var earliest = keepalive.deadline(settings.keepalive)
        if isThrough { return live > 0 ? min(earliest, lastPassed + settings.exchangeTimeout) : earliest }
        if outstanding.isEmpty { earliest = min(earliest, idleSince + settings.idleTimeout) }
        if state == .ready { earliest = min(earliest, expires) }
        return earliest
    }
}
