package import ShuntCore

/// Throws from a seeded generator: the same seed gives the same numbers on every machine.
package struct Dice: RandomNumberGenerator, Sendable {
    private var source: RandomSource

    package init(seed: UInt64) { source = RandomSource(seed: seed) }

    package mutating func next() -> UInt64 { source.next() }

    /// A number in `0..<bound`; 0 when the bound is not positive.
    package mutating func below(_ bound: Int) -> Int {
        guard bound > 0 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `percent` of a hundred throws.
    package mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    /// True in `one` of `all` throws.
    package mutating func chance(_ one: Int, in all: Int) -> Bool { below(all) < one }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 56) }
    }

    /// One of the values; the list must not be empty.
    package mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    /// A length of time in milliseconds, both ends included.
    package mutating func span(_ milliseconds: ClosedRange<Int>) -> TimeSpan {
        .milliseconds(Int64(within(milliseconds)))
    }
}
