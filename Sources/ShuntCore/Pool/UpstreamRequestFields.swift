/// The fields of a client's handshake that go on to an upstream as they are: all that are end to end.
enum PassedFields {
    static func of(_ client: Handshake) -> [Handshake.Field] {
        let nominated = Set(FieldText.list(client.values(of: "connection")).filter { !isKept($0) }.map(lowercased))
        return client.headers.filter { !isOfThisHop($0.name) && !nominated.contains(lowercased(ByteString($0.name))) }
    }

    /// What every client or proxy ends at itself (RFC 9110 §7.6.1), the handshake's own fields (extensions and
    /// subprotocols are not carried over on routed ways), and what `ForwardedFields` writes.
    private static func isOfThisHop(_ name: String) -> Bool {
        let own = [
            "connection", "upgrade", "keep-alive", "te", "trailer", "transfer-encoding", "content-length", "expect",
            "host", "forwarded", "http2-settings",
        ]
        return own.contains { asciiEqualIgnoringCase($0, name) }
            || ["proxy-", "sec-websocket-", "x-forwarded-"].contains { hasPrefix(name, $0) }
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
            fields += client.headers.filter { field in
                (hasPrefix(field.name, "x-forwarded-") && !asciiEqualIgnoringCase(field.name, "x-forwarded-for"))
                    || asciiEqualIgnoringCase(field.name, "forwarded")
            }
        }
        let route = FieldText.list(client.values(of: "x-forwarded-for") + [ByteString(client.remoteHost)])
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
        let host = client.values(of: "host").first.map { FieldText.trimmed($0) } ?? ""
        let port = Authority(host)?.port ?? (client.secure ? 443 : 80)
        return [
            ("X-Forwarded-Proto", client.secure ? "https" : "http"), ("X-Forwarded-Host", host),
            ("X-Forwarded-Port", ByteString(String(port))),
        ].filter { !$0.1.isEmpty }
    }
}

private func lowercased(_ name: ByteString) -> ByteString { ByteString(name.bytes.map(asciiLowercased)) }

private func hasPrefix(_ name: String, _ prefix: String) -> Bool {
    name.utf8.count >= prefix.utf8.count && zip(name.utf8, prefix.utf8).allSatisfy { asciiLowercased($0) == $1 }
}
