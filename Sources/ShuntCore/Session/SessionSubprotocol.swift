/// Shunt's own subprotocols: by them a page says its token, which has no header of its own to set.
package enum SessionSubprotocol {
    /// What is selected.
    package static let version = "shunt.v1"
    /// Followed by the token in base64url without padding. Never selected, never passed on.
    static let tokenPrefix = "shunt.token."
    /// What all of them begin with.
    static let prefix = "shunt."
}

extension Handshake {
    /// The subprotocols that the client offers, in its order, but for Shunt's own.
    package var subprotocols: [String] {
        headers.members(of: .secWebSocketProtocol)
            .filter { FieldText.isToken($0.bytes.span) && !$0.hasPrefix(SessionSubprotocol.prefix) }
            .compactMap(\.text)
    }

    /// Whether it takes Shunt's own.
    package var offersShunt: Bool {
        headers.lists(.secWebSocketProtocol) { $0.elementsEqual(SessionSubprotocol.version.utf8) }
    }

    /// The tokens in the client's offer, each as it is written.
    var offeredTokens: [ArraySlice<UInt8>] {
        headers.members(of: .secWebSocketProtocol).filter { $0.hasPrefix(SessionSubprotocol.tokenPrefix) }
            .map { $0.bytes.dropFirst(SessionSubprotocol.tokenPrefix.utf8.count) }
    }
}

extension HeaderFields {
    /// Appends a client's offer of subprotocols as an upstream may see it: without Shunt's own, as it was written where
    /// there are none.
    mutating func appendSubprotocols(of client: HeaderFields) {
        guard client.lists(.secWebSocketProtocol, where: { $0.starts(with: SessionSubprotocol.prefix.utf8) }) else {
            return append(client) { kind, _ in kind == .secWebSocketProtocol }
        }
        let others = client.members(of: .secWebSocketProtocol).filter { !$0.hasPrefix(SessionSubprotocol.prefix) }
        if !others.isEmpty { append("Sec-WebSocket-Protocol", others.joined(separator: ", ")) }
    }
}
