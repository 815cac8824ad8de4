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
    /// - Parameter keeping: kinds of the handshake's own that are for the client too.
    func passed(keeping kept: [HeaderFields.Kind]) -> HeaderFields {
        // A `Connection` field that lists the cookie is an attempt to get rid of it; `Upgrade` is left out by its kind.
        let nominated = headers.members(of: .connection).map { FieldToken($0) }
            .filter { !$0.isSame(Self.setCookie) && !$0.isSame(Self.upgrade) }
        var passed = HeaderFields()
        passed.append(headers) { kind, name in
            kept.contains(kind) || !kind.isOfAnswersHop && !nominated.contains { $0.isSame(name) }
        }
        return passed
    }

    private static let setCookie = Array("set-cookie".utf8)[...]
    private static let upgrade = Array("upgrade".utf8)[...]
}
