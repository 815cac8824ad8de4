/// The pairs of a `Cookie` field (RFC 6265 §5.4): separated by `;`, in order, values as they stand.
struct CookiePairs {
    struct Pair {
        let raw: String
        let name: String
        /// Without the quotes that may surround it.
        let value: String
    }

    let pairs: [Pair]

    /// - Parameter fields: the values of all `Cookie` fields; HTTP/1.1 allows one, several are read as one.
    init(_ fields: [String]) {
        pairs = fields.flatMap { FieldText.split($0, at: 0x3B) }.compactMap { part in
            let raw = FieldText.trimmed(part)
            let bytes = Array(raw.utf8)
            guard let equals = bytes.firstIndex(of: 0x3D) else { return nil }
            let name = FieldText.trimmed(String(decoding: bytes[..<equals], as: UTF8.self))
            var value = Array(FieldText.trimmed(String(decoding: bytes[(equals + 1)...], as: UTF8.self)).utf8)
            if value.count >= 2, value.first == 0x22, value.last == 0x22 { value = Array(value.dropFirst().dropLast()) }
            return Pair(raw: raw, name: name, value: String(decoding: value, as: UTF8.self))
        }
    }

    func values(of name: String) -> [String] {
        pairs.filter { FieldText.sameBytes($0.name, name) }.map(\.value)
    }

    /// The field value with exactly one pair of that name, at its end. What a cookie's value cannot hold (RFC 6265
    /// §4.1.1: controls, white space, quotes, `,`, `;`, `\`) is percent-encoded.
    func setting(_ name: String, to value: String) -> String {
        let others = pairs.filter { !FieldText.sameBytes($0.name, name) }.map(\.raw)
        let written = PercentCoding.encoded(value) { byte in
            switch byte {
            case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
            default: false
            }
        }
        return (others + [name + "=" + written]).joined(separator: "; ")
    }
}
