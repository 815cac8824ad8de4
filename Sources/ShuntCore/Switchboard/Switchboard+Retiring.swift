/// Connections that take no new messages any more, and pools that nobody needs.
extension Switchboard {
    /// A client's own backend hears the client's own words.
    mutating func relayClose(to poolID: PoolID, _ close: PeerClose, _ turn: inout Turn) {
        for id in pools[poolID]?.connections ?? [] where connections[id]?.state != .dialling {
            turn.effects.closes.append(close)
            turn.effects.list.append(.relayCloseToConnection(id, close: turn.effects.closes.count - 1))
            connections[id]?.live = 0
            forget(id)
        }
    }

    /// Takes a connection out of everything that knows it. Nothing is outstanding on it any more.
    mutating func forget(_ id: ConnectionID) {
        guard let connection = connections.remove(id) else { return }
        if greetingBytes > 0 { dropGreetings(of: id) }
        pools[connection.pool]?.connections.removeAll { $0 == id }
        if pools[connection.pool]?.current == id {
            pools[connection.pool]?.current = .none
            wantAgain(connection.pool, isOurs: false)
        }
        // Its client may wait for its end, to be dialled for anew.
        if connection.isThrough, let client = clients[connection.cause], let seat = client.seats.first?.seat,
            let pool = seats[seat]?.pool
        {
            agenda.add(.tend(pool))
        }
    }

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
}
