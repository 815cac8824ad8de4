/// The place of a user among the 10,000 steps of a rollout: MurmurHash3 (x86, 32 bit, seed 0) of `salt`, a zero byte
/// and `user`, scaled by integer arithmetic. Stable over processes, versions and machines: golden vectors are in the tests,
/// so that other systems can work out who is served by which side.
package enum Bucket {
    /// - Parameters:
    ///   - salt: the route's name, so that a small share is not the same people on every route.
    ///   - user: the session key's.
    /// - Returns: 0…9,999. Who is below a rollout's steps is served by the unified upstream, so that a raised share
    ///   never moves anybody back.
    package static func of(salt: String, user: ByteString) -> Int {
        let hash = murmur3(Array(salt.utf8) + [0] + user.bytes)
        return Int((UInt64(hash) &* UInt64(Rollout.whole)) &>> 32)
    }

    /// MurmurHash3_x86_32 with seed 0, after its author's public description.
    package static func murmur3(_ bytes: [UInt8]) -> UInt32 {
        var hash: UInt32 = 0
        var index = 0
        while index &+ 4 <= bytes.count {
            hash ^= scramble(word(bytes, index, 4))
            hash = ((hash &<< 13) | (hash &>> 19)) &* 5 &+ 0xE654_6B64
            index &+= 4
        }
        if index < bytes.count { hash ^= scramble(word(bytes, index, bytes.count &- index)) }
        hash ^= UInt32(truncatingIfNeeded: bytes.count)
        hash = (hash ^ (hash &>> 16)) &* 0x85EB_CA6B
        hash = (hash ^ (hash &>> 13)) &* 0xC2B2_AE35
        return hash ^ (hash &>> 16)
    }

    private static func word(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt32 {
        (0..<count).reduce(0) { $0 | UInt32(bytes[start &+ $1]) &<< UInt32(8 &* $1) }
    }

    private static func scramble(_ word: UInt32) -> UInt32 {
        let mixed = word &* 0xCC9E_2D51
        return ((mixed &<< 15) | (mixed &>> 17)) &* 0x1B87_3593
    }
}
