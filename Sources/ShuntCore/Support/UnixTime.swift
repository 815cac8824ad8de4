/// A point of wall time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds. For people and disks; the core
/// measures with `Instant`.
package struct UnixTime: Sendable, Hashable, Comparable {
    package var milliseconds: Int64
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.milliseconds < right.milliseconds }
}
