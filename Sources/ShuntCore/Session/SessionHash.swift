/// The short keyed hash that stands for a session's token wherever something that is not the token is shown: in
/// conversation ids and in logs. Without the key it says nothing about the token.
package enum SessionHash {
    /// Sixteen lower-case hexadecimal digits: the SipHash of the token.
    package static func short(token: ByteString, key: (UInt64, UInt64)) -> [UInt8] {
        let value = SipHash.hash(token.bytes, key: key)
        return (0..<16).map { place in
            let digit = UInt8(truncatingIfNeeded: value &>> UInt64((15 - place) * 4)) & 0xF
            return digit < 10 ? 0x30 + digit : 0x61 + digit - 10
        }
    }
}
