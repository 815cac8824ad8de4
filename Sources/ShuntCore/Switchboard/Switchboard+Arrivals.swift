/// Old clients that come: from their handshake to the answer to it, which is that of their legacy backend where it serves.
extension Switchboard {
    /// A handshake on a legacy endpoint. It is answered by `admit` or `reject`: where the legacy upstream serves, as that
    /// answers its own.
    package mutating func clientArrived(
        _ handshake: Handshake, token: ByteString?, endpoint: Endpoint, now: Instant, _ effects: inout Effects
    ) -> ClientID {
        wheel.start(at: now)
        let sessionID = session(for: token)
        let app = ClientApp(handshake, naming: table.definition.client)
        let limits = table.definition.limits
        let id = clients.insert(
            Client(session: sessionID, handshake: handshake, endpoint: endpoint, app: app, limits: limits, now: now))
        let before = sessions[sessionID]?.clients.count ?? 0
        sessions[sessionID]?.clients.append(id)
        sessions[sessionID]?.alone = nil
        let seat = seat(of: id, endpoint.route, now: now)
        if before >= limits.connectionsPerSession {
            // Nothing is said to it that the session's next socket would miss.
            effects.list.append(.admit(id, .none))
            meterOpened(endpoint)
            close(id, .tryAgainLater, .tooManyConnections, now: now, &effects)
        } else if seats[seat]?.side == .legacy {
            clients[id]?.isArriving = true
            let pool = findPool(of: seat)
            seats[seat]?.pool = pool
            dialThrough(pool, now: now, &effects)
        } else {
            admit(id, .none, now: now, &effects)
            dialOnConnect(id, now: now, &effects)
        }
        settleLoosened(now: now, &effects)
        return id
    }

    /// The client's handshake is answered; from here on it is like any other.
    mutating func admit(_ id: ClientID, _ connection: ConnectionID, now: Instant, _ effects: inout Effects) {
        guard let client = clients[id] else { return }
        clients[id]?.isArriving = false
        clients[id]?.keepalive.heard(now)
        clients[id]?.lastActive = now
        effects.list.append(.admit(id, connection))
        meterOpened(client.endpoint)
        if let drain = draining { leave(id, .draining, at: drain.leavingTime(now: now, random: &random)) }
        beginBeats(id, now: now)
        for poolID in sessions[client.session]?.pools ?? [] { pools[poolID]?.expired = false }
        if connection.isNone { greet(id, now: now, &effects) }
        if !client.isRaw, let notice = client.endpoint?.announcement?.notice {
            effects.list.append(.deliver(id, effects.splices.splice(blob: notice)))
        }
        if !brownoutsInForce.isEmpty { leaveInBrownout(id, now: now) }
        if !client.isRaw {
            greetAgain(id, now: now, &effects)
            deliverParked(to: id, of: client.session, now: now, &effects)
            adopt(by: id, of: client.session)
        }
        // The table may have changed while the backend was asked.
        if !connection.isNone, let seat = client.seats.first?.seat { resettle(seat, now: now, &effects) }
        arm(client: id)
    }

    /// What the legacy backend would say to a client that connects.
    private mutating func greet(_ id: ClientID, now: Instant, _ effects: inout Effects) {
        guard let client = clients[id], let endpoint = client.endpoint, !endpoint.greet.isEmpty,
            let place = client.seats.first
        else { return }
        let made = madeConversation(place.seat)
        var values = ["session": sessions[client.session]?.shortName ?? [], "conversation_id": unquoted(made)]
        for (name, value) in zip(table.definition.addressing.routeBy, endpoint.route.matchBytes) {
            values[name] = value
        }
        for template in endpoint.greet {
            effects.list.append(.deliver(id, effects.splices.splice(blob: template.filled(values))))
        }
    }

    private func unquoted(_ json: [UInt8]) -> [UInt8] {
        JSONString.content(json.span, JSONValue(kind: .string, start: 0, end: json.count))
    }
}
