/// Rates that hold in every window of time, wherever it begins: with `9/s` no ten messages go within any second. It is
/// for upstreams that count in this way and punish who exceeds. It remembers when the last messages went, as many as a
/// rate allows. A value type; it is told the time.
package struct WindowPace: Sendable, Equatable {
    /// The times of the last `count` messages. While it is not full the oldest is the first, then it is a ring.
    private struct Window: Sendable, Equatable {
        let count: Int
        let per: TimeSpan
        var times: [Instant] = []
        var oldest = 0

        /// The earliest time for the message after `ahead` others.
        func earliest(ahead: Int, now: Instant) -> Instant {
            let place = ahead % count - (count - times.count)
            let first = place < 0 ? now : max(now, times[(oldest + place) % count] + per)
            return first + per.times(Int64(ahead / count))
        }

        /// Oldest first.
        var inOrder: [Instant] { Array(times[oldest...] + times[..<oldest]) }

        mutating func record(_ now: Instant) {
            if times.count < count { return times.append(now) }
            times[oldest] = now
            oldest = (oldest + 1) % count
        }
    }

    private var windows: [Window]

    package init(_ rates: [Rate]) {
        windows = rates.filter { $0.count > 0 && $0.per > .zero }.map { Window(count: $0.count, per: $0.per) }
    }

    /// How long a message must wait if `ahead` others go first; zero when it may go now.
    package func wait(ahead: Int = 0, now: Instant) -> TimeSpan {
        windows.reduce(.zero) { max($0, $1.earliest(ahead: max(0, ahead), now: now) - now) }
    }

    /// The same messages, counted by other rates.
    package func counting(by rates: [Rate]) -> WindowPace {
        let known = windows.map(\.inOrder).max { $0.count < $1.count } ?? []
        var changed = WindowPace(rates)
        for index in changed.windows.indices {
            changed.windows[index].times = Array(known.suffix(changed.windows[index].count))
        }
        return changed
    }

    /// Counts a message that goes now, if it may.
    package mutating func take(now: Instant) -> Bool {
        if wait(now: now) > .zero { return false }
        for index in windows.indices { windows[index].record(now) }
        return true
    }
}
