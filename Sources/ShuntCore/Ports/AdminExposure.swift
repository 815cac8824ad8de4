extension AdminSettings {
    /// Whether anybody but this machine's own users could reach the listener, and no token would stop them. Such
    /// settings are refused.
    package var isOpenToOthers: Bool {
        guard readToken == nil, writeToken == nil, case .tcp(let host, _) = address else { return false }
        return !Self.isLoopback(host)
    }

    /// Whether a host to listen on, as text without brackets, is a loopback address, or `localhost` (RFC 6761 §6.3).
    package static func isLoopback(_ host: String) -> Bool {
        let ranges = ["127.0.0.0/8", "::1/128"].compactMap { AddressRange(cidr: $0) }
        return host.lowercased() == "localhost" || ranges.contains { $0.contains(host) }
    }
}
