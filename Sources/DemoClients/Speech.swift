import Foundation

/// What a client says, and what it makes of what it hears.
struct Speech: Sendable {
    private let role: Role
    private let agents: [Destination.Agent]
    private var count: Int
    /// By agent, what the last reply said: a new client goes on with its conversation.
    private var conversations: [String: String] = [:]

    /// - Parameters:
    ///   - agents: those that its socket reaches.
    ///   - count: of messages that were said before.
    init(_ role: Role, agents: [Destination.Agent], count: Int = 0) {
        self.role = role
        self.count = count
        self.agents = agents
    }

    /// The next message to the agent, as JSON text.
    mutating func message(to agent: Destination.Agent, now: Date = .now) -> String {
        count += 1
        var members = ["message": Self.words(agent.name, count)]
        if role.sockets == .unified {
            for member in agent.address { members[member.name] = member.value }
            if let conversation = conversations[agent.name] { members["conversation_id"] = conversation }
        } else if case .web = role.app {
            members["id"] = "msg_\(count)"
            members["timestamp"] = now.formatted(.iso8601)
        }
        return Self.json(members)
    }

    /// What the old web application sends every 30 s; nil for other clients.
    func heartbeat(now: Date = .now) -> String? {
        guard case .web = role.app, role.sockets != .unified else { return nil }
        return Self.json(["type": "heartbeat", "timestamp": now.formatted(.iso8601)])
    }

    /// Takes in a message of the proxy. Returns whether it answers, rather than being a push or a heartbeat.
    mutating func hear(_ text: String) -> Bool {
        guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
            let members = value as? [String: Any]
        else { return false }
        if let type = members["type"] as? String, Self.pushes.contains(type) { return false }
        let agent = agents.first { agent in
            !agent.address.isEmpty && agent.address.allSatisfy { members[$0.name] as? String == $0.value }
        }
        if let agent, let conversation = members["conversation_id"] as? String {
            conversations[agent.name] = conversation
        }
        return true
    }

    /// Types that answer nothing.
    private static let pushes = ["heartbeat", "system", "welcome", "conversation_restored", "deprecation"]

    /// Plain questions; some take the agent a while, and few fail (`/slow` and `/fail` are the demo agents' commands).
    static func words(_ agent: String, _ number: Int) -> String {
        let subject = agent.split(separator: "/").last.map(String.init) ?? agent
        let questions = questions[subject] ?? ["What is new?", "And since yesterday?"]
        let question = questions[number % questions.count]
        if number % 47 == 31 { return "/fail" }
        return number % 4 == 3 ? "/slow \(60 + number &* 37 % 240) \(question)" : question
    }

    private static let questions = [
        "guide": [
            "Where do I find last month's numbers?", "Who can approve a campaign?", "What should I look at first?",
            "How do I add a colleague?", "What does a pillar do?",
        ],
        "content": [
            "Draft a headline for the spring sale.", "Shorten the second paragraph.", "Which articles are outdated?",
            "Suggest three pictures.",
        ],
        "insights": [
            "Why did visits drop on Tuesday?", "Compare this week with the last one.", "Which pages convert best?",
        ],
        "operations": [
            "Is the nightly import done?", "Which jobs are late?", "Who is on call?", "Restart the failed job.",
        ],
        "business_outcomes": [
            "Are we on track for the quarter?", "Which segment grows?", "What did the last campaign bring?",
        ],
    ]

    private static func json(_ members: [String: String]) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: members, options: options) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
