/// Percent-encoding of URIs (RFC 3986 §2.1), read as leniently as the servers behind do it.
package enum PercentCoding {
    /// The decoded text; nil when the decoded bytes are not valid UTF-8.
    package static func decoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String? {
        decoded(ByteString(Array(text.utf8)), plusIsSpace: plusIsSpace).text
    }

    /// The decoded bytes: `%` that two hexadecimal digits do not follow stands for itself.
    ///
    /// - Parameter plusIsSpace: as form encoding has it, and Python's `parse_qsl` (so Starlette) with it.
    package static func decoded(_ text: ByteString, plusIsSpace: Bool) -> ByteString {
        let source = text.bytes
        guard source.contains(where: { $0 == 0x25 || $0 == 0x2B && plusIsSpace }) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            let byte = source[index]
            if byte == 0x25, index + 2 < source.count, let high = hexValue(source[index + 1]),
                let low = hexValue(source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(byte == 0x2B && plusIsSpace ? 0x20 : byte)
                index += 1
            }
        }
        return ByteString(bytes)
    }

    /// Every byte that is not unreserved (RFC 3986 §2.3) written as `%XX`.
    package static func encoded(_ text: String) -> String {
        String(decoding: encoded(ByteString(text)).bytes, as: UTF8.self)
    }

    package static func encoded(_ text: ByteString) -> ByteString {
        encoded(text) { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
            default: false
            }
        }
    }

    /// Every byte that `keeps` does not admit written as `%XX`.
    static func encoded(_ text: ByteString, keeping keeps: (UInt8) -> Bool) -> ByteString {
        guard !text.bytes.allSatisfy(keeps) else { return text }
        var bytes: [UInt8] = []
        for byte in text.bytes {
            if keeps(byte) {
                bytes.append(byte)
            } else {
                bytes += [0x25, hexDigit(byte >> 4), hexDigit(byte & 0xF)]
            }
        }
        return ByteString(bytes)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x41 + value - 10 }
}

/// The value of a hexadecimal digit; nil for any other byte.
func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}
