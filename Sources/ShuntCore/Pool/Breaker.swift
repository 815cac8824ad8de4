/// Stops a worker from dialling an upstream that is down, and finds out when it is back.
///
/// closed → open after `failures` failures in a row; open → probing when its time is over; probing → closed by a
/// success, → open by a failure. Only what is the upstream's fault counts: failed connects, handshake 5xx, pings that
/// several idle connections do not answer.
package struct Breaker: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        case closed(failures: Int)
        case open(until: Instant)
        /// One dial is under way to find out.
        case probing(since: Instant)
    }

    package private(set) var state = State.closed(failures: 0)
    /// What tells whether unanswered pings count.
    package var idlePings = IdlePings()
    package init() {}

    package enum Permission: Sendable, Equatable {
        case dial
        case wait(until: Instant)
    }

    package var isOpen: Bool { if case .closed = state { false } else { true } }

    /// Whether a dial would have to wait now. While it would not, somebody has to try.
    package func refuses(now: Instant) -> Bool {
        switch state {
        case .closed: false
        case .open(let until): now < until
        case .probing: true
        }
    }

    /// Whether a dial may start now; an expired open breaker lets one through. A probe that was never answered (its
    /// pool ended) is given up after `patience`.
    package mutating func permission(now: Instant, patience: TimeSpan) -> Permission {
        switch state {
        case .closed: return .dial
        case .open(let until):
            if now < until { return .wait(until: until) }
            state = .probing(since: now)
            return .dial
        case .probing(let since):
            let until = since + patience
            if now < until { return .wait(until: until) }
            state = .probing(since: now)
            return .dial
        }
    }

    /// Returns whether it opened by this failure.
    package mutating func failed(now: Instant, limit: Int, pause: TimeSpan) -> Bool {
        switch state {
        case .closed(let failures):
            if failures + 1 < limit {
                state = .closed(failures: failures + 1)
                return false
            }
            state = .open(until: now + pause)
            return true
        case .probing, .open:
            state = .open(until: now + pause)
            return false
        }
    }

    /// Returns whether it closed by this success.
    package mutating func succeeded() -> Bool {
        let opened = isOpen
        state = .closed(failures: 0)
        return opened
    }
}
