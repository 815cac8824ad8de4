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
        let words = SIMD4<UInt32>(repeating: mask.littleEndian)
        let key = unsafe unsafeBitCast(words, to: SIMD16<UInt8>.self)
        var seen = SIMD16<UInt8>(repeating: 0)
        var index = 0
        while index &+ 64 <= count {
            let a = unsafe from.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self) ^ key
            let b = unsafe from.loadUnaligned(fromByteOffset: index &+ 16, as: SIMD16<UInt8>.self) ^ key
            let c = unsafe from.loadUnaligned(fromByteOffset: index &+ 32, as: SIMD16<UInt8>.self) ^ key
            let d = unsafe from.loadUnaligned(fromByteOffset: index &+ 48, as: SIMD16<UInt8>.self) ^ key
            unsafe to.storeBytes(of: a, toByteOffset: index, as: SIMD16<UInt8>.self)
            unsafe to.storeBytes(of: b, toByteOffset: index &+ 16, as: SIMD16<UInt8>.self)
            unsafe to.storeBytes(of: c, toByteOffset: index &+ 32, as: SIMD16<UInt8>.self)
            unsafe to.storeBytes(of: d, toByteOffset: index &+ 48, as: SIMD16<UInt8>.self)
            seen |= (a | b) | (c | d)
            index &+= 64
        }
        while index &+ 16 <= count {
            let part = unsafe from.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self) ^ key
            unsafe to.storeBytes(of: part, toByteOffset: index, as: SIMD16<UInt8>.self)
            seen |= part
            index &+= 16
        }
        // All steps above are multiples of four: the key stands as it stood at the start.
        var tail: UInt32 = 0
        while index &+ 4 <= count {
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
        return hasHighBit(seen) || tail & 0x8080_8080 != 0
    }
}
