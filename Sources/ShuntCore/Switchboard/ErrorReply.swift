/// The stable codes of error replies to clients.
package enum ErrorCode: String, Sendable, CaseIterable {
    case badJSON = "bad_json"
    case notAnObject = "not_an_object"
    case ambiguousMember = "ambiguous_member"
    case badMember = "bad_member"
    case binaryUnsupported = "binary_unsupported"
    case unknownAgent = "unknown_agent"
    case pillarRequired = "pillar_required"
    case unknownPillar = "unknown_pillar"
    case messageTooLarge = "message_too_large"
    case rateLimited = "rate_limited"
    case queueFull = "queue_full"
    case queueTimeout = "queue_timeout"
    case overloaded = "overloaded"
    case upstreamUnavailable = "upstream_unavailable"
    case upstreamLost = "upstream_lost"
    case upstreamProtocol = "upstream_protocol"
    case replyTooLarge = "reply_too_large"
    case timeout = "timeout"
    case routePaused = "route_paused"
    case routeRemoved = "route_removed"
    case draining = "draining"
    case sessionExpired = "session_expired"
    case refreshRefused = "refresh_refused"

    /// What a person reads; codes with a value of their own say more at the place.
    package var text: String {
        switch self {
        case .badJSON: "The message is not valid JSON"
        case .notAnObject: "The message must be a JSON object"
        case .ambiguousMember: "A member stands there twice, with different values"
        case .badMember: "A member's name or value cannot be carried"
        case .binaryUnsupported: "Binary messages are not supported on this endpoint; send text"
        case .unknownAgent: "Unknown agent_type"
        case .pillarRequired: "Pillar is required"
        case .unknownPillar: "Unknown pillar"
        case .messageTooLarge: "The message is too large"
        case .rateLimited: "Too many messages; slow down"
        case .queueFull: "Too many messages are waiting for this agent"
        case .queueTimeout: "The message waited too long for the agent's connection"
        case .overloaded: "The proxy is overloaded; try again later"
        case .upstreamUnavailable: "The agent is not available"
        case .upstreamLost: "The connection to the agent was lost before it replied"
        case .upstreamProtocol: "The agent answered with something that is no reply"
        case .replyTooLarge: "The agent's reply is too large"
        case .timeout: "The agent did not reply in time"
        case .routePaused: "The agent is paused for maintenance; try again later"
        case .routeRemoved: "The agent is no longer available"
        case .draining: "The server is restarting; connect again and resend"
        case .sessionExpired: "The session is over; log in again"
        case .refreshRefused: "The new session token is not taken"
        }
    }
}

/// Writes error replies: `{"type":"error","code":…,"message":…,"sent":…}` and what is known of the message.
package enum ErrorReply {
    /// - Parameters:
    ///   - kinds: what tells the kinds of messages there: the member that says `error`, or the one that is an error by
    ///     being there.
    ///   - detail: text for people, in place of the code's own.
    ///   - members: further members, their paths with their values as JSON text.
    ///   - echo: members of the client's message as they stand in JSON, each behind a comma.
    package static func append(
        _ code: ErrorCode, kinds: ReplyKinds = .member("type"), sent: Bool, detail: [UInt8]? = nil,
        members: [(name: String, json: [UInt8])], echo: [UInt8] = [], to output: inout [UInt8]
    ) {
        var text: [UInt8] = []
        JSONString.appendQuoted(detail ?? Array(code.text.utf8), to: &text)
        let said = Array(#""code":"#.utf8) + quoted(code.rawValue) + Array(#","message":"#.utf8) + text
        var all: [Member]
        switch kinds {
        case .member(let path): all = [Member(path, Array(#""error""#.utf8))]
        case .presence: all = [Member(kinds.errorPath ?? "error", [0x7B] + said + [0x7D])]
        }
        all.append(Member("code", quoted(code.rawValue)))
        all.append(Member("message", text))
        all.append(Member("sent", Array((sent ? "true" : "false").utf8)))
        for member in members where !member.json.isEmpty { all.append(Member(member.name, member.json)) }
        output.append(0x7B)
        append(all, to: &output)
        output.append(contentsOf: echo)
        output.append(0x7D)
    }

    /// Writes what a client is told of its session: `{"type":"session_refreshed","expires_in":3600}`.
    ///
    /// - Parameter kinds: where a kind is told by the member that is there, that member holds the others.
    static func appendNotice(
        _ kind: String, kinds: ReplyKinds, members: [(name: String, json: [UInt8])], to output: inout [UInt8]
    ) {
        let others = members.map { Member($0.name, $0.json) }
        output.append(0x7B)
        switch kinds {
        case .member(let path): append([Member(path, quoted(kind))] + others, to: &output)
        case .presence:
            output += quoted(kind) + [0x3A, 0x7B]
            append(others, to: &output)
            output.append(0x7D)
        }
        output.append(0x7D)
    }

    private struct Member {
        var names: ArraySlice<String>
        var json: [UInt8]

        init(_ path: String, _ json: [UInt8]) {
            names = path.names[...]
            self.json = json
        }
    }

    /// Members by their paths: those that are in one object stand in one. Of two with one path, or one in the other, the
    /// first counts.
    private static func append(_ members: [Member], to output: inout [UInt8]) {
        var known: Set<String> = []
        for member in members {
            guard let name = member.names.first, known.insert(name).inserted else { continue }
            if known.count > 1 { output.append(0x2C) }
            output += quoted(name) + [0x3A]
            if member.names.count == 1 {
                output += member.json
                continue
            }
            let inner = members.filter { $0.names.first == name && $0.names.count > 1 }
            output.append(0x7B)
            append(
                inner.map { member in
                    var member = member
                    member.names.removeFirst()
                    return member
                }, to: &output)
            output.append(0x7D)
        }
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var json: [UInt8] = []
        JSONString.appendQuoted(Array(text.utf8), to: &json)
        return json
    }
}
