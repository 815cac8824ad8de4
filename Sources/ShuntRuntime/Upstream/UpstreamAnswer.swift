import ShuntCore

/// Whether an upstream's answer to the opening handshake is what RFC 6455 §4.1 wants of it.
struct UpstreamAnswer {
    /// nil when the connection is a WebSocket now.
    let failure: DialFailure?
    /// How messages are compressed; nil where they are not, or where that is between client and backend.
    let compression: DeflateAgreement?
    /// For people: what is wrong with a 101; nil where nothing is, and of any other answer.
    let problem: String?

    /// - Parameters:
    ///   - acceptKey: what `Sec-WebSocket-Accept` must say.
    ///   - order: of it, what was offered: subprotocols where a client's messages are passed through. Where its bytes
    ///     are, subprotocol and extensions are between client and backend.
    ///   - settings: by which compression was offered; nil where it was not.
    init(
        _ head: AnswerHead, acceptKey: ByteString, offered order: DialOrder, compression settings: CompressionSettings?
    ) {
        guard head.status == 101 else {
            compression = nil
            failure = .refused(status: head.status)
            problem = nil
            return
        }
        let accepted = DeflateAgreement.accepted(by: head.fields, offered: settings)
        if case .agreed(let agreement) = accepted, order.through?.isRaw != true {
            compression = agreement
        } else {
            compression = nil
        }
        problem = Self.problem(head.fields, acceptKey, order, accepted)
        failure = problem == nil ? nil : .badHandshake
    }

    private static func problem(
        _ fields: HeaderFields, _ acceptKey: ByteString, _ order: DialOrder, _ accepted: DeflateAgreement.Accepted
    ) -> String? {
        if !fields.lists(.upgrade, .websocket) { return "no Upgrade: websocket" }
        if !fields.lists(.connection, .upgrade) { return "no Connection: Upgrade" }
        guard fields.count(of: .secWebSocketAccept) == 1, fields.first(.secWebSocketAccept) == acceptKey.bytes[...]
        else { return "wrong Sec-WebSocket-Accept" }
        if order.through?.isRaw == true { return nil }
        if accepted == .wrong, let extensions = fields.first(.secWebSocketExtensions).map({ ByteString($0) }) {
            return "the extension \(named(extensions)) was not offered"
        }
        if fields.count(of: .secWebSocketProtocol) > 1 { return "more than one subprotocol" }
        if let chosen = fields.first(.secWebSocketProtocol).map({ ByteString($0) }),
            !subprotocols(order).contains(chosen)
        {
            return "the subprotocol \(named(chosen)) was not offered"
        }
        return nil
    }

    /// What the client offered: one of them may be selected, and in its spelling.
    private static func subprotocols(_ order: DialOrder) -> [ByteString] {
        guard order.through != nil else { return [] }
        return order.request.headers.members(of: .secWebSocketProtocol)
    }

    /// In quotes, and not too much of it.
    private static func named(_ value: ByteString) -> String {
        "\"" + ByteString(value.bytes.prefix(64)).description + "\""
    }
}
