import ShuntCore

/// Masking keys for frames towards upstreams (RFC 6455 §5.3), and other random numbers of a worker.
///
/// A key must not be guessed by whoever chooses the payload, so that no payload can be made to look like something else
/// on the wire. xoshiro256** from a seed of the system's generator, at no system call per message; its state leaves the
/// process only masked with payload that the attacker chose, 32 bits at a time, so it is seeded anew every 2^16 keys.
struct MaskingKeys {
    private var state: (UInt64, UInt64, UInt64, UInt64)
    private var left: Int
    private let reseeds: Bool

    /// Seeded by the system.
    init() {
        state = Self.systemSeed()
        left = Self.period
        reseeds = true
    }

    /// Seeded by hand, for runs that must repeat.
    init(seed: UInt64) {
        var source = RandomSource(seed: seed)
        state = (source.next(), source.next(), source.next(), source.next())
        left = Self.period
        reseeds = false
    }

    private static let period = 1 << 16

    private static func systemSeed() -> (UInt64, UInt64, UInt64, UInt64) {
        var system = SystemRandomNumberGenerator()
        return (system.next(), system.next(), system.next(), system.next() | 1)
    }

    @inline(__always)
    mutating func next() -> UInt32 {
        left -= 1
        if left <= 0 {
            left = Self.period
            if reseeds { state = Self.systemSeed() }
        }
        return UInt32(truncatingIfNeeded: word() >> 32)
    }

    @inline(__always)
    mutating func word() -> UInt64 {
        let scrambled = rotated(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotated(state.3, by: 45)
        return scrambled
    }

    @inline(__always)
    private func rotated(_ value: UInt64, by count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 &- count))
    }
}
