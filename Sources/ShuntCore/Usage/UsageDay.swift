/// A day of the ledger: a whole day in UTC, counted from 1970-01-01.
package struct UsageDay: Sendable, Hashable, Comparable {
    package var number: Int32

    package init(number: Int32) { self.number = number }

    /// The day that a point of time lies in. Times out of all reason come to the first or last day there is.
    package init(_ time: UnixTime) {
        let (whole, rest) = time.milliseconds.quotientAndRemainder(dividingBy: Self.length)
        number = Int32(clamping: rest < 0 ? whole - 1 : whole)
    }

    /// Milliseconds of a day.
    package static let length: Int64 = 86_400_000

    /// Days before today that the ledger keeps one by one; months that ended earlier are summed up.
    package static let keptSingly = 90

    package var start: UnixTime { UnixTime(milliseconds: Int64(number) * Self.length) }

    /// The day so many days later, or, for a negative count, earlier.
    package func adding(_ days: Int) -> UsageDay { UsageDay(number: Int32(clamping: Int(number) + days)) }

    /// Days from `other` to this one; negative when this one is earlier.
    package func days(since other: UsageDay) -> Int { Int(number) - Int(other.number) }

    /// The first day of the month that this day lies in.
    package var firstOfMonth: UsageDay { UsageDay(number: Int32(clamping: start.firstDayOfMonth)) }

    package static func < (left: UsageDay, right: UsageDay) -> Bool { left.number < right.number }
}
