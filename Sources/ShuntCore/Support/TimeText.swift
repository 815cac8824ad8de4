extension UnixTime {
    /// RFC 3339's spelling, in UTC, to the millisecond: `2026-11-22T18:05:00.250Z`.
    package var text: String {
        let (days, rest) = Self.divided(milliseconds, by: Self.day)
        let (year, month, day) = Self.civil(days)
        let seconds = rest / 1000
        return Self.digits(year, 4) + "-" + Self.digits(month, 2) + "-" + Self.digits(day, 2) + "T"
            + Self.digits(seconds / 3600, 2) + ":" + Self.digits(seconds / 60 % 60, 2) + ":"
            + Self.digits(seconds % 60, 2) + "." + Self.digits(rest % 1000, 3) + "Z"
    }

    /// Reads what `text` writes, with any number of digits behind the second, or none; nil for anything else.
    package init?(text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 32, bytes.last == UInt8(ascii: "Z") else { return nil }
        for (place, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] where bytes[place] != mark.utf8.first
        {
            return nil
        }
        guard let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), let hour = Self.number(bytes[11..<13]),
            let minute = Self.number(bytes[14..<16]), let second = Self.number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count > 21, Self.number(bytes[20..<bytes.count - 1]) != nil
            else { return nil }
            let digits = bytes[20..<bytes.count - 1].prefix(3).map { Int64($0 - 0x30) }
            fraction = (digits + [0, 0]).prefix(3).reduce(0) { $0 * 10 + $1 }
        }
        let time = hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction
        self.init(milliseconds: Self.days(year, month, day) * 86_400_000 + time)
        // The 31st of a month that has 30 days comes back as another day.
        guard self.text.utf8.prefix(19).elementsEqual(bytes.prefix(19)) else { return nil }
    }

    /// Milliseconds of a day.
    static let day: Int64 = 86_400_000

    /// The day alone: `2026-11-22`.
    fileprivate var dayText: String { String(text.prefix { $0 != "T" }) }

    /// Rounds down, so that the rest is never negative.
    static func divided(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
        let rest = (value % divisor + divisor) % divisor
        return (value / divisor - (value < 0 && rest != 0 ? 1 : 0), rest)
    }

    /// The date of a day since 1970 in the proleptic Gregorian calendar. Counted in eras of 400 years that begin in
    /// March, so that the day that comes and goes is the last of a year.
    static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = divided(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = divided(month <= 2 ? year - 1 : year, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The number of the first day of this time's month, counted from 1970-01-01.
    var firstDayOfMonth: Int64 {
        let (year, month, _) = Self.civil(Self.divided(milliseconds, by: Self.day).0)
        return Self.days(year, month, 1)
    }

    static func digits(_ value: Int64, _ width: Int) -> String {
        let text = String(value.magnitude)
        return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64? {
        guard !bytes.isEmpty, bytes.count <= 12, bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return bytes.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
}

extension UsageDay {
    /// RFC 3339's full-date: `2026-11-22`.
    package var text: String { start.dayText }

    /// Reads what `text` writes; nil for anything else.
    package init?(text: String) {
        guard text.utf8.count == 10, let time = UnixTime(text: text + "T00:00:00Z") else { return nil }
        self.init(time)
    }
}

/// Seconds with three decimals, rounded up and at least 0.001, as JSON.
package func decimalSeconds(_ span: TimeSpan) -> [UInt8] {
    let milliseconds = max(1, span.nanoseconds / 1_000_000 + (span.nanoseconds % 1_000_000 > 0 ? 1 : 0))
    let fraction = String(milliseconds % 1000)
    let padded = String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    return Array("\(milliseconds / 1000).\(padded)".utf8)
}
