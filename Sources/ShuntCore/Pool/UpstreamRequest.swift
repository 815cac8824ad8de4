/// The HTTP/1.1 request that opens an upstream connection, but for what every dial draws anew (`Sec-WebSocket-Key`)
/// and what is fixed (`Upgrade`, `Connection`, `Sec-WebSocket-Version`): the dialler adds those.
package struct UpstreamRequest: Sendable, Equatable {
    /// Path and query. It may hold the session token: never log it.
    package var target: ByteString
    /// `Host` first.
    package var headers: HeaderFields

    package init(target: ByteString, headers: HeaderFields) {
        self.target = target
        self.headers = headers
    }

    /// What is said to an upstream on behalf of a client.
    ///
    /// - Parameters:
    ///   - client: the handshake of the client whose message causes the dial.
    ///   - credential: the session's newest, nil for a client without one. It is written where `upstream.credential` wants
    ///     it, whatever way the client used; the client's raw query stays byte for byte where it says the same already.
    ///   - passing: where the client's messages are passed through, how: then it speaks its own subprotocol with the
    ///     backend, and in raw mode its own extensions.
    ///   - claims: what is known of the session.
    ///   - values: of the placeholders in the upstream's path.
    package init(
        upstream: UpstreamSettings, client: Handshake, credential: Credential?, claims: ValidatedClaims? = nil,
        passing: PassthroughMode? = nil, values: [String: ByteString] = [:]
    ) {
        target = UpstreamTarget.text(
            upstream: upstream, client: client, credential: credential, values: values)
        headers = HeaderFields()
        headers.append("Host", UpstreamRequest.host(upstream, client, isOwn: passing != nil))
        PassedFields.append(of: client, to: &headers, keepsOrigin: upstream.origin == .keep)
        if case .value(let origin) = upstream.origin { headers.append("Origin", ByteString(origin)) }
        ForwardedFields.append(of: client, to: &headers)
        if passing != nil { headers.appendSubprotocols(of: client.headers) }
        if passing == .raw { headers.append(client.headers) { kind, _ in kind == .secWebSocketExtensions } }
        if !upstream.passIdentity.isEmpty { write(claims?.claims ?? .none, as: upstream.passIdentity) }
        if let credential { write(credential.token, as: upstream.credential) }
        headers.removeUnwritable()
    }

    /// Puts the newest credential in the place of an older one, wherever the client's own words still show that: an upstream
    /// must not be shown two.
    ///
    /// - Parameters:
    ///   - sources: where clients carry their tokens.
    ///   - written: where the credential stands already.
    package mutating func renew(
        _ credential: Credential, in sources: [ValueSource], but written: ValueSource?, of client: Handshake
    ) {
        for source in sources where source != written {
            let shown = source.values(in: client)
            if shown.isEmpty || shown.allSatisfy({ FieldText.trimmed($0) == credential.token }) { continue }
            guard case .query(let name) = source else {
                write(credential.token, as: source)
                continue
            }
            let parts = target.bytes.split(separator: 0x3F, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let query = QueryString(ByteString(parts[1])).setting(name, to: credential.token)
            target = ByteString(parts[0]) + "?" + query
        }
    }

    /// Also where nothing is known, a client says nothing in these fields' place.
    private mutating func write(_ claims: Claims, as fields: [IdentityField]) {
        headers.removeAll { _, name in fields.contains { $0.isMeant(by: name) } }
        for field in fields {
            if let value = claims[field.claim] { headers.append(field.name, value.text) }
        }
    }

    private mutating func write(_ token: ByteString, as place: ValueSource?) {
        switch place {
        case .none, .query, .subprotocol:
            break
        case .header(let name):
            let field = FieldToken(name)
            headers.removeAll { field.isSame($1) }
            headers.append(name, isAuthorization(name) ? "Bearer " + token : token)
        case .cookie(let name):
            let value = CookiePairs(headers.values(.cookie).map { ByteString($0) }).setting(name, to: token)
            headers.removeAll { kind, _ in kind == .cookie }
            headers.append("Cookie", value)
        }
    }

    private static func host(_ upstream: UpstreamSettings, _ client: Handshake, isOwn: Bool) -> ByteString {
        switch upstream.host(isOwn: isOwn) {
        case .upstream: break
        case .name(let name): return ByteString(name)
        case .client:
            let said = client.headers.first(.host).map { ByteString($0) } ?? ""
            if !said.isEmpty { return said }
        }
        return ByteString(host(of: upstream.address))
    }

    /// `host[:port]`, without the scheme's default port (RFC 9110 §7.2).
    private static func host(of address: UpstreamAddress) -> String {
        let isBareIPv6 = address.host.utf8.contains(0x3A) && address.host.utf8.first != 0x5B
        let host = isBareIPv6 ? "[" + address.host + "]" : address.host
        return address.port == (address.tls ? 443 : 80) ? host : "\(host):\(address.port)"
    }
}
