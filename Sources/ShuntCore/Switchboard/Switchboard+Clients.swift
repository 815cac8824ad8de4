/// Clients come, fall silent, read slowly and go.
extension Switchboard {
    /// A handshake on the unified endpoint was accepted and answered; messages may follow. Parked replies are
    /// delivered at once. `identity` is nil for a client without a token. When the session has too many sockets
    /// the new one is closed at once: the id is forgotten already, the close is among the effects.
    package mutating func clientConnected(
        _ handshake: Handshake, as identity: ClientIdentity?, _ turn: inout Turn
    ) -> ClientID {
        wheel.start(at: turn.now)
        let sessionID = session(of: identity)
        let limits = table.definition.limits
        let app = ClientApp(handshake, naming: table.definition.client)
        let id = clients.insert(
            Client(session: sessionID, handshake: handshake, app: app, limits: limits, now: turn.now))
        meterOpened(nil)
        let before = sessions[sessionID]?.clients.count ?? 0
        sessions[sessionID]?.clients.append(id)
        sessions[sessionID]?.alone = nil
        if before >= limits.connectionsPerSession {
            close(id, .tryAgainLater, .tooManyConnections, &turn)
            settleLoosened(&turn)
            return id
        }
        if let drain = draining { leave(id, .draining, at: drain.leavingTime(now: turn.now, random: &random)) }
        beginBeats(id, now: turn.now)
        for poolID in sessions[sessionID]?.pools ?? [] { pools[poolID]?.expired = false }
        greetAgain(id, &turn)
        deliverParked(to: id, of: sessionID, &turn)
        adopt(by: id, of: sessionID)
        arm(client: id)
        dialOnConnect(id, &turn)
        settleLoosened(&turn)
        return id
    }

    /// The client's close, end or reset was read: nothing can be delivered any more. Idempotent.
    package mutating func clientClosed(
        _ id: ClientID, close: PeerClose = .cut, _ turn: inout Turn
    ) {
        if clients[id]?.isArriving == false { meterClose(ClientClose(.client, close)) }
        for pool in throughPools(of: id) { relayClose(to: pool, close, &turn) }
        forget(id, &turn)
        settleLoosened(&turn)
    }

    /// A client's own backend hears the client's own words.
    private mutating func relayClose(to poolID: PoolID, _ close: PeerClose, _ turn: inout Turn) {
        for id in pools[poolID]?.connections ?? [] where connections[id]?.state != .dialling {
            turn.effects.closes.append(close)
            turn.effects.list.append(.relayCloseToConnection(id, close: turn.effects.closes.count - 1))
            connections[id]?.live = 0
            forget(id)
        }
    }

    mutating func forget(_ id: ClientID, _ turn: inout Turn) {
        // What is under way on its own connections has an outcome yet.
        if clients[id]?.congested == true { setReading(of: id, stopped: false, &turn) }
        for pool in ownPools(of: id) { loosened.append(.pool(pool)) }
        guard let client = clients.remove(id) else { return }
        let sessionID = client.session
        sessions[sessionID]?.clients.removeAll { $0 == id }
        for place in client.seats {
            guard let seat = seats.remove(place.seat) else { continue }
            // What waited for the other side's end waits no more.
            if seat.isBlocked { loosened.append(.pool(seat.pool)) }
        }
        if sessions[sessionID]?.clients.isEmpty == true {
            sessions[sessionID]?.alone = turn.now
            loosened.append(.session(sessionID))
        }
    }

    package mutating func clientPong(_ id: ClientID, _ turn: inout Turn) {
        clients[id]?.keepalive.heard(turn.now)
    }

    /// What TCP knows of a client's other end, which was asked for because it answers no ping.
    package mutating func clientInspected(
        _ id: ClientID, _ transport: TransportState, _ turn: inout Turn
    ) {
        guard let ping = table.definition.limits.clientPing, clients[id]?.keepalive.pingedAt != nil,
            transport.isGone(after: ping.timeout)
        else { return }
        close(id, .goingAway, .keepalive, &turn)
        settleLoosened(&turn)
    }

    /// More than `limits.unread_by_client` waits for the client's socket.
    package mutating func clientCongested(_ id: ClientID, _ turn: inout Turn) {
        guard clients[id]?.congested == false else { return }
        clients[id]?.congested = true
        setReading(of: id, stopped: true, &turn)
    }

    /// What waited for the client's socket was taken.
    package mutating func clientRelieved(_ id: ClientID, _ turn: inout Turn) {
        guard clients[id]?.congested == true else { return }
        clients[id]?.congested = false
        setReading(of: id, stopped: false, &turn)
    }

    /// Stops or resumes the upstreams that are this client's own; shared ones go on, and the client is closed when a
    /// message comes for it that it has no room for.
    private mutating func setReading(of id: ClientID, stopped: Bool, _ turn: inout Turn) {
        // An old side's connection is among them while it finishes.
        for poolID in sessions[clients[id]?.session ?? .none]?.pools ?? [] {
            guard let pool = pools[poolID], pool.key.owner == .client(id) else { continue }
            for connection in pool.connections { setReading(from: connection, stopped: stopped, &turn) }
        }
    }

    private mutating func setReading(
        from id: ConnectionID, stopped: Bool, _ turn: inout Turn
    ) {
        guard let connection = connections[id], connection.state != .dialling, connection.readingStopped != stopped
        else { return }
        connections[id]?.readingStopped = stopped
        // Pongs are not read either: silence says nothing until reading goes on.
        connections[id]?.keepalive.heard(turn.now)
        turn.effects.list.append(stopped ? .stopReading(id) : .startReading(id))
        arm(connection: id)
    }

    /// A connection that was being dialled when its client stopped reading is not read either.
    mutating func stopReadingForCongestedOwner(_ id: ConnectionID, _ turn: inout Turn) {
        guard let pool = connections[id]?.pool, case .client(let owner) = pools[pool]?.key.owner,
            clients[owner]?.congested == true
        else { return }
        setReading(from: id, stopped: true, &turn)
    }

    /// Closes a client for a reason of ours.
    mutating func close(
        _ id: ClientID, _ code: CloseCode, _ reason: CloseReason, _ turn: inout Turn
    ) {
        guard let isArriving = clients[id]?.isArriving else { return }
        if isArriving {
            turn.effects.list.append(.reject(id, .none))
        } else {
            meterClose(ClientClose(.proxy(reason), code: code.rawValue))
            turn.effects.list.append(.closeClient(id, code, reason))
        }
        forget(id, &turn)
    }

    /// Whether a client's messages are passed through: one of a legacy endpoint, whose route the legacy upstream serves.
    private mutating func isPassed(_ id: ClientID) -> Bool {
        guard clients[id]?.endpoint != nil, let seat = clients[id]?.seats.first?.seat else { return false }
        return seats[seat]?.side == .legacy
    }

    mutating func arm(client id: ClientID) {
        guard clients.contains(id) else { return }
        let isPassed = isPassed(id)
        let deadline = clients[id]?.nextDeadline(table.definition.limits, isPassed: isPassed) ?? .distantFuture
        var armed = clients[id]?.armed ?? .distantFuture
        wheel.arm(.client(id), at: deadline, armed: &armed)
        clients[id]?.armed = armed
    }

    private mutating func keepAlive(_ id: ClientID, _ turn: inout Turn) {
        guard let settings = table.definition.limits.clientPing else { return }
        switch clients[id]?.keepalive.step(settings, now: turn.now) {
        case .ping:
            // Where much is unread, bytes are under way already.
            if clients[id]?.congested == false { turn.effects.list.append(.pingClient(id)) }
        case .unanswered: turn.effects.list.append(.inspectClient(id))
        case .nothing, nil: break
        }
    }

    mutating func look(at id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id], client.armed <= turn.now else { return }
        clients[id]?.armed = .distantFuture
        if turn.now >= client.leaves, client.open <= 0 { return leaveIfOver(id, &turn) }
        beat(id, &turn)
        let isPassed = isPassed(id)
        if !isPassed, turn.now >= client.lastActive + table.definition.limits.idleTimeout, client.open == 0 {
            return close(id, .goingAway, .idle, &turn)
        }
        if !client.isRaw { keepAlive(id, &turn) }
        // What is due already waits for the end of an exchange, which looks again.
        let deadline = clients[id]?.nextDeadline(table.definition.limits, isPassed: isPassed) ?? .distantFuture
        var armed = Instant.distantFuture
        wheel.arm(.client(id), at: max(deadline, turn.now + .milliseconds(100)), armed: &armed)
        clients[id]?.armed = armed
    }
}
