/// SHA-1 (RFC 3174). The opening handshake asks for it and it is used for nothing else: it protects no secret there and
/// would protect none elsewhere.
func sha1(_ message: ArraySlice<UInt8>) -> [UInt8] {
    let padded = paddedForSHA1(message)
    var state = SHA1State()
    var start = 0
    while start < padded.count {
        state.compress(padded, at: start)
        start += 64
    }
    var digest: [UInt8] = []
    digest.reserveCapacity(20)
    for word in [state.a, state.b, state.c, state.d, state.e] {
        for place in 0..<4 { digest.append(UInt8(truncatingIfNeeded: word >> UInt32(24 - place * 8))) }
    }
    return digest
}

/// The message, a one bit, zeros, and the length in bits: a whole number of blocks of 64 bytes.
private func paddedForSHA1(_ message: ArraySlice<UInt8>) -> [UInt8] {
    let blocks = (message.count + 8) / 64 + 1
    var padded: [UInt8] = []
    padded.reserveCapacity(blocks * 64)
    padded += message
    padded.append(0x80)
    padded += repeatElement(0, count: blocks * 64 - 8 - padded.count)
    let bits = UInt64(message.count) &* 8
    for place in 0..<8 { padded.append(UInt8(truncatingIfNeeded: bits >> UInt64(56 - place * 8))) }
    return padded
}

private struct SHA1State {
    var a: UInt32 = 0x6745_2301
    var b: UInt32 = 0xEFCD_AB89
    var c: UInt32 = 0x98BA_DCFE
    var d: UInt32 = 0x1032_5476
    var e: UInt32 = 0xC3D2_E1F0

    /// Takes the 64 bytes from `start` on in.
    mutating func compress(_ bytes: [UInt8], at start: Int) {
        // The last sixteen words of the schedule.
        var words = InlineArray<16, UInt32>(repeating: 0)
        for index in 0..<16 {
            var word: UInt32 = 0
            for place in 0..<4 { word = word &<< 8 | UInt32(bytes[start &+ index &* 4 &+ place]) }
            words[index] = word
        }
        let before = self
        for index in 0..<20 { take(word(index, &words), (b & c) | (~b & d), 0x5A82_7999) }
        for index in 20..<40 { take(word(index, &words), b ^ c ^ d, 0x6ED9_EBA1) }
        for index in 40..<60 { take(word(index, &words), (b & c) | (b & d) | (c & d), 0x8F1B_BCDC) }
        for index in 60..<80 { take(word(index, &words), b ^ c ^ d, 0xCA62_C1D6) }
        a &+= before.a
        b &+= before.b
        c &+= before.c
        d &+= before.d
        e &+= before.e
    }

    @inline(__always)
    private mutating func take(_ word: UInt32, _ mixed: UInt32, _ constant: UInt32) {
        let next = rotated(a, by: 5) &+ mixed &+ e &+ constant &+ word
        (a, b, c, d, e) = (next, a, rotated(b, by: 30), c, d)
    }

    /// The next word of the schedule, made from those before it.
    @inline(__always)
    private func word(_ index: Int, _ words: inout InlineArray<16, UInt32>) -> UInt32 {
        guard index >= 16 else { return words[index] }
        let made = rotated(
            words[(index &+ 13) & 15] ^ words[(index &+ 8) & 15] ^ words[(index &+ 2) & 15] ^ words[index & 15], by: 1)
        words[index & 15] = made
        return made
    }
}

@inline(__always)
private func rotated(_ word: UInt32, by count: UInt32) -> UInt32 { word &<< count | word &>> (32 &- count) }
