/// Base64 with the alphabet for URLs, without padding (RFC 4648 §5).
package enum Base64URL {
    /// The bytes that the text stands for; nil where it is none. One text has one spelling: what is left over is zero.
    package static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for byte in text {
            guard let digit = value(of: byte) else { return nil }
            bits = bits &<< 6 | digit
            count &+= 6
            guard count >= 8 else { continue }
            count &-= 8
            bytes.append(UInt8(truncatingIfNeeded: bits &>> count))
        }
        return bits & ((1 &<< count) &- 1) == 0 ? bytes : nil
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case 0x41...0x5A: UInt32(digit) - 0x41
        case 0x61...0x7A: UInt32(digit) - 0x61 + 26
        case 0x30...0x39: UInt32(digit) - 0x30 + 52
        case 0x2D: 62
        case 0x5F: 63
        default: nil
        }
    }
}
