import ShuntCore

/// What the world does about what the core does.
extension World {
    func act(_ deed: Deed) {
        switch deed {
        case .dial(let connection, let order): act(dialling: connection, order)
        case .admit(let client, let connection): admit(client, connection)
        case .reject(let client, _):
            note("  → reject c\(client)")
            tally.count("rejected")
            leave(client)
        case .forward(let sent): fly(sent)
        case .pass(let number, let connection): pass(number, over: connection)
        case .firstWord(let step, let connection, _): heard(firstWord: step, connection)
        case .answer:
            record.answers -= 1
            tally.count("push answered")
        case .reply(let reply): take(reply)
        case .error(let error): take(error)
        case .pong(let number, _, _):
            messages[number].isPonged = true
            tally.count("pong")
        case .passBack: tally.count("passed back")
        case .push: tally.count("push")
        case .beat: tally.count("heartbeat")
        case .greet:
            record.greetings -= 1
            tally.count("greeted")
        case .passUnsaid: break
        default: actOnSocket(deed)
        }
    }

    private func actOnSocket(_ deed: Deed) {
        switch deed {
        case .closeConnection(let connection, let code): close(connection, code)
        case .closeClient(let client, let code, let reason):
            note("  → close c\(client) \(code.rawValue) \(reason)")
            tally.count("closed: \(reason)")
            if let number = record.event.message, messages[number].outcome == nil {
                messages[number].mayHaveEnded = true
            }
            if let session = clients[client].session, let owed = record.owedErrors[client], owed > 0 {
                sessions[session].keptErrors[clients[client].door, default: 0] += owed
            }
            leave(client)
        case .relayToClient(let client, let close):
            note("  → close c\(client) as its backend did: \(close)")
            tally.count("close relayed to client")
            leave(client)
        case .relayToConnection(let connection, let close):
            note("  → close u\(connection) as its client did: \(close)")
            tally.count("close relayed to backend")
            connections[connection].closedByCore = true
            endConnection(connection)
        case .read(let connection, let reading):
            note("  → \(reading ? "start" : "stop") reading u\(connection)")
            connections[connection].readingStopped = !reading
            if reading { agenda.note(.readOn(connection), at: now) }
        case .readClient(let client, let reading):
            note("  → \(reading ? "start" : "stop") reading c\(client)")
            clients[client].isStopped = !reading
            if !reading { tally.count("client not read") }
        case .ping(let connection):
            note("  → ping u\(connection)")
            connections[connection].isPinged = true
            if answersPing() {
                agenda.note(.pong(connection), at: now + dice.span(0...200))
            } else if dice.chance(30) {
                note("the host of u\(connection) is gone")
                connections[connection].hostGoneAt = connections[connection].hostGoneAt ?? now
            }
        case .pingClient(let client):
            note("  → ping c\(client)")
            if answersPing() {
                agenda.note(.clientPong(client), at: now + dice.span(0...200))
            } else if dice.chance(30) {
                note("the host of c\(client) is gone")
                clients[client].hostGoneAt = clients[client].hostGoneAt ?? now
            }
        case .inspect(let connection):
            note("  → inspect u\(connection)")
            agenda.note(.inspected(connection), at: now)
        case .inspectClient(let client):
            note("  → inspect c\(client)")
            agenda.note(.clientInspected(client), at: now)
        default: break
        }
    }

    private func answersPing() -> Bool { healing || !dice.chance(plan.faults.missingPong) }

    // MARK: Connections

    private func act(dialling connection: Int, _ dial: DialOrder) {
        let settings = dial.upstream.settings
        note("  → dial u\(connection) to \(settings.name) for c\(connections[connection].seat)")
        var due = now + dice.span(0...60)
        if !healing, dice.chance(plan.faults.dialSilent) {
            let isConnected = dice.chance(50)
            connections[connection].failure = isConnected ? .handshakeTimeout : .connectTimeout
            due = now + (isConnected ? settings.longestDial : settings.connectTimeout)
            if dice.chance(30) { connections[connection].failure = nil }
        } else if !healing, dice.chance(plan.faults.dialFails) {
            connections[connection].failure = dice.pick([
                .connect, .nameNotResolved, .noLocalAddress, .limit, .badHandshake, .unanswered, .tls,
                .refused(status: 503),
                .refused(status: 401), .refused(status: 403), .refused(status: 302), .refused(status: 200),
            ])
        }
        agenda.note(.dialDone(connection), at: due)
    }

    private func close(_ place: Int, _ code: CloseCode) {
        note("  → close u\(place) \(code.rawValue)")
        connections[place].closedByCore = true
        let connection = connections[place]
        if let client = connection.through, clients[client].isThere, connection.state == .ready {
            // Of a route that is gone the client keeps its connection until it leaves itself.
            let isItsOwn = [nil, Self.upstreamGone].contains(connection.retired)
            if connection.hostGoneAt != nil, isItsOwn { noteTrouble(place) }
            record.owedErrors[client] = connection.passedLive
            if connection.passedLive > 0, isTimeOver(place) { record.givenUp.insert(client) }
        }
        if connection.isPinged { noteTrouble(place) }
        endConnection(place)
    }

    private func admit(_ client: Int, _ connection: Int?) {
        note("  → admit c\(client)\(connection.map { " by u\($0)" } ?? "")")
        clients[client].isArriving = false
        clients[client].connectedAt = step
        record.welcomed = client
        if connection != nil { return tally.count("admitted by its backend") }
        if case .old(let route) = clients[client].door, let endpoint = arrangement.endpoint(route) {
            record.greetings = endpoint.greet.count
        }
        tally.count("admitted")
    }

    // MARK: Messages

    private func fly(_ sent: Forwarded) {
        let (number, connection) = (sent.message, sent.connection)
        tally.count("forwarded")
        if messages[number].forwards > 0 {
            messages[number].wasOverdue = false
            tally.count("retried")
        }
        if !overtakes(number, on: connection) { note(number, servedBy: side(of: connection)) }
        note(number, sentOver: connection)
        messages[number].forwardedConversation =
            sent.members.first { $0.key == plan.definition.addressing.conversationField }?.value
        if isOneWay(number) { return end(number, .oneWay) }
        messages[number].state = .flying
        connections[connection].outstanding.append(number)
        receive(number, on: connection)
    }

    private func pass(_ number: Int, over connection: Int) {
        if !overtakes(number, on: connection) { note(number, servedBy: .legacy) }
        note(number, sentOver: connection)
        end(number, .passed)
        tally.count("passed")
        guard messages[number].opens else { return }
        connections[connection].passedLive += 1
        connections[connection].passedForSure = isTimeOver(connection) ? 1 : connections[connection].passedForSure + 1
        connections[connection].lastPassed = now
        answer(number, on: connection)
    }

    private func note(_ number: Int, sentOver connection: Int) {
        messages[number].forwards += 1
        messages[number].connectionBefore = messages[number].connection
        messages[number].connection = connection
        messages[number].pool = connections[connection].pool
        messages[number].forwardedAt = now
    }

    private func note(_ number: Int, servedBy side: Side) {
        if let last = messages[number].side, last != side { tally.count("sent again to the other side") }
        messages[number].side = side
        tally.count(side == .legacy ? "by legacy" : "by unified")
    }

    private func take(_ reply: Delivered) {
        let number = reply.message
        guard let index = messages[number].arrived.firstIndex(where: { $0.part == reply.part }) else { return }
        messages[number].arrived[index].delivered = true
        messages[number].nextPart = reply.part + 1
        let isOwn = messages[number].owner == reply.client
        let isFirst = messages[number].client == reply.client
        tally.count(!isOwn ? "parked reply" : isFirst ? "reply" : "inherited reply")
        if clients[reply.client].isOld { tally.count("collapsed reply") }
        guard messages[number].arrived[index].isFinal, messages[number].outcome == nil else { return }
        if messages[number].connection >= 0 {
            connections[messages[number].connection].outstanding.removeAll { $0 == number }
        }
        end(number, .replied)
    }

    private func take(_ error: ErrorTold) {
        if error.isOfPassed {
            let count = integer("count", error.members) ?? 1
            if record.owedErrors[error.client, default: 0] > 0 {
                record.owedErrors[error.client, default: 0] -= count
            } else if let session = clients[error.client].session {
                sessions[session].keptErrors[clients[error.client].door, default: 0] -= count
            }
            return tally.count("passed message lost")
        }
        let honest = error.about.filter { error.sent == (messages[$0].forwards > 0) }
        let flying = honest.filter { messages[$0].state == .flying }
        let places = Set(flying.map { messages[$0].connection })
        // Only of what carries its own id nothing is feared once its time is over.
        if error.code == "timeout", flying.count == honest.count, places.count == 1, let place = places.first,
            arrangement.upstreams[connections[place].upstream].correlation != .field("id", unique: true)
        {
            retire(place, "a timeout")
        }
        guard honest.count == 1, let number = honest.first else {
            // It names nothing: which one it was nobody can tell.
            for number in honest { messages[number].mayHaveEnded = true }
            return tally.count(honest.isEmpty ? "error of nobody known" : "error of many")
        }
        if let place = places.first {
            connections[place].outstanding.removeAll { $0 == number }
            connections[place].abandoned.append(number)
        }
        end(number, .error(error.code))
    }

    /// The message has its outcome.
    func end(_ number: Int, _ outcome: ModelMessage.Outcome) {
        note("  = m\(number) ends: \(outcome)")
        messages[number].outcome = outcome
        messages[number].state = .ended
        clients[messages[number].owner].unresolved.removeAll { $0 == number }
        if let session = messages[number].session { sessions[session].orphans.removeAll { $0 == number } }
        if case .error(let code) = outcome { tally.count(code) }
    }
}
