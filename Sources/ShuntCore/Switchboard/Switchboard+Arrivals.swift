/// Old clients that come: from their handshake to the answer to it, which is that of their legacy backend where it serves.
extension Switchboard {
    /// A client of a legacy endpoint has come.
    mutating func arrive(
        _ handshake: Handshake, as identity: ClientIdentity?, endpoint: Endpoint, _ turn: inout Turn
    ) -> ClientID {
        wheel.start(at: turn.now)
        let sessionID = session(of: identity)
        let app = ClientApp(handshake, naming: table.definition.client, claims: identity?.known)
        let limits = table.definition.limits
        let id = clients.insert(
            Client(
                session: sessionID, handshake: handshake, endpoint: endpoint, app: app, limits: limits, now: turn.now))
        if let known = identity?.known { beginCredential(of: id, until: known.goodUntil, now: turn.now) }
        let before = sessions[sessionID]?.clients.count ?? 0
        sessions[sessionID]?.clients.append(id)
        sessions[sessionID]?.detachedSince = nil
        let seat = seat(of: id, endpoint.route, now: turn.now)
        if before >= limits.connectionsPerSession {
            // Nothing is said to it that the session's next socket would miss.
            turn.effects.list.append(.admit(id, .none))
            meterOpened(endpoint)
            close(id, .tryAgainLater, .tooManyConnections, &turn)
        } else if seats[seat]?.side == .legacy {
            clients[id]?.isArriving = true
            let pool = findPool(of: seat)
            seats[seat]?.pool = pool
            dialPassthrough(pool, &turn)
        } else {
            admit(id, .none, &turn)
            dialOnConnect(id, &turn)
        }
        return id
    }

    /// The client's handshake is answered; from here on it is like any other.
    mutating func admit(_ id: ClientID, _ connection: ConnectionID, _ turn: inout Turn) {
        guard let client = clients[id] else { return }
        clients[id]?.isArriving = false
        clients[id]?.keepalive.heard(turn.now)
        clients[id]?.lastActive = turn.now
        turn.effects.list.append(.admit(id, connection))
        meterOpened(client.endpoint)
        if let drain = draining { leave(id, .draining, at: drain.leavingTime(now: turn.now, random: &random)) }
        beginBeats(id, now: turn.now)
        for poolID in sessions[client.session]?.pools ?? [] { pools[poolID]?.credentialsRejected = false }
        if connection.isNone { greet(id, &turn) }
        if !client.isRaw, let notice = client.endpoint?.announcement?.notice {
            turn.effects.list.append(.deliver(id, turn.effects.splices.splice(blob: notice)))
        }
        if !brownoutsInForce.isEmpty { leaveInBrownout(id, now: turn.now) }
        if !client.isRaw {
            greetAgain(id, &turn)
            deliverParked(to: id, of: client.session, &turn)
            adopt(by: id, of: client.session)
        }
        // The table may have changed while the backend was asked.
        if !connection.isNone { moveIfOtherSide(client.ownSeat, &turn) }
        schedule(client: id)
    }

    /// What the legacy backend would say to a client that connects.
    private mutating func greet(_ id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id], let endpoint = client.endpoint, !endpoint.greet.isEmpty else { return }
        let made = madeConversation(client.ownSeat)
        var values = ["session": sessions[client.session]?.shortName ?? [], "conversation_id": unquoted(made)]
        for (name, value) in zip(table.definition.addressing.routeBy, endpoint.route.matchBytes) {
            values[name] = value
        }
        for template in endpoint.greet {
            turn.effects.list.append(.deliver(id, turn.effects.splices.splice(blob: template.filled(values))))
        }
    }

    private func unquoted(_ json: [UInt8]) -> [UInt8] {
        JSONString.content(json.span, JSONValue(kind: .string, start: 0, end: json.count))
    }

    /// A client of the unified endpoint has come.
    mutating func connect(
        _ handshake: Handshake, as identity: ClientIdentity?, _ turn: inout Turn
    ) -> ClientID {
        wheel.start(at: turn.now)
        let sessionID = session(of: identity)
        let limits = table.definition.limits
        let app = ClientApp(handshake, naming: table.definition.client, claims: identity?.known)
        let id = clients.insert(
            Client(session: sessionID, handshake: handshake, app: app, limits: limits, now: turn.now))
        if let known = identity?.known { beginCredential(of: id, until: known.goodUntil, now: turn.now) }
        meterOpened(nil)
        let before = sessions[sessionID]?.clients.count ?? 0
        sessions[sessionID]?.clients.append(id)
        sessions[sessionID]?.detachedSince = nil
        if before >= limits.connectionsPerSession {
            close(id, .tryAgainLater, .tooManyConnections, &turn)
            return id
        }
        if let drain = draining { leave(id, .draining, at: drain.leavingTime(now: turn.now, random: &random)) }
        beginBeats(id, now: turn.now)
        for poolID in sessions[sessionID]?.pools ?? [] { pools[poolID]?.credentialsRejected = false }
        greetAgain(id, &turn)
        deliverParked(to: id, of: sessionID, &turn)
        adopt(by: id, of: sessionID)
        schedule(client: id)
        dialOnConnect(id, &turn)
        return id
    }
}
