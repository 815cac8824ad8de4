/// The target of a request line (RFC 9112 §3.2), split but not decoded.
struct RequestTarget: Equatable {
    /// The path as received; begins with `/`.
    let path: ByteString
    /// Everything behind the first `?`.
    let query: ByteString
    /// The authority of an absolute-form target, which then counts instead of `Host` (RFC 9112 §3.2.2).
    let authority: ByteString?

    /// Nil for what is neither origin-form nor absolute-form, has a fragment, white space or control characters.
    init?(_ target: ByteString) {
        let bytes = target.bytes
        guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == 0x23 }) else { return nil }
        var rest = bytes[...]
        if bytes.first == 0x2F {
            authority = nil
        } else {
            guard let start = RequestTarget.authorityStart(bytes) else { return nil }
            let end = bytes[start...].firstIndex { $0 == 0x2F || $0 == 0x3F } ?? bytes.endIndex
            let text = ByteString(bytes[start..<end])
            guard Authority(text) != nil else { return nil }
            authority = text
            rest = bytes[end...]
        }
        let mark = rest.firstIndex(of: 0x3F) ?? rest.endIndex
        path = rest.startIndex == mark ? "/" : ByteString(rest[..<mark])
        query = ByteString(rest[mark...].dropFirst())
    }

    /// Behind `scheme://`, for the schemes that a WebSocket client may write.
    private static func authorityStart(_ bytes: [UInt8]) -> Int? {
        for scheme in ["http://", "https://", "ws://", "wss://"] {
            let length = scheme.utf8.count
            if bytes.count >= length, zip(bytes, scheme.utf8).allSatisfy({ asciiLowercased($0) == $1 }) {
                return length
            }
        }
        return nil
    }
}

/// `host[:port]` as in `Host`, an origin or an absolute-form target (RFC 3986 §3.2, without user information).
struct Authority: Equatable {
    /// The host in lower case; an IPv6 literal keeps its brackets.
    let host: ByteString
    let port: Int?

    init?(_ text: ByteString) {
        guard let parts = Authority.parts(of: text.bytes[...]) else { return nil }
        host = ByteString(parts.host.map(asciiLowercased))
        port = parts.port
    }

    /// Whether the text names a host.
    static func isWell(_ text: ArraySlice<UInt8>) -> Bool { parts(of: text) != nil }

    /// The port that the text says; nil where it says none, or names no host.
    static func port(of text: ArraySlice<UInt8>) -> Int? { parts(of: text)?.port }

    private static func parts(of bytes: ArraySlice<UInt8>) -> (host: ArraySlice<UInt8>, port: Int?)? {
        let colon: Int?
        if bytes.first == 0x5B {
            guard let end = bytes.firstIndex(of: 0x5D) else { return nil }
            guard end + 1 == bytes.endIndex || bytes[end + 1] == 0x3A else { return nil }
            colon = end + 1 == bytes.endIndex ? nil : end + 1
        } else {
            colon = bytes.firstIndex(of: 0x3A)
        }
        let name = bytes[..<(colon ?? bytes.endIndex)]
        guard !name.isEmpty, name.allSatisfy(Authority.isHostByte) else { return nil }
        guard let colon else { return (name, nil) }
        let digits = bytes[(colon + 1)...]
        // "host:" with nothing behind it is allowed and means the default port.
        guard digits.count <= 5, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard number <= 65_535 else { return nil }
        return (name, digits.isEmpty ? nil : number)
    }

    /// Anything that cannot be taken for another part of a URI.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F, 0x22, 0x23, 0x2C, 0x2F, 0x3C, 0x3E, 0x3F, 0x40, 0x5C, 0x5E, 0x60, 0x7B...0x7D: false
        default: true
        }
    }
}
