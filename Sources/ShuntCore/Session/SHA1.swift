/// SHA-1 (RFC 3174). The opening handshake asks for it and it is used for nothing else: it protects no secret there and
/// would protect none elsewhere.
///
/// - Parameter rest: of the message, behind its first part.
func sha1(_ message: ArraySlice<UInt8>, _ rest: [UInt8] = []) -> [UInt8] {
    let padded = paddedForSHA1(message, rest)
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
private func paddedForSHA1(_ message: ArraySlice<UInt8>, _ rest: [UInt8]) -> [UInt8] {
    let count = message.count + rest.count
    let blocks = (count + 8) / 64 + 1
    var padded: [UInt8] = []
    padded.reserveCapacity(blocks * 64)
    padded += message
    padded += rest
    padded.append(0x80)
    padded += repeatElement(0, count: blocks * 64 - 8 - padded.count)
    let bits = UInt64(count) &* 8
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
        for round in 0..<4 { take(round &* 5, &words, 0x5A82_7999) { ($0 & $1) | (~$0 & $2) } }
        for round in 4..<8 { take(round &* 5, &words, 0x6ED9_EBA1) { $0 ^ $1 ^ $2 } }
        for round in 8..<12 { take(round &* 5, &words, 0x8F1B_BCDC) { ($0 & $1) | ($2 & ($0 | $1)) } }
        for round in 12..<16 { take(round &* 5, &words, 0xCA62_C1D6) { $0 ^ $1 ^ $2 } }
        a &+= before.a
        b &+= before.b
        c &+= before.c
        d &+= before.d
        e &+= before.e
    }

    /// Takes five words in: then each of the state's is in its place again.
    @inline(__always)
    private mutating func take(
        _ index: Int, _ words: inout InlineArray<16, UInt32>, _ constant: UInt32,
        mixed: (UInt32, UInt32, UInt32) -> UInt32
    ) {
        Self.take(word(index, &words) &+ constant, a, &b, mixed(b, c, d), &e)
        Self.take(word(index &+ 1, &words) &+ constant, e, &a, mixed(a, b, c), &d)
        Self.take(word(index &+ 2, &words) &+ constant, d, &e, mixed(e, a, b), &c)
        Self.take(word(index &+ 3, &words) &+ constant, c, &d, mixed(d, e, a), &b)
        Self.take(word(index &+ 4, &words) &+ constant, b, &c, mixed(c, d, e), &a)
    }

    @inline(__always)
    private static func take(_ word: UInt32, _ a: UInt32, _ b: inout UInt32, _ mixed: UInt32, _ e: inout UInt32) {
        e = rotated(a, by: 5) &+ mixed &+ e &+ word
        b = rotated(b, by: 30)
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
