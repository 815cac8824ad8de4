/// The fields of a client's handshake that go on to an upstream as they are: all that are end to end.
enum PassedFields {
    /// But for what every client or proxy ends at itself (RFC 9110 §7.6.1), the handshake's own fields (extensions and
    /// subprotocols are not carried over on routed ways), and what `ForwardedFields` writes.
    static func of(_ client: Handshake) -> [Handshake.Field] {
        let nominated = client.headers.members(of: .connection).filter { !isKept($0) }.map { FieldToken($0) }
        return client.headers.fields { kind, name in
            !kind.isOfThisHop && !nominated.contains { $0.isSame(name) }
        }
    }

    /// Fields that say who the client is. A `Connection` field that lists one of them is an attempt to get rid of it,
    /// not an option of this hop.
    private static func isKept(_ name: ByteString) -> Bool {
        ["origin", "cookie", "authorization"].contains { asciiEqualIgnoringCase(name, $0) }
    }
}

/// The fields that tell an upstream about the client's own leg.
enum ForwardedFields {
    /// `X-Forwarded-For` grows by the peer's address. The others a trusted proxy knows better, and its values stay; from
    /// anyone else they are dropped and the connection's own are written.
    static func of(_ client: Handshake) -> [Handshake.Field] {
        var fields: [Handshake.Field] = []
        if client.trusted {
            fields += client.headers.fields { kind, _ in kind.tellsOfClient && kind != .xForwardedFor }
        }
        let route = client.headers.members(of: .xForwardedFor) + FieldText.list([ByteString(client.remoteHost)])
        if !route.isEmpty {
            fields.append(Handshake.Field(name: "X-Forwarded-For", value: route.joined(separator: ", ")))
        }
        for (name, value) in own(client) where !fields.contains(where: { asciiEqualIgnoringCase($0.name, name) }) {
            fields.append(Handshake.Field(name: name, value: value))
        }
        return fields
    }

    /// What this connection itself says.
    private static func own(_ client: Handshake) -> [(name: String, value: ByteString)] {
        let host = client.headers.first(.host).map { ByteString($0) } ?? ""
        let port = Authority(host)?.port ?? (client.secure ? 443 : 80)
        return [
            ("X-Forwarded-Proto", client.secure ? "https" : "http"), ("X-Forwarded-Host", host),
            ("X-Forwarded-Port", ByteString(String(port))),
        ].filter { !$0.1.isEmpty }
    }
}
