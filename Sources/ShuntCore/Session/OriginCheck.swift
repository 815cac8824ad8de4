/// Whether a page may open a socket here, by the `Origin` that its browser sends. It keeps other sites' pages from using
/// a visitor's cookies (RFC 6455 §10.2); it is no protection against programs, which send what they like.
package enum OriginCheck {
    /// - Parameter hosts: the names by which the client may have called this host, as `host[:port]`.
    package static func admits(_ origin: ByteString, policy: OriginPolicy, hosts: [ByteString]) -> Bool {
        switch policy {
        case .any:
            return true
        case .sameHost:
            guard let origin = WebOrigin(origin) else { return false }
            return hosts.contains { origin.isOn(host: $0) }
        case .list(let allowed):
            // A sandboxed page or a file; admitted where the list says so in this word.
            if origin == "null" { return allowed.contains("null") }
            guard let origin = WebOrigin(origin) else { return false }
            return allowed.contains { origin.fits(pattern: ByteString($0)) }
        }
    }
}

/// A serialised origin (RFC 6454 §6.2): `scheme://host[:port]`. `null` is none.
private struct WebOrigin {
    let scheme: ByteString
    let authority: Authority

    init?(_ text: ByteString) {
        guard let (scheme, rest) = splitScheme(text), let scheme, let authority = Authority(rest) else { return nil }
        self.scheme = scheme
        self.authority = authority
    }

    /// Whether it is the origin of pages of that host. A host without a port stands on the default port, whichever
    /// scheme it is: whether TLS ended before this proxy cannot always be known.
    func isOn(host: ByteString) -> Bool {
        guard let host = Authority(host), host.host == authority.host else { return false }
        return portOrDefault == host.port ?? defaultPort(of: scheme)
    }

    /// `scheme://host[:port]`, or `host[:port]` for any scheme; `*.` before the host stands for one or more labels.
    func fits(pattern: ByteString) -> Bool {
        guard let (wantedScheme, rest) = splitScheme(pattern), let wanted = Authority(rest) else { return false }
        if let wantedScheme, wantedScheme != scheme { return false }
        guard portOrDefault == wanted.port ?? defaultPort(of: scheme) else { return false }
        guard wanted.host.hasPrefix("*.") else { return wanted.host == authority.host }
        let suffix = wanted.host.bytes.dropFirst()
        let host = authority.host.bytes
        return host.count > suffix.count && host.suffix(suffix.count).elementsEqual(suffix)
    }

    private var portOrDefault: Int? { authority.port ?? defaultPort(of: scheme) }
}

/// The scheme in lower case, if there is one, and what stands behind `://`.
private func splitScheme(_ text: ByteString) -> (scheme: ByteString?, rest: ByteString)? {
    let bytes = text.bytes
    guard let colon = bytes.indices.first(where: { bytes[$0...].starts(with: "://".utf8) }) else { return (nil, text) }
    let scheme = bytes[..<colon].map(asciiLowercased)
    guard isScheme(scheme) else { return nil }
    return (ByteString(scheme), ByteString(bytes[(colon + 3)...]))
}

/// `ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` (RFC 3986 §3.1), in lower case.
private func isScheme(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first, (0x61...0x7A).contains(first) else { return false }
    return bytes.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
        default: false
        }
    }
}

private func defaultPort(of scheme: ByteString) -> Int? {
    switch scheme {
    case "http", "ws": 80
    case "https", "wss": 443
    default: nil
    }
}
