/// Rates that are all kept at once, as credit that refills evenly: `9/s, 90/1m`. A value type; it is told the time.
package struct Pace: Sendable, Equatable {
    /// The credit of one rate, in units of `per` nanoseconds a message, so that no division rounds.
    private struct Bucket: Sendable, Equatable {
        let count: Int64
        let per: Int64
        let burst: Int64
        var credit: Int64

        @inline(__always)
        mutating func refill(_ elapsed: Int64) {
            let gained = TimeSpan(nanoseconds: elapsed).times(count)
            let filled = TimeSpan(nanoseconds: credit) + gained
            credit = min(burst, filled.nanoseconds)
        }
    }

    /// The first rate's, and those of the others: mostly there is one.
    private var first: Bucket?
    private var others: [Bucket]
    private var updated: Instant?

    /// - Parameter burst: how many times a rate's own count may come at once.
    package init(_ rates: [Rate], burst: Int = 1) {
        let buckets = rates.filter { $0.count > 0 && $0.per.nanoseconds > 0 }.map { rate in
            let capacity = TimeSpan(nanoseconds: rate.per.nanoseconds).times(Int64(rate.count)).times(Int64(burst))
            return Bucket(
                count: Int64(rate.count), per: rate.per.nanoseconds, burst: capacity.nanoseconds,
                credit: capacity.nanoseconds)
        }
        first = buckets.first
        others = Array(buckets.dropFirst())
    }

    /// How long a message must wait if `ahead` others go first; zero when it may go now.
    package mutating func wait(ahead: Int = 0, now: Instant) -> TimeSpan {
        refill(now)
        var longest: Int64 = 0
        for bucket in (first.map { [$0] } ?? []) + others {
            let needed = TimeSpan(nanoseconds: bucket.per).times(Int64(ahead) + 1).nanoseconds
            let missing = needed - bucket.credit
            if missing > 0 { longest = max(longest, missing / bucket.count + (missing % bucket.count == 0 ? 0 : 1)) }
        }
        return TimeSpan(nanoseconds: longest)
    }

    /// Lets nothing through any more.
    package mutating func stop() {
        first = Bucket(count: 1, per: .max, burst: 0, credit: 0)
        others = []
    }

    /// Takes the credit of one message, if it is there.
    package mutating func take(now: Instant) -> Bool {
        refill(now)
        guard let credit = first?.credit, let per = first?.per else { return true }
        if credit < per { return false }
        if !others.isEmpty, !takeOthers() { return false }
        first?.credit = credit - per
        return true
    }

    private mutating func takeOthers() -> Bool {
        for bucket in others where bucket.credit < bucket.per { return false }
        for index in others.indices { others[index].credit -= others[index].per }
        return true
    }

    @inline(__always)
    private mutating func refill(_ now: Instant) {
        let elapsed = updated.map { max(0, (now - $0).nanoseconds) } ?? 0
        if updated == nil || elapsed > 0 { updated = now }
        if elapsed == 0 { return }
        first?.refill(elapsed)
        if !others.isEmpty {
            for index in others.indices { others[index].refill(elapsed) }
        }
    }
}
