import ShuntCore

/// What no rule names in a client's message arrives byte for byte; address and conversation arrive as they should.
struct MessagesIntact: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .forward(let sent):
            let settings = world.arrangement.upstreams[world.connections[sent.connection].upstream]
            let isUnified = world.side(of: sent.connection) == .unified
            checkAddress(sent, isUnified: isUnified, in: world)
            checkConversation(sent, settings, isUnified: isUnified, in: world)
            checkRest(sent, settings, in: world)
        case .answer(let connection, let bytes):
            let pushes = world.arrangement.upstreams[world.connections[connection].upstream].pushes.values
            if world.record.answers == 0 || !pushes.contains(.answer(String(decoding: bytes, as: UTF8.self))) {
                world.fail(.messages, "u\(connection) gets what nobody said: \(world.printable(bytes))")
            }
        default: break
        }
    }

    private func checkAddress(_ sent: Forwarded, isUnified: Bool, in world: World) {
        let (number, address, match) =
            (sent.message, world.plan.definition.addressing.routeBy, world.plan.match(sent.route))
        let addressed = sent.members.filter { address.contains($0.key) }
        guard isUnified else {
            if let member = addressed.first {
                world.fail(.messages, "m\(number) arrives at a legacy backend with \(member.key)")
            }
            return
        }
        let message = world.messages[number]
        if world.clients[message.client].isOld {
            let seen = addressed.map { "\($0.key)=\(JSONReader.string(of: $0.value) ?? "")" }
            if Set(seen) != Set(zip(address, match).map { "\($0)=\($1)" }) || seen.count != match.count {
                world.fail(.messages, "m\(number) of an old client arrives with the address \(seen), not \(match)")
            }
            return
        }
        for (key, value) in zip(address, match) {
            let found = addressed.filter { $0.key == key }.map { JSONReader.string(of: $0.value) }
            let isNamed = message.members.contains { $0.key == key }
            if found.count > 1 || found.contains(where: { $0 != value }) || found.isEmpty && isNamed {
                world.fail(.messages, "m\(number) arrives with \(key) \(found), not \(value)")
            }
        }
    }

    /// The client's conversation id arrives as it was sent; one that the proxy makes only where it is asked for.
    private func checkConversation(_ sent: Forwarded, _ settings: UpstreamSettings, isUnified: Bool, in world: World) {
        let seen = sent.members.filter { $0.key == world.plan.definition.addressing.conversationField }
        if seen.count > 1 { world.fail(.messages, "m\(sent.message) arrives with two conversation ids") }
        if let named = world.messages[sent.message].conversation {
            if seen.first.map({ $0.value != named }) ?? isUnified {
                world.fail(.messages, "m\(sent.message) arrives with the conversation id \(seen), not its own")
            }
            return
        }
        // No backend here names a conversation that it was not told.
        let isWanted = settings.correlation == .field("conversation_id", unique: false)
        if isWanted != world.hasMadeID(sent) {
            world.fail(.messages, "m\(sent.message) arrives with the id \(seen), wanted: \(isWanted)")
        }
    }

    private func checkRest(_ sent: Forwarded, _ settings: UpstreamSettings, in world: World) {
        let rules = settings.request
        var expected = world.messages[sent.message].members.filter { member in
            !rules.set.contains { $0.field == member.key }
        }
        expected += rules.set.map { JSONMember(key: $0.field, value: Array($0.json.utf8)) }
        for assignment in rules.defaults where !expected.contains(where: { $0.key == assignment.field }) {
            expected.append(JSONMember(key: assignment.field, value: Array(assignment.json.utf8)))
        }
        let addressing = world.plan.definition.addressing
        let judged = addressing.routeBy + World.tokenNamesRead + [addressing.conversationField]
        if let difference = ExpectedReply.difference(expected, sent.members, ignoring: judged) {
            world.fail(.messages, "m\(sent.message) arrives changed: \(difference)")
        }
    }
}
