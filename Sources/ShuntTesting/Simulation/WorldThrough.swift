import ShuntCore

/// What goes through as it is: messages of old clients to their own connections, and back.
extension World {
    /// A legacy backend got a message of its client: when does it answer?
    func answer(_ number: Int, on connection: Int) {
        if !healing, dice.chance(plan.faults.silentBackend) { return note("the backend will not answer m\(number)") }
        let style = plan.styles[connections[connection].upstream]
        let slow = !healing && dice.chance(plan.faults.slowReply)
        var due = max(now + dice.span(slow ? 100...8_000 : 0...100), connections[connection].backend.busyUntil)
        for part in 0...style.parts {
            agenda.note(.reply(connection: connection, number: number, part: part), at: due)
            if part < style.parts { due = due + dice.span(0...200) }
        }
        connections[connection].backend.busyUntil = due
    }

    /// A legacy backend's reply to its one client.
    func sendPassed(_ connection: Int, _ number: Int, _ part: Int) {
        let style = plan.styles[connections[connection].upstream]
        let final = part == style.parts
        let writer = replyText(number, part, final: final, on: connection, loose: false)
        if final {
            connections[connection].passedLive = max(0, connections[connection].passedLive - 1)
            connections[connection].passedForSure = max(0, connections[connection].passedForSure - 1)
        }
        tellThrough(connection, writer.bytes, .text, isReply: true)
        if !healing, final, dice.chance(plan.faults.closesAfterReply) { loseThrough(connection, anyClose()) }
    }

    /// A legacy backend says something, which its client must get as it is.
    func tellThrough(_ connection: Int, _ bytes: [UInt8], _ kind: MessageKind, isReply: Bool) {
        let client = connections[connection].through ?? 0
        note("u\(connection) says to c\(client) \(kind): \(printable(bytes))")
        record.through = (client, bytes, kind)
        tell(.passedBack(connection, isReply: isReply), bytes) {
            $0.connectionMessage(connections[connection].id, kind, $2, &$1)
        }
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
        endConnection(connection)
        record.owedErrors[client] = connections[connection].passedLive
        tell(.lost(connection, close)) { core, turn in
            if tooLarge {
                core.connectionMessageTooLarge(connections[connection].id, &turn)
            } else {
                core.connectionClosed(connections[connection].id, close, &turn)
            }
        }
    }
}
