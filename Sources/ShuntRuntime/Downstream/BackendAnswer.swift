import ShuntCore

/// Answers to a client that arrives, in the words of its backend.
extension HandshakeAnswer {
    /// The backend said 101: its subprotocol and its own fields, above the answer that is ours to give.
    ///
    /// - Parameters:
    ///   - isRaw: bytes are piped: the accept key and the extensions are the backend's own, too.
    ///   - announcement: what the endpoint says of its end.
    static func switchingProtocols(
        acceptKey: String, as reply: UpstreamReply, isRaw: Bool, _ announcement: Announcement? = nil
    ) -> [UInt8] {
        let kept = ["sec-websocket-protocol"] + (isRaw ? ["sec-websocket-accept", "sec-websocket-extensions"] : [])
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        if !isRaw { head += "Sec-WebSocket-Accept: \(acceptKey)\r\n" }
        let passed = reply.passed(keeping: kept)
        for field in announcement?.joined(to: passed) ?? passed where isSafe(field) {
            head += "\(field.name): \(field.value)\r\n"
        }
        return Array((head + "\r\n").utf8)
    }

    /// What a client hears whose dial came to nothing.
    ///
    /// - Parameter outcome: nil where nobody was asked.
    static func rejection(_ outcome: DialOutcome?) -> [UInt8] {
        if case .answered(let reply) = outcome { refusal(as: reply) } else { trouble(self.trouble(of: outcome)) }
    }

    /// The code that such a refusal counts under. A backend's own has none: it counts as `upstream_refused`.
    static func rejectionCode(_ outcome: DialOutcome?) -> String {
        if case .answered(let reply) = outcome, isAnswer(reply.status) { return "upstream_refused" }
        return trouble(of: outcome).code
    }

    private static func trouble(of outcome: DialOutcome?) -> Trouble {
        switch outcome {
        case .failed(.connectTimeout), .failed(.handshakeTimeout): .upstreamSilent
        case .failed(.limit), .failed(.noLocalAddress): .upstreamFull
        case .failed, .answered: .upstreamUnavailable
        case nil: .unavailable
        }
    }

    private static func isAnswer(_ status: Int) -> Bool { (200...999).contains(status) }

    private static func refusal(as reply: UpstreamReply) -> [UInt8] {
        guard isAnswer(reply.status) else { return trouble(.upstreamUnavailable) }
        let hasBody = reply.status != 204 && reply.status != 304
        // What a version is refused with says which one is right (RFC 6455 §4.4).
        let kept = reply.status == 426 ? ["upgrade", "sec-websocket-version"] : []
        let reason = reply.reason.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? reply.reason : "Refused"
        var head = "HTTP/1.1 \(reply.status) \(reason)\r\n"
        for field in reply.passed(keeping: kept) where isSafe(field) { head += "\(field.name): \(field.value)\r\n" }
        if hasBody { head += "Content-Length: \(reply.body.count)\r\n" }
        head += "Connection: close\r\n\r\n"
        return Array(head.utf8) + (hasBody ? reply.body : [])
    }

    /// Whether the field cannot end the head early.
    private static func isSafe(_ field: Handshake.Field) -> Bool {
        !field.name.isEmpty && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
            && !field.value.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
    }
}
