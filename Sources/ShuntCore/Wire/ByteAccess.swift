/// Reading bytes that a peer has sent, without a trap and without a check too many. All unsafe reads of this folder go
/// through here.
extension Span<UInt8> {
    /// The byte at `index`, or 0 past either end. NUL is legal nowhere in JSON, so a scanner that meets the end sees a
    /// byte that it must refuse and needs no second check.
    @inline(__always)
    func byte(at index: Int) -> UInt8 {
        UInt(bitPattern: index) < UInt(bitPattern: count) ? unsafe self[unchecked: index] : 0
    }

    /// Whether `start..<end` is a range of this span.
    @inline(__always)
    func covers(_ start: Int, _ end: Int) -> Bool {
        0 <= start && start <= end && end <= count
    }

    /// Sixteen bytes from `index`. The caller has checked that `index + 16 <= count` and `index >= 0`.
    @inline(__always)
    func sixteen(at index: Int) -> SIMD16<UInt8> {
        assert(covers(index, index &+ 16))
        return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: SIMD16<UInt8>.self)
    }

    /// Eight bytes from `index`, the first one lowest. The caller has checked that `index + 8 <= count`.
    @inline(__always)
    func eight(at index: Int) -> UInt64 {
        assert(covers(index, index &+ 8))
        return UInt64(
            littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
    }

    /// The `length` bytes from `index`, at most eight of them, the first one lowest, the rest 0.
    @inline(__always)
    func upToEight(at index: Int, length: Int) -> UInt64 {
        let length = Swift.min(length, 8)
        if length <= 0 { return 0 }
        if index >= 0 && index &+ 8 <= count {
            return eight(at: index) & (UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- length &* 8))
        }
        var word: UInt64 = 0
        for offset in 0..<length {
            word |= UInt64(byte(at: index &+ offset)) &<< UInt64(truncatingIfNeeded: offset &* 8)
        }
        return word
    }

    /// The `length` bytes from `index`, at most sixteen of them, the rest 0.
    @inline(__always)
    func upToSixteen(at index: Int, length: Int) -> SIMD16<UInt8> {
        if index >= 0 && index &+ 16 <= count {
            let known = SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: Swift.max(0, Swift.min(length, 16))))
            return sixteen(at: index).replacing(with: 0, where: laneNumbers .>= known)
        }
        return fewBytes(at: index, length: length)
    }

    private func fewBytes(at index: Int, length: Int) -> SIMD16<UInt8> {
        let words = SIMD2<UInt64>(
            upToEight(at: index, length: length).littleEndian,
            upToEight(at: index &+ 8, length: length &- 8).littleEndian)
        return unsafe unsafeBitCast(words, to: SIMD16<UInt8>.self)
    }

    /// Whether the bytes from `index` are those of `other` from `otherIndex`, `length` of them. Ranges that do not
    /// exist are equal to nothing.
    @inline(__always)
    func hasEqual(_ length: Int, at index: Int, to other: Span<UInt8>, at otherIndex: Int) -> Bool {
        guard length >= 0, covers(index, index &+ length), other.covers(otherIndex, otherIndex &+ length) else {
            return false
        }
        var offset = 0
        while offset &+ 8 <= length {
            if eight(at: index &+ offset) != other.eight(at: otherIndex &+ offset) { return false }
            offset &+= 8
        }
        let rest = length &- offset
        return upToEight(at: index &+ offset, length: rest) == other.upToEight(at: otherIndex &+ offset, length: rest)
    }
}

/// The number of each lane.
@inline(__always)
var laneNumbers: SIMD16<UInt8> { SIMD16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) }

/// How many lanes come before the first one that is set; 16 when none is.
@inline(__always)
func lanesBeforeFirst(_ mask: SIMDMask<SIMD16<Int8>>) -> Int {
    let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    let low = UInt64(littleEndian: words[0])
    if low != 0 { return low.trailingZeroBitCount &>> 3 }
    return 8 &+ (UInt64(littleEndian: words[1]).trailingZeroBitCount &>> 3)
}

/// Whether any lane is set.
@inline(__always)
func hasAny(_ mask: SIMDMask<SIMD16<Int8>>) -> Bool {
    let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    return words[0] | words[1] != 0
}

/// Whether all bytes are alike.
@inline(__always)
func areEqual(_ left: SIMD16<UInt8>, _ right: SIMD16<UInt8>) -> Bool {
    let words = unsafe unsafeBitCast(left ^ right, to: SIMD2<UInt64>.self)
    return words[0] | words[1] == 0
}

/// Whether any byte is 128 or more.
@inline(__always)
func hasHighBit(_ bytes: SIMD16<UInt8>) -> Bool {
    let words = unsafe unsafeBitCast(bytes, to: SIMD2<UInt64>.self)
    return (words[0] | words[1]) & 0x8080_8080_8080_8080 != 0
}

/// Copies bytes that are few as a rule: names and short values. The places do not overlap.
@inline(__always)
@unsafe
func copyFew(from: UnsafeRawPointer, to: UnsafeMutableRawPointer, count: Int) {
    if count > 64 { return unsafe to.copyMemory(from: from, byteCount: count) }
    // The last step starts so early that it ends with the last byte; what it copies twice it copies alike.
    if count >= 16 {
        var index = 0
        while index &+ 16 < count {
            unsafe copyOne(SIMD16<UInt8>.self, from, to, index)
            index &+= 16
        }
        unsafe copyOne(SIMD16<UInt8>.self, from, to, count &- 16)
    } else if count >= 8 {
        unsafe copyOne(UInt64.self, from, to, 0)
        unsafe copyOne(UInt64.self, from, to, count &- 8)
    } else if count >= 4 {
        unsafe copyOne(UInt32.self, from, to, 0)
        unsafe copyOne(UInt32.self, from, to, count &- 4)
    } else {
        for index in 0..<max(0, count) { unsafe copyOne(UInt8.self, from, to, index) }
    }
}

@inline(__always)
@unsafe
private func copyOne<Word: BitwiseCopyable>(
    _ word: Word.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ offset: Int
) {
    unsafe to.storeBytes(of: from.loadUnaligned(fromByteOffset: offset, as: word), toByteOffset: offset, as: word)
}
