/// The masking of RFC 6455 §5.3: byte *i* of a payload is XORed with byte *i* mod 4 of the key.
enum Masking {
    /// The key as it stands `phase` bytes into a payload. A key's lowest byte is the first on the wire.
    @inline(__always)
    static func key(_ mask: UInt32, at phase: Int) -> UInt32 {
        let turn = UInt32(truncatingIfNeeded: (phase & 3) &* 8)
        return turn == 0 ? mask : (mask &>> turn) | (mask &<< (32 &- turn))
    }

    /// Copies `count` bytes and masks them on the way, vector by vector. `from` and `to` may be the same place, or
    /// do not overlap.
    ///
    /// - Parameter mask: the key as it stands at the first of these bytes.
    /// - Returns: whether what was written has a byte that is not ASCII.
    @inline(__always)
    @unsafe
    static func copy(from: UnsafeRawPointer, to: UnsafeMutableRawPointer, count: Int, mask: UInt32) -> Bool {
        // Pairs of words: the compiler makes one vector operation of each line.
        let key = SIMD2<UInt64>(repeating: (UInt64(mask) &<< 32 | UInt64(mask)).littleEndian)
        var seen = SIMD2<UInt64>(repeating: 0)
        var index = 0
        while index &+ 32 <= count {
            let low = unsafe from.loadUnaligned(fromByteOffset: index, as: SIMD2<UInt64>.self) ^ key
            let high = unsafe from.loadUnaligned(fromByteOffset: index &+ 16, as: SIMD2<UInt64>.self) ^ key
            unsafe to.storeBytes(of: low, toByteOffset: index, as: SIMD2<UInt64>.self)
            unsafe to.storeBytes(of: high, toByteOffset: index &+ 16, as: SIMD2<UInt64>.self)
            seen |= low | high
            index &+= 32
        }
        while index &+ 8 <= count {
            let part = unsafe from.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ key[0]
            unsafe to.storeBytes(of: part, toByteOffset: index, as: UInt64.self)
            seen[0] |= part
            index &+= 8
        }
        // All steps above are multiples of four: the key stands as it stood at the start.
        var tail: UInt32 = 0
        if index &+ 4 <= count {
            let part = unsafe from.loadUnaligned(fromByteOffset: index, as: UInt32.self) ^ mask.littleEndian
            unsafe to.storeBytes(of: part, toByteOffset: index, as: UInt32.self)
            tail |= part
            index &+= 4
        }
        var key8 = mask
        while index < count {
            let part = unsafe from.load(fromByteOffset: index, as: UInt8.self) ^ UInt8(truncatingIfNeeded: key8)
            unsafe to.storeBytes(of: part, toByteOffset: index, as: UInt8.self)
            tail |= UInt32(part)
            key8 &>>= 8
            index &+= 1
        }
        return (seen[0] | seen[1]) & 0x8080_8080_8080_8080 != 0 || tail & 0x8080_8080 != 0
    }
}
