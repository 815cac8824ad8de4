package import ShuntCore

/// `250ms`, `8s`, `30m`, `1h`, `14d`.
enum Duration {
    private static let units: [(name: String, span: TimeSpan)] = [
        ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .minutes(1)), ("h", .hours(1)), ("d", .hours(24)),
    ]

    /// Other ways to write the units, and what was meant.
    private static let aliases = [
        "msec": "ms", "millis": "ms", "milliseconds": "ms", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
        "S": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "M": "m", "hour": "h", "hours": "h",
        "hr": "h", "H": "h", "day": "d", "days": "d", "D": "d",
    ]

    static func parse(_ text: String) -> Parsed<TimeSpan> {
        let (digits, unit) = Digits.split(text)
        guard !digits.isEmpty else { return .wrong() }
        guard let count = Digits.number(digits) else { return .wrong(advice: "the number is too large") }
        if unit.isEmpty {
            return count == 0 ? .value(.zero) : .wrong(meant: "\(digits)s", advice: "a duration needs its unit")
        }
        guard let span = units.first(where: { $0.name == unit })?.span else {
            return .wrong(meant: aliases[String(unit)].map { digits + $0 })
        }
        let (product, overflow) = span.nanoseconds.multipliedReportingOverflow(by: count)
        return overflow ? .wrong(advice: "the number is too large") : .value(TimeSpan(nanoseconds: product))
    }

    /// The span in the largest unit that leaves no rest.
    static func text(_ span: TimeSpan) -> String {
        if span.nanoseconds == 0 { return "0s" }
        for unit in units.reversed() where span.nanoseconds % unit.span.nanoseconds == 0 {
            return "\(span.nanoseconds / unit.span.nanoseconds)\(unit.name)"
        }
        return "\(span.nanoseconds)ns"
    }
}

extension TimeSpan {
    /// The span that a setting's text says: `250ms`, `8s`, `30m`; nil for anything else.
    package init?(setting text: String) {
        guard case .value(let span) = Duration.parse(text) else { return nil }
        self = span
    }
}

extension ValueKind where Value == TimeSpan {
    static func duration(_ range: ClosedRange<TimeSpan>) -> ValueKind {
        let bounds = "from \(Duration.text(range.lowerBound)) to \(Duration.text(range.upperBound))"
        return ValueKind(allowed: "a duration such as 250ms, 8s, 30m or 1h, \(bounds)") { scalar in
            switch Duration.parse(scalar.text) {
            case .value(let span): range.contains(span) ? .value(span) : .wrong()
            case .wrong(let meant, let advice): .wrong(meant: meant, advice: advice)
            }
        }
    }
}
