import ShuntCore

/// A reply reaches its client as its backend said it, but for what the rules name: those that its connection was under,
/// then for an old client those of its endpoint.
struct RepliesIntact: Promise {
    private struct Part: Hashable {
        let message: Int
        let part: Int
    }

    /// By connection: what its upstream's replies may be reshaped by.
    private var rules: [Int: [ReshapeRules]] = [:]
    /// Rules that replies came under which were not delivered yet.
    private var came: [Part: [ReshapeRules]] = [:]

    mutating func hear(_ event: Event, in world: World) {
        switch event {
        case .tableChanged:
            // Who takes no more messages keeps the rules that it had; which those are that retired by their own timers
            // is seen only by what is sent to the others.
            for connection in world.liveConnections where world.connections[connection].retired == nil {
                let new = current(of: connection, in: world)
                if rules[connection]?.last != new { rules[connection, default: []].append(new) }
            }
        case .replied(let connection, let answer) where answer.isWanted:
            came[Part(message: answer.message, part: answer.part)] = rules[connection]
        default: break
        }
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .dial(let connection, _): rules[connection] = [current(of: connection, in: world)]
        // It takes messages, so it has the rules that are in force; what overtakes goes to one that takes none, too.
        case .forward(let sent) where !world.overtakes(sent.message, on: sent.connection):
            rules[sent.connection] = [current(of: sent.connection, in: world)]
        case .reply(let reply):
            guard let rules = came.removeValue(forKey: Part(message: reply.message, part: reply.part)),
                let arrived = world.messages[reply.message].arrived.first(where: { $0.part == reply.part })
            else { return }
            if world.clients[reply.client].isOld {
                checkOldForm(reply, arrived, rules, in: world)
            } else {
                checkUnifiedForm(reply, arrived, rules, in: world)
            }
        case .push(_, let client, let body):
            let type = world.string("type", body)
            if type != "welcome" {
                world.fail(.replies, "c\(client) gets a push of type \(type ?? "none"), which nobody forwards")
            }
        default: break
        }
    }

    private func current(of connection: Int, in world: World) -> ReshapeRules {
        world.arrangement.upstreams[world.connections[connection].upstream].toUnified
    }

    private func checkUnifiedForm(
        _ reply: Delivered, _ arrived: ArrivedReply, _ rules: [ReshapeRules], in world: World
    ) {
        let addressing = world.plan.definition.addressing
        for (key, value) in zip(addressing.routeBy, world.plan.match(reply.route)) {
            let found = reply.tags.filter { $0.key == key }.map { JSONReader.string(of: $0.value) }
            if found != [value] {
                world.fail(.replies, "the reply to m\(reply.message) is tagged \(key) \(found), not \(value)")
            }
        }
        let found = reply.tags.filter { $0.key == addressing.conversationField }.map(\.value)
        let named = world.messages[reply.message].conversation
        if found.count != 1 || named.map({ found[0] != $0 }) ?? false {
            world.fail(.replies, "the reply to m\(reply.message) is of conversations \(found.map(world.printable))")
        }
        let written = addressing.routeBy + [addressing.conversationField]
        if let wrap = rules.first?.wrap,
            !reply.isWrapped || reply.tags.contains(where: { $0.key != wrap && !written.contains($0.key) })
        {
            world.fail(.replies, "the reply to m\(reply.message) is not wrapped as it should be")
        }
        let expected = rules.map { ExpectedReply.reshaped(arrived.members, by: $0) }
        judge(reply, expected, ignoring: written, in: world)
    }

    private func checkOldForm(
        _ reply: Delivered, _ arrived: ArrivedReply, _ rules: [ReshapeRules], in world: World
    ) {
        let addressing = world.plan.definition.addressing
        guard let conversation = world.messages[reply.message].conversation ?? world.conversation(in: reply.body) else {
            return world.fail(.replies, "the reply to m\(reply.message) names no conversation")
        }
        let expected = rules.map { rules in
            var members = ExpectedReply.reshaped(arrived.members, by: rules)
            members.removeAll { addressing.routeBy.contains($0.key) || $0.key == addressing.conversationField }
            for (key, value) in zip(addressing.routeBy, world.plan.match(reply.route)) {
                members.append(JSONMember(key: key, value: Array(JSONWriter.quoted(value).utf8)))
            }
            members.append(JSONMember(key: addressing.conversationField, value: conversation))
            return ExpectedReply.reshaped(members, by: world.clients[reply.client].toLegacy)
        }
        judge(reply, expected, ignoring: [], in: world)
    }

    /// What is found must be one of what is expected.
    private func judge(_ reply: Delivered, _ expected: [[JSONMember]], ignoring ignored: [String], in world: World) {
        let differences = expected.map { ExpectedReply.difference($0, reply.body, ignoring: ignored) }
        if !differences.contains(nil) {
            world.fail(.replies, "the reply to m\(reply.message) is changed: \((differences.last ?? nil) ?? "")")
        }
    }
}
