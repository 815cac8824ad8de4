/// The time after which a silent peer is pinged, and the time that its pong may take.
package struct KeepaliveSettings: Sendable, Hashable {
    package var every: TimeSpan
    package var timeout: TimeSpan

    package init(every: TimeSpan = .seconds(20), timeout: TimeSpan = .seconds(20)) {
        self.every = every
        self.timeout = timeout
    }
}

/// Pings a silent peer where nothing was heard for `every`. A ping that is unanswered for `timeout` is
/// told once, and is no verdict by itself: the peer may compute, or not read. Then it is pinged again, so that bytes are
/// under way by which TCP can tell whether the peer's host is there.
///
/// listening → pinged → unanswered → pinged …; anything that is heard → listening.
package struct Keepalive: Sendable {
    package enum Step: Sendable, Equatable { case nothing, ping, unanswered }

    /// The time of the peer's last sign of life, pongs included.
    package private(set) var lastHeard: Instant
    /// The first ping of those that are unanswered.
    package private(set) var pingedAt: Instant?
    private var next: Instant
    private var rests = false

    package init(now: Instant) {
        lastHeard = now
        next = now
    }

    @inline(__always)
    package mutating func heard(_ now: Instant) {
        lastHeard = now
        pingedAt = nil
    }

    /// The time when `step` has something to say.
    package func deadline(_ settings: KeepaliveSettings) -> Instant {
        pingedAt == nil ? lastHeard + settings.every : next
    }

    package mutating func step(_ settings: KeepaliveSettings, now: Instant) -> Step {
        guard now >= deadline(settings) else { return .nothing }
        if pingedAt == nil {
            pingedAt = now
        } else if !rests {
            rests = true
            next = now + settings.every
            return .unanswered
        }
        rests = false
        next = now + settings.timeout
        return .ping
    }
}

/// The system's knowledge of a TCP connection's other end.
package struct TransportState: Sendable, Equatable {
    /// How long ago anything of the other host came, acknowledgements included.
    package let silence: TimeSpan
    /// Bytes or probes that were sent, and sent again, are not acknowledged.
    package let isUnacknowledged: Bool

    package init(silence: TimeSpan, isUnacknowledged: Bool) {
        self.silence = silence
        self.isUnacknowledged = isUnacknowledged
    }

    /// Whether the other host is gone: one that only does not read acknowledges.
    package func isGone(after timeout: TimeSpan) -> Bool { isUnacknowledged && silence >= timeout }
}

/// Whether idle connections of an upstream that answer no ping say something of the upstream. One alone does not: its
/// backend's other end may have lost it. Several do, where none is heard of meanwhile.
package struct IdlePings: Sendable, Equatable {
    /// The number of pings that must fail.
    package static let enough = 3

    private var heard = Instant(nanoseconds: .min)
    private var since = Instant(nanoseconds: .min)
    private var failures = 0

    package init() {}

    /// Something of the upstream was heard then, on any connection.
    package mutating func heard(at moment: Instant) {
        if moment > heard { heard = moment }
    }

    /// An idle connection answered no ping.
    ///
    /// - Parameter window: in which all of its idle connections must have been heard.
    /// - Returns: how many failures the upstream is charged with.
    package mutating func failed(now: Instant, window: TimeSpan) -> Int {
        if heard + window > now {
            failures = 0
            return 0
        }
        if failures == 0 || since + window < now {
            since = now
            failures = 0
        }
        failures += 1
        if failures < Self.enough { return 0 }
        return failures == Self.enough ? Self.enough : 1
    }
}
