import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// A client's message, from when it was said.
struct StormMessage {
    enum Outcome: Equatable {
        case reply
        case error(String)
    }

    let client: Int
    /// The session: a token, or a client that is a session of its own.
    let owner: String
    /// nil for one that addresses nobody.
    let route: Int?
    let members: [JSONMember]
    /// The last of its bytes was read by the proxy, while its socket was a client of the core.
    var isAccepted = false
    /// Nobody can say whether the proxy came to it, or told a client of its outcome: its socket ended in the middle.
    var mayBeLost = false
    /// The agent that it was forwarded to.
    var agent: Int?
    /// Its place among the agent's replies.
    var answer: Int?
    var reply: [JSONMember] = []
    /// A client was told that it never reached the agent.
    var isDenied = false
    /// A later one of its socket and route came to an agent before it, over another connection.
    var isOvertaken = false
    var outcome: Outcome?
}

extension Storm {
    /// Whether a session's next socket must be told of it.
    func owes(_ message: StormMessage, to token: String) -> Bool {
        message.owner == token && message.isAccepted && !message.mayBeLost && message.outcome == nil
            && clients[message.client].standing == .gone
    }

    /// Makes a message for a route and notes it.
    func makeMessage(from client: Int, route: Int?) -> [UInt8] {
        let number = messages.count
        var writer = JSONWriter()
        writer.spaced = dice.chance(10)
        let match = route.map { plan.table.routes[$0].match } ?? ["nobody"]
        for (key, value) in zip(["agent_type", "pillar"], match) { writer.add(key, value) }
        writer.add("conversation_id", "m\(number)")
        writer.add("n", raw: "\(number)")
        writer.add("who", clients[client].owner)
        let length = length(120)
        writer.add("message", String(repeating: "x", count: length) + "é\"\n")
        writer.shuffle(&dice)
        messages.append(
            StormMessage(client: client, owner: clients[client].owner, route: route, members: writer.members))
        return writer.bytes
    }

    /// Of a text: short, seldom long, very seldom longer than one read of the proxy.
    func length(_ usual: Int) -> Int {
        if dice.chance(1) { return dice.below(plan.hugest) }
        return dice.below(dice.chance(4) ? plan.longest : usual)
    }

    static func integer(_ key: String, _ members: [JSONMember]) -> Int? {
        members.last { $0.key == key }.flatMap { JSONReader.integer(of: $0.value) }
    }

    static func string(_ key: String, _ members: [JSONMember]) -> String? {
        members.last { $0.key == key }.flatMap { JSONReader.string(of: $0.value) }
    }
}
