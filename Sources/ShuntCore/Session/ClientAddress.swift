/// The address of the client itself, as a key: of brownouts, limits and whatever else tells clients apart by it.
package enum ClientAddress {
    /// The key of a connection's other end. A socket for both families spells IPv4 addresses in a way of its own.
    package static func key(peer: String) -> String { AddressText.key(peer) }

    /// The key of a client that a trusted proxy speaks for.
    ///
    /// - Parameter forwarded: the entries of `X-Forwarded-For`, the nearest proxy's last.
    /// - Returns: the last entry that is no trusted proxy's itself, in one spelling; the first one where all are; nil without
    ///   entries.
    static func key(forwarded: [ByteString], trustedProxies: [AddressRange]) -> ByteString? {
        guard let first = forwarded.first else { return nil }
        let last = forwarded.last { entry in
            guard let key = AddressText.key(entry).text else { return true }
            return !trustedProxies.contains { $0.contains(key) }
        }
        return AddressText.key(last ?? first)
    }
}

extension Handshake {
    /// The client's own address as a key: what the trusted proxies in front say, else the peer's, in one spelling. Empty
    /// where nobody says.
    package var farAddress: ByteString { forwardedAddress ?? ByteString(ClientAddress.key(peer: remoteHost)) }
}
