/// Where the use of an endpoint is heading: a least-squares line through its daily sessions.
package enum Trend: Sendable, Hashable {
    /// Fewer than `Trend.fewest` whole days were watched.
    case tooLittleData(days: Int)
    /// The line does not fall, or not by more than chance would have it (one-sided 2.5 %).
    case notDeclining
    /// Nobody used it on any of the days.
    case unused
    /// The day on which the line reaches zero, and the ends of its 95 % interval by Fieller's theorem (1954).
    case ends(UsageDay, earliest: UsageDay, latest: UsageDay)

    /// Whole days that a line needs.
    package static let fewest = 14
    /// Whole days that are looked at, the latest ones.
    package static let most = 30
    /// An end further away than this many days is none.
    private static let horizon = 3650.0

    /// - Parameter days: whole days that were watched, with what they count, in any order.
    package init(_ days: [(day: UsageDay, count: Int)], today: UsageDay) {
        let days = days.filter { $0.day < today }.sorted { $0.day < $1.day }.suffix(Self.most)
        guard days.count >= Self.fewest else {
            self = .tooLittleData(days: days.count)
            return
        }
        guard days.contains(where: { $0.count > 0 }) else {
            self = .unused
            return
        }
        let points = days.map { (x: Double($0.day.days(since: today)), y: Double($0.count)) }
        self = Line(points).trend(today: today)
    }

    /// y = meanY + slope (x - meanX), where x is in days from today.
    private struct Line {
        let count: Double
        let meanX: Double
        let meanY: Double
        let slope: Double
        /// Sum of squares of x about its mean.
        let spread: Double
        /// Variance of the points about the line.
        let variance: Double

        init(_ points: [(x: Double, y: Double)]) {
            let count = Double(points.count)
            let meanX = points.reduce(0) { $0 + $1.x } / count
            let meanY = points.reduce(0) { $0 + $1.y } / count
            let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
            let slope = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
            let rest = points.reduce(0) {
                let error = $1.y - meanY - slope * ($1.x - meanX)
                return $0 + error * error
            }
            (self.count, self.meanX, self.meanY, self.slope, self.spread) = (count, meanX, meanY, slope, spread)
            variance = rest / (count - 2)
        }

        func trend(today: UsageDay) -> Trend {
            let t = StudentT.quantile(freedom: Int(count) - 2)
            let scale = t * t * variance
            // The line's zero u, counted from meanX, is within its interval where (meanY + slope u)² is at most
            // scale (1/count + u²/spread): a parabola, which opens upwards when the slope differs from zero.
            let a = slope * slope - scale / spread
            guard slope < 0, a > 0 else { return .notDeclining }
            let b = slope * meanY
            let root = max(0, b * b - a * (meanY * meanY - scale / count)).squareRoot()
            let end = meanX - meanY / slope
            guard end <= Trend.horizon else { return .notDeclining }
            return .ends(
                day(end, today), earliest: day(meanX + (-b - root) / a, today),
                latest: day(meanX + (-b + root) / a, today))
        }

        /// The first whole day at or after a point; it is not over yet, or there would be no use today.
        private func day(_ x: Double, _ today: UsageDay) -> UsageDay {
            // What is whole but for rounding stays the day that it is.
            today.adding(Int((min(max(x, 0), Trend.horizon) - 1e-6).rounded(.up)))
        }
    }
}

/// Student's t distribution: the 97.5 % quantile by degrees of freedom.
enum StudentT {
    private static let from = 12
    private static let quantiles = [
        2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052,
        2.048,
    ]

    /// - Parameter freedom: 12 to 28; for more or fewer, that of the nearest.
    static func quantile(freedom: Int) -> Double {
        quantiles[min(max(freedom - from, 0), quantiles.count - 1)]
    }
}
