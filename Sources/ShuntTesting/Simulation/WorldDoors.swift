import ShuntCore

/// Old clients: where they connect, how their handshake is answered, and how their sockets close.
extension World {
    /// The legacy endpoints that are open.
    func doors() -> [Door] {
        guard arrangement.phase.opensLegacyEndpoints else { return arrangement.unlisted == nil ? [] : [.odd] }
        var doors = plan.routes.indices.filter { arrangement.endpoint($0) != nil }.map { Door.old($0) }
        if arrangement.unlisted != nil { doors.append(.odd) }
        return doors
    }

    func path(of door: Door) -> String {
        switch door {
        case .unified: return "/api/ws/agent"
        case .odd: return "/api/ws/odd/value"
        case .old(let route):
            guard let endpoint = arrangement.endpoint(route) else { return "/nowhere" }
            return dice.pick([endpoint.path] + endpoint.aliases)
        }
    }

    /// The route of an old client's messages.
    func route(of door: Door) -> Int? {
        switch door {
        case .unified: nil
        case .old(let route): route
        case .odd: plan.oddRoute
        }
    }

    /// What is set for a client's endpoint; nothing changes where that is gone.
    func learnEndpoint(_ client: Int) {
        switch clients[client].door {
        case .unified:
            clients[client].heartbeat = arrangement.base.addressing.heartbeat.map { beat in
                var heartbeat = HeartbeatSettings()
                (heartbeat.send, heartbeat.every) = (beat.send, beat.every)
                return heartbeat
            }
        case .odd:
            guard let unlisted = arrangement.unlisted else { return }
            clients[client].heartbeat = unlisted.heartbeat
            if clients[client].cameAt == step { clients[client].isRaw = unlisted.passthrough == .raw }
        case .old(let route):
            guard let endpoint = arrangement.endpoint(route) else { return }
            clients[client].heartbeat = endpoint.heartbeat
            clients[client].toLegacy = endpoint.toLegacy
            if clients[client].cameAt == step { clients[client].isRaw = endpoint.passthrough == .raw }
        }
    }

    func anyClose() -> PeerClose {
        dice.pick([
            .cut, PeerClose(code: .normal), PeerClose(code: nil),
            PeerClose(code: CloseCode(rawValue: 4321), reason: Array("so long é".utf8)),
        ])
    }

    // MARK: Handshakes

    func admit(_ id: ClientID, _ connectionID: ConnectionID) {
        guard let client = present(id, "an admission") else { return }
        guard clients[client].isArriving else { return fail(.liveIDs, "c\(client) is admitted twice") }
        clients[client].isArriving = false
        welcome(client)
        if !connectionID.isNone {
            guard let connection = ready(connectionID, "an admission") else { return }
            note("  → admit c\(client) by u\(connection)")
            if connections[connection].through != client {
                fail(.unchanged, "c\(client) is admitted by another's dial")
            }
            if connection != connectionInHand {
                fail(.stays, "c\(client) is admitted, and u\(connection) said nothing")
            }
            tally.count("admitted by its backend")
            return
        }
        note("  → admit c\(client)")
        if !isOneTooMany(client), !sides(client, route(of: clients[client].door) ?? 0).contains(.unified) {
            fail(.side, "c\(client) is admitted by nobody, and its backend should have been asked")
        }
        if case .old(let route) = clients[client].door, let endpoint = arrangement.endpoint(route) {
            greetingsInHand = endpoint.greet.map { Array($0.utf8) }
        }
        tally.count("admitted")
    }

    func isOneTooMany(_ client: Int) -> Bool {
        clients[client].session.map { sessions[$0].clients.count > table.definition.limits.connectionsPerSession }
            ?? false
    }

    func reject(_ id: ClientID, _ connectionID: ConnectionID) {
        guard let client = present(id, "a rejection") else { return }
        note("  → reject c\(client)")
        guard clients[client].isArriving else { return fail(.stays, "c\(client), which was admitted, is rejected") }
        if connectionID.isNone {
            let justified = draining || clients[client].leaving != nil
            if !justified { fail(.stays, "c\(client) is rejected, and nobody refused it") }
        } else {
            let connection = connectionInHand ?? -1
            if connection < 0 || connections[connection].id != connectionID || connections[connection].through != client
            {
                fail(.stays, "c\(client) is rejected for what another's dial came to")
            }
        }
        tally.count("rejected")
        leave(client)
    }

    func checkGreeting(_ client: Int, _ members: [JSONMember]) {
        guard clientInHand == client, !greetingsInHand.isEmpty, let route = route(of: clients[client].door) else {
            return fail(.bytes, "c\(client) is greeted out of turn")
        }
        greetingsInHand.removeFirst()
        if string("of", members) != plan.match(route).first { fail(.bytes, "c\(client) is greeted for another route") }
        guard let made = members.last(where: { $0.key == "id" })?.value, string("session", members)?.isEmpty == false
        else { return fail(.bytes, "c\(client) is greeted without names") }
        checkMade(made, of: client, route)
        tally.count("greeted")
    }

    func checkHeartbeat(_ client: Int, _ bytes: [UInt8]) -> Bool {
        guard let heartbeat = clients[client].heartbeat, let text = heartbeat.send, Array(text.utf8) == bytes else {
            return false
        }
        if let last = clients[client].lastBeat, last >= changedAt, last + heartbeat.every > now {
            fail(.bytes, "c\(client) gets heartbeats too often")
        }
        clients[client].lastBeat = now
        tally.count("heartbeat")
        return true
    }

    // MARK: Closing

    /// A backend's close goes on to the one client of its connection, and a client's to its backend.
    func relayCloseToClient(_ id: ClientID, _ place: Int) {
        guard let client = present(id, "a relayed close") else { return }
        guard turn.effects.closes.indices.contains(place) else { return fail(.liveIDs, "a close that is not there") }
        let close = turn.effects.closes[place]
        note("  → close c\(client) as its backend did: \(close)")
        if clients[client].isArriving { fail(.stays, "c\(client) is closed before its handshake is answered") }
        if let connection = condemned, connections[connection].through == client {
            if close != .cut { fail(.stays, "c\(client) hears a close that its backend never said") }
        } else {
            let connection = connectionInHand ?? -1
            if connection < 0 || connections[connection].through != client || connections[connection].state != .gone {
                fail(.stays, "c\(client) is closed as if its backend had closed")
            } else if closeInHand != close {
                fail(.stays, "c\(client) hears \(close), its backend said \(closeInHand ?? .cut)")
            }
        }
        owedErrors[client] = nil
        tally.count("close relayed to client")
        leave(client)
    }

    func relayCloseToConnection(_ id: ConnectionID, _ place: Int) {
        guard let connection = ready(id, "a relayed close") else { return }
        guard turn.effects.closes.indices.contains(place) else { return fail(.liveIDs, "a close that is not there") }
        note("  → close u\(connection) as its client did: \(turn.effects.closes[place])")
        let client = connections[connection].through ?? -1
        if client < 0 || clients[client].isThere || closeInHand != turn.effects.closes[place] {
            fail(.stays, "u\(connection) hears a close that its client never said")
        }
        tally.count("close relayed to backend")
        connections[connection].closedByCore = true
        endConnection(connection)
    }

    /// The core stops or goes on reading from a client.
    func setReading(_ id: ClientID, _ reading: Bool) {
        guard let client = present(id, reading ? "startReadingClient" : "stopReadingClient") else { return }
        note("  → \(reading ? "start" : "stop") reading c\(client)")
        if clients[client].isStopped != reading { fail(.liveIDs, "reading of c\(client) is \(reading) already") }
        if !clients[client].isOld { fail(.capacity, "c\(client) of the unified endpoint is not read") }
        clients[client].isStopped = !reading
        if !reading { tally.count("client not read") }
    }
}
