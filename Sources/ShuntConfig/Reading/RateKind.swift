import ShuntCore

extension ValueKind where Value == Rate {
    /// `9/s`, `90/1m`, `10/500ms`.
    static var rate: ValueKind {
        ValueKind(allowed: "a rate such as 9/s or 90/1m, at most 1000000 in at most 1d") { scalar in
            let parts = scalar.text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2 else { return .wrong(meant: Digits.number(scalar.text).map { "\($0)/s" }) }
            guard let count = Digits.number(parts[0]), (1...1_000_000).contains(count) else { return .wrong() }
            let unit = String(parts[1])
            // `9/s` is short for `9/1s`.
            let span = unit.first?.isNumber ?? true ? unit : "1" + unit
            switch Duration.parse(span) {
            case .value(let per) where per > .zero && per <= .hours(24):
                return .value(Rate(count: Int(count), per: per))
            case .wrong(let meant?, _): return .wrong(meant: "\(count)/\(meant)")
            default: return .wrong()
            }
        }
    }
}
