/// Connections that take no new messages any more, and pools that nobody needs.
extension Switchboard {
    /// No new messages; what is outstanding may finish; then it is closed.
    mutating func retire(_ id: ConnectionID, _ reason: RetireReason, _ turn: inout Turn) {
        guard let connection = connections[id] else { return }
        if connection.state == .retired { return closeIfFinished(id, &turn) }
        connections[id]?.state = .retired
        tally.retired += 1
        meterRetired(connection.upstreamIndex, reason)
        turn.effects.list.append(.note(.connectionRetired(upstream: connection.upstreamIndex, reason)))
        if pools[connection.pool]?.current == id {
            pools[connection.pool]?.current = .none
            wantAgain(connection.pool, isOurs: !reason.isFault)
            if reason.isFault { pools[connection.pool]?.backoff.failed(now: turn.now, random: &random) }
        }
        if connection.isThrough, case .client(let owner) = pools[connection.pool]?.key.owner {
            if connection.live > 0, let seat = clients[owner]?.seats.first?.seat { awaitReplaced(seat, .legacy) }
            resumeReading(owner, &turn)
        } else if connection.live > 0, !reason.isFault {
            let side: Side = connection.upstream.isUnified ? .unified : .legacy
            var candidate = connection.outstanding.head
            while let exchange = exchanges[candidate] {
                if exchange.state == .sent { awaitReplaced(exchange.seat, side) }
                candidate = exchange.next
            }
        }
        closeIfFinished(id, &turn)
    }

    /// What a socket sends next over the connection's successor waits for what it has under way over this one, so that
    /// replies keep their order. Behind a backend that did something wrong nobody waits.
    private mutating func awaitReplaced(_ id: SeatID, _ side: Side) {
        guard let seat = seats[id], seat.sent(to: side) > 0 else { return }
        seats[id]?.awaitsReplaced = true
        // On the other side it waits for that already, and may come back meanwhile.
        guard seat.side == side else { return }
        seats[id]?.isBlocked = true
        pools[seat.pool]?.hasHindered = true
    }

    /// Closes a retired connection once no client waits for it; abandoned exchanges need no answer.
    mutating func closeIfFinished(_ id: ConnectionID, _ turn: inout Turn) {
        guard connections[id]?.state == .retired, connections[id]?.live == 0 else { return }
        endConnection(id, .normal, &turn)
    }

    /// Closes a connection that nobody waits for and forgets it.
    private mutating func endConnection(
        _ id: ConnectionID, _ code: CloseCode, _ turn: inout Turn
    ) {
        while let head = connections[id]?.outstanding.head, !head.isNone { end(head, &turn) }
        turn.effects.list.append(.closeConnection(id, code))
        let pool = connections[id]?.pool
        forget(id)
        // It may have been what its client was not read for.
        if let pool, pools[pool]?.isThrough == true, case .client(let owner) = pools[pool]?.key.owner {
            resumeReading(owner, &turn)
        }
    }

    /// It will never answer again: what was sent on it is lost, the next one is dialled without its ghosts.
    mutating func condemn(_ id: ConnectionID, _ reason: RetireReason, _ turn: inout Turn) {
        guard let connection = connections[id] else { return }
        tally.retired += 1
        meterRetired(connection.upstreamIndex, reason)
        turn.effects.list.append(.note(.connectionRetired(upstream: connection.upstreamIndex, reason)))
        if connection.isThrough {
            turn.effects.list.append(.closeConnection(id, .normal))
            return throughClosed(id, .cut, &turn)
        }
        lose(id, .upstreamLost, &turn)
        turn.effects.list.append(.closeConnection(id, .normal))
        agenda.add(.tend(connection.pool))
    }

    /// Ends a pool with its connections. Nothing of it may be under way.
    mutating func remove(pool id: PoolID, _ turn: inout Turn) {
        while let head = pools[id]?.queue.head, !head.isNone {
            // Passed through for a socket that is gone: nobody waits for an outcome.
            tally.discarded += 1
            end(head, &turn)
        }
        guard let pool = pools.remove(id) else { return }
        for connection in pool.connections {
            while let head = connections[connection]?.outstanding.head, !head.isNone { end(head, &turn) }
            turn.effects.list.append(.closeConnection(connection, .normal))
            if greetingBytes > 0 { dropGreetings(of: connection) }
            connections.remove(connection)
        }
        if poolsByKey[pool.key] == id { poolsByKey[pool.key] = nil }
        if pool.isThrough, case .client(let owner) = pool.key.owner { resumeReading(owner, &turn) }
    }

    /// Releases a pool that nobody needs any more; one that is needed sends what it may, or is dialled.
    mutating func tend(_ id: PoolID, _ turn: inout Turn) {
        guard let pool = pools[id] else { return }
        guard isUnused(id, pool) else { return pump(id, &turn) }
        remove(pool: id, &turn)
        sessions[pool.session]?.pools.removeAll { $0 == id }
    }

    private func isUnused(_ id: PoolID, _ pool: borrowing Pool) -> Bool {
        guard case .client(let owner) = pool.key.owner else {
            return pool.isRemoved && pool.queue.isEmpty && pool.connections.isEmpty
        }
        if pool.isThrough {
            // It ends with its socket, and when the socket's next message goes elsewhere and nothing is left.
            guard let place = clients[owner]?.seats.first, let seat = seats[place.seat] else { return true }
            return seat.pool != id && pool.queue.isEmpty && pool.connections.allSatisfy { connections[$0]?.live == 0 }
        }
        return !clients.contains(owner) && pool.queue.isEmpty
            && pool.connections.allSatisfy { connections[$0]?.live == 0 }
    }

    /// Does at an event's end what is left to do.
    @inline(__always)
    mutating func runAgenda(_ turn: inout Turn) {
        if !agenda.isEmpty { drainAgenda(&turn) }
    }

    private mutating func drainAgenda(_ turn: inout Turn) {
        // What is done may ask for more.
        while let item = agenda.next() {
            switch item {
            case .tend(let pool): tend(pool, &turn)
            case .endIfUnused(let session): settle(session: session, &turn)
            case .leave(let client): leaveIfOver(client, &turn)
            case .closeSlow(let client): close(client, .tryAgainLater, .slowReader, &turn)
            case .resumeReading(let client): resumeReading(client, &turn)
            }
        }
    }
}
