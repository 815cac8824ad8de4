/// A length of time in whole nanoseconds. Arithmetic saturates: a setting of centuries is long, never a trap.
package struct TimeSpan: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static let zero = TimeSpan(nanoseconds: 0)
    package static func nanoseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count) }
    package static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: 1_000_000).times(count) }
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: 1_000_000_000).times(count) }
    package static func minutes(_ count: Int64) -> TimeSpan { .seconds(60).times(count) }
    package static func hours(_ count: Int64) -> TimeSpan { .seconds(3600).times(count) }

    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    package func times(_ factor: Int64) -> TimeSpan {
        let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: factor)
        if !overflow { return TimeSpan(nanoseconds: product) }
        return TimeSpan(nanoseconds: (nanoseconds < 0) == (factor < 0) ? .max : .min)
    }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingSum(left.nanoseconds, right.nanoseconds))
    }
}

/// A point on the worker's monotonic clock, in nanoseconds since an arbitrary start. The core is told the time; it
/// never asks for it.
package struct Instant: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static let zero = Instant(nanoseconds: 0)
    package static let distantFuture = Instant(nanoseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (left: Instant, right: TimeSpan) -> Instant {
        Instant(nanoseconds: saturatingSum(left.nanoseconds, right.nanoseconds))
    }
    /// The time from `right` to `left`; negative when `left` is earlier.
    package static func - (left: Instant, right: Instant) -> TimeSpan {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        if !overflow { return TimeSpan(nanoseconds: difference) }
        return TimeSpan(nanoseconds: left < right ? .min : .max)
    }
}

@inline(__always)
private func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    if !overflow { return sum }
    return right < 0 ? .min : .max
}
