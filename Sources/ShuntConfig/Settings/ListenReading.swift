import ShuntCore

extension ListenSettings {
    /// Reads `listen:`; what is the admin listener's goes to `admin`.
    mutating func read(_ section: Section, _ admin: inout AdminSettings, _ reader: TLSReader) {
        section.setList(&clients, "clients", .listenAddress, count: 1...64)
        section.set(&workers, "workers", .workers)
        section.set(&reusePort, "reuse_port", .boolean)
        if let node = section["origins"] { origins.read(node, section.diagnostics) }
        section.setList(&trustedProxies, "trusted_proxies", .addressRange, count: 0...1000)
        if let node = section["admin"] { admin.address = section.diagnostics.read(node, .listenAddress) }
        if let node = section["tls"] { tls = reader.readListener(node) }
        if let node = section["admin_tls"] { admin.tls = reader.readAdmin(node) }
        section.set(&proxyProtocol, "proxy_protocol", .boolean)
        section.finish()
        checkTLS(section, admin)
        if let node = section["clients"] {
            let repeated = Dictionary(grouping: clients) { $0 }.first { $0.value.count > 1 && !$0.key.hasFreePort }
            if repeated != nil { section.diagnostics.error(node, "the same address stands there twice") }
        }
    }
}

extension ListenSettings {
    /// What is said of TLS and of the PROXY protocol, and has nothing to act on.
    private func checkTLS(_ section: Section, _ admin: AdminSettings) {
        let isUnixOnly = clients.allSatisfy(\.isUnix)
        if isUnixOnly, let node = section["tls"] {
            section.diagnostics.error(
                node, "tls has no effect: all listen.clients are Unix sockets, which nobody can read along",
                advice: "remove it, or listen on a port")
        }
        if let node = section["admin_tls"], admin.address == nil || admin.address?.isUnix == true {
            section.diagnostics.error(
                node,
                admin.address == nil
                    ? "admin_tls has no effect without listen.admin"
                    : "admin_tls has no effect: listen.admin is a Unix socket, which nobody can read along",
                advice: "remove it, or listen on a port")
        }
        if proxyProtocol, trustedProxies.isEmpty, !isUnixOnly, let node = section["proxy_protocol"] {
            section.diagnostics.error(
                node, "proxy_protocol needs listen.trusted_proxies",
                advice: "list the addresses of those who send its heads: anybody else could say to be anybody")
        }
    }
}

extension ListenAddress {
    fileprivate var isUnix: Bool { if case .unix = self { true } else { false } }

    /// Port 0: the system picks a free one.
    fileprivate var hasFreePort: Bool {
        if case .tcp(_, port: 0) = self { true } else { false }
    }
}

extension OriginPolicy {
    fileprivate mutating func read(_ node: DocumentNode, _ diagnostics: DiagnosticList) {
        if node.scalar?.text == "any" {
            self = .any
        } else if node.scalar?.text == "same_host" {
            self = .sameHost
        } else if let lists = diagnostics.readList(node, .origins, count: 1...1000) {
            self = .list(lists.flatMap { $0 })
        }
    }
}

extension ValueKind where Value == Int? {
    fileprivate static var workers: ValueKind {
        ValueKind(allowed: "auto (one for each core) or a whole number from 1 to 1024") { scalar in
            if scalar.text == "auto" { return .value(nil) }
            guard let number = Digits.number(scalar.text), (1...1024).contains(number) else { return .wrong() }
            return .value(Int(number))
        }
    }
}

extension ValueKind where Value == ListenAddress {
    fileprivate static var listenAddress: ValueKind {
        let allowed = "address:port such as 127.0.0.1:8080 or \"[::]:8080\", or unix:/path"
        return ValueKind(allowed: allowed) { scalar in
            let text = scalar.text
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst(5))
                if path.isEmpty || path.utf8.contains(0) { return .wrong() }
                // sockaddr_un of Linux holds 108 bytes with the closing NUL.
                if path.utf8.count > 107 { return .wrong(advice: "the path of a Unix socket has at most 107 bytes") }
                return .value(.unix(path: path))
            }
            if text.hasPrefix("/") { return .wrong(meant: "unix:\(text)") }
            if let address = HostPort(text), let port = address.port {
                return .value(.tcp(host: address.host, port: port))
            }
            if let port = Digits.number(text), port <= 65_535 { return .wrong(meant: "127.0.0.1:\(port)") }
            if let colon = text.lastIndex(of: ":"), text[..<colon].contains(":") {
                // An IPv6 address without its brackets, with a port or without.
                return .wrong(
                    meant: "[\(text[..<colon])]\(text[colon...])", advice: "IPv6 stands in brackets and quotes")
            }
            if text.hasPrefix(":") || text.hasPrefix("*:"), let colon = text.firstIndex(of: ":") {
                return .wrong(meant: "0.0.0.0\(text[colon...])")
            }
            return .wrong()
        }
    }
}

extension ValueKind where Value == AddressRange {
    /// CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), or a single address.
    fileprivate static var addressRange: ValueKind {
        ValueKind(allowed: "an address or a range such as 10.0.0.0/8 or fd00::/8") { scalar in
            let parts = scalar.text.split(separator: "/", omittingEmptySubsequences: false)
            guard let first = parts.first, let bytes = IPAddress.bytes(String(first)), parts.count <= 2 else {
                return .wrong()
            }
            guard parts.count == 2 else { return .value(AddressRange(bytes: bytes, prefix: bytes.count * 8)) }
            guard let number = Digits.number(parts[1]), number <= bytes.count * 8 else { return .wrong() }
            let prefix = Int(number)
            var masked = bytes
            for index in masked.indices {
                let kept = min(8, max(0, prefix - index * 8))
                masked[index] &= ~(UInt8.max >> UInt8(kept))
            }
            guard masked == bytes else {
                return .wrong(
                    meant: "\(IPAddress.text(masked))/\(prefix)", advice: "bits behind the prefix must be zero")
            }
            return .value(AddressRange(bytes: bytes, prefix: prefix))
        }
    }
}

extension ValueKind where Value == [String] {
    /// Origins (RFC 6454 §6.2) in lower case, without the scheme's own port. One without a scheme stands for both.
    fileprivate static var origins: ValueKind {
        let allowed = "any, same_host, or origins such as https://app.example.com or \"https://*.example.com\""
        return ValueKind(allowed: allowed) { scalar in
            let text = scalar.text.lowercased()
            if text == "null" { return .value(["null"]) }
            var schemes = ["https", "http"]
            var authority = Substring(text)
            if let separator = text.firstRange(of: "://") {
                schemes = [String(text[..<separator.lowerBound])]
                authority = text[separator.upperBound...]
            }
            if authority.hasSuffix("/") {
                return .wrong(meant: String(text.dropLast()), advice: "an origin has no path")
            }
            let wildcard = authority.hasPrefix("*.")
            guard let host = HostPort(wildcard ? authority.dropFirst(2) : authority),
                schemes.allSatisfy({ URIScheme.isOne($0) })
            else { return .wrong() }
            return .value(schemes.map { origin(scheme: $0, host, wildcard: wildcard) })
        }
    }

    private static func origin(scheme: String, _ address: HostPort, wildcard: Bool) -> String {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let isDefault = ["https": 443, "http": 80][scheme] == address.port
        let port = isDefault ? "" : address.port.map { ":\($0)" } ?? ""
        return "\(scheme)://\(wildcard ? "*." : "")\(host)\(port)"
    }
}
