import ShuntCore

/// What goes through as it is: messages of old clients to their own connections, and back.
extension World {
    func checkPassed(_ connection: Int, _ bytes: [UInt8], _ kind: MessageKind) {
        let client = connections[connection].through ?? 0
        if connections[connection].isRaw { return fail(.unchanged, "a message is written to a pipe, u\(connection)") }
        guard clients[client].isThere else { return fail(.unchanged, "u\(connection) gets a message of nobody") }
        // What may have been absorbed meanwhile may be left out.
        let waiting = clients[client].unresolved.filter { messages[$0].state == .waiting }
        let mistaken = doubts.keys.sorted().first {
            messages[$0].owner == client && messages[$0].bytes == bytes && messages[$0].kind == kind
        }
        if let mistaken, !waiting.contains(where: { messages[$0].bytes == bytes }), undoubt(mistaken) {
            return checkPassed(connection, bytes, kind)
        }
        let number = waiting.first { messages[$0].bytes == bytes && messages[$0].kind == kind }
        guard let number else {
            return fail(.unchanged, "u\(connection) gets what c\(client) did not say: \(printable(bytes))")
        }
        let overtakes = isOneWay(number) && connections[connection].passedLive > 0
        let ordered = waiting.first { !isOneWay($0) }
        if let earlier = ordered, earlier < number, !overtakes, !messages[earlier].mayHaveEnded {
            fail(.order, "m\(number) is passed through while m\(earlier), which was said before, waits")
        }
        if connections[connection].congested {
            fail(.capacity, "m\(number) goes to u\(connection), which is congested")
        }
        if let reason = connections[connection].retired, !overtakes {
            fail(.capacity, "m\(number) goes to u\(connection), which is retired by \(reason)")
        }
        if !overtakes { checkSide(number, messages[number].route ?? 0, .legacy) }
        guard failure == nil else { return }
        messages[number].forwards += 1
        messages[number].connection = connection
        messages[number].pool = connections[connection].pool
        messages[number].forwardedAt = now
        if !isOneWay(number) { clients[client].lastForwarded[messages[number].route ?? 0] = number }
        end(number, .passed)
        tally.count("passed")
        guard messages[number].opens else { return }
        if connections[connection].passedLive > 0, connections[connection].lastPassed + timeout(connection) <= now {
            // Nobody waits for the earlier ones any more, or is about to stop.
            connections[connection].isPatient = false
        }
        connections[connection].passedLive += 1
        connections[connection].lastPassed = now
        answer(number, on: connection)
    }

    /// A legacy backend got a message of its client: when does it answer?
    private func answer(_ number: Int, on connection: Int) {
        if !healing, dice.chance(plan.faults.silentBackend) { return note("the backend will not answer m\(number)") }
        let style = plan.styles[connections[connection].upstream]
        let slow = !healing && dice.chance(plan.faults.slowReply)
        var due = max(now + dice.span(slow ? 100...8_000 : 0...100), connections[connection].busyUntil)
        for part in 0...style.parts {
            agenda.note(.reply(connection: connection, number: number, part: part), at: due)
            if part < style.parts { due = due + dice.span(0...200) }
        }
        connections[connection].busyUntil = due
    }

    /// A legacy backend's reply to its one client.
    func sendPassed(_ connection: Int, _ number: Int, _ part: Int) {
        let style = plan.styles[connections[connection].upstream]
        let final = part == style.parts
        let writer = replyText(number, part, final: final, on: connection, loose: false)
        if final, connections[connection].passedLive > 0 { connections[connection].passedLive -= 1 }
        tellThrough(connection, writer.bytes, .text, isReply: true)
        connections[connection].hasReplied = true
        if !healing, final, dice.chance(plan.faults.closesAfterReply) { loseThrough(connection, anyClose()) }
    }

    /// A legacy backend says something, which its client must get as it is.
    func tellThrough(_ connection: Int, _ bytes: [UInt8], _ kind: MessageKind, isReply: Bool) {
        let client = connections[connection].through ?? 0
        note("u\(connection) says to c\(client) \(kind): \(printable(bytes))")
        throughInHand = (client, bytes, kind)
        // Its client heard the greeting when it came. Where greetings are named, this is none.
        let names = arrangement.upstreams[connections[connection].upstream].pushes.values.contains(.greeting)
        let isGreetingAgain =
            !isReply && connections[connection].isRedial && !connections[connection].hasReplied && !names
        tell(connection, bytes) { $0.connectionMessage(connections[connection].id, kind, $2, &$1) }
        let isDelivered = throughInHand == nil
        throughInHand = nil
        guard clients[client].isThere, failure == nil else { return }
        if isDelivered, isGreetingAgain, !connections[connection].mayBeForListener {
            fail(.unchanged, "c\(client) is greeted again, by u\(connection), which was dialled while it was there")
        }
        if !isDelivered, !isGreetingAgain { fail(.unchanged, "what u\(connection) said did not reach c\(client)") }
    }

    func pushThrough(_ connection: Int) {
        guard !connections[connection].readingStopped, !connections[connection].isRaw else { return }
        switch dice.below(4) {
        case 0: tellThrough(connection, Array("not json \(pushes)".utf8), .text, isReply: false)
        case 1: tellThrough(connection, [0, 255, UInt8(pushes & 0xFF)], .binary, isReply: false)
        default:
            let text = #"{"type": "conversation_restored" , "push":\#(pushes),"messages":[]}"#
            tellThrough(connection, Array(text.utf8), .text, isReply: false)
        }
        pushes += 1
    }

    /// A backend closes, or the connection is cut.
    func lose(_ connection: Int) {
        if connections[connection].through != nil { return loseThrough(connection, anyClose()) }
        loseConnection(connection, closeCode())
    }

    /// A message of a client's own backend grows past the limit: the runtime closes it with 1009.
    func growTooLargeThrough(_ connection: Int) {
        guard !connections[connection].isRaw, !connections[connection].readingStopped else { return }
        loseThrough(connection, PeerClose(code: .messageTooBig), tooLarge: true)
    }

    func loseThrough(_ connection: Int, _ close: PeerClose, tooLarge: Bool = false) {
        guard connections[connection].state == .ready, let client = connections[connection].through else { return }
        note("u\(connection) of c\(client) is closed by its backend: \(close)")
        let lost = connections[connection].passedLive
        let isOver = connections[connection].lastPassed + timeout(connection) <= now
        let wasRetired = connections[connection].retired
        endConnection(connection)
        closeInHand = close
        owedErrors[client] = min(lost, World.mostPassedErrors)
        tell(connection) { core, turn in
            if tooLarge {
                core.connectionMessageTooLarge(connections[connection].id, &turn)
            } else {
                core.connectionClosed(connections[connection].id, close, &turn)
            }
        }
        closeInHand = nil
        if let owed = owedBefore[client], owed > 0, clients[client].isThere, !isOver,
            connections[connection].isPatient
        {
            fail(.noSilence, "u\(connection) is lost with \(lost) messages of c\(client), which misses \(owed) errors")
        }
        guard clients[client].isThere, failure == nil, wasRetired == nil, let route = route(of: clients[client].door)
        else { return }
        let goes = close == .cut || close.code?.rawValue == 1001 || close.code?.rawValue == 1012
        if goes, !connections[connection].isRaw, route < plan.routes.count, arrangement.routes[route].isPaused {
            return tally.count("backend went behind a pause")
        }
        if sides(client, route) == [.legacy], changedAt < connections[connection].orderedAt {
            fail(.stays, "c\(client) is still there, and its backend has closed")
        }
    }

    /// A connection of a client's own is closed, and messages on it had their time: where the client was to leave it
    /// before that, it is told.
    func noteGivenUp(_ client: Int, _ connection: Int) {
        let deadline = connections[connection].lastPassed + timeout(connection)
        guard connections[connection].passedLive > 0, deadline <= now else { return }
        let route = route(of: clients[client].door) ?? 0
        let wasLeft = sides(client, route) == [.unified] && changedAt < deadline
        givenUp[client] = wasLeft && connections[connection].isPatient
    }

    /// Who stays hears of what was given up with its connection.
    func checkToldOfGivenUp() {
        defer { givenUp = [:] }
        for (client, isTold) in givenUp where isTold && clients[client].isThere {
            guard let owed = owedErrors[client], owed > 0 else { continue }
            fail(.noSilence, "c\(client) does not hear of \(owed) messages that were given up with its connection")
        }
    }

    /// What nobody answers goes at once to where something of its conversation is under way.
    func checkSentAtOnce(_ number: Int) {
        let client = messages[number].client
        guard messages[number].outcome == nil, messages[number].state == .waiting, clients[client].isThere,
            clients[client].isOld, let route = messages[number].route
        else { return }
        let holder = liveConnections.first { connection in
            guard connections[connection].state == .ready, !connections[connection].congested else { return false }
            if connections[connection].through == client {
                return connections[connection].passedLive > 0
                    && connections[connection].lastPassed + timeout(connection) > now
            }
            guard arrangement.upstreams[connections[connection].upstream].pace.isEmpty else { return false }
            return connections[connection].outstanding.contains {
                messages[$0].client == client && isSameConversation($0, number) && !messages[$0].mayHaveEnded
                    && messages[$0].forwardedAt > removedAt[route] ?? Instant(nanoseconds: 0)
            }
        }
        guard let holder else { return }
        fail(.order, "m\(number), which nobody answers, waits though u\(holder) has something of its conversation")
    }

    /// Of more passed messages than that the last error speaks for the others.
    static let mostPassedErrors = 64

    func timeout(_ connection: Int) -> TimeSpan {
        arrangement.upstreams[connections[connection].upstream].exchangeTimeout
    }
}
