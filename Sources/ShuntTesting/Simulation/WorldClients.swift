import ShuntCore

/// What clients do.
extension World {
    func openClient() {
        let session = dice.chance(80) ? dice.below(sessions.count) : nil
        var door = Door.unified
        if plan.isMoving, dice.chance(plan.oldClients) { door = doors().randomElement(using: &dice) ?? .unified }
        openClient(session: session, door)
    }

    func openClient(session: Int?, _ door: Door) {
        let serial = clients.count
        let tenant = dice.pick([nil, "a", "b"])
        let app = plan.isMoving ? dice.pick(["", "qa-1", "old", "web"]) : ""
        var query = "v=\(serial)"
        if !app.isEmpty { query += "&client=\(app)" }
        var headers = [Handshake.Field(name: "Host", value: "proxy"), .init(name: "X-Seat", value: "\(serial)")]
        let shown = session.map { sessions[$0].credential(of: serial) }
        if let token = shown {
            switch dice.below(3) {
            case 0: query += "&session_token=" + percentEncoded(token)
            case 1: headers.append(.init(name: "Authorization", value: "Bearer \(token)"))
            default: headers.append(.init(name: "Cookie", value: "a=b; session=\(token)"))
            }
        } else if dice.chance(30) {
            query += "&session_token=undefined"
        }
        if let tenant { query += "&tenant=\(tenant)" }
        let path = path(of: door)
        let handshake = Handshake(
            path: ByteString(path), query: ByteString(query), headers: HeaderFields(headers), remoteHost: "127.0.0.1")
        note(
            "client c\(serial) connects to \(path), session \(session.map(String.init) ?? "none"), "
                + "tenant \(tenant ?? "-"), app \(app)")
        turn.effects.reset()
        var identity: ClientIdentity?
        if let session, let shown {
            sessions[session].shown = shown
            identity = ClientIdentity(
                Credential(ByteString(shown)),
                ValidatedClaims(Claims(session: ClaimValue(text: ByteString(sessions[session].token)))))
        }
        let id: ClientID
        if case .legacy(let endpoint) = table.endpoints.match(handshake.path) {
            id = core.clientArrived(handshake, as: identity, endpoint: endpoint, &turn)
        } else {
            id = core.clientConnected(handshake, as: identity, &turn)
        }
        if clientByID[id] != nil { fail(.liveIDs, "the id of c\(serial) is in use") }
        clients.append(
            ModelClient(
                id: id, handshake: handshake, session: session, tenant: tenant, door: door, app: app,
                cameAt: step, connectedAt: step, busyAt: now))
        clientByID[id] = serial
        if let session {
            if let gone = sessions[session].lastSocketGone {
                sessions[session].isForgotten = draining || gone + table.definition.session.linger <= now
            }
            sessions[session].clients.append(serial)
            sessions[session].lastSocketGone = nil
        }
        learnEndpoint(serial)
        if door == .unified { record.welcomed = serial } else { clients[serial].isArriving = true }
        begin(.came(serial))
        finish(message: [])
    }

    /// Messages under way whose socket is gone are the new socket's now.
    func inherit(_ client: Int) {
        // A pipe is given nothing of ours: that is for the next socket that is none.
        guard let session = clients[client].session, clients[client].isThere, !clients[client].isRaw else { return }
        var left: [Int] = []
        for number in sessions[session].orphans {
            guard messages[number].state != .ended, !clients[messages[number].owner].isThere,
                clients[messages[number].owner].door == clients[client].door
            else {
                left.append(number)
                continue
            }
            messages[number].owner = client
            if messages[number].mayHaveEnded { left.append(number) } else { clients[client].unresolved.append(number) }
        }
        sessions[session].orphans = left
    }

    func closeClient(_ client: Int) {
        guard clients[client].isThere else { return }
        note("client c\(client) goes")
        let close = plan.isMoving ? anyClose() : .cut
        leave(client)
        tell(.left(client, close)) { $0.clientClosed(clients[client].id, close: close, &$1) }
    }

    /// The client is gone: its messages are nobody's now.
    func leave(_ client: Int) {
        clients[client].goneAt = step
        clientByID[clients[client].id] = nil
        if clients[client].isOld {
            // Nobody waits for what would have been passed through.
            for number in clients[client].unresolved where messages[number].state == .waiting {
                messages[number].mayHaveEnded = true
            }
        }
        guard let session = clients[client].session else {
            clients[client].unresolved = []
            return
        }
        sessions[session].clients.removeAll { $0 == client }
        sessions[session].orphans += clients[client].unresolved
        clients[client].unresolved = []
        if sessions[session].clients.isEmpty { sessions[session].lastSocketGone = now }
    }

    func stopReading(_ client: Int) {
        guard clients[client].reads, !clients[client].isRaw else { return }
        note("client c\(client) reads no more")
        clients[client].reads = false
        agenda.note(.clientReads(client), at: now + dice.span(10...5_000))
    }

    func readAll(_ client: Int) {
        guard !clients[client].reads else { return }
        clients[client].reads = true
        clients[client].unread = 0
        guard clients[client].isThere, clients[client].congested else { return }
        clients[client].congested = false
        clients[client].toldCongested = false
        note("client c\(client) has read everything")
        tell(.aboutClient(client)) { $0.clientRelieved(clients[client].id, &$1) }
    }

    func tellCongested(_ client: Int) {
        guard clients[client].isThere, clients[client].congested else { return }
        note("c\(client) is congested")
        clients[client].toldCongested = true
        tell(.aboutClient(client)) { $0.clientCongested(clients[client].id, &$1) }
    }

    func tellClientPong(_ client: Int) {
        guard clients[client].isThere, clients[client].hostGoneAt == nil else { return }
        note("pong of c\(client)")
        tell(.aboutClient(client)) { $0.clientPong(clients[client].id, &$1) }
    }

    /// Says a message and looks at what became of it.
    func sendMessage(_ client: Int) {
        let made = clients[client].isOld ? makeOldMessage(client) : makeMessage(client)
        let number = made.message.number
        messages.append(made.message)
        clients[client].unresolved.append(number)
        note("c\(client) sends m\(number) \(made.message.intent): \(printable(made.bytes))")
        tell(.said(number), made.bytes) { $0.clientMessage(clients[client].id, made.kind, $2, &$1) }
    }

    /// A message grows past the limit: the client is told and closed.
    func sayTooMuch(_ client: Int) {
        if clients[client].isArriving || clients[client].isRaw { return }
        let number = messages.count
        messages.append(
            ModelMessage(
                number: number, client: client, owner: client, session: clients[client].session,
                intent: .bad(["message_too_large"]), pool: nil, conversation: nil, members: [], size: 0,
                acceptedAt: now))
        clients[client].unresolved.append(number)
        note("c\(client) says too much in m\(number)")
        tell(.said(number)) { $0.clientMessageTooLarge(clients[client].id, &$1) }
    }

    private func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                String(decoding: [byte], as: UTF8.self)
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    func printable(_ bytes: [UInt8]) -> String {
        bytes.count <= 300
            ? String(decoding: bytes, as: UTF8.self) : String(decoding: bytes.prefix(300), as: UTF8.self) + "…"
    }
}
