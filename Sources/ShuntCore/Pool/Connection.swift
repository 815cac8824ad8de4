/// An upstream connection, from its dial to its end.
///
/// dialling → ready → retired → gone; any → gone. Retired: no new messages, the outstanding ones may finish.
package struct Connection: Sendable {
    package enum State: UInt8, Sendable { case dialling, ready, retired }

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
    /// When the last message was passed through.
    package var lastPassed: Instant
    /// When the oldest of the messages that were passed through was, as long as no reply came to any.
    package var askedAt: Instant?
    /// The socket whose message caused the dial.
    package let cause: ClientID
    package var state = State.dialling
    /// Sent and not ended, oldest first; abandoned ones keep their place.
    package var outstanding = ExchangeList()
    /// How many of them still await an outcome.
    package var live = 0
    package var congested = false
    package var readingStopped = false
    /// A reply came on it: it is past its greetings, and its loss is no failed dial.
    package var replied = false
    /// A reply on it carried the correlation member.
    package var carriesField = false
    package var lastHeard: Instant
    /// Set while a control ping is unanswered.
    package var pingedAt: Instant?
    package var idleSince: Instant
    /// The end of its lifetime, jittered.
    package var expires = Instant.distantFuture
    package var armed = Instant.distantFuture

    package init(
        pool: PoolID, upstream: Upstream, cause: ClientID, isThrough: Bool = false, isRaw: Bool = false,
        isRedial: Bool = false, now: Instant
    ) {
        self.pool = pool
        self.upstream = upstream
        upstreamIndex = upstream.index
        self.isThrough = isThrough
        self.isRaw = isRaw
        self.isRedial = isRedial
        lastPassed = now
        self.cause = cause
        lastHeard = now
        idleSince = now
    }

    /// A message of the backend came. Returns nothing where none can have come yet.
    mutating func spoke(_ now: Instant) -> Upstream? {
        guard state != .dialling else { return nil }
        lastHeard = now
        pingedAt = nil
        return upstream
    }

    /// The earliest of its own deadlines, but for those of its exchanges.
    package var nextDeadline: Instant {
        guard state != .dialling, !isRaw else { return .distantFuture }
        let settings = upstream.settings
        var earliest = Instant.distantFuture
        if isThrough, live > 0 { earliest = lastPassed + settings.exchangeTimeout }
        if !readingStopped {
            let keepalive = pingedAt.map { $0 + settings.keepaliveTimeout } ?? (lastHeard + settings.keepaliveEvery)
            earliest = min(earliest, keepalive)
        }
        if isThrough { return earliest }
        if outstanding.isEmpty { earliest = min(earliest, idleSince + settings.idleTimeout) }
        if state == .ready { earliest = min(earliest, expires) }
        return earliest
    }
}
