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

    static func notFound(paths: [String]) -> Self {
        Self(
            status: 404, code: "unknown_path",
            message: "There is no socket at this path. Sockets are at: \(paths.joined(separator: ", ")).", headers: [])
    }

    /// A legacy endpoint after the migration.
    static func gone(_ announcement: Announcement?) -> Self {
        Self(
            status: 410, code: "endpoint_closed", message: "This endpoint is closed." + pointer(announcement),
            headers: announcement?.fields ?? [], details: details(announcement))
    }

    package static let brownoutCode = "brownout"

    /// A deprecated endpoint in a brownout that takes the client in. Neither 401 nor 403: an old client that takes those
    /// for "log in again" would lose its session over it.
    static func brownout(_ brownout: Brownout, _ announcement: Announcement?, at wall: UnixTime) -> Self {
        let until = brownout.until.shortText
        return Self(
            status: 503, code: brownoutCode,
            message: "This endpoint is deprecated and switched off for a test until \(until)." + pointer(announcement),
            headers: [field("Retry-After", "\(brownout.retryAfter(at: wall))")] + (announcement?.fields ?? []),
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
    static func originRefused(_ origin: String) -> Self {
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

    static let tokenAmbiguous = Self(
        status: 400, code: "token_ambiguous",
        message: "The session token is given twice, or in two places that do not agree.", headers: [])

    static let tokenMalformed = Self(
        status: 400, code: "token_malformed", message: "The session token contains control characters.", headers: [])

    private static func field(_ name: String, _ value: String) -> Handshake.Field {
        Handshake.Field(name: name, value: value)
    }

    /// What is printable in a peer's text, and not too much of it.
    private static func readable(_ text: String) -> String {
        let bytes = text.utf8.prefix(200).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
        return String(decoding: bytes, as: UTF8.self)
    }
}
