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
        let token = session.map { sessions[$0].token }
        if let token {
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
            path: ByteString(path), query: ByteString(query), headers: headers, remoteHost: "127.0.0.1")
        note(
            "client c\(serial) connects to \(path), session \(session.map(String.init) ?? "none"), "
                + "tenant \(tenant ?? "-"), app \(app)")
        turn.effects.reset()
        let identity = token.map { ClientIdentity(token: ByteString($0)) }
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
                connectedAt: step, cameAt: step, lastHeard: now, busyAt: now))
        clientByID[id] = serial
        if let session {
            forgetExpired(session)
            sessions[session].clients.append(serial)
            sessions[session].lastSocketGone = nil
        }
        learnEndpoint(serial)
        if door != .unified {
            clients[serial].isArriving = true
            return applyEffects(message: [])
        }
        welcome(serial)
        applyEffects(message: [])
    }

    /// The client may be given what was kept for it, from here to the end of the event.
    func welcome(_ client: Int) {
        clientInHand = client
        clients[client].connectedAt = step
        if let session = clients[client].session { forgetExpired(session) }
        let kept = clients[client].session.map { sessions[$0].parked } ?? []
        admitted = (client, kept.filter { $0.door == clients[client].door })
    }

    /// The event in which a client was admitted is over: it has got what was kept for it.
    func endWelcome() {
        guard let (client, due) = admitted else { return }
        admitted = nil
        clientInHand = nil
        // A pipe is given nothing of ours: that is for the next socket that is none.
        guard let session = clients[client].session, clients[client].isThere, !clients[client].isRaw, failure == nil
        else { return }
        for parked in due where parked.certain && !wasDelivered(parked) {
            fail(
                .noSilence,
                "the parked reply to m\(parked.number) was not given to c\(client), the session's next socket")
        }
        inherit(session, client)
        sessions[session].parked.removeAll { parked in due.contains { $0.number == parked.number } }
    }

    /// Messages under way whose socket is gone are the new socket's now.
    private func inherit(_ session: Int, _ client: Int) {
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

    private func wasDelivered(_ parked: ParkedReply) -> Bool {
        messages[parked.number].arrived.contains { $0.part == parked.part && $0.delivered }
    }

    /// Drops what the session may have forgotten by now.
    private func forgetExpired(_ session: Int) {
        if let gone = sessions[session].lastSocketGone, draining || gone + table.definition.session.linger <= now {
            sessions[session].parked = []
            // It may be another session of the same token by now.
            for key in paced.keys where key.owner == session { paced[key] = nil }
        }
        sessions[session].parked.removeAll { $0.at + table.definition.session.parkedFor <= now }
    }

    func closeClient(_ client: Int) {
        guard clients[client].isThere else { return }
        note("client c\(client) goes")
        let close = plan.isMoving ? anyClose() : .cut
        let own = liveConnections.filter { connections[$0].through == client && connections[$0].state == .ready }
        leave(client)
        closeInHand = close
        tell { $0.clientClosed(clients[client].id, close: close, &$1) }
        closeInHand = nil
        for connection in own where connections[connection].state != .gone && failure == nil {
            fail(.stays, "c\(client) has closed and u\(connection), which is its own, is still there")
        }
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
        doubtParked(session)
        if sessions[session].clients.isEmpty {
            sessions[session].lastSocketGone = now
            forgetHolds(of: session)
        }
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
        tell { $0.clientRelieved(clients[client].id, &$1) }
    }

    func tellCongested(_ client: Int) {
        guard clients[client].isThere, clients[client].congested else { return }
        note("c\(client) is congested")
        clients[client].toldCongested = true
        tell { $0.clientCongested(clients[client].id, &$1) }
    }

    func tellClientPong(_ client: Int) {
        guard clients[client].isThere, clients[client].hostGoneAt == nil else { return }
        clients[client].pingedAt = nil
        note("pong of c\(client)")
        tell { $0.clientPong(clients[client].id, &$1) }
    }

    /// Says a message and looks at what became of it.
    func sendMessage(_ client: Int) {
        let made = clients[client].isOld ? makeOldMessage(client) : makeMessage(client)
        let number = made.message.number
        messages.append(made.message)
        clients[client].unresolved.append(number)
        clients[client].recentSends.removeAll { $0 + .seconds(1) <= now }
        clients[client].recentSends.append(now)
        note("c\(client) sends m\(number) \(made.message.intent): \(printable(made.bytes))")
        messageInHand = number
        tell(made.bytes) { $0.clientMessage(clients[client].id, made.kind, $2, &$1) }
        messageInHand = nil
        guard failure == nil else { return }
        switch messages[number].intent {
        case .bad(let codes):
            if messages[number].outcome == nil, clients[client].isThere {
                fail(.noSilence, "m\(number) should have been refused at once with one of \(codes)")
            }
        case .absorbed: if messages[number].outcome == nil { endAbsorbed(number) }
        case .opaque(let route, let codes) where codes.isEmpty && sides(client, route).contains(.unified):
            // There it is absorbed without a word.
            messages[number].mayHaveEnded = true
        case .oneWay:
            checkSentAtOnce(number)
            checkQueueBounds(number)
        case .routed, .opaque: checkQueueBounds(number)
        }
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
        clients[client].saidTooMuch = true
        note("c\(client) says too much in m\(number)")
        messageInHand = number
        tell { $0.clientMessageTooLarge(clients[client].id, &$1) }
        messageInHand = nil
        if clients[client].isThere { fail(.bounds, "c\(client) said too much and is not closed") }
    }

    /// Bounds of what waits in the pool of a message that was just accepted.
    private func checkQueueBounds(_ number: Int) {
        if plan.isMoving { return checkOwnQueue(number) }
        guard messages[number].state == .waiting, isOwed(number), messages[number].outcome == nil,
            let pool = messages[number].pool
        else { return }
        let settings = arrangement.upstreams[pool.upstream]
        let queue = settings.queue
        let waiting = waitingMessages(in: pool, orphansToo: false)
        if waiting.contains(where: { messages[$0].forwards > 0 || messages[$0].wasPutBack }) { return }
        let bytes = waiting.reduce(0) { $0 + messages[$1].size }
        // What waits for a connection that is replaced is bounded by itself.
        let parts = waiting.contains { messages[$0].hinderedAt > Instant(nanoseconds: 0) } ? 2 : 1
        if waiting.count > max(1, queue.messages) * settings.lanes * parts {
            fail(.bounds, "\(waiting.count) messages wait for \(pool), \(queue.messages) may")
        }
        if waiting.count > settings.lanes * parts, bytes > queue.bytes * settings.lanes * parts + 256 * waiting.count {
            fail(.bounds, "\(bytes) bytes wait for \(pool), \(queue.bytes) may")
        }
    }

    /// Messages that were accepted for a pool and not forwarded, as far as the model can tell.
    func waitingMessages(in pool: PoolKey, orphansToo: Bool) -> [Int] {
        let session = pool.owner >= 0 ? pool.owner : clients[-1 - pool.owner].session
        var numbers = session == nil ? clients[-1 - pool.owner].unresolved : []
        if let session {
            for client in sessions[session].clients { numbers += clients[client].unresolved }
            if orphansToo { numbers += sessions[session].orphans }
        }
        // Where the table changes, so does the place where a message waits.
        return numbers.filter { (plan.isMoving || messages[$0].pool == pool) && messages[$0].state == .waiting }
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
