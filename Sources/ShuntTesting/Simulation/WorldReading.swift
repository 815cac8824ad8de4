import ShuntCore

/// Reads what goes to backends and clients.
extension World {
    func integer(_ key: String, _ members: [JSONMember]) -> Int? {
        members.last { $0.key == key }.flatMap { JSONReader.integer(of: $0.value) }
    }

    func string(_ key: String, _ members: [JSONMember]) -> String? {
        members.last { $0.key == key }.flatMap { JSONReader.string(of: $0.value) }
    }

    /// The conversation id that a message shows, under whatever name its endpoint gives it.
    func conversation(in members: [JSONMember]) -> [UInt8]? {
        (members.last { $0.key == plan.definition.addressing.conversationField }
            ?? members.last { $0.key == Plan.oldConversation })?.value
    }

    /// Whether a message arrives with a conversation id that the proxy made.
    func hasMadeID(_ sent: Forwarded) -> Bool {
        guard messages[sent.message].conversation == nil else { return false }
        let seen = sent.members.first { $0.key == plan.definition.addressing.conversationField }?.value
        return seen.map { $0 != Array("null".utf8) } ?? false
    }

    // MARK: To backends

    func readForwarded(_ connection: Int, _ bytes: [UInt8], _ kind: MessageKind) -> Deed? {
        note("  → forward u\(connection): \(printable(bytes))")
        let opening = connections[connection].backend.opening
        if let members = JSONReader.members(of: bytes), let step = integer("step", members) {
            let known = arrangement.upstreams[connections[connection].upstream].onOpen.indices
            if opening != nil, known.contains(step) { return .firstWord(step, to: connection, members) }
            return unread(.order, "u\(connection) is told \(printable(bytes)) when all first words were said")
        }
        if let client = connections[connection].through, opening == nil {
            let number = clients[client].unresolved.first {
                messages[$0].state == .waiting && messages[$0].bytes == bytes && messages[$0].kind == kind
            }
            return number.map { .pass($0, over: connection) } ?? .passUnsaid(connection, bytes)
        }
        guard kind == .text, let members = JSONReader.members(of: bytes) else {
            return unread(.messages, "what is forwarded to u\(connection) is no JSON object: \(printable(bytes))")
        }
        guard let number = messageNumber(members) else {
            // Once it has greeted, what it asks is answered as ever.
            if opening?.isGreeted ?? true { return .answer(to: connection, bytes) }
            return unread(.order, "u\(connection) gets \(printable(bytes)) before it has greeted")
        }
        if opening != nil {
            return unread(.order, "u\(connection) gets \(printable(bytes)) before all first words were said")
        }
        guard messages.indices.contains(number), let route = messages[number].route else {
            return unread(.messages, "m\(number) must not be forwarded at all: \(printable(bytes))")
        }
        return .forward(Forwarded(message: number, route: route, connection: connection, members: members))
    }

    private func unread(_ promise: SimulatedPromise, _ text: @autoclosure () -> String) -> Deed? {
        fail(promise, text())
        return nil
    }

    private func messageNumber(_ members: [JSONMember]) -> Int? {
        guard let text = string("message", members), text.first == "m" else { return nil }
        return Int(text.dropFirst().prefix { $0.isNumber })
    }

    // MARK: To clients

    func readDelivered(_ client: Int, _ bytes: [UInt8], _ kind: MessageKind) -> Deed? {
        note("  → deliver c\(client): \(printable(bytes))")
        defer { takeIn(client, bytes.count) }
        if let through = record.through, through.client == client, through.bytes == bytes, through.kind == kind {
            record.through = nil
            return .passBack(client)
        }
        if let beat = clients[client].heartbeat?.send, Array(beat.utf8) == bytes { return .beat(client) }
        guard kind == .text, let members = JSONReader.members(of: bytes) else {
            return unread(.noCrosstalk, "what is delivered to c\(client) nobody said to it: \(printable(bytes))")
        }
        let inner = members.first { $0.key == "payload" }.flatMap { JSONReader.members(of: $0.value) }
        let body = inner ?? members
        if integer("greeting", body) != nil { return .greet(client, members) }
        if let number = integer("to", body), let part = integer("part", body), messages.indices.contains(number),
            let route = messages[number].route
        {
            return .reply(
                Delivered(
                    client: client, message: number, route: route, part: part, tags: members, body: body,
                    isWrapped: inner != nil))
        }
        if let push = integer("push", body) { return .push(push, to: client, body) }
        if let number = integer("absorbed", members), messages.indices.contains(number), isPing(number) {
            return .pong(number, to: client, bytes)
        }
        if let code = string("code", members) { return .error(readError(client, code, members)) }
        return unread(.noCrosstalk, "c\(client) gets what nobody said to it: \(printable(bytes))")
    }

    /// What a socket has not taken yet.
    private func takeIn(_ client: Int, _ count: Int) {
        guard !clients[client].reads else { return }
        clients[client].unread += count
        if clients[client].unread > table.definition.limits.unreadByClient, !clients[client].congested {
            clients[client].congested = true
            agenda.note(.clientCongested(client), at: now)
        }
    }

    func isPing(_ number: Int) -> Bool {
        let written = messages[number].members
        return string("type", written.isEmpty ? JSONReader.members(of: messages[number].bytes) ?? [] : written)
            == "ping"
    }

    // MARK: Errors

    private func readError(_ client: Int, _ code: String, _ members: [JSONMember]) -> ErrorTold {
        let sent = members.last { $0.key == "sent" }?.value == Array("true".utf8)
        let mayBeOfPassed = code == "upstream_lost" || code == "timeout" && record.givenUp.contains(client)
        let isOwed = mayBeOfPassed && record.owedErrors[client, default: 0] > 0
        let isOfPassed = sent && (isOwed || isKept(client, code, members))
        let about = isOfPassed ? [] : subject(client, code, sent, members)
        return ErrorTold(client: client, code: code, sent: sent, members: members, isOfPassed: isOfPassed, about: about)
    }

    /// Whether an error may be one that was kept for the session's next socket: about a message that was passed through. It
    /// names nothing, or what was to be read by the other side first.
    private func isKept(_ client: Int, _ code: String, _ members: [JSONMember]) -> Bool {
        guard record.welcomed == client, ["upstream_lost", "timeout"].contains(code),
            let session = clients[client].session, sessions[session].keptErrors[clients[client].door, default: 0] > 0
        else { return false }
        return messages.indices.contains {
            messages[$0].outcome == .passed && messages[$0].session == session && fits($0, members)
        }
    }

    /// The messages that an error may be about. On the unified endpoint it repeats their `request_id`; elsewhere it may
    /// name less or nothing.
    private func subject(_ client: Int, _ code: String, _ sent: Bool, _ members: [JSONMember]) -> [Int] {
        let candidates = awaited(by: client)
        if let named = integer(Self.requestID, members) { return candidates.filter { $0 == named } }
        let inHand = record.event.message.flatMap { candidates.contains($0) ? $0 : nil }
        guard clients[client].isOld else { return inHand.map { [$0] } ?? [] }
        let fitting = candidates.filter { fits($0, members) }
        let honest = fitting.filter { sent == (messages[$0].forwards > 0) }
        // What is said of one that has just come is said of no other.
        let isLate = ["queue_timeout", "timeout", "upstream_lost"].contains(code)
        if let inHand, honest.contains(inHand), !isLate { return [inHand] }
        return honest.isEmpty ? fitting : honest
    }

    /// Messages whose outcome a client may still be told: its own, and those of sockets that it follows.
    private func awaited(by client: Int) -> [Int] {
        guard let session = clients[client].session else { return clients[client].unresolved }
        return clients[client].unresolved
            + sessions[session].orphans.filter {
                messages[$0].owner == client || isSuccessor(client, of: messages[$0].owner)
            }
    }

    private func fits(_ number: Int, _ members: [JSONMember]) -> Bool {
        let message = messages[number]
        if number == record.event.message { return true }
        guard let route = message.route else { return false }
        let names = plan.definition.addressing.routeBy
        guard zip(names, plan.match(route)).allSatisfy({ string($0, members) ?? $1 == $1 }) else { return false }
        guard let found = conversation(in: members), found != Array("null".utf8) else { return true }
        if let own = message.conversation { return found == own }
        return found.starts(with: Array(("\"" + plan.match(route).joined(separator: "_") + "_").utf8))
    }

    /// Whether an error was kept for an old client from a socket that is gone, and names nothing: whose it was nobody
    /// can tell.
    func isOfNobodyKnown(_ error: ErrorTold) -> Bool {
        record.welcomed == error.client && clients[error.client].isOld && conversation(in: error.members) == nil
    }

    /// Whether a socket may get what came too late for another: it is of the same session and opened after that went.
    func isSuccessor(_ client: Int, of owner: Int) -> Bool {
        guard let session = clients[owner].session, session == clients[client].session,
            clients[owner].door == clients[client].door, let gone = clients[owner].goneAt
        else { return false }
        return clients[client].connectedAt > gone || (clients[client].connectedAt == gone && client > owner)
    }
}
