import ShuntCore

/// What a dial for a client that arrives came to: the client is answered by it.
enum DialOutcome {
    /// The upstream's answer to the opening handshake: 101, or whatever else it said.
    case answered(UpstreamReply)
    /// - Parameter problem: for people, where more is known.
    case failed(DialFailure, problem: String? = nil)
}

/// An upstream's answer to an opening handshake.
struct UpstreamReply {
    /// How much of a refusal's body is passed on.
    static let longestBody = 64 << 10

    let status: Int
    let reason: ByteString
    let headers: HeaderFields
    /// Of a refusal; as much of it as came and may be passed on.
    var body: [UInt8] = []

    init(_ head: AnswerHead) {
        status = head.status
        reason = head.reason
        headers = head.fields
    }

    /// The fields that are for the client, of a message end to end (RFC 9110 §7.6.1): not those of the upstream's own
    /// connection, nor those that frame its body.
    ///
    /// - Parameter keeping: names of the handshake's own that are for the client too.
    func passed(keeping kept: [String]) -> [Handshake.Field] {
        let nominated = headers.members(of: .connection)
        return headers.filter { field in
            if kept.contains(where: { asciiEqualIgnoringCase($0, field.name) }) { return true }
            return !Self.isOfThisHop(field.name)
                && !nominated.contains { asciiEqualIgnoringCase($0, field.name) && !isCookie(field.name) }
        }
    }

    /// A `Connection` field that lists it is an attempt to get rid of it.
    private func isCookie(_ name: String) -> Bool { asciiEqualIgnoringCase(name, "set-cookie") }

    private static let ofThisHop = [
        "connection", "upgrade", "keep-alive", "te", "trailer", "transfer-encoding", "content-length",
    ]

    private static func isOfThisHop(_ name: String) -> Bool {
        let lower = name.lowercased()
        return ofThisHop.contains(lower) || lower.hasPrefix("proxy-") || lower.hasPrefix("sec-websocket-")
    }
}
