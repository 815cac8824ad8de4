import ShuntCore

/// What clients say: addressed, misaddressed, malformed, absorbed.
extension World {
    struct MadeMessage {
        let message: ModelMessage
        let bytes: [UInt8]
        let kind: MessageKind
    }

    func makeMessage(_ client: Int) -> MadeMessage {
        if dice.chance(plan.faults.badMessage) { return makeBadMessage(client) }
        if dice.chance(4) { return makeAbsorbed(client) }
        var writer = JSONWriter()
        let route = address(&writer)
        addBody(&writer)
        var intent = ModelMessage.Intent.routed(route)
        if !plan.definition.addressing.oneWay.isEmpty, dice.chance(10) {
            writer.add("type", "typing")
            intent = .oneWay(route)
        } else if dice.chance(20) {
            writer.add("type", dice.pick(["message", "question"]))
        }
        let conversation = addConversation(client, &writer)
        writer.shuffle(&dice)
        return finish(client, intent, writer, conversation: conversation)
    }

    /// Names a random route and returns it.
    private func address(_ writer: inout JSONWriter) -> Int {
        let there = plan.routes.indices.filter { arrangement.hasRoute[$0] }
        let route = there[dice.below(there.count)]
        let match = plan.routes[route].match
        if plan.definition.addressing.defaultRoute == plan.routes[route].name, dice.chance(40) {
            return route
        }
        if dice.chance(5) { writer.add("agent_type", match[0]) }  // equal duplicates become one
        writer.add("agent_type", match[0])
        if match.count > 1 {
            writer.add("pillar", match[1])
        } else if dice.chance(15) {
            writer.add("pillar", "stale")
        }
        if dice.chance(5) { writer.escapedKeys = ["agent_type", "session_token", "conversation_id"] }
        return route
    }

    /// The member that every error about a message of the unified endpoint repeats.
    static let requestID = "request_id"

    private func addBody(_ writer: inout JSONWriter) {
        let number = messages.count
        let padding = dice.chance(10) ? String(repeating: "x", count: dice.below(600)) : ""
        writer.add("message", "m\(number) é\"\\ \(padding)")
        writer.add(Self.requestID, raw: "\(number)")
        if plan.usesIDs { writer.add("id", "i\(number)") }
        if dice.chance(20) { writer.add(dice.pick(World.tokenNames), dice.pick(plan.tokens)) }
        if dice.chance(20) { writer.add("metadata", raw: #"{"agent_type":"x", "deep":[1.50e+3,{"a":null}]}"#) }
        if dice.chance(10) {
            writer.add("extra", raw: dice.pick(["-0.0", "1E400", "\"\\ud83d\\ude00\\/\"", "[ ]", "true"]))
        }
        writer.spaced = dice.chance(20)
    }

    func addConversation(_ client: Int, _ writer: inout JSONWriter) -> [UInt8]? {
        let value: String
        switch dice.below(20) {
        case 0...12: value = "\"n-\(messages.count)\""
        case 13...15: value = "\"shared-\(client)-\(dice.below(2))\""
        case 16: value = "\(messages.count)"
        case 17: value = "\"\\u006e-\(messages.count)\""
        default:
            // An error about a message without an id says only the session and route: one such message at a time.
            if !hasUnnamed(client) { return nil }
            value = "\"n-\(messages.count)\""
        }
        writer.add("conversation_id", raw: value)
        return Array(value.utf8)
    }

    /// Whether a message without a conversation id is under way in a client's session.
    private func hasUnnamed(_ client: Int) -> Bool {
        var numbers = clients[client].unresolved
        if let session = clients[client].session {
            numbers = sessions[session].orphans + sessions[session].clients.flatMap { clients[$0].unresolved }
        }
        return numbers.contains { messages[$0].conversation == nil }
    }

    /// What some parser or other takes for `session_token`.
    static let tokenNames = ["session_token", "Session_Token", "session_token\\u0000", "\u{17F}ession_to\u{212A}en"]

    /// The same as they read: a U+0000 is written as an escape.
    static let tokenNamesRead = tokenNames + tokenNames.map { $0.replacing("\\u0000", with: "\u{0}") }

    private func makeAbsorbed(_ client: Int) -> MadeMessage {
        var writer = JSONWriter()
        writer.add("type", dice.pick(plan.definition.addressing.absorb).type)
        writer.add("id", raw: "\(messages.count)")
        if dice.chance(50) { writer.add("agent_type", dice.pick(["guide", "nobody"])) }
        writer.add("timestamp", raw: "12")
        return finish(client, .absorbed, writer, conversation: nil)
    }

    private func makeBadMessage(_ client: Int) -> MadeMessage {
        var writer = JSONWriter()
        switch dice.below(10) {
        case 0:
            return bad(
                client, ["bad_json"], Array("{\"agent_type\":\"guide\",\"message\":\"m\(messages.count)\"} x".utf8))
        case 1:
            let text = dice.pick([
                "", "{", "{\"agent_type\":\"guide\",}", "nul", "{\"a\":01}", "{\"a\":\"\u{1}\"}", "{'a':1}",
            ])
            return bad(client, ["bad_json"], Array(text.utf8))
        case 2:
            return bad(client, ["not_an_object"], Array(dice.pick(["[1]", "\"guide\"", "12", "null", " true "]).utf8))
        case 3: return bad(client, ["binary_unsupported"], Array("{\"agent_type\":\"guide\"}".utf8), kind: .binary)
        case 4:
            let depth = plan.definition.limits.nesting + dice.within(1...300)
            let text =
                "{\"agent_type\":\"guide\",\"x\":" + String(repeating: "[", count: depth)
                + String(repeating: "]", count: depth) + "}"
            return bad(client, ["bad_json"], Array(text.utf8))
        case 5: writer.add("agent_type", dice.pick(["nobody", "", "Guide", "liaison/content"]))
        case 6: writer.add("agent_type", raw: dice.pick(["7", "[\"guide\"]", "{}", "true"]))
        case 7:
            let text = dice.pick([
                "\"agent_type\":\"guide\",\"agent_type\":null", "\"conversation_id\":1,\"conversation_id\":\"1\"",
                "\"type\":\"message\",\"t\\u0079pe\":\"heartbeat\"",
            ])
            return bad(client, ["ambiguous_member"], Array("{\(text)}".utf8))
        case 8:
            let text = dice.pick(["\"a\\u0000\":1", "\"conversation_id\":\"\\ud800\""])
            return bad(client, ["bad_member"], Array("{\(text)}".utf8))
        default:
            let takesPillars = plan.routes.indices.contains {
                plan.routes[$0].match.count > 1 && arrangement.hasRoute[$0]
            }
            writer.add("agent_type", "liaison")
            if dice.chance(50) { writer.add("pillar", dice.pick(["elsewhere", "Content"])) }
            addBody(&writer)
            let conversation = addConversation(client, &writer)
            let codes =
                takesPillars
                ? [writer.members.contains { $0.key == "pillar" } ? "unknown_pillar" : "pillar_required"]
                : ["unknown_agent"]
            return finish(client, .bad(codes), writer, conversation: conversation)
        }
        addBody(&writer)
        return finish(client, .bad(["unknown_agent"]), writer, conversation: addConversation(client, &writer))
    }

    private func bad(_ client: Int, _ codes: [String], _ bytes: [UInt8], kind: MessageKind = .text) -> MadeMessage {
        MadeMessage(
            message: ModelMessage(
                number: messages.count, client: client, owner: client, session: clients[client].session,
                intent: .bad(codes),
                pool: nil, conversation: nil, members: [], size: bytes.count, acceptedAt: now),
            bytes: bytes, kind: kind)
    }

    private func finish(
        _ client: Int, _ intent: ModelMessage.Intent, _ writer: JSONWriter, conversation: [UInt8]?
    ) -> MadeMessage {
        let bytes = writer.bytes
        var pool: PoolKey?
        switch intent {
        case .routed(let route), .oneWay(let route):
            pool = expectedPool(client, route)
        default: break
        }
        return MadeMessage(
            message: ModelMessage(
                number: messages.count, client: client, owner: client, session: clients[client].session, intent: intent,
                pool: pool,
                conversation: conversation, members: writer.members, size: bytes.count, acceptedAt: now),
            bytes: bytes, kind: .text)
    }
}
