import ShuntCore

/// What backends say, and what may become of it.
extension World {
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
