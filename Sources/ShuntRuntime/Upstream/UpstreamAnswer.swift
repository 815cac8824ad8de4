import NIOHTTP1
import ShuntCore

/// Whether an upstream's answer to the opening handshake is what RFC 6455 §4.1 wants of it.
enum UpstreamAnswer {
    /// - Parameter acceptKey: what `Sec-WebSocket-Accept` must say.
    /// - Returns: nil when the connection is a WebSocket now.
    static func failure(of head: HTTPResponseHead, acceptKey: String) -> DialFailure? {
        guard head.status == .switchingProtocols else { return .refused(status: Int(head.status.code)) }
        let headers = head.headers
        guard has(headers["upgrade"], "websocket"), has(headers["connection"], "upgrade"),
            headers["sec-websocket-accept"] == [acceptKey],
            // Neither is ever offered on a routed way.
            headers["sec-websocket-extensions"].isEmpty, headers["sec-websocket-protocol"].isEmpty
        else { return .badHandshake }
        return nil
    }

    /// Whether a token is among those of comma-separated fields, compared without case.
    private static func has(_ values: [String], _ token: String) -> Bool {
        values.contains { value in
            value.split(separator: ",").contains { item in
                asciiEqualIgnoringCase(String(item.drop { $0 == " " || $0 == "\t" }.trimmedEnd), token)
            }
        }
    }
}

extension Substring {
    fileprivate var trimmedEnd: Substring {
        var text = self
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
