package import ShuntCore

/// How often each latency occurred, from a microsecond to an hour, three significant digits, in memory that does not grow:
/// the buckets of an HdrHistogram (G. Tene). Each power of two is cut into 1,024 equal parts.
package struct LatencyHistogram: Sendable {
    private static let partBits = 10
    private static let parts = 1 << partBits
    /// 2^32 microseconds are more than an hour.
    private static let powers = 32 - partBits

    private var counts = [Int](repeating: 0, count: (powers + 1) * parts)
    package private(set) var count = 0
    /// Microseconds.
    package private(set) var largest = 0
    package private(set) var smallest = Int.max
    private var sum = 0.0

    package init() {}

    /// Counts a latency; a negative one is none at all.
    package mutating func add(_ latency: TimeSpan) {
        let micros = Int(clamping: max(0, latency.nanoseconds) / 1_000)
        counts[Self.bucket(of: micros)] += 1
        count += 1
        largest = max(largest, micros)
        smallest = min(smallest, micros)
        sum += Double(micros)
    }

    /// Microseconds.
    package var mean: Double { count > 0 ? sum / Double(count) : 0 }

    /// The latency in microseconds that so many of a hundred did not exceed; 0 where nothing was counted.
    package func percentile(_ percent: Double) -> Int {
        guard count > 0 else { return 0 }
        // A hair less: 99.9 of a hundred of 1,000 is the 999th, whatever binary fractions say.
        let rank = min(count, max(1, Int((percent / 100 * Double(count) - 1e-6).rounded(.up))))
        var seen = 0
        for (bucket, held) in counts.enumerated() where held > 0 {
            seen += held
            if seen >= rank { return min(Self.top(of: bucket), largest) }
        }
        return largest
    }

    private static func bucket(of micros: Int) -> Int {
        let value = min(micros, 1 << 32 - 1)
        guard value >= parts else { return value }
        let power = Int.bitWidth - 1 - value.leadingZeroBitCount - partBits
        return (power + 1) * parts + (value >> power) - parts
    }

    /// The largest latency of a bucket.
    private static func top(of bucket: Int) -> Int {
        guard bucket >= parts else { return bucket }
        let power = bucket / parts - 1
        return ((bucket % parts + parts + 1) << power) - 1
    }
}
