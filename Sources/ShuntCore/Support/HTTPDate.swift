extension UnixTime {
    /// HTTP's spelling (RFC 9110 §5.6.7, IMF-fixdate), to the second below: `Tue, 01 Dec 2026 00:00:00 GMT`.
    package var httpDate: String {
        let (days, rest) = Self.divided(milliseconds, by: Self.day)
        let (year, month, day) = Self.civil(days)
        // The first of January 1970 was a Thursday.
        let weekday = Self.divided(days + 4, by: 7).1
        let seconds = rest / 1000
        return Self.name(of: weekday, in: Self.weekdays) + ", " + Self.digits(day, 2) + " "
            + Self.name(of: month - 1, in: Self.months) + " " + Self.digits(year, 4) + " "
            + Self.digits(seconds / 3600, 2) + ":" + Self.digits(seconds / 60 % 60, 2) + ":"
            + Self.digits(seconds % 60, 2) + " GMT"
    }

    /// RFC 3339's spelling to the second: `2026-12-01T00:00:00Z`.
    package var shortText: String { text.split(separator: ".").first.map { $0 + "Z" } ?? text }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { Self.divided(milliseconds, by: 1000).0 }

    /// Whole days since 1970, rounded down.
    package var dayNumber: Int64 { Self.divided(milliseconds, by: Self.day).0 }

    package static func + (left: UnixTime, right: TimeSpan) -> UnixTime {
        let (sum, overflow) = left.milliseconds.addingReportingOverflow(right.milliseconds)
        return UnixTime(milliseconds: overflow ? (right < .zero ? .min : .max) : sum)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func name(of index: Int64, in names: [String]) -> String {
        let place = Int(clamping: index)
        return names.indices.contains(place) ? names[place] : ""
    }
}
