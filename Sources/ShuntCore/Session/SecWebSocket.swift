/// The two halves of the opening handshake's proof (RFC 6455 §4.1 and §4.2.2).
package enum SecWebSocket {
    /// The value of `Sec-WebSocket-Accept` that answers a client's `Sec-WebSocket-Key`.
    package static func acceptKey(for key: ByteString) -> String {
        base64(sha1(key.bytes + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    /// A `Sec-WebSocket-Key` made of sixteen random bytes, given as two words.
    package static func key(from random: (UInt64, UInt64)) -> String {
        let bytes = [random.0, random.1].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word &>> UInt64(56 - $0 * 8)) }
        }
        return base64(bytes)
    }

    /// Whether the text is base64 of sixteen bytes: 22 characters of the alphabet and two `=`. The four bits of the last
    /// character that carry nothing may be set, as they are in RFC 6455's own example (`AQIDBAUGBwgJCgsMDQ4PEC==`).
    package static func isKey(_ text: ByteString) -> Bool {
        let bytes = text.bytes
        guard bytes.count == 24, bytes[22] == 0x3D, bytes[23] == 0x3D else { return false }
        return bytes[..<22].allSatisfy { alphabet.contains($0) }
    }
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

/// Base64 with padding (RFC 4648 §4).
private func base64(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits: UInt32 = 0
        for byte in group { bits = bits << 8 | UInt32(byte) }
        bits <<= UInt32(3 - group.count) * 8
        for place in 0..<4 {
            let digit = Int(bits >> UInt32(18 - place * 6)) & 63
            text.append(place <= group.count ? alphabet[digit] : 0x3D)
        }
    }
    return String(decoding: text, as: UTF8.self)
}
