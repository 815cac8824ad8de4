import ShuntCore

extension ValueKind where Value == UpstreamHost? {
    /// `client`, `upstream`, or a name.
    static var upstreamHost: ValueKind {
        ValueKind(allowed: "client, upstream or a name such as app.example.com") { scalar in
            switch scalar.text {
            case "client": return .value(.client)
            case "upstream": return .value(.upstream)
            default:
                if let meant = NearestWord.to(scalar.text, among: ["client", "upstream"]) {
                    return .wrong(meant: meant)
                }
                return HostPort(scalar.text) == nil ? .wrong() : .value(.name(scalar.text))
            }
        }
    }
}

extension ValueKind where Value == UpstreamOrigin {
    /// `keep`, `drop`, or an origin.
    static var upstreamOrigin: ValueKind {
        ValueKind(allowed: "keep, drop or an origin such as https://app.example.com") { scalar in
            let text = scalar.text
            switch text {
            case "keep": return .value(.keep)
            case "drop": return .value(.drop)
            default:
                guard let separator = text.firstRange(of: "://"), URIScheme.isOne(text[..<separator.lowerBound]) else {
                    return .wrong(meant: NearestWord.to(text, among: ["keep", "drop"]))
                }
                let authority = text[separator.upperBound...]
                if authority.hasSuffix("/") {
                    return .wrong(meant: String(text.dropLast()), advice: "an origin has no path")
                }
                return HostPort(authority) == nil ? .wrong() : .value(.value(text))
            }
        }
    }
}

/// The scheme of a URI (RFC 3986 §3.1): `https`, `chrome-extension`.
enum URIScheme {
    static func isOne(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x2B, 0x2D, 0x2E: true
            default: isLetter(byte)
            }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
}
