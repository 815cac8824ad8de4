/// A share of something: `25%`, `0.5%`. In steps of a hundredth of a percent, so that it is a whole number of 10,000.
struct Share: Hashable {
    /// 0 to 10,000.
    var steps: Int
}

extension ValueKind where Value == Share {
    static var share: ValueKind {
        ValueKind(allowed: "a share from 0% to 100%, such as 25% or 0.5%") { scalar in
            guard scalar.text.hasSuffix("%") else {
                return .wrong(meant: Digits.number(scalar.text).map { $0 <= 100 ? "\($0)%" : nil } ?? nil)
            }
            let parts = scalar.text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
            guard let whole = parts.first.flatMap({ Digits.number($0) }), whole <= 100, parts.count <= 2 else {
                return .wrong()
            }
            var steps = Int(whole) * 100
            if parts.count == 2 {
                guard parts[1].count <= 2, let fraction = Digits.number(parts[1]) else {
                    return .wrong(advice: "at most two digits may follow the point")
                }
                steps += Int(fraction) * (parts[1].count == 1 ? 10 : 1)
            }
            return steps <= 10_000 ? .value(Share(steps: steps)) : .wrong()
        }
    }
}
