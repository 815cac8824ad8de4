/// Decides about a client's request, in two steps between which a validator may be asked.
package enum HandshakeCheck {
    /// Reads everything that the request itself says: RFC 6455 §4.2.1 to the letter, the endpoint, the origin, the
    /// credential.
    ///
    /// - Parameter listen: of it, the origins that are admitted and the proxies that are trusted.
    package static func candidate(
        of request: HandshakeRequest, table: RoutingTable, listen: ListenSettings
    ) -> HandshakeReading {
        do throws(HandshakeVerdict.Refusal) {
            guard let target = RequestTarget(request.target) else {
                throw request.method == "GET" || request.method == "HEAD"
                    ? .badRequest("The request target is not a path.") : .methodNotAllowed(allowed: "GET")
            }
            if healthPaths.contains(target.path) {
                guard request.method == "GET" || request.method == "HEAD" else {
                    throw .methodNotAllowed(allowed: "GET, HEAD")
                }
                return .health
            }
            let endpoint = try checkRequest(request, target, table)
            let key = try checkUpgrade(request)
            let handshake = handshake(of: request, target, listen: listen)
            try checkOrigin(handshake, listen)
            let acceptKey = SecWebSocket.acceptKey(for: key)
            do throws(HandshakeVerdict.Refusal) {
                return .candidate(
                    Candidate(
                        acceptKey: acceptKey, handshake: handshake, credential: try credential(in: handshake, table),
                        endpoint: endpoint))
            } catch {
                throw error.closing(table.access(of: endpoint), acceptKey: acceptKey, handshake)
            }
        } catch {
            return .refuse(error)
        }
    }

    /// Decides about a candidate by what a validator says of its credential.
    ///
    /// - Parameters:
    ///   - verdict: of no importance where the candidate has no credential.
    ///   - wall: the same moment as `now`.
    package static func admit(
        _ candidate: Candidate, _ verdict: CredentialVerdict, _ table: RoutingTable, at wall: UnixTime, now: Instant
    ) -> HandshakeVerdict {
        var identity: ClientIdentity?
        if let credential = candidate.credential {
            switch verdict {
            case .unasked: identity = ClientIdentity(credential)
            case .good(let claims):
                let leeway = table.definition.session.validation.leeway
                let deadline = claims.deadline(leeway: leeway, wall: wall, now: now)
                identity = ClientIdentity(credential, ValidatedClaims(claims, until: deadline))
            case .bad(let status, _):
                return .refuse(
                    candidate.refusal(.credentialRefused(status: status), table.access(of: candidate.endpoint)))
            case .unknown: return .refuse(candidate.refusal(.credentialUnknown, table.access(of: candidate.endpoint)))
            }
        }
        if let endpoint = candidate.endpoint,
            let brownout = endpoint.brownout(of: candidate.handshake, user: identity?.user, at: wall)
        {
            return .refuse(.brownout(brownout, endpoint.announcement, at: wall))
        }
        return .admit(identity)
    }

    /// How a candidate is refused whose credential counts no more.
    package static func refusal(of candidate: Candidate, _ table: RoutingTable) -> HandshakeVerdict.Refusal {
        candidate.refusal(.credentialRefused(status: 401), table.access(of: candidate.endpoint))
    }

    private static let healthPaths: [ByteString] = ["/healthz", "/readyz", "/health", "/api/health"]

    /// The request as such: method, host, path, no body. Returns the legacy endpoint that it asks for, nil for the
    /// unified one.
    private static func checkRequest(
        _ request: HandshakeRequest, _ target: RequestTarget, _ table: RoutingTable
    ) throws(HandshakeVerdict.Refusal) -> Endpoint? {
        guard request.method == "GET" else { throw .methodNotAllowed(allowed: "GET") }
        let hosts = request.headers.count(of: .host)
        // HTTP/1.0 knows no Host; its version is refused below, where the path is known to be a socket's.
        if hosts != 1, hosts > 1 || request.isAtLeastHTTP11 {
            throw .badRequest("There must be exactly one Host field.")
        }
        if let host = request.headers.first(.host), !Authority.isWell(host) {
            throw .badRequest("The Host field names no host.")
        }
        let endpoint = try endpoint(at: target.path, table)
        if request.headers.count(of: .transferEncoding) > 0
            || request.headers.lists(.contentLength, where: { $0.count != 1 || $0.first != 0x30 })
        {
            throw .badRequest("A handshake has no body.")
        }
        return endpoint
    }

    private static func endpoint(
        at path: ByteString, _ table: RoutingTable
    ) throws(HandshakeVerdict.Refusal) -> Endpoint? {
        guard let match = table.endpoints.match(path) else {
            throw .notFound(table.endpoints, table.definition.phase)
        }
        guard case .legacy(let endpoint) = match else { return nil }
        guard endpoint.isOpen(in: table.definition.phase) else { throw .gone(endpoint.announcement) }
        return endpoint
    }

    /// Checks what makes a request a WebSocket handshake, and returns the key.
    private static func checkUpgrade(
        _ request: HandshakeRequest
    ) throws(HandshakeVerdict.Refusal) -> ArraySlice<UInt8> {
        let fields = request.headers
        guard fields.lists(.upgrade, .websocket) else { throw .upgradeRequired }
        guard request.isAtLeastHTTP11 else { throw .badRequest("A handshake needs HTTP/1.1.") }
        guard fields.lists(.connection, .upgrade) else {
            throw .badRequest("The Connection field does not list upgrade; does a proxy in front take it away?")
        }
        let versions = fields.count(of: .secWebSocketVersion)
        if versions > 1 { throw .badRequest("There must be exactly one Sec-WebSocket-Version field.") }
        guard let version = fields.first(.secWebSocketVersion), version.elementsEqual(webSocketVersion) else {
            throw .unsupportedVersion
        }
        guard fields.count(of: .secWebSocketKey) == 1, let key = fields.first(.secWebSocketKey),
            SecWebSocket.isKey(key)
        else { throw .badRequest("There must be exactly one Sec-WebSocket-Key field with 16 bytes in base64.") }
        return key
    }

    private static let webSocketVersion: [UInt8] = [0x31, 0x33]

    private static func handshake(
        of request: HandshakeRequest, _ target: RequestTarget, listen: ListenSettings
    ) -> Handshake {
        let trusted = isTrusted(request.remoteHost, listen)
        var headers = request.headers
        if let authority = target.authority {
            let others = headers.filter { !asciiEqualIgnoringCase($0.name, "host") }
            headers = HeaderFields([Handshake.Field(name: "Host", value: authority)] + others)
        }
        let forwarded = trusted ? headers.firstMember(.xForwardedProto) : nil
        return Handshake(
            path: target.path, query: target.query, headers: headers, remoteHost: request.remoteHost,
            remotePort: request.remotePort,
            secure: forwarded.map { proto in secureSchemes.contains { $0.isSame(proto) } } ?? request.secure,
            trusted: trusted,
            farAddress: trusted
                ? ClientAddress.key(
                    forwarded: headers.members(of: .xForwardedFor), trustedProxies: listen.trustedProxies) : nil)
    }

    private static let secureSchemes = [FieldToken("https"), FieldToken("wss")]

    /// A peer without an address came over a Unix socket: a local process that may open its file, so the proxy in front.
    private static func isTrusted(_ remoteHost: String, _ listen: ListenSettings) -> Bool {
        if remoteHost.isEmpty { return listen.clients.contains { if case .unix = $0 { true } else { false } } }
        return listen.trustedProxies.contains { $0.contains(remoteHost) }
    }

    private static func checkOrigin(
        _ handshake: Handshake, _ listen: ListenSettings
    ) throws(HandshakeVerdict.Refusal) {
        guard let origin = handshake.headers.first(.origin).map({ ByteString($0) }) else { return }
        guard handshake.headers.count(of: .origin) == 1 else {
            throw .badRequest("There must be at most one Origin field.")
        }
        var hosts = handshake.headers.values(.host).map { ByteString($0) }
        // The leftmost entry is the name that the client used, whatever the proxies behind it are called.
        if handshake.trusted {
            if let host = handshake.headers.firstMember(.xForwardedHost) { hosts.append(ByteString(host)) }
            // Beside the port that the scheme has by itself: some proxies write the one that they listen on inside.
            if let port = handshake.headers.firstMember(.xForwardedPort) {
                hosts += hosts.filter { Authority($0).map { $0.port == nil } ?? false }
                    .map { $0 + ":" + ByteString(port) }
            }
        }
        guard
            OriginCheck.admits(origin, policy: listen.origins, hosts: hosts)
                || OriginCheck.admits(origin, policy: .list(listen.ownPages), hosts: [])
        else { throw .originRefused(origin) }
    }

    private static func credential(
        in handshake: Handshake, _ table: RoutingTable
    ) throws(HandshakeVerdict.Refusal) -> Credential? {
        switch CredentialReading(of: handshake, settings: table.definition.session) {
        case .found(let credential) where table.sendsTokens && credential.token.text == nil: throw .tokenNotUTF8
        case .found(let credential): return credential
        case .anonymous: return nil
        case .ambiguous(let first, let second): throw .tokenAmbiguous(first, second, table.definition.session.token)
        case .missing: throw .tokenRequired
        case .malformed: throw .tokenMalformed
        case .unreadable: throw .tokenUnreadable
        }
    }
}

/// Refusals travel as errors inside the check only.
extension HandshakeVerdict.Refusal: Error {}

extension HandshakeRequest {
    fileprivate var isAtLeastHTTP11: Bool { versionMajor > 1 || (versionMajor == 1 && versionMinor >= 1) }
}
