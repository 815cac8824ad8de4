import ShuntCore

/// Judges the proxy's own error messages.
extension World {
    /// Finds the message that an error is the outcome of. The error names it by its conversation id where the client
    /// gave one; where several fit, it is the one in hand, else the oldest.
    func checkError(_ client: Int, _ code: String, _ members: [JSONMember]) {
        guard string("type", members) == "error", string("message", members) != nil,
            let sentText = members.last(where: { $0.key == "sent" })?.value
        else { return fail(.bytes, "an error without type, message or sent: \(members.map(\.key))") }
        let sent = sentText == Array("true".utf8)
        let isOfPassed = code == "upstream_lost" || code == "timeout" && givenUp[client] != nil
        if isOfPassed, sent, let owed = owedErrors[client], owed > 0 {
            owedErrors[client] = owed - 1
            return tally.count("passed message lost")
        }
        let fitting = candidates(client).filter { fits($0, code, members) }
        let honest = fitting.filter { sent == (messages[$0].forwards > 0) }
        if honest.isEmpty, let named = conversation(in: members),
            let mistaken = doubts.keys.sorted().first(where: {
                (messages[$0].owner == client || isSuccessor(client, of: messages[$0].owner))
                    && messages[$0].session == clients[client].session && fits($0, conversation: named)
                    && sent == (messages[$0].forwards > 0)
            }), undoubt(mistaken)
        {
            return checkError(client, code, members)
        }
        if fitting.isEmpty, clientInHand == client, clients[client].isOld, conversation(in: members) == nil {
            // Kept for it from a socket that is gone, and it names nothing: whose it was nobody can tell.
            return tally.count("parked error of nobody known")
        }
        guard !fitting.isEmpty else {
            return fail(
                .oneOutcome, "c\(client) gets \(code), and no message of its own is left that it could be about")
        }
        guard !honest.isEmpty else {
            return fail(
                .honestSent,
                "\(code) says sent: \(sent) of \(fitting.map { "m\($0), forwarded \(messages[$0].forwards) times" })")
        }
        let justified = honest.filter { self.justified(code, $0, to: client) == nil }
        guard let choice = justified.min(by: { rank($0, client) < rank($1, client) }) else {
            return fail(
                .honestCode, "\(code) for m\(honest[0]): \(self.justified(code, honest[0], to: client) ?? "")")
        }
        if messages[choice].owner != client, justified.count > 1 {
            // Kept from an earlier time, and several of the past fit: nobody can tell which one it was.
            return tally.count("parked error of many")
        }
        if clients[client].isOld, conversation(in: members) == nil, fitting.count > 1 {
            doubts[choice] = fitting
            doubtful.count += 1
            doubtful.bytes += fitting.map { messages[$0].size }.max() ?? 0
        }
        learnConversation(choice, members)
        if messages[choice].state == .flying {
            let connection = messages[choice].connection
            connections[connection].outstanding.removeAll { $0 == choice }
            connections[connection].abandoned.append(choice)
            if code == "timeout",
                arrangement.upstreams[connections[connection].upstream].correlation != .field("id", unique: true)
            {
                retire(connection, "a timeout")
            }
        }
        if code == "upstream_lost", client == messages[choice].owner {
            saidToBeLost.append(messages[choice].connection)
        }
        end(choice, .error(code))
    }

    /// An error that named nothing was about another message than this one, which has its own outcome now.
    func undoubt(_ number: Int) -> Bool {
        guard let others = doubts.removeValue(forKey: number), case .error(let code) = messages[number].outcome else {
            return false
        }
        messages[number].outcome = nil
        messages[number].state = .waiting
        let owner = messages[number].owner
        if clients[owner].isThere {
            clients[owner].unresolved = (clients[owner].unresolved + [number]).sorted()
        } else if let session = messages[number].session {
            sessions[session].orphans.append(number)
        }
        let left = others.filter { $0 != number && messages[$0].outcome == nil && messages[$0].state == .waiting }
        if let other = left.first {
            doubts[other] = left
            end(other, .error(code))
        }
        return true
    }

    /// Messages whose outcome a client may still be told: its own, and those of sockets that it follows.
    private func candidates(_ client: Int) -> [Int] {
        guard let session = clients[client].session else { return clients[client].unresolved }
        return clients[client].unresolved
            + sessions[session].orphans.filter {
                messages[$0].owner == client || isSuccessor(client, of: messages[$0].owner)
            }
    }

    /// Which of several messages an error is about: the one in hand, else one on the connection in hand, else one
    /// whose connection has ended, else the oldest.
    private func rank(_ number: Int, _ client: Int) -> Int {
        if number == messageInHand { return -1 }
        let message = messages[number]
        var rank = number
        if message.owner != client { rank += 1 << 40 }
        if message.mayHaveEnded { rank += 1 << 35 }
        // What was put back waits as if it had not been sent.
        if message.state == .waiting || message.connection < 0 || message.connection == connectionInHand { return rank }
        return rank + (connections[message.connection].state == .gone ? 1 << 20 : 1 << 30)
    }

    private func fits(_ number: Int, _ code: String, _ members: [JSONMember]) -> Bool {
        let message = messages[number]
        if case .bad = message.intent { return number == messageInHand }
        if let found = conversation(in: members) {
            guard fits(number, conversation: found) else { return false }
        }
        guard let route = message.route else { return true }
        // What is refused at once shows the address that the client wrote, stale members included.
        let names = plan.definition.addressing.routeBy
        return number == messageInHand
            || zip(names, plan.match(route)).allSatisfy { string($0, members) ?? $1 == $1 }
    }

    private func fits(_ number: Int, conversation found: [UInt8]) -> Bool {
        let message = messages[number]
        if let sent = message.conversation { return found == sent }
        guard let route = message.route else { return false }
        let known =
            message.session.map { sessions[$0].madeConversations[route] }
            ?? clients[message.client].madeConversations[route]
        if let known { return known == found }
        return found.starts(with: Array(("\"" + plan.match(route).joined(separator: "_") + "_").utf8))
    }

    private func learnConversation(_ number: Int, _ members: [JSONMember]) {
        guard messages[number].conversation == nil, let route = messages[number].route,
            let found = conversation(in: members), found != Array("null".utf8)
        else { return }
        checkMade(found, number, route)
    }

    /// Why the code is not what happened to the message; nil when it is.
    private func justified(_ code: String, _ number: Int, to client: Int) -> String? {
        let message = messages[number]
        let limits = table.definition.limits
        switch code {
        case "draining": return draining ? nil : "nothing drains"
        case "overloaded": return plan.memory < 1 << 30 ? nil : "there is memory"
        case "rate_limited":
            let paced = possiblePools(number).contains { !arrangement.upstreams[$0.upstream].pace.isEmpty }
            let sends = clients[message.client].recentSends.count
            return paced || sends > limits.messagesPerSecond ? nil : "only \(sends) messages came in a second"
        default: break
        }
        if case .bad(let codes) = message.intent { return codes.contains(code) ? nil : "it should be one of \(codes)" }
        if case .opaque(_, let codes) = message.intent, codes.contains(code) { return nil }
        guard message.pool != nil, let route = message.route else { return "the message should have been absorbed" }
        if code == "unknown_agent", clients[message.client].isOld, !isThere(route) { return nil }
        if code == "route_removed" {
            let wasRemoved = removedAt[route].map { $0 >= message.acceptedAt } ?? false
            return wasRemoved ? nil : "its route is there"
        }
        if code == "route_paused" {
            let isPaused = route < plan.routes.count && arrangement.routes[route].isPaused
            let wasPaused = pausedAt[route].map { $0 >= message.acceptedAt } ?? false
            return isPaused || wasPaused || message.owner != client ? nil : "its route is not paused"
        }
        let reasons = possiblePools(number).map {
            justified(code, number, to: client, $0, arrangement.upstreams[$0.upstream])
        }
        return reasons.contains(nil) ? nil : reasons.first ?? nil
    }

    private func justified(_ code: String, _ number: Int, to client: Int, _ pool: PoolKey, _ settings: UpstreamSettings)
        -> String?
    {
        let message = messages[number]
        switch code {
        case "queue_full":
            let others = waitingMessages(in: pool, orphansToo: true).filter { $0 != number }
            let bytes = others.reduce(message.size) { $0 + messages[$1].size + 256 }
            let full = others.count >= settings.queue.messages || bytes > settings.queue.bytes
            return number == messageInHand && full && !others.isEmpty
                ? nil : "\(others.count) others wait, \(bytes) bytes"
        case "queue_timeout":
            return message.acceptedAt + settings.queue.timeout <= now
                ? nil : "it waited since \(message.acceptedAt.nanoseconds / 1_000_000) ms"
        case "timeout":
            if client == message.owner, message.state == .waiting { return "it is not under way" }
            // A stream ends when its client is gone for too long.
            if settings.replies.until != nil, !clients[message.client].isThere { return nil }
            return isOverdue(number) ? nil : "its time is not over"
        case "upstream_lost":
            // One that was kept for the next socket is of the past; one that is said now must be true at the event's end.
            let isGone = message.connection >= 0 && connections[message.connection].state == .gone
            return isGone || client == message.owner ? nil : "its connection is there"
        case "message_too_large":
            return message.connection >= 0 && connections[message.connection].closeCode == .messageTooBig
                ? nil : "its backend did not say so"
        case "upstream_protocol":
            return message.connection >= 0 && connections[message.connection].hadNonsense
                ? nil : "its backend said nothing wrong"
        case "reply_too_large":
            return message.connection >= 0 && connections[message.connection].wasTooLarge
                ? nil : "no reply was too large"
        case "upstream_unavailable":
            // Its upstream went away, and no socket is there to say where it goes instead.
            let wentAway = unlistedAt[pool.upstream].map { $0 >= message.acceptedAt } ?? false
            if wentAway, !clients[message.client].isThere { return nil }
            let troubled = connections.contains { connection in
                connection.upstream == pool.upstream
                    && (connection.failure != nil || connection.state == .gone || connection.retired != nil)
            }
            return troubled ? nil : "nothing went wrong with its upstream"
        case "session_expired":
            return loggedOut.contains(pool) || refusedLogin.contains(pool) ? nil : "the backend did not say so"
        default: return "there is no such code for it"
        }
    }
}
