/// SipHash-2-4 with a 64-bit result (Aumasson and Bernstein, 2012): a keyed hash that a peer who does not know the key
/// can neither predict nor flood with collisions. Not a digest: two inputs may share a value, so whatever is found by
/// it is compared in full.
package enum SipHash {
    /// - Parameter key: the 16 key bytes as two little-endian words, the first one first.
    package static func hash(_ bytes: Span<UInt8>, key: (UInt64, UInt64)) -> UInt64 {
        var state = SipState(key: key)
        var word: UInt64 = 0
        for index in 0..<bytes.count {
            let shift = UInt64(truncatingIfNeeded: index & 7) &* 8
            word |= UInt64(bytes[index]) &<< shift
            if index & 7 == 7 {
                state.absorb(word)
                word = 0
            }
        }
        state.absorb(word | UInt64(truncatingIfNeeded: bytes.count) &<< 56)
        return state.finish()
    }

    package static func hash(_ bytes: [UInt8], key: (UInt64, UInt64)) -> UInt64 {
        hash(bytes.span, key: key)
    }
}

/// The four words of SipHash's state.
private struct SipState {
    var v0, v1, v2, v3: UInt64

    init(key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736f_6d65_7073_6575
        v1 = key.1 ^ 0x646f_7261_6e64_6f6d
        v2 = key.0 ^ 0x6c79_6765_6e65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    mutating func finish() -> UInt64 {
        v2 ^= 0xff
        for _ in 0..<4 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
        v0 &+= v1
        v2 &+= v3
        v1 = rotated(v1, by: 13) ^ v0
        v3 = rotated(v3, by: 16) ^ v2
        v0 = rotated(v0, by: 32)
        v2 &+= v1
        v0 &+= v3
        v1 = rotated(v1, by: 17) ^ v2
        v3 = rotated(v3, by: 21) ^ v0
        v2 = rotated(v2, by: 32)
    }

    private func rotated(_ word: UInt64, by count: UInt64) -> UInt64 {
        word &<< count | word &>> (64 &- count)
    }
}
