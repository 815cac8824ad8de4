import ShuntCore

/// The bytes that answer a client's request: 101, or a small JSON body and the end of the connection.
enum HandshakeAnswer {
    /// Nil where it cannot be written.
    ///
    /// - Parameters:
    ///   - subprotocol: the selected one, as the client offered it.
    ///   - extensions: those that are agreed on.
    ///   - announcement: what a legacy endpoint says of its end.
    static func switchingProtocols(
        acceptKey: ByteString, subprotocol: String? = nil, extensions: String? = nil,
        _ announcement: Announcement? = nil
    ) -> [UInt8]? {
        var fields = acceptField(acceptKey, extensions)
        if let subprotocol { fields.append("Sec-WebSocket-Protocol", ByteString(subprotocol)) }
        return switchingProtocols(fields, announcement?.fields)
    }

    static func switchingProtocols(_ fields: HeaderFields?, _ more: HeaderFields?) -> [UInt8]? {
        HeadWriter.answer(status: 101, reason: switching, upgrade, fields, more)
    }

    private static let switching: ByteString = "Switching Protocols"

    static func acceptField(_ key: ByteString, _ extensions: String?) -> HeaderFields {
        var fields = HeaderFields()
        fields.append("Sec-WebSocket-Accept", key)
        if let extensions { fields.append("Sec-WebSocket-Extensions", ByteString(extensions)) }
        return fields
    }

    private static let upgrade = HeaderFields([
        Handshake.Field(name: "Upgrade", value: "websocket"), Handshake.Field(name: "Connection", value: "Upgrade"),
    ])

    static func refusal(_ refusal: HandshakeVerdict.Refusal) -> [UInt8] {
        if let closing = refusal.closing,
            var answer = switchingProtocols(acceptKey: closing.acceptKey, subprotocol: closing.subprotocol)
        {
            FrameEncoder.encodeClose(
                closing.code, reason: Array(refusal.code.utf8), mask: nil, into: &answer)
            return answer
        }
        return json(status: refusal.status, headers: refusal.headers, body: refusal.body)
    }

    static func health(withBody: Bool) -> [UInt8] {
        json(status: 200, headers: [], body: #"{"status":"ok"}"#, withBody: withBody)
    }

    /// What the runtime itself has to say no to, beyond what `HandshakeCheck` decides from the request alone.
    enum Trouble {
        case malformed, plainText, headTooLarge, timeout, validationSlow, tooSlow, full, memoryFull, tooManyFromAddress,
            draining,
            noDescriptors
        case upstreamUnavailable, upstreamSilent, upstreamFull, unavailable

        var status: Int {
            switch self {
            case .malformed, .plainText: 400
            case .headTooLarge: 431
            case .timeout: 408
            case .tooManyFromAddress: 429
            case .upstreamUnavailable: 502
            case .upstreamSilent: 504
            case .validationSlow, .tooSlow, .full, .memoryFull, .draining, .noDescriptors, .upstreamFull, .unavailable:
                503
            }
        }

        var code: String {
            switch self {
            case .malformed: "bad_request"
            case .plainText: "tls_required"
            case .headTooLarge: "head_too_large"
            case .timeout: "handshake_timeout"
            case .validationSlow: "validation_unavailable"
            case .tooManyFromAddress: "too_many_connections"
            case .tooSlow: "handshake_too_slow"
            case .full, .noDescriptors: "overloaded"
            case .memoryFull: "memory_full"
            case .upstreamUnavailable: "upstream_unavailable"
            case .upstreamSilent: "upstream_timeout"
            case .upstreamFull: "upstream_full"
            case .unavailable: "unavailable"
            case .draining: "draining"
            }
        }

        /// For people.
        var message: String {
            switch self {
            case .malformed: "This is not an HTTP/1.1 request."
            case .plainText: "This port speaks TLS: connect with wss:// (or https://)."
            case .headTooLarge: "The request has too many or too long header fields."
            case .timeout: "The handshake took too long."
            case .validationSlow: "The session token could not be checked in time; try again."
            case .tooManyFromAddress: "Too many connections from this address."
            case .tooSlow: "The handshake was slow while many others waited; try again."
            case .full, .noDescriptors: "Too many connections; try again."
            case .memoryFull: "The memory for connections is full (limits.memory); try again."
            case .draining: "The server is restarting; try again."
            case .upstreamUnavailable: "The backend of this endpoint cannot be reached."
            case .upstreamSilent: "The backend of this endpoint does not answer."
            case .upstreamFull: "The backend of this endpoint has too many connections; try again."
            case .unavailable: "This endpoint cannot take a connection now; try again."
            }
        }
    }

    /// - Parameter problem: with a backend's answer to the handshake, for people.
    static func trouble(_ trouble: Trouble, because problem: String? = nil) -> [UInt8] {
        let retry = trouble.status == 503 || trouble.status == 429
        return refusal(
            HandshakeVerdict.Refusal(
                status: trouble.status, code: trouble.code,
                message: problem.map { "The backend of this endpoint answered the handshake wrongly: \($0)." }
                    ?? trouble.message,
                headers: retry ? [Handshake.Field(name: "Retry-After", value: "1")] : []))
    }

    private static func json(
        status: Int, headers: [Handshake.Field], body: String, withBody: Bool = true
    ) -> [UInt8] {
        let own = [
            Handshake.Field(name: "Content-Type", value: "application/json"),
            Handshake.Field(name: "Content-Length", value: "\(body.utf8.count)"),
            Handshake.Field(name: "Cache-Control", value: "no-store"),
            Handshake.Field(name: "Connection", value: "close"),
        ]
        let reason = ByteString(reason(status))
        guard let head = HeadWriter.answer(status: status, reason: reason, HeaderFields(headers + own)) else {
            return Array("HTTP/1.1 500 Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
        }
        return withBody ? head + body.utf8 : head
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 410: "Gone"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Error"
        }
    }
}
