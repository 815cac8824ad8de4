import NIOCore
import Synchronization

/// The unified server: one path for all agents.
struct UnifiedEndpoints: Endpoints {
    let limits: UnifiedLimits
    let origins: [String]?
    let greets: Bool

    func agent(at path: String) -> (any Agent)? {
        path == "/api/ws/agent" ? UnifiedAgent(limits: limits, origins: origins, greets: greets) : nil
    }
}

/// The unified agent's side of one socket. One loop serves it, so a slow guide blocks a fast liaison.
final class UnifiedAgent: Agent {
    private let limits: UnifiedLimits
    private let origins: [String]?
    private let greets: Bool
    /// Whether this socket counts among the token's, and must be given back.
    private let counted = Mutex(false)

    init(limits: UnifiedLimits, origins: [String]?, greets: Bool) {
        self.limits = limits
        self.origins = origins
        self.greets = greets
    }

    func greeting(_ visitor: Visitor) -> [Step] {
        let origin = visitor.headers.first { $0.name.lowercased() == "origin" }?.value
        if let origins, let origin, !origins.contains(origin) {
            return [.close(code: 4003, reason: "Origin not allowed")]
        }
        switch limits.enter(visitor.token) {
        case .tooManyOfToken: return [.close(code: 4004, reason: "Too many connections for this session")]
        case .tooManyInAll: return [.close(code: 4005, reason: "Too many connections")]
        case .admitted: counted.withLock { $0 = true }
        }
        guard greets else { return [] }
        var push = JSONText()
        push.add("type", "system")
        push.add("message", "Connected to the unified agent")
        push.add("agent_type", "guide")
        push.add("connection_id", connectionID(visitor))
        return [.send(push.text)]
    }

    func left(_ visitor: Visitor) {
        let wasCounted = counted.withLock { counted in
            defer { counted = false }
            return counted
        }
        if wasCounted { limits.leave(visitor.token) }
    }

    func heartbeat(_ visitor: Visitor) -> String? {
        guard greets else { return nil }
        var ping = JSONText()
        ping.add("type", "heartbeat")
        ping.add("action", "ping")
        ping.add("timestamp", timestamp())
        ping.add("connection_id", connectionID(visitor))
        return ping.text
    }

    func answerBinary(_ visitor: Visitor) -> [Step] {
        [.send(error("Internal error: the message is no text", "guide", nil)), .die]
    }

    func answer(_ text: String, _ visitor: Visitor) -> [Step] {
        guard let request = Request(text) else {
            return [.send(error("Internal error: the message is no JSON object", "guide", nil)), .die]
        }
        if request.text("type") == "heartbeat" { return [] }
        let agent = request.text("agent_type") ?? "guide"
        let conversation = request.text("conversation_id")
        guard limits.admitMessage(of: visitor.token, now: .now()) else {
            let words = "Rate limit exceeded. Please slow down your requests."
            return [
                .send(error(words, agent, .some(conversation))), .close(code: 4029, reason: "Rate limit exceeded"),
            ]
        }
        guard let message = request.text("message") else { return [.send(error("Message is required", agent, nil))] }
        switch agent {
        case "guide":
            return steps(message, text, visitor, agent: agent) { words, extra in
                var reply = guideReply(words, extra)
                reply.add("conversation_id", conversation ?? Self.newConversation())
                return reply.text
            }
        case "liaison":
            guard let pillar = request.text("pillar") else {
                return [.send(error("Pillar is required for liaison agent", agent, nil))]
            }
            guard pillars.contains(pillar) else {
                return [.send(error("Liaison Agent for pillar '\(pillar)' not available", agent, nil))]
            }
            return steps(message, text, visitor, agent: agent) { words, extra in
                Self.liaisonReply(pillar + ": " + words, pillar, conversation ?? Self.newConversation(), extra)
            }
        default:
            return [.send(error("Unknown agent_type: " + agent, agent, nil))]
        }
    }

    private func steps(
        _ message: String, _ text: String, _ visitor: Visitor, agent: String,
        reply: (String, [(String, String)]) -> String
    ) -> [Step] {
        DemoCommand(message).steps(
            message, text, visitor, internalError: error("Internal error: the agent threw", agent, nil),
            failure: { error("Failed to process message: " + message, agent, nil) }, reply: reply)
    }

    /// Neither `type` nor `message`: the words stand under `response`.
    private static func liaisonReply(
        _ words: String, _ pillar: String, _ conversation: String, _ extra: [(String, String)]
    ) -> String {
        var reply = JSONText()
        reply.add("success", true)
        reply.add("response", words)
        reply.add("conversation_id", conversation)
        reply.add("agent", pillar + "_liaison")
        reply.add("agent_type", "liaison")
        reply.add("pillar", pillar)
        for (name, value) in extra { reply.add(name, raw: value) }
        return reply.text
    }

    /// `conversation`: nil leaves the member out, an inner nil writes null.
    private func error(_ words: String, _ agent: String, _ conversation: String??) -> String {
        var error = JSONText()
        error.add("type", "error")
        error.add("message", words)
        error.add("agent_type", agent)
        if let conversation { error.add("conversation_id", raw: conversation.map(JSONText.quoted) ?? "null") }
        return error.text
    }

    /// The token leaks into it, as it does in the field.
    private func connectionID(_ visitor: Visitor) -> String { "unified_agent_\(visitor.token)_\(visitor.id)" }

    /// A new one for every message that brings none.
    private static func newConversation() -> String {
        "conversation_" + hexadecimal(UInt64.random(in: 0 ... .max), digits: 16)
    }
}
