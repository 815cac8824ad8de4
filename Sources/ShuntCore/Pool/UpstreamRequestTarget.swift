/// The request target of a dial.
enum UpstreamTarget {
    /// The upstream's path and own query, the client's raw query behind it, and the token where it belongs in there.
    static func text(
        upstream: UpstreamSettings, client: Handshake, credential: Credential?, values: [String: ByteString]
    ) -> ByteString {
        var query = [ByteString(upstream.address.query), client.query].filter { !$0.isEmpty }.joined(separator: "&")
        if let credential, case .query(let name) = upstream.credential {
            query = QueryString(query).setting(name, to: credential.token)
        }
        let written = PathPattern.fill(upstream.address.path, values)
        let path = written.bytes.first == 0x2F ? written : "/" + written
        return requestLineSafe(query.isEmpty ? path : path + "?" + query)
    }

    /// Nothing in a target may end it: white space and controls, which the handshake check refuses already, are
    /// percent-encoded.
    private static func requestLineSafe(_ target: ByteString) -> ByteString {
        PercentCoding.encoded(target) { $0 > 0x20 && $0 != 0x7F }
    }
}
