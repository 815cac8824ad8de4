import ShuntCore

/// What upstream connections and the backends behind them do.
extension World {
    func finishDial(_ connection: Int) {
        guard connections[connection].state == .dialling else { return }
        if let failure = connections[connection].failure {
            note("dial u\(connection) fails: \(failure)")
            endConnection(connection)
            let refusals = arrangement.upstreams[connections[connection].upstream].refusals
            if connections[connection].through == nil, case .refused(let status) = failure, refusals[status] == .auth {
                refusedLogin.insert(connections[connection].pool)
            }
            noteTrouble(connection)
            tell(connection) { $0.connectionFailed(connections[connection].id, failure, &$1) }
            checkNothingLost()
        } else {
            note("u\(connection) is ready")
            connections[connection].state = .ready
            if connections[connection].through != nil, !connections[connection].isRaw,
                connections[connection].address != arrangement.upstreams[connections[connection].upstream].address
            {
                retire(connection, "its url has changed while it was dialled")
            }
            beginOpening(connection)
            tell(connection) { $0.connectionReady(connections[connection].id, &$1) }
            planEarlyClose(connection)
        }
    }

    /// Backends of the field accept first and look afterwards.
    private func planEarlyClose(_ connection: Int) {
        guard !healing, plan.faults.lostConnection > 0, laterDice.chance(8), connections[connection].through == nil
        else { return }
        let code = CloseCode(rawValue: laterDice.pick([4001, 4003, 4004, 4004, 4029, 1011]))
        agenda.note(.closed(connection, code), at: now + laterDice.span(0...2))
    }

    /// Something was the upstream's own fault.
    func noteTrouble(_ connection: Int) {
        if connections[connection].upstream == arrangement.unified { unifiedTroubles += 1 }
    }

    /// No new message may be sent to the connection.
    func retire(_ connection: Int, _ reason: String) {
        noteUnready(connection)
        connections[connection].retired = reason
    }

    /// No new message may be sent to the connection, for no fault of its own.
    func replace(_ connection: Int, _ reason: String) {
        // Behind one that did something wrong nobody waits.
        let isFaulty =
            connections[connection].retired != nil || connections[connection].hadNonsense
            || !connections[connection].abandoned.isEmpty
            || connections[connection].outstanding.contains(where: isOverdue)
        connections[connection].isReplaced = connections[connection].isReplaced || !isFaulty
        retire(connection, reason)
    }

    /// A connection that took messages takes none from now on.
    private func noteUnready(_ connection: Int) {
        if takesMessages(connection) { lastReady[connections[connection].pool] = now }
    }

    /// Whether messages may be sent over a connection, as far as the model can tell.
    func takesMessages(_ connection: Int) -> Bool {
        connections[connection].state == .ready && !connections[connection].congested
            && connections[connection].retired == nil && connections[connection].opening == nil
    }

    /// The connection takes and gives nothing any more.
    func endConnection(_ connection: Int) {
        noteUnready(connection)
        connections[connection].state = .gone
        connectionByID[connections[connection].id] = nil
        liveConnections.removeAll { $0 == connection }
        endedConnections.append(connection)
        guard arrangement.upstreams[connections[connection].upstream].retrySafe else { return }
        for number in connections[connection].outstanding where messages[number].state == .flying {
            messages[number].state = .waiting
        }
    }

    func loseConnection(_ connection: Int, _ code: CloseCode?) {
        guard connections[connection].state == .ready else { return }
        note("u\(connection) is lost, code \(code.map { "\($0.rawValue)" } ?? "none")")
        connections[connection].closeCode = code
        if let code, arrangement.upstreams[connections[connection].upstream].closes[code.rawValue] == .auth {
            loggedOut.insert(connections[connection].pool)
        }
        putBackUnread(connection, code)
        endConnection(connection)
        tell(connection) { $0.connectionClosed(connections[connection].id, code: code, &$1) }
        checkNothingLost()
    }

    /// A code that has a meaning, before the backend's first word, says that nothing was read: what was written waits as
    /// if it had never been, or hears an error that says so.
    private func putBackUnread(_ connection: Int, _ code: CloseCode?) {
        guard let code, !connections[connection].hasSpoken,
            arrangement.upstreams[connections[connection].upstream].closes[code.rawValue] != nil
        else { return }
        for number in connections[connection].outstanding where messages[number].state == .flying {
            guard messages[number].connection == connection, messages[number].outcome == nil else { continue }
            messages[number].forwards -= 1
            // What was sent before, over a connection that allows it, may still be sent again.
            messages[number].connection = messages[number].forwards == 0 ? -1 : messages[number].connectionBefore
            messages[number].wasPutBack = true
            messages[number].state = .waiting
            tally.count("put back")
        }
    }

    /// The messages that were in flight on a connection that ended have their errors, or wait to be sent again.
    func checkNothingLost() {
        for connection in endedConnections {
            for number in connections[connection].outstanding where messages[number].state == .flying {
                guard messages[number].outcome == nil, messages[number].connection == connection else { continue }
                if !isOwed(number) {
                    messages[number].state = .ended
                } else {
                    fail(
                        .noSilence,
                        "m\(number) was in flight on u\(connection), which ended, and c\(messages[number].owner) was told nothing"
                    )
                }
            }
            connections[connection].outstanding = []
        }
        endedConnections = []
        for connection in saidToBeLost {
            let lost = connections[connection]
            if lost.state != .gone { fail(.honestCode, "u\(connection) was said to be lost and is still there") }
            if lost.closedByCore, lost.hostGoneAt == nil, lost.retired == nil, !draining {
                fail(.stays, "u\(connection) was cut with messages in flight, and its backend may only be busy")
            }
        }
        saidToBeLost = []
    }

    func congest(_ connection: Int) {
        guard !connections[connection].congested else { return }
        note("u\(connection) is congested")
        noteUnready(connection)
        connections[connection].congested = true
        agenda.note(.relieved(connection), at: now + dice.span(10...6_000))
        tell(connection) { $0.connectionCongested(connections[connection].id, &$1) }
    }

    func relieve(_ connection: Int) {
        guard connections[connection].congested, connections[connection].state == .ready else { return }
        note("u\(connection) is relieved")
        connections[connection].congested = false
        tell(connection) { $0.connectionRelieved(connections[connection].id, &$1) }
    }

    func tellPong(_ connection: Int) {
        guard connections[connection].state == .ready, connections[connection].hostGoneAt == nil else { return }
        note("pong of u\(connection)")
        connections[connection].pingedAt = nil
        tell(connection) { $0.connectionPong(connections[connection].id, &$1) }
    }

    /// What TCP knows. A busy or deaf peer acknowledges; what was sent a moment ago may not be acknowledged yet.
    func tellInspected(_ connection: Int) {
        guard connections[connection].state == .ready else { return }
        let state = transport(hostGoneAt: connections[connection].hostGoneAt)
        note("the system says of u\(connection): \(state)")
        tell(connection) { $0.connectionInspected(connections[connection].id, state, &$1) }
    }

    func tellClientInspected(_ client: Int) {
        guard clients[client].isThere else { return }
        let state = transport(hostGoneAt: clients[client].hostGoneAt)
        note("the system says of c\(client): \(state)")
        tell { $0.clientInspected(clients[client].id, state, &$1) }
    }

    private func transport(hostGoneAt: Instant?) -> TransportState {
        if let hostGoneAt { return TransportState(silence: now - hostGoneAt, isUnacknowledged: true) }
        let isUnacknowledged = dice.chance(30)
        return TransportState(silence: isUnacknowledged ? .zero : .hours(1), isUnacknowledged: isUnacknowledged)
    }

    // MARK: Backends

    /// A backend got a message: when does it answer what?
    func receive(_ number: Int, on connection: Int) {
        let style = plan.styles[connections[connection].upstream]
        let settings = arrangement.upstreams[connections[connection].upstream]
        guard !connections[connection].zombie else { return }
        if !healing, dice.chance(plan.faults.silentBackend) {
            note("the backend will not answer m\(number)")
            if settings.correlation != .field("id", unique: true) { connections[connection].zombie = true }
            return
        }
        let slow = !healing && dice.chance(plan.faults.slowReply)
        var due = now + dice.span(slow ? 100...8_000 : 0...100)
        if style.serial {
            due = max(due, connections[connection].busyUntil)
            connections[connection].busyUntil = due
        }
        // Replies that look alike come in the order of their messages.
        let conversation = messages[number].forwardedConversation ?? []
        due = max(due, connections[connection].busyWith[conversation] ?? due)
        for part in 0...style.parts {
            agenda.note(.reply(connection: connection, number: number, part: part), at: due)
            if part < style.parts { due = due + dice.span(0...200) }
        }
        if style.serial { connections[connection].busyUntil = due }
        connections[connection].busyWith[conversation] = due
    }

    /// A reply is due; the backend may do something else instead.
    func sendReply(_ connection: Int, _ number: Int, _ part: Int) {
        let style = plan.styles[connections[connection].upstream]
        guard connections[connection].state == .ready, !connections[connection].zombie, !messages[number].isAnswered,
            connections[connection].hostGoneAt == nil
        else { return }
        if connections[connection].readingStopped || !connections[connection].unread.isEmpty {
            connections[connection].unread.append((number, part))
            return
        }
        if connections[connection].through != nil { return sendPassed(connection, number, part) }
        let final = part == style.parts
        let settings = arrangement.upstreams[connections[connection].upstream]
        let isOldest = connections[connection].outstanding.first == number && connections[connection].abandoned.isEmpty
        if !healing, style.serial, isOldest, part == 0, dice.chance(plan.faults.zombie) {
            connections[connection].zombie = true
            let writer = zombieText(number, on: connection)
            return tellReply(connection, number, part: 0, final: true, writer, dead: true)
        }
        let writer = replyText(number, part, final: final, on: connection, loose: isOldest && style.parts == 0)
        tellReply(connection, number, part: part, final: final, writer, dead: false)
        connections[connection].replies += 1
        if !healing, final, dice.chance(plan.faults.closesAfterReply), settings.mode == .session {
            loseConnection(connection, closeCode())
        }
    }

    /// Reading goes on: what came meanwhile is read first, in order.
    func readOn(_ connection: Int) {
        let waiting = connections[connection].unread
        connections[connection].unread = []
        for (number, part) in waiting { sendReply(connection, number, part) }
    }

    private func tellReply(
        _ connection: Int, _ number: Int, part: Int, final: Bool, _ writer: JSONWriter, dead: Bool
    ) {
        let bytes = writer.bytes
        note("u\(connection) says: \(printable(bytes))")
        let owner = messages[number].owner
        if isOverdue(number) { messages[number].wasOverdue = true }
        let wasOverdue = messages[number].wasOverdue
        let wanted =
            messages[number].state == .flying && messages[number].connection == connection
            && messages[number].outcome == nil
        if wanted {
            let arrived = ArrivedReply(
                part: part, final: final, members: writer.members, rules: connections[connection].rules, at: now)
            messages[number].arrived.append(arrived)
        }
        if dead { retire(connection, "an error of the kind after which nothing is answered") }
        if final {
            connections[connection].abandoned.removeAll { $0 == number }
            connections[connection].outstanding.removeAll { $0 == number }
        }
        let toldBefore = isOwed(number)
        if wanted, !clients[owner].isThere { parksInHand = 1 }
        tell(connection, bytes) { $0.connectionMessage(connections[connection].id, .text, $2, &$1) }
        parksInHand = 0
        guard wanted, failure == nil else { return }
        let delivered = messages[number].arrived.last?.delivered ?? false
        if delivered { messages[number].wasOverdue = false }
        if toldBefore, clients[owner].isThere, !delivered, messages[number].outcome == nil {
            fail(.noSilence, "the reply to m\(number) came and was not delivered to c\(owner), who is there")
        }
        if !delivered, !toldBefore || !clients[owner].isThere, messages[number].outcome == nil {
            park(number, part: part, final: final, wasOverdue: wasOverdue)
        }
    }

    /// Whether a message's socket is there and must be told its outcome.
    func isOwed(_ number: Int) -> Bool { clients[messages[number].owner].isThere && !messages[number].mayHaveEnded }

    /// Notes that a reply came too late for its client.
    private func park(_ number: Int, part: Int, final: Bool, wasOverdue: Bool) {
        if final { messages[number].state = .ended }
        guard let session = messages[number].session else { return }
        sessions[session].parked.append(
            ParkedReply(
                number: number, part: part, door: clients[messages[number].owner].door, at: now,
                certain: !draining && plan.memory == 1 << 30 && !wasOverdue && !messages[number].mayHaveEnded))
        doubtParked(session)
    }

    /// What is kept for a session may have been given up where what is still to come for it, whatever socket it is for,
    /// goes beyond the limits. Errors are kept too, unseen: only wide limits leave no excuse.
    func doubtParked(_ session: Int) {
        let limits = table.definition.session
        let isWide = limits.parkedCount >= 64 && limits.parkedBytes >= 1 << 20
        let isOver = sessions[session].parked.count + outcomesToCome(session) > limits.parkedCount
        guard !isWide || isOver else { return }
        for index in sessions[session].parked.indices { sessions[session].parked[index].certain = false }
    }

    /// How many replies, parts of them and errors may yet be kept for messages whose socket is gone.
    private func outcomesToCome(_ session: Int) -> Int {
        sessions[session].orphans.reduce(0) { count, number in
            guard messages[number].state != .ended else { return count }
            return count + 1 + (possiblePools(number).map { plan.styles[$0.upstream].parts }.max() ?? 0)
        }
    }

    func replyText(_ number: Int, _ part: Int, final: Bool, on connection: Int, loose: Bool) -> JSONWriter {
        let style = plan.styles[connections[connection].upstream]
        let message = messages[number]
        var body = JSONWriter()
        body.add("to", raw: "\(number)")
        body.add("part", raw: "\(part)")
        body.add("who", raw: JSONWriter.quoted(identity(of: connection)))
        body.add("by", raw: "\(connection)")
        body.add("message", "r\(number) é\\")
        if dice.chance(20) { body.add("text", raw: "\"\\u00e9\"") }
        if dice.chance(20) { body.add("echoed_token", identity(of: connection)) }
        if dice.chance(20) {
            body.add("weird", raw: dice.pick(["1.0E-5", "[ {\"a\" : 1} ]", "{\"to\":1}", "\"\\/\""]))
        }
        if dice.chance(5) { body.add("pad", String(repeating: "p", count: dice.below(900))) }
        var writer = JSONWriter()
        let type = final ? style.type : "part"
        if let type { writer.add("type", type) }
        if style.nested {
            writer.add("data", raw: body.bytes)
        } else {
            for member in body.members { writer.add(member.key, raw: member.value) }
        }
        let match = message.route.map { plan.match($0) } ?? []
        if dice.chance(50), let agent = match.first {
            let isUnified = connections[connection].upstream == arrangement.unified
            writer.add("agent_type", dice.chance(70) || !loose || isUnified ? agent : "\(agent)_agent")
            if match.count > 1 { writer.add("pillar", match[1]) }
        }
        addCorrelation(&writer, message, on: connection, loose: loose)
        writer.shuffle(&dice)
        writer.spaced = dice.chance(10)
        return writer
    }

    /// The members by which the core finds the exchange; the oldest one's reply may lack them.
    private func addCorrelation(_ writer: inout JSONWriter, _ message: ModelMessage, on connection: Int, loose: Bool) {
        let upstream = connections[connection].upstream
        let correlation = arrangement.upstreams[upstream].correlation
        let omit = loose && mayOmitField(connection) && dice.chance(10)
        if correlation == .field("id", unique: true), !omit { writer.add("id", "i\(message.number)") }
        guard plan.styles[upstream].echoesConversation, !omit, let seen = message.forwardedConversation else { return }
        writer.add("conversation_id", raw: seen)
        if correlation == .field("conversation_id", unique: false) { connections[connection].carriesField = true }
    }

    /// Whether a message without the correlation member is a reply yet.
    func mayOmitField(_ connection: Int) -> Bool {
        switch arrangement.upstreams[connections[connection].upstream].correlation {
        case .fifo: true
        case .field(_, unique: true): false
        case .field: !connections[connection].carriesField
        }
    }

    private func zombieText(_ number: Int, on connection: Int) -> JSONWriter {
        var writer = JSONWriter()
        writer.add("type", "error")
        writer.add("message", "Internal error: m\(number)")
        writer.add("to", raw: "\(number)")
        writer.add("part", raw: "0")
        writer.add("who", raw: JSONWriter.quoted(identity(of: connection)))
        // What has no id answers none where each message has one.
        if arrangement.upstreams[connections[connection].upstream].correlation == .field("id", unique: true) {
            writer.add("id", "i\(number)")
        }
        return writer
    }

    /// The token that a backend connection was opened with; `""` for a client without one.
    func identity(of connection: Int) -> String {
        clients[connections[connection].seat].session.map { sessions[$0].token } ?? ""
    }
}
