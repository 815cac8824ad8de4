/// The pairs of a `Cookie` field (RFC 6265 §5.4): separated by `;`, in order, values as they stand.
struct CookiePairs {
    struct Pair {
        let raw: ByteString
        let name: ByteString
        /// Without the quotes that may surround it.
        let value: ByteString
    }

    let pairs: [Pair]

    /// - Parameter fields: the values of all `Cookie` fields; HTTP/1.1 allows one, several are read as one.
    init(_ fields: [ByteString]) {
        pairs = fields.flatMap { $0.split(at: 0x3B) }.compactMap { part in
            let raw = FieldText.trimmed(part)
            guard let equals = raw.bytes.firstIndex(of: 0x3D) else { return nil }
            let name = FieldText.trimmed(raw.bytes[..<equals])
            var value = FieldText.trimmed(raw.bytes[(equals + 1)...])
            if value.count >= 2, value.first == 0x22, value.last == 0x22 { value = value.dropFirst().dropLast() }
            return Pair(raw: raw, name: ByteString(name), value: ByteString(value))
        }
    }

    func values(of name: String) -> [ByteString] {
        let name = ByteString(name)
        return pairs.filter { $0.name == name }.map(\.value)
    }

    /// The field value with exactly one pair of that name. It is the same, byte for byte, when it is so already;
    /// otherwise all of that name are taken out and one is added at its end. What would end or hide a cookie's value
    /// (RFC 6265 §4.1.1: controls, white space, quotes, `,`, `;`, `\`) is percent-encoded, and `%` with it, so that no two
    /// values are written the same; bytes beyond ASCII stay. Only in a value that one of these cookies has already `%`
    /// stands as it does there: it is a cookie's text, whatever its reader makes of it.
    func setting(_ name: String, to value: ByteString) -> ByteString {
        let name = ByteString(name)
        let present = pairs.filter { $0.name == name }
        if present.count == 1, present[0].value == value { return pairs.map(\.raw).joined(separator: "; ") }
        let others = pairs.filter { $0.name != name }.map(\.raw)
        let isCookieText = pairs.contains { $0.value == value }
        let written = PercentCoding.encoded(value) { byte in
            switch byte {
            case 0x25: isCookieText
            case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E, 0x80...0xFF: true
            default: false
            }
        }
        return (others + [name + "=" + written]).joined(separator: "; ")
    }
}
