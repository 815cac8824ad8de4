/// The request target of a dial.
enum UpstreamTarget {
    /// The upstream's path and own query, the client's raw query behind it, and the token where it belongs in there.
    static func text(
        upstream: UpstreamSettings, client: Handshake, credential: Credential?, values: [String: ByteString]
    ) -> ByteString {
        var query = client.query
        if !upstream.address.query.isEmpty {
            let own = ByteString(upstream.address.query)
            query = query.isEmpty ? own : [own, query].joined(separator: "&")
        }
        if let credential, case .query(let name) = upstream.credential,
            QueryString.values(of: name, in: query) != [credential.token]
        {
            query = QueryString(query).setting(name, to: credential.token)
        }
        let path = PathPattern.fill(upstream.address.path, values).bytes
        var target: [UInt8] = []
        target.reserveCapacity(path.count + query.count + 2)
        if path.first != 0x2F { target.append(0x2F) }
        target += path
        if !query.isEmpty {
            target.append(0x3F)
            target += query.bytes
        }
        return requestLineSafe(ByteString(target))
    }

    /// Nothing in a target may end it: white space and controls, which the handshake check refuses already, are
    /// percent-encoded.
    private static func requestLineSafe(_ target: ByteString) -> ByteString {
        PercentCoding.encoded(target) { $0 > 0x20 && $0 != 0x7F }
    }
}
