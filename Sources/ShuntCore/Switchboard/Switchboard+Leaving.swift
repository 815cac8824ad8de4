/// Clients that are to go once their exchanges are over.
extension Switchboard {
    mutating func remove(client id: ClientID, _ turn: inout Turn) {
        // What is under way on its own connections has an outcome yet.
        if clients[id]?.congested == true { setReading(of: id, stopped: false, &turn) }
        for pool in ownPools(of: id) { agenda.add(.tend(pool)) }
        guard let client = clients.remove(id) else { return }
        let sessionID = client.session
        sessions[sessionID]?.clients.removeAll { $0 == id }
        for place in client.seats {
            guard let seat = seats.remove(place.seat) else { continue }
            // What waited for the other side's end waits no more.
            if seat.gate != .open { agenda.add(.tend(seat.pool)) }
        }
        if sessions[sessionID]?.clients.isEmpty == true {
            sessions[sessionID]?.detachedSince = turn.now
            agenda.add(.endIfUnused(sessionID))
        }
    }

    /// Stops or resumes the upstreams that are this client's own; shared ones go on, and the client is closed when a
    /// message comes for it that it has no room for.
    mutating func setReading(of id: ClientID, stopped: Bool, _ turn: inout Turn) {
        // An old side's connection is among them while it finishes.
        for poolID in sessions[clients[id]?.session ?? .none]?.pools ?? [] {
            guard let pool = pools[poolID], pool.key.owner == .client(id) else { continue }
            for connection in pool.links.all { setReading(from: connection, stopped: stopped, &turn) }
        }
    }

    private mutating func setReading(
        from id: ConnectionID, stopped: Bool, _ turn: inout Turn
    ) {
        guard links[id]?.setReading(stopped: stopped, now: turn.now) == true else { return }
        turn.effects.list.append(stopped ? .stopReading(id) : .startReading(id))
        schedule(connection: id)
    }

    /// A connection that was being dialled when its client stopped reading is not read either.
    mutating func stopReadingForCongestedOwner(_ id: ConnectionID, _ turn: inout Turn) {
        guard let pool = links[id]?.pool, let owner = pools[pool]?.key.owner.client,
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
        remove(client: id, &turn)
    }

    /// Closes a client at that time or, if something of it is under way then, as soon as that is over.
    mutating func leave(_ id: ClientID, _ leaving: Leaving, at time: Instant) {
        guard let client = clients[id], !client.credential.isExpired else { return }
        clients[id]?.closeAfter = time
        clients[id]?.closeReason = leaving
        schedule(client: id)
    }

    /// Closes a client whose time has come and that waits for nothing.
    mutating func leaveIfOver(_ id: ClientID, _ turn: inout Turn) {
        guard let leaves = clients[id]?.closeAfter, leaves <= turn.now, let open = clients[id]?.pending, open <= 0
        else {
            return
        }
        switch clients[id]?.closeReason {
        case .endpointClosed: close(id, .endpointClosed, .endpointClosed, &turn)
        case .routeRemoved: close(id, .goingAway, .routeRemoved, &turn)
        case .brownout:
            tally.brownoutClosed += 1
            close(id, .brownout, .brownout, &turn)
        case .expired: closeExpired(id, &turn)
        case .draining, nil: close(id, .serviceRestart, .draining, &turn)
        }
    }

    /// Closes a client whose credential has had its time.
    mutating func closeExpired(_ id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id] else { return }
        if client.isUnified { notify(id, "session_expired", &turn) }
        close(id, table.access(of: client.endpoint).expiryCode, .sessionExpired, &turn)
    }

    /// Reads a client again, unless something of it waits yet or its connection takes nothing.
    mutating func resumeReading(_ id: ClientID, _ turn: inout Turn) {
        guard clients[id]?.readingStopped == true else { return }
        for pool in passthroughPools(of: id) {
            guard pools[pool]?.line.isEmpty == true else { return }
            let current = pools[pool]?.links.current ?? .none
            if links[current]?.congested == true { return }
        }
        _ = clients[id]?.setReading(stopped: false)
        turn.effects.list.append(.startReadingClient(id))
    }
}
