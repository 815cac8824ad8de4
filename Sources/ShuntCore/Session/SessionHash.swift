/// The short text that stands for a session wherever something that is not its key is shown: in conversation ids, in logs
/// and in reports.
package enum SessionHash {
    /// Sixteen lower-case hexadecimal digits.
    package static func text(_ hash: UInt64) -> [UInt8] {
        (0..<16).map { place in
            let digit = UInt8(truncatingIfNeeded: hash &>> UInt64((15 - place) * 4)) & 0xF
            return digit < 10 ? 0x30 + digit : 0x61 + digit - 10
        }
    }
}
