import ShuntCore

/// Answers to a client that arrives, in the words of its backend.
extension HandshakeAnswer {
    /// The backend said 101: its subprotocol and its own fields, above the answer that is ours to give. Nil where that
    /// cannot be written.
    ///
    /// - Parameters:
    ///   - offersShunt: the client takes Shunt's own subprotocol where the backend selects none.
    ///   - isRaw: bytes are piped: the accept key and the extensions are the backend's own, too.
    ///   - extensions: those that are agreed on where bytes are not piped.
    ///   - announcement: what the endpoint says of its end.
    static func switchingProtocols(
        acceptKey: ByteString, as reply: UpstreamReply, isRaw: Bool, offersShunt: Bool, extensions: String? = nil,
        _ announcement: Announcement? = nil
    ) -> [UInt8]? {
        var passed = reply.passed(
            keeping: isRaw
                ? [.secWebSocketProtocol, .secWebSocketAccept, .secWebSocketExtensions] : [.secWebSocketProtocol])
        if offersShunt, passed.count(of: .secWebSocketProtocol) == 0 {
            passed.append("Sec-WebSocket-Protocol", ByteString(SessionSubprotocol.version))
        }
        return switchingProtocols(
            isRaw ? nil : acceptField(acceptKey, extensions), announcement?.joined(to: passed) ?? passed)
    }

    /// What a client hears whose dial came to nothing.
    ///
    /// - Parameter outcome: nil where nobody was asked.
    static func rejection(_ outcome: DialOutcome?) -> [UInt8] {
        switch outcome {
        case .answered(let reply): refusal(as: reply)
        case .failed(.badHandshake, let problem?): trouble(.upstreamUnavailable, because: problem)
        case .failed, nil: trouble(self.trouble(of: outcome))
        }
    }

    /// The code that such a refusal counts under. A backend's own has none: it counts as `upstream_refused`.
    static func rejectionCode(_ outcome: DialOutcome?) -> String {
        if case .answered(let reply) = outcome, isAnswer(reply.status) { return "upstream_refused" }
        return trouble(of: outcome).code
    }

    private static func trouble(of outcome: DialOutcome?) -> Trouble {
        switch outcome {
        case .failed(.connectTimeout, _), .failed(.handshakeTimeout, _): .upstreamSilent
        case .failed(.limit, _), .failed(.noLocalAddress, _): .upstreamFull
        case .failed, .answered: .upstreamUnavailable
        case nil: .unavailable
        }
    }

    private static func isAnswer(_ status: Int) -> Bool { (200...999).contains(status) }

    private static func refusal(as reply: UpstreamReply) -> [UInt8] {
        guard isAnswer(reply.status) else { return trouble(.upstreamUnavailable) }
        let hasBody = reply.status != 204 && reply.status != 304
        // What a version is refused with says which one is right (RFC 6455 §4.4).
        var fields = reply.passed(keeping: reply.status == 426 ? [.upgrade, .secWebSocketVersion] : [])
        if hasBody { fields.append("Content-Length", ByteString("\(reply.body.count)")) }
        fields.append("Connection", "close")
        guard let head = HeadWriter.answer(status: reply.status, reason: reply.reason, fields) else {
            return trouble(.upstreamUnavailable)
        }
        return head + (hasBody ? reply.body : [])
    }
}
