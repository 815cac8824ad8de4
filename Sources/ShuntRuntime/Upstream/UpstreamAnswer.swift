import NIOHTTP1
import ShuntCore

/// Whether an upstream's answer to the opening handshake is what RFC 6455 §4.1 wants of it.
struct UpstreamAnswer {
    /// nil when the connection is a WebSocket now.
    let failure: DialFailure?

    /// - Parameters:
    ///   - acceptKey: what `Sec-WebSocket-Accept` must say.
    ///   - order: of it, what was offered: subprotocols where a client's messages are passed through, extensions where
    ///     its bytes are.
    init(_ head: HTTPResponseHead, acceptKey: String, offered order: DialOrder) {
        guard head.status == .switchingProtocols else {
            failure = .refused(status: Int(head.status.code))
            return
        }
        let headers = head.headers
        let selected = headers["sec-websocket-protocol"]
        let isGood =
            Self.has(headers["upgrade"], "websocket") && Self.has(headers["connection"], "upgrade")
            && headers["sec-websocket-accept"] == [acceptKey]
            && (order.through?.isRaw == true || headers["sec-websocket-extensions"].isEmpty)
            && (selected.isEmpty || selected.count == 1 && Self.subprotocols(order).contains(selected[0]))
        failure = isGood ? nil : .badHandshake
    }

    /// What the client offered: one of them may be selected, and in its spelling.
    private static func subprotocols(_ order: DialOrder) -> [String] {
        guard order.through != nil else { return [] }
        return order.request.headers.filter { asciiEqualIgnoringCase($0.name, "sec-websocket-protocol") }
            .flatMap { $0.value.split(separator: ",") }.map { String($0.trimmed) }
    }

    /// Whether a token is among those of comma-separated fields, compared without case.
    private static func has(_ values: [String], _ token: String) -> Bool {
        values.contains { value in
            value.split(separator: ",").contains { asciiEqualIgnoringCase(String($0.trimmed), token) }
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
