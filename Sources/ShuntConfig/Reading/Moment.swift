import ShuntCore

/// Points of time as people write them: `2026-12-01`, `2027-02-01T10:00Z`, `2027-02-01T10:00:30+01:00`.
enum Moment {
    /// - Returns: nil for anything else, a day that no calendar has included. A date alone is its first moment in UTC.
    static func parse(_ text: String) -> UnixTime? {
        let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        guard let date = parts.first, date.utf8.count == 10 else { return nil }
        guard parts.count == 2 else { return UnixTime(text: "\(date)T00:00:00Z") }
        guard let (clock, offset) = zone(parts[1]) else { return nil }
        let whole = clock.utf8.count == 5 ? "\(clock):00" : String(clock)
        guard whole.utf8.count == 8, let local = UnixTime(text: "\(date)T\(whole)Z") else { return nil }
        return UnixTime(milliseconds: local.milliseconds - offset * 60_000)
    }

    /// The time of day, and how many minutes its zone is ahead of UTC; nil without a zone.
    private static func zone(_ text: Substring) -> (clock: Substring, minutes: Int64)? {
        if text.hasSuffix("Z") { return (text.dropLast(), 0) }
        guard let mark = text.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return nil }
        let parts = text[mark...].dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hours = Digits.number(parts[0]),
            let minutes = Digits.number(parts[1]), hours < 24, minutes < 60
        else { return nil }
        return (text[..<mark], (hours * 60 + minutes) * (text[mark] == "-" ? -1 : 1))
    }
}

extension ValueKind where Value == UnixTime {
    static var moment: ValueKind {
        ValueKind(allowed: "a date such as 2026-12-01, or a time with its zone such as 2027-02-01T10:00Z") { scalar in
            if let time = Moment.parse(scalar.text) { return .value(time) }
            let spaced = scalar.text.replacing(" ", with: "T", maxReplacements: 1)
            if Moment.parse(spaced) != nil { return .wrong(meant: spaced) }
            if Moment.parse(spaced + "Z") != nil {
                return .wrong(meant: spaced + "Z", advice: "a time needs its zone")
            }
            return .wrong()
        }
    }
}
