/// The legacy server: the guide and the liaisons, each at its own path.
struct LegacyEndpoints: Endpoints {
    let history: History
    let generation: DemoOptions.LegacyGeneration

    func agent(at path: String) -> (any Agent)? {
        if path == "/api/ws/guide" { return GuideAgent() }
        let prefix = "/api/ws/liaison/"
        guard path.hasPrefix(prefix) else { return nil }
        let pillar = String(path.dropFirst(prefix.count))
        guard !pillar.isEmpty, !pillar.contains("/") else { return nil }
        guard pillars.contains(pillar) else { return StrangerAgent(pillar: pillar) }
        return LiaisonAgent(pillar: pillar, history: history, generation: generation)
    }
}

let pillars = ["content", "insights", "operations", "business_outcomes"]

/// The server's own error, after which its loop is dead.
func internalError(_ reason: String) -> String {
    var error = JSONText()
    error.add("type", "error")
    error.add("message", "Internal error: " + reason)
    return error.text
}

private let messageRequired = #"{"type":"error","message":"Message is required"}"#
private let notAnObject = "the message is no JSON object"
private let notText = "the message is no text"

struct GuideAgent: Agent {
    func greeting(_ visitor: Visitor) -> [Step] { [] }

    func answerBinary(_ visitor: Visitor) -> [Step] { [.send(internalError(notText)), .die] }

    func answer(_ text: String, _ visitor: Visitor) -> [Step] {
        guard let request = Request(text) else { return [.send(internalError(notAnObject)), .die] }
        guard let message = request.text("message") else { return [.send(messageRequired)] }
        return DemoCommand(message).steps(
            message, text, visitor, internalError: internalError("the agent threw"),
            failure: {
                var error = JSONText()
                error.add("type", "error")
                error.add("message", "Failed to process message: " + message)
                error.add("agent_type", "guide")
                error.add("conversation_id", raw: "null")
                return error.text
            },
            reply: { words, extra in guideReply(words, extra).text })
    }
}

/// The guide's reply: the words twice, for both generations of clients; never a conversation id.
func guideReply(_ words: String, _ extra: [(String, String)]) -> JSONText {
    var reply = JSONText()
    let message = "guide: " + words
    reply.add("type", "response")
    reply.add("message", message)
    reply.add("agent_type", "guide")
    reply.add("response", message)
    reply.add("intent", "general_inquiry")
    reply.add("suggested_routes", raw: #"["/pillars/content","/pillars/insights"]"#)
    for (name, value) in extra { reply.add(name, raw: value) }
    return reply
}

struct LiaisonAgent: Agent {
    let pillar: String
    let history: History
    let generation: DemoOptions.LegacyGeneration

    func greeting(_ visitor: Visitor) -> [Step] {
        if generation == .older { return [.send(welcome(visitor))] }
        let lines = history.lines(token: visitor.token, pillar: pillar)
        guard !lines.isEmpty else { return [] }
        var push = JSONText()
        push.add("type", "conversation_restored")
        push.add("agent_type", pillar + "_liaison")
        push.add("pillar", pillar)
        push.add("messages", raw: JSONText.list(lines))
        push.add("message_count", raw: "\(lines.count)")
        return [.send(push.text)]
    }

    func answerBinary(_ visitor: Visitor) -> [Step] { [.send(internalError(notText)), .die] }

    func answer(_ text: String, _ visitor: Visitor) -> [Step] {
        guard let request = Request(text) else { return [.send(internalError(notAnObject)), .die] }
        guard let message = request.text("message") else { return [.send(messageRequired)] }
        return DemoCommand(message).steps(
            message, text, visitor, internalError: internalError("the agent threw"),
            failure: { failure(visitor) },
            reply: { words, extra in
                let answer = pillar + ": " + words
                history.add(token: visitor.token, pillar: pillar, question: message, answer: answer)
                return generation == .older ? olderReply(answer, visitor) : reply(answer, extra, visitor)
            })
    }

    private func reply(_ answer: String, _ extra: [(String, String)], _ visitor: Visitor) -> String {
        var reply = JSONText()
        reply.add("type", "chat_response")
        reply.add("agent_type", "liaison")
        reply.add("pillar", pillar)
        reply.add("message", answer)
        reply.add("session_token", visitor.token)
        reply.add("session_id", sessionID(visitor))
        reply.add("intent", raw: #"{"intent":"general","confidence":0.90}"#)
        reply.add("orchestrator_response", raw: "null")
        for (name, value) in extra { reply.add(name, raw: value) }
        return reply.text
    }

    private func failure(_ visitor: Visitor) -> String {
        var error = JSONText()
        error.add("type", "error")
        error.add("agent_type", "liaison")
        error.add("pillar", pillar)
        error.add("message", "I encountered an error processing your message. Please try again.")
        error.add("session_token", visitor.token)
        error.add("error", "the agent failed")
        return error.text
    }

    private func welcome(_ visitor: Visitor) -> String {
        var data = JSONText()
        data.add("message", "Welcome to " + pillar)
        data.add("pillar", pillar)
        data.add("conversation_id", "conversation_" + visitor.id)
        data.add("session_id", sessionID(visitor))
        var push = JSONText()
        push.add("type", "welcome")
        push.add("data", raw: data.text)
        push.add("timestamp", timestamp())
        return push.text
    }

    private func olderReply(_ answer: String, _ visitor: Visitor) -> String {
        var data = JSONText()
        data.add("message", answer)
        var reply = JSONText()
        reply.add("type", "agent_response")
        reply.add("data", raw: data.text)
        reply.add("pillar", pillar)
        reply.add("conversation_id", "conversation_" + visitor.id)
        reply.add("session_id", sessionID(visitor))
        reply.add("timestamp", timestamp())
        return reply.text
    }

    /// Stable for a token and no part of it (FNV-1a, 64 bit).
    private func sessionID(_ visitor: Visitor) -> String {
        let hash = visitor.token.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "session_" + hexadecimal(hash, digits: 16)
    }
}

/// A pillar that does not exist: accepted first, then closed, as the field's server does it.
struct StrangerAgent: Agent {
    let pillar: String

    func greeting(_ visitor: Visitor) -> [Step] { [.close(code: 4004, reason: "Invalid pillar: " + pillar)] }
    func answerBinary(_ visitor: Visitor) -> [Step] { [] }
    func answer(_ text: String, _ visitor: Visitor) -> [Step] { [] }
}
