import ShuntCore

/// Judges what the core sends to clients.
extension World {
    func checkDelivery(_ id: ClientID, _ bytes: [UInt8], _ kind: MessageKind) {
        guard let client = present(id, "a message") else { return }
        note("  → deliver c\(client): \(printable(bytes))")
        checkUnread(client, bytes.count)
        if clients[client].isArriving {
            return fail(.stays, "c\(client) gets a message before its handshake is answered")
        }
        if let through = throughInHand, through.client == client, through.bytes == bytes, through.kind == kind {
            throughInHand = nil
            return tally.count("passed back")
        }
        if clients[client].isRaw { return fail(.unchanged, "a message is written into the pipe of c\(client)") }
        if kind != .text { return fail(.unchanged, "c\(client) gets a binary message that nobody sent") }
        if checkHeartbeat(client, bytes) { return }
        guard let members = JSONReader.members(of: bytes) else {
            return fail(.bytes, "what is delivered to c\(client) is no JSON object: \(printable(bytes))")
        }
        let inner = members.first { $0.key == "payload" }.flatMap { JSONReader.members(of: $0.value) }
        let body = inner ?? members
        if integer("greeting", body) != nil {
            checkGreeting(client, members)
        } else if let number = integer("to", body), let part = integer("part", body) {
            clients[client].lastHeard = now
            checkReply(client, number, part, tags: members, body: body, wrapped: inner != nil)
        } else if let push = integer("push", body) {
            clients[client].lastHeard = now
            checkPush(client, push, body)
        } else if let number = integer("absorbed", members) {
            checkPong(client, number, bytes)
        } else if let code = string("code", members) {
            checkError(client, code, members)
        } else {
            fail(.noCrosstalk, "c\(client) gets what nobody said to it: \(printable(bytes))")
        }
    }

    func integer(_ key: String, _ members: [JSONMember]) -> Int? {
        members.last { $0.key == key }.flatMap { JSONReader.integer(of: $0.value) }
    }

    func string(_ key: String, _ members: [JSONMember]) -> String? {
        members.last { $0.key == key }.flatMap { JSONReader.string(of: $0.value) }
    }

    /// Whether a socket may get what came too late for another: it is of the same session and opened after that went.
    func isSuccessor(_ client: Int, of owner: Int) -> Bool {
        guard let session = clients[owner].session, session == clients[client].session,
            clients[owner].door == clients[client].door,
            let gone = clients[owner].goneAt
        else { return false }
        return clients[client].connectedAt > gone || (clients[client].connectedAt == gone && client > owner)
    }

    /// What a socket has not taken is bounded: the core closes it, or stops what feeds it.
    private func checkUnread(_ client: Int, _ count: Int) {
        guard !clients[client].reads else { return }
        let limit = table.definition.limits.unreadByClient
        if clients[client].congested, clients[client].unread > 2 * limit + 65_536 {
            fail(.bounds, "c\(client) reads nothing and \(clients[client].unread) bytes wait for it, \(limit) may")
        }
        clients[client].unread += count
        if clients[client].unread > limit, !clients[client].congested {
            clients[client].congested = true
            agenda.note(.clientCongested(client), at: now)
        }
    }

    private func checkReply(
        _ client: Int, _ number: Int, _ part: Int, tags: [JSONMember], body: [JSONMember], wrapped: Bool
    ) {
        guard messages.indices.contains(number), let route = messages[number].route else {
            return fail(.noCrosstalk, "c\(client) gets a reply that answers nothing")
        }
        let message = messages[number]
        if message.session != clients[client].session || (message.session == nil && message.owner != client) {
            return fail(.noCrosstalk, "c\(client) gets the reply to m\(number) of c\(message.client), another session")
        }
        // What was to be passed through is taken over only once it goes to the other side.
        let isLate = message.mayHaveEnded && isSuccessor(client, of: message.client)
        if message.owner != client, !isLate, clientInHand != client || !isSuccessor(client, of: message.owner) {
            return fail(.noCrosstalk, "c\(client) gets the reply to m\(number) of c\(message.owner), another socket")
        }
        if let outcome = message.outcome {
            return fail(.oneOutcome, "m\(number) gets a reply after its outcome: \(outcome)")
        }
        guard let index = message.arrived.firstIndex(where: { $0.part == part }) else {
            return fail(
                .oneOutcome,
                "c\(client) gets part \(part) of the reply to m\(number), which did not come or was not its own")
        }
        if message.arrived[index].delivered { fail(.oneOutcome, "part \(part) of the reply to m\(number) comes twice") }
        if part < message.nextPart { fail(.order, "part \(part) of the reply to m\(number) comes after a later one") }
        if message.client == client, message.owner == client, part != message.nextPart {
            fail(.noSilence, "part \(part) of the reply to m\(number) comes, part \(message.nextPart) never did")
        }
        let who = sessionToken(of: number)
        if string("who", body).map({ $0 != who }) ?? false {
            fail(.identity, "the reply to m\(number) was made for another")
        }
        if clients[client].isOld {
            checkOldShape(number, route, client, message.arrived[index], body)
        } else {
            checkTags(number, route, tags)
            checkContent(number, message.arrived[index], tags: tags, body: body, wrapped: wrapped)
        }
        messages[number].arrived[index].delivered = true
        messages[number].nextPart = part + 1
        tally.count(message.owner != client ? "parked reply" : message.client == client ? "reply" : "inherited reply")
        if let session = message.session {
            checkParkedOrder(session, number, part)
        }
        if message.arrived[index].final {
            if messages[number].connection >= 0 {
                connections[messages[number].connection].outstanding.removeAll { $0 == number }
            }
            end(number, .replied)
        }
    }

    private func sessionToken(of number: Int) -> String {
        messages[number].session.map { sessions[$0].token } ?? ""
    }

    /// Parked replies come in the order in which they arrived.
    private func checkParkedOrder(_ session: Int, _ number: Int, _ part: Int) {
        guard let index = sessions[session].parked.firstIndex(where: { $0.number == number && $0.part == part })
        else { return }
        if let earlier = sessions[session].parked[..<index].first(where: {
            $0.certain && $0.door == clients[messages[number].owner].door && !wasGiven($0)
        }) {
            fail(
                .order, "the parked reply to m\(number) comes before that to m\(earlier.number), which arrived earlier")
        }
    }

    private func wasGiven(_ parked: ParkedReply) -> Bool {
        messages[parked.number].outcome != nil
            || messages[parked.number].arrived.contains { $0.part == parked.part && $0.delivered }
    }

    private func checkTags(_ number: Int, _ route: Int, _ tags: [JSONMember]) {
        for (key, value) in zip(plan.definition.addressing.routeBy, plan.match(route)) {
            let found = tags.filter { $0.key == key }.map { JSONReader.string(of: $0.value) }
            if found != [value] { fail(.bytes, "the reply to m\(number) is tagged \(key) \(found), not \(value)") }
        }
        let found = tags.filter { $0.key == plan.definition.addressing.conversationField }
        guard found.count == 1 else {
            return fail(.bytes, "the reply to m\(number) has \(found.count) conversation ids")
        }
        if let sent = messages[number].conversation {
            if found[0].value != sent {
                fail(
                    .bytes,
                    "the reply to m\(number) is of conversation \(printable(found[0].value)), not \(printable(sent))")
            }
        } else {
            checkMade(found[0].value, number, route)
        }
    }

    private func checkContent(
        _ number: Int, _ arrived: ArrivedReply, tags: [JSONMember], body: [JSONMember], wrapped: Bool
    ) {
        let written = plan.definition.addressing.routeBy + [plan.definition.addressing.conversationField]
        if let wrap = arrived.rules.first?.wrap {
            if !wrapped || tags.contains(where: { $0.key != wrap && !written.contains($0.key) }) {
                return fail(.bytes, "the reply to m\(number) is not wrapped as it should be")
            }
        }
        judge(number, arrived.rules.map { ExpectedReply.reshaped(arrived.members, by: $0) }, body, ignoring: written)
    }

    /// What is found must be one of what is expected.
    private func judge(_ number: Int, _ expected: [[JSONMember]], _ found: [JSONMember], ignoring ignored: [String]) {
        let differences = expected.map { ExpectedReply.difference($0, found, ignoring: ignored) }
        if !differences.contains(nil) {
            fail(.bytes, "the reply to m\(number) is changed: \((differences.last ?? nil) ?? "")")
        }
    }

    /// A reply of the unified backend in the form that a legacy endpoint gives it.
    private func checkOldShape(
        _ number: Int, _ route: Int, _ client: Int, _ arrived: ArrivedReply, _ found: [JSONMember]
    ) {
        let address = plan.definition.addressing.routeBy
        let field = plan.definition.addressing.conversationField
        let shown = conversation(in: found)
        if messages[number].conversation == nil {
            guard let shown else { return fail(.bytes, "the reply to m\(number) names no conversation") }
            checkMade(shown, number, route)
        }
        guard let conversation = messages[number].conversation ?? shown else { return }
        let expected = arrived.rules.map { rules in
            var members = ExpectedReply.reshaped(arrived.members, by: rules)
            members.removeAll { address.contains($0.key) || $0.key == field }
            for (key, value) in zip(address, plan.match(route)) {
                members.append(JSONMember(key: key, value: Array(JSONWriter.quoted(value).utf8)))
            }
            members.append(JSONMember(key: field, value: conversation))
            return ExpectedReply.reshaped(members, by: clients[client].toLegacy)
        }
        judge(number, expected, found, ignoring: [])
        tally.count("collapsed reply")
    }

    /// The conversation id that a message shows, under whatever name its endpoint gives it.
    func conversation(in members: [JSONMember]) -> [UInt8]? {
        (members.last { $0.key == plan.definition.addressing.conversationField }
            ?? members.last { $0.key == Plan.oldConversation })?.value
    }

    private func checkPush(_ client: Int, _ push: Int, _ body: [JSONMember]) {
        let who = clients[client].session.map { sessions[$0].token } ?? ""
        if string("who", body) != who { return fail(.noCrosstalk, "c\(client) gets push \(push) of another session") }
        guard clients[client].pushes.insert(push).inserted else {
            return fail(.oneOutcome, "c\(client) gets push \(push) twice")
        }
        let type = string("type", body)
        if type != "welcome" { fail(.bytes, "c\(client) gets a push of type \(type ?? "none"), which nobody forwards") }
        tally.count("push")
    }

    /// The message has its outcome.
    func end(_ number: Int, _ outcome: ModelMessage.Outcome) {
        if let earlier = messages[number].outcome {
            return fail(.oneOutcome, "m\(number) ends in \(outcome) after \(earlier)")
        }
        note("  = m\(number) ends: \(outcome)")
        messages[number].outcome = outcome
        messages[number].state = .ended
        let client = messages[number].owner
        clients[client].unresolved.removeAll { $0 == number }
        if let session = messages[number].session { sessions[session].orphans.removeAll { $0 == number } }
        if case .error(let code) = outcome { tally.count(code) }
    }
}
