/// Where a client's credential stands: how long it is good, and what is due when.
struct CredentialTime: Sendable {
    /// What is due of it.
    enum Step: Sendable {
        case nothing
        /// The client is told that the end is near.
        case notice
        /// Nothing more is accepted.
        case expired
        /// Nothing more is waited for.
        case over
    }

    /// A newer credential that is being validated.
    var refreshing: Credential?
    private(set) var goodUntil = Instant.distantFuture
    private var noticeAt = Instant.distantFuture
    /// When the socket closes whatever is under way.
    private var endsAt = Instant.distantFuture
    private(set) var isExpired = false
    /// When the client was to leave for another reason, before its credential expired.
    private(set) var otherLeave = (at: Instant.distantFuture, reason: Leaving.draining)

    /// When it is to be looked at.
    var next: Instant { min(noticeAt, isExpired ? endsAt : goodUntil) }

    /// A credential counts from now on.
    ///
    /// - Parameter notice: how long before its end the client is told; nil never.
    mutating func begin(until end: Instant, notice: TimeSpan?, now: Instant) {
        (goodUntil, endsAt, isExpired) = (end, .distantFuture, false)
        guard let notice, end < .distantFuture else { return noticeAt = .distantFuture }
        // One that ends sooner is told of at once.
        noticeAt = max(now, end + TimeSpan(nanoseconds: -notice.nanoseconds))
    }

    mutating func step(now: Instant) -> Step {
        if isExpired { return now >= endsAt ? .over : .nothing }
        if now >= goodUntil, goodUntil < .distantFuture { return .expired }
        guard now >= noticeAt else { return .nothing }
        noticeAt = .distantFuture
        return .notice
    }

    /// - Parameter leaves: when the client was to leave so far, and why.
    mutating func expire(now: Instant, grace: TimeSpan, leaves: (at: Instant, reason: Leaving)) {
        isExpired = true
        noticeAt = .distantFuture
        endsAt = now + grace
        otherLeave = leaves
    }
}

/// The same in memory of its own, for the few sockets that have any.
indirect enum TimedCredential: Sendable { case since(CredentialTime) }
