/// Every answer to a handshake that is not taken, with its status and code.
extension HandshakeVerdict.Refusal {
    static func methodNotAllowed(allowed: String) -> Self {
        Self(
            status: 405, code: "method_not_allowed", message: "Only \(allowed) is allowed here.",
            headers: [field("Allow", allowed)])
    }

    static func badRequest(_ message: String) -> Self {
        Self(status: 400, code: "bad_handshake", message: message, headers: [])
    }

    /// Paths that a 404 lists.
    private static let mostPaths = 20

    static func notFound(_ endpoints: EndpointTable, _ phase: Phase) -> Self {
        let (paths, more) = endpoints.openPaths(in: phase, most: mostPaths)
        return Self(
            status: 404, code: "unknown_path",
            message: "There is no socket at this path. Sockets are at: \(paths.joined(separator: ", "))"
                + (more > 0 ? " and \(more) more." : "."), headers: [])
    }

    /// A legacy endpoint after the migration.
    static func gone(_ announcement: Announcement?) -> Self {
        Self(
            status: 410, code: "endpoint_closed", message: "This endpoint is closed." + pointer(announcement),
            headers: announcement.map { Array($0.fields) } ?? [], details: details(announcement))
    }

    package static let brownoutCode = "brownout"

    /// A deprecated endpoint in a brownout that takes the client in. Neither 401 nor 403: an old client that takes those
    /// for "log in again" would lose its session over it.
    static func brownout(_ brownout: Brownout, _ announcement: Announcement?, at wall: UnixTime) -> Self {
        let until = brownout.until.shortText
        return Self(
            status: 503, code: brownoutCode,
            message: "This endpoint is deprecated and switched off for a test until \(until)." + pointer(announcement),
            headers: [field("Retry-After", "\(brownout.retryAfter(at: wall))")]
                + (announcement.map { Array($0.fields) } ?? []),
            details: [field("until", until)] + details(announcement))
    }

    private static func pointer(_ announcement: Announcement?) -> String {
        announcement?.successor.map { " Its successor is at: \($0)." } ?? ""
    }

    private static func details(_ announcement: Announcement?) -> [Handshake.Field] {
        let known = [
            ("successor", announcement?.successor), ("sunset", announcement?.sunset?.shortText),
            ("link", announcement?.link),
        ]
        return known.compactMap { name, value in value.map { field(name, $0) } }
    }

    static let upgradeRequired = Self(
        status: 426, code: "upgrade_required",
        message: "This is a WebSocket endpoint: connect with a WebSocket client (GET with Upgrade: websocket).",
        headers: [field("Upgrade", "websocket")])

    static let unsupportedVersion = Self(
        status: 426, code: "unsupported_version", message: "Only version 13 of the WebSocket protocol is supported.",
        headers: [field("Upgrade", "websocket"), field("Sec-WebSocket-Version", "13")])

    /// - Parameter origin: as received; shortened and cleaned before it is repeated.
    static func originRefused(_ origin: ByteString) -> Self {
        let shown = readable(origin)
        return Self(
            status: 403, code: "origin_refused",
            message: "Pages of the origin \(shown) may not connect. To admit it, add it to the configuration: "
                + "listen: {origins: [\(shown)]}",
            headers: [])
    }

    static let tokenRequired = Self(
        status: 401, code: "token_required", message: "A session token is required to connect.",
        // RFC 9110 §15.5.2 wants a challenge in every 401.
        headers: [field("WWW-Authenticate", "Bearer")])

    /// The same, told by a close frame where the endpoint's clients understand nothing else; 1013 where coming again helps.
    func closing(_ access: EndpointAccess, acceptKey: ByteString, _ handshake: Handshake) -> Self {
        guard let code = access.refusalCode, [401, 403, 503].contains(status) else { return self }
        var refusal = self
        refusal.closing = Closing(
            acceptKey: acceptKey,
            subprotocol: handshake.offersShunt ? SessionSubprotocol.version : handshake.subprotocols.first,
            code: status == 503 ? .tryAgainLater : code)
        return refusal
    }

    /// A validator's no.
    ///
    /// - Parameter status: 401 or 403.
    static func credentialRefused(status: Int) -> Self {
        guard status != 403 else {
            return Self(
                status: 403, code: "session_refused", message: "This session may not connect here.", headers: [])
        }
        return Self(
            status: 401, code: "session_refused",
            message: "The session token is not good (any more): get a new one and connect again.",
            headers: [field("WWW-Authenticate", #"Bearer error="invalid_token""#)])
    }

    /// Nobody can tell whether the credential is good. Neither 401 nor 403: the client would throw a good token away.
    static let credentialUnknown = Self(
        status: 503, code: "validation_unavailable",
        message: "Session tokens cannot be checked at present; try again.", headers: [field("Retry-After", "2")])

    package static let tokenAmbiguousCode = "token_ambiguous"

    static let tokenUnreadable = Self(
        status: 400, code: "token_malformed",
        message:
            "What follows \(SessionSubprotocol.tokenPrefix) in Sec-WebSocket-Protocol is no base64url without padding.")

    /// Names places, never what stands there.
    ///
    /// - Parameter sources: where tokens are looked for.
    static func tokenAmbiguous(_ first: ValueSource, _ second: ValueSource, _ sources: [ValueSource]) -> Self {
        guard first != second else {
            return Self(
                status: 400, code: tokenAmbiguousCode,
                message: "The session token stands twice in \(first.text); send it once.", headers: [])
        }
        let kept = sources.filter { $0 != second }.map(\.text).joined(separator: ", ")
        return Self(
            status: 400, code: tokenAmbiguousCode,
            message: "The session token in \(first.text) is not the one in \(second.text). If what stands in "
                + "\(second.text) is for somebody else, let the configuration not look there: "
                + "session: {token: [\(kept)]}", headers: [])
    }

    static let tokenMalformed = Self(
        status: 400, code: "token_malformed", message: "The session token contains control characters.", headers: [])

    static let tokenNotUTF8 = Self(
        status: 400, code: "token_malformed",
        message: "The session token is not UTF-8, and a backend here takes it in messages (identity: message, or "
            + "{token} in on_open), which are.", headers: [])

    private static func field(_ name: String, _ value: String) -> Handshake.Field {
        Handshake.Field(name: name, value: value)
    }

    /// The printable part of a peer's text, cut to a bearable length.
    private static func readable(_ text: ByteString) -> String {
        let bytes = text.bytes.prefix(200).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
        return String(decoding: bytes, as: UTF8.self)
    }
}
