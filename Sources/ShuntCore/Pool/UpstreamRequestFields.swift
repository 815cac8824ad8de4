/// The fields of a client's handshake that go on to an upstream as they are: all that are end to end.
enum PassedFields {
    /// But for what every client or proxy ends at itself (RFC 9110 §7.6.1), the handshake's own fields (extensions and
    /// subprotocols are not carried over on routed ways), and what `ForwardedFields` writes.
    static func append(of client: Handshake, to fields: inout HeaderFields, keepsOrigin: Bool) {
        var nominated: [FieldToken] = []
        _ = client.headers.lists(.connection) { member in
            if !kept.contains(where: { $0.isSame(member) }) { nominated.append(FieldToken(ByteString(member))) }
            return false
        }
        fields.append(client.headers) { kind, name in
            !kind.isOfThisHop && (keepsOrigin || kind != .origin) && !nominated.contains { $0.isSame(name) }
        }
    }

    /// Fields that say who the client is. A `Connection` field that lists one of them is an attempt to get rid of it,
    /// not an option of this hop. (`Upgrade` is left out by its kind.)
    private static let kept = ["origin", "cookie", "authorization", "upgrade"].map { FieldToken($0) }
}

/// The fields that tell an upstream about the client's own leg.
enum ForwardedFields {
    /// `X-Forwarded-For` grows by the peer's address. The others a trusted proxy knows better, and its values stay; from
    /// anyone else they are dropped and the connection's own are written.
    static func append(of client: Handshake, to fields: inout HeaderFields) {
        if client.trusted {
            fields.append(client.headers) { kind, _ in kind.tellsOfClient && kind != .xForwardedFor }
        }
        var route = client.headers.members(of: .xForwardedFor)
        if !client.remoteHost.isEmpty { route.append(ByteString(client.remoteHost)) }
        if !route.isEmpty { fields.append("X-Forwarded-For", route.joined(separator: ", ")) }
        // What this connection itself says.
        if fields.count(of: .xForwardedProto) == 0 {
            fields.append("X-Forwarded-Proto", client.secure ? https : http)
        }
        let host = client.headers.first(.host) ?? []
        if fields.count(of: .xForwardedHost) == 0, !host.isEmpty {
            fields.append("X-Forwarded-Host", ByteString(host))
        }
        if fields.count(of: .xForwardedPort) == 0 {
            let port = Authority.port(of: host) ?? (client.secure ? 443 : 80)
            fields.append("X-Forwarded-Port", ByteString(String(port)))
        }
    }

    private static let http: ByteString = "http"
    private static let https: ByteString = "https"
}
