import ShuntCore

/// What backends say, and what may become of it.
extension World {
    /// A backend got a message: when does it answer what?
    func receive(_ number: Int, on connection: Int) {
        let style = plan.styles[connections[connection].upstream]
        let settings = arrangement.upstreams[connections[connection].upstream]
        guard !connections[connection].backend.zombie else { return }
        if !healing, dice.chance(plan.faults.silentBackend) {
            note("the backend will not answer m\(number)")
            if settings.correlation != .field("id", unique: true) { connections[connection].backend.zombie = true }
            return
        }
        let slow = !healing && dice.chance(plan.faults.slowReply)
        var due = now + dice.span(slow ? 100...8_000 : 0...100)
        if style.serial {
            due = max(due, connections[connection].backend.busyUntil)
            connections[connection].backend.busyUntil = due
        }
        // Replies that look alike come in the order of their messages.
        let conversation = messages[number].forwardedConversation ?? []
        due = max(due, connections[connection].backend.busyWith[conversation] ?? due)
        for part in 0...style.parts {
            agenda.note(.reply(connection: connection, number: number, part: part), at: due)
            if part < style.parts { due = due + dice.span(0...200) }
        }
        if style.serial { connections[connection].backend.busyUntil = due }
        connections[connection].backend.busyWith[conversation] = due
    }

    /// A reply is due; the backend may do something else instead.
    func sendReply(_ connection: Int, _ number: Int, _ part: Int) {
        let style = plan.styles[connections[connection].upstream]
        guard connections[connection].state == .ready, !connections[connection].backend.zombie,
            !messages[number].isAnswered,
            connections[connection].hostGoneAt == nil
        else { return }
        if connections[connection].readingStopped || !connections[connection].backend.unread.isEmpty {
            connections[connection].backend.unread.append((number, part))
            return
        }
        if connections[connection].through != nil { return sendPassed(connection, number, part) }
        let final = part == style.parts
        let settings = arrangement.upstreams[connections[connection].upstream]
        let isOldest = connections[connection].outstanding.first == number && connections[connection].abandoned.isEmpty
        if !healing, style.serial, isOldest, part == 0, dice.chance(plan.faults.zombie) {
            connections[connection].backend.zombie = true
            let writer = zombieText(number, on: connection)
            return tellReply(connection, number, part: 0, final: true, writer, dead: true)
        }
        let writer = replyText(number, part, final: final, on: connection, loose: isOldest && style.parts == 0)
        tellReply(connection, number, part: part, final: final, writer, dead: false)
        if !healing, final, dice.chance(plan.faults.closesAfterReply), settings.mode == .session {
            loseConnection(connection, closeCode())
        }
    }

    /// Reading goes on: what came meanwhile is read first, in order.
    func readOn(_ connection: Int) {
        let waiting = connections[connection].backend.unread
        connections[connection].backend.unread = []
        for (number, part) in waiting { sendReply(connection, number, part) }
    }

    private func tellReply(
        _ connection: Int, _ number: Int, part: Int, final: Bool, _ writer: JSONWriter, dead: Bool
    ) {
        let bytes = writer.bytes
        note("u\(connection) says: \(printable(bytes))")
        if isOverdue(number) { messages[number].wasOverdue = true }
        let isWanted =
            messages[number].state == .flying && messages[number].connection == connection
            && messages[number].outcome == nil
        let answer = Event.Answer(
            message: number, part: part, isFinal: final, isWanted: isWanted, isOwed: isOwed(number),
            isOverdue: messages[number].wasOverdue)
        if isWanted {
            messages[number].arrived.append(
                ArrivedReply(part: part, members: writer.members, isFinal: final, at: now))
        }
        if dead { retire(connection, "an error of the kind after which nothing is answered") }
        // Of a reply that nobody may want more of, no part is waited for.
        if !final, !isOwed(number) { connections[connection].mayBeReplaced = true }
        if final {
            connections[connection].abandoned.removeAll { $0 == number }
            connections[connection].outstanding.removeAll { $0 == number }
        }
        record.parks = isWanted && !clients[messages[number].owner].isThere ? 1 : 0
        tell(.replied(connection, answer), bytes) {
            $0.connectionMessage(connections[connection].id, .text, $2, &$1)
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
        if correlation == .field("conversation_id", unique: false) {
            connections[connection].backend.carriesField = true
        }
    }

    /// Whether a message without the correlation member is a reply yet.
    func mayOmitField(_ connection: Int) -> Bool {
        switch arrangement.upstreams[connections[connection].upstream].correlation {
        case .fifo: true
        case .field(_, unique: true): false
        case .field: !connections[connection].backend.carriesField
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
}
