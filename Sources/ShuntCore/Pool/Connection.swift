/// An upstream connection, from its dial to its end.
///
/// dialling → ready → retired → gone; any → gone. Retired: no new messages, the outstanding ones may finish.
package struct Connection: Sendable {
    package enum State: UInt8, Sendable { case dialling, ready, retired }

    package let pool: PoolID
    package let upstream: Upstream
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
    package var lastHeard: Instant
    /// Set while a control ping is unanswered.
    package var pingedAt: Instant?
    package var idleSince: Instant
    /// The end of its lifetime, jittered.
    package var expires = Instant.distantFuture
    package var armed = Instant.distantFuture

    package init(pool: PoolID, upstream: Upstream, cause: ClientID, now: Instant) {
        self.pool = pool
        self.upstream = upstream
        self.cause = cause
        lastHeard = now
        idleSince = now
    }

    /// The earliest of its own deadlines, but for those of its exchanges.
    package var nextDeadline: Instant {
        guard state != .dialling else { return .distantFuture }
        let settings = upstream.settings
        var earliest = Instant.distantFuture
        if !readingStopped {
            earliest = pingedAt.map { $0 + settings.keepaliveTimeout } ?? (lastHeard + settings.keepaliveEvery)
        }
        if outstanding.isEmpty { earliest = min(earliest, idleSince + settings.idleTimeout) }
        if state == .ready { earliest = min(earliest, expires) }
        return earliest
    }
}
