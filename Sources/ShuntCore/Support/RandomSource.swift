/// A small seeded generator (SplitMix64: Steele, Lea, Flood, 2014) for jitter: the core has no randomness of its own,
/// so a seed replays a run.
package struct RandomSource: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A time from zero to `bound`, evenly spread ("full jitter"); zero for bounds that are not positive.
    package mutating func span(upTo bound: TimeSpan) -> TimeSpan {
        guard bound.nanoseconds > 0 else { return .zero }
        let scaled = next().multipliedFullWidth(by: UInt64(bound.nanoseconds)).high
        return TimeSpan(nanoseconds: Int64(clamping: scaled))
    }
}
