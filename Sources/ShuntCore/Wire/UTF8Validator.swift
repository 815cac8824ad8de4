/// Well-formed UTF-8 by table 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing above U+10FFFF.
package enum UTF8Validator {
    /// Whether the `count` bytes from `from` are well-formed. A range outside of `bytes` is not.
    package static func isValid(_ bytes: Span<UInt8>, from: Int, count: Int) -> Bool {
        guard count >= 0, from >= 0, from <= bytes.count, count <= bytes.count &- from else { return false }
        let end = from &+ count
        var index = from
        while true {
            index = endOfASCII(bytes, index, end)
            if index == end { return true }
            // Text that is not ASCII is rarely so for one character only: stay here until ASCII comes again.
            repeat {
                let length = sequenceLength(bytes, index, end)
                if length == 0 { return false }
                index &+= length
            } while index < end && bytes.byte(at: index) >= 0x80
        }
    }

    /// The first byte at or after `index` that is not ASCII, or `end`.
    @inline(__always)
    private static func endOfASCII(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) -> Int {
        var index = index
        while index &+ 64 <= end {
            let all =
                (bytes.sixteen(at: index) | bytes.sixteen(at: index &+ 16))
                | (bytes.sixteen(at: index &+ 32) | bytes.sixteen(at: index &+ 48))
            if hasHighBit(all) { break }
            index &+= 64
        }
        while index &+ 16 <= end, !hasHighBit(bytes.sixteen(at: index)) { index &+= 16 }
        // The last bytes fill no vector: once more over the last sixteen, whatever they begin with.
        if end &- index < 16, end >= 16, !hasHighBit(bytes.sixteen(at: end &- 16)) { return end }
        while index &+ 8 <= end {
            let high = bytes.eight(at: index) & 0x8080_8080_8080_8080
            if high != 0 { return index &+ (high.trailingZeroBitCount &>> 3) }
            index &+= 8
        }
        while index < end && bytes.byte(at: index) < 0x80 { index &+= 1 }
        return index
    }

    /// The length of the well-formed sequence of two to four bytes at `index`; 0 when there is none.
    @inline(__always)
    private static func sequenceLength(_ bytes: Span<UInt8>, _ index: Int, _ end: Int) -> Int {
        let first = bytes.byte(at: index)
        // The second byte is the one whose range depends on the first.
        let low: UInt8
        let high: UInt8
        let length: Int
        switch first {
        case 0xC2...0xDF: (low, high, length) = (0x80, 0xBF, 2)
        case 0xE0: (low, high, length) = (0xA0, 0xBF, 3)
        case 0xE1...0xEC, 0xEE...0xEF: (low, high, length) = (0x80, 0xBF, 3)
        case 0xED: (low, high, length) = (0x80, 0x9F, 3)
        case 0xF0: (low, high, length) = (0x90, 0xBF, 4)
        case 0xF1...0xF3: (low, high, length) = (0x80, 0xBF, 4)
        case 0xF4: (low, high, length) = (0x80, 0x8F, 4)
        default: return 0
        }
        guard length <= end &- index else { return 0 }
        let second = bytes.byte(at: index &+ 1)
        guard second >= low, second <= high else { return 0 }
        var position = 2
        while position < length {
            if bytes.byte(at: index &+ position) & 0xC0 != 0x80 { return 0 }
            position &+= 1
        }
        return length
    }
}
