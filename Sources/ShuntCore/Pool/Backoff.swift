/// How long to wait before the next dial of one pool: full jitter over a bound that doubles with each failure in a row.
package struct Backoff: Sendable, Equatable {
    package private(set) var failures = 0
    /// No dial before this.
    package private(set) var until = Instant(nanoseconds: .min)

    package init() {}

    /// The first loss costs nothing: a connection that served well is replaced at once. From the second in a row on
    /// the bound is `base`·2ⁿ up to `cap`.
    package mutating func failed(
        now: Instant, base: TimeSpan = .milliseconds(250), cap: TimeSpan = .seconds(30), random: inout RandomSource
    ) {
        failures = min(failures + 1, 62)
        guard failures > 1 else { return }
        let bound = min(cap, base.times(1 << Int64(min(failures - 2, 32))))
        until = now + random.span(upTo: bound)
    }

    /// A reply came: the next loss starts anew.
    package mutating func succeeded() {
        failures = 0
        until = Instant(nanoseconds: .min)
    }
}
