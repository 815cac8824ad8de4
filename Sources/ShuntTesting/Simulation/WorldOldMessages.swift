import ShuntCore

/// What old clients say: plain messages without an address, heartbeats, and what is no message of the unified form.
extension World {
    func makeOldMessage(_ client: Int) -> MadeMessage {
        let route = route(of: clients[client].door) ?? 0
        let number = messages.count
        switch dice.below(20) {
        case 0: return opaque(client, route, Array("hello \(number)".utf8), .text, ["bad_json"])
        case 1: return opaque(client, route, Array("[\(number)]".utf8), .text, ["not_an_object"])
        case 2: return opaque(client, route, [1, 2, UInt8(number & 0xFF), 0xFF], .binary, ["binary_unsupported"])
        case 3, 4:
            let type = dice.pick(["heartbeat", "ping", "pong"])
            let bytes = Array(#"{"type":"\#(type)", "data":{}, "id":\#(number)}"#.utf8)
            if clients[client].heartbeat?.absorb.contains(where: { $0.type == type }) == true {
                return made(client, .absorbed, bytes, .text, members: [], conversation: nil)
            }
            return opaque(client, route, bytes, .text, [])
        default: break
        }
        var writer = JSONWriter()
        let padding = dice.chance(10) ? String(repeating: "x", count: dice.below(600)) : ""
        writer.add("message", "m\(number) é\"\\ \(padding)")
        if plan.usesIDs { writer.add("id", "i\(number)") }
        if dice.chance(40) { writer.add("timestamp", raw: "1.50e3") }
        if dice.chance(10) { writer.add("agent_type", dice.pick(["guide", "nobody"])) }
        if dice.chance(10) { writer.add("session_token", dice.pick(plan.tokens)) }
        var intent = ModelMessage.Intent.routed(route)
        if !arrangement.base.addressing.oneWay.isEmpty, dice.chance(10) {
            writer.add("type", "typing")
            intent = .oneWay(route)
        }
        let conversation = addConversation(client, &writer)
        writer.shuffle(&dice)
        writer.spaced = dice.chance(20)
        return made(client, intent, writer.bytes, .text, members: writer.members, conversation: conversation)
    }

    private func opaque(
        _ client: Int, _ route: Int, _ bytes: [UInt8], _ kind: MessageKind, _ codes: [String]
    ) -> MadeMessage {
        made(client, .opaque(route, codes), bytes, kind, members: [], conversation: nil)
    }

    private func made(
        _ client: Int, _ intent: ModelMessage.Intent, _ bytes: [UInt8], _ kind: MessageKind, members: [JSONMember],
        conversation: [UInt8]?
    ) -> MadeMessage {
        var message = ModelMessage(
            number: messages.count, client: client, owner: client, session: clients[client].session, intent: intent,
            pool: nil, conversation: conversation, members: members, size: bytes.count, acceptedAt: now)
        message.bytes = bytes
        message.kind = kind
        if case .oneWay = intent { message.opens = false }
        if let route = message.route { message.pool = expectedPool(client, route) }
        return MadeMessage(message: message, bytes: bytes, kind: kind)
    }
}
