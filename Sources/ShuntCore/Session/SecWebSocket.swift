/// The two halves of the opening handshake's proof (RFC 6455 §4.1 and §4.2.2).
package enum SecWebSocket {
    /// The value of `Sec-WebSocket-Accept` that answers a client's `Sec-WebSocket-Key`.
    package static func acceptKey(for key: ByteString) -> ByteString { acceptKey(for: key.bytes[...]) }

    static func acceptKey(for key: ArraySlice<UInt8>) -> ByteString {
        ByteString(base64(sha1(key, suffix)))
    }

    private static let suffix = Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)

    /// A `Sec-WebSocket-Key` made of sixteen random bytes, given as two words.
    package static func key(from random: (UInt64, UInt64)) -> ByteString {
        var bytes: [UInt8] = []
        for word in [random.0, random.1] {
            for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word &>> UInt64(56 - byte * 8))) }
        }
        return ByteString(base64(bytes))
    }

    /// Whether the text is base64 of sixteen bytes: 22 characters of the alphabet and two `=`. The four bits of the last
    /// character that carry nothing may be set, as they are in RFC 6455's own example (`AQIDBAUGBwgJCgsMDQ4PEC==`).
    package static func isKey(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count == 24, text.suffix(2).allSatisfy({ $0 == 0x3D }) else { return false }
        return text.prefix(22).allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2B, 0x2F: true
        default: false
        }
    }
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

/// Base64 with padding (RFC 4648 §4).
private func base64(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var start = 0
    while start < bytes.count {
        let count = min(3, bytes.count - start)
        var bits: UInt32 = 0
        for place in 0..<3 { bits = bits << 8 | (place < count ? UInt32(bytes[start + place]) : 0) }
        for place in 0..<4 {
            text.append(place <= count ? alphabet[Int(bits >> UInt32(18 - place * 6)) & 63] : 0x3D)
        }
        start += 3
    }
    return text
}
