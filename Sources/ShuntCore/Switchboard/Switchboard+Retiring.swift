/// Connections that take no new messages any more, and pools that nobody needs.
extension Switchboard {
    /// A client's own backend hears the client's own words.
    mutating func relayClose(to poolID: PoolID, _ close: PeerClose, _ turn: inout Turn) {
        for id in pools[poolID]?.links.all ?? [] where links[id]?.state != .dialling {
            turn.effects.closes.append(close)
            turn.effects.list.append(.relayCloseToConnection(id, close: turn.effects.closes.count - 1))
            dropUnanswered(of: id, &turn)
            remove(connection: id)
        }
    }

    /// Nobody waits any more for what was sent on a connection.
    mutating func dropUnanswered(of id: ConnectionID, _ turn: inout Turn) {
        while let head = links[id]?.unanswered.head, !head.isNone { conclude(head, .dropped, &turn) }
    }

    /// Takes a connection out of everything that knows it. Nothing is outstanding on it any more.
    mutating func remove(connection id: ConnectionID) {
        guard let connection = links.remove(id) else { return }
        if pools[connection.pool]?.links.remove(id) == true {
            wantAgain(connection.pool, isOurs: false)
        }
        // Its client may wait for its end, to be dialled for anew.
        if let client = connection.passage.client, let seat = clients[client]?.ownSeat, let pool = seats[seat]?.pool {
            agenda.add(.tend(pool))
        }
    }

    /// No new messages; what is outstanding may finish; then it is closed.
    mutating func retire(_ id: ConnectionID, _ reason: RetireReason, _ turn: inout Turn) {
        guard let connection = links[id] else { return }
        if connection.state == .retired { return closeIfFinished(id, &turn) }
        links[id]?.state = .retired
        tally.retired += 1
        meterRetired(connection.upstreamIndex, reason)
        turn.effects.list.append(.note(.connectionRetired(upstream: connection.upstreamIndex, reason)))
        if pools[connection.pool]?.links.retire(id) == true {
            wantAgain(connection.pool, isOurs: !reason.isFault)
            if reason.isFault { pools[connection.pool]?.backoff.failed(now: turn.now, random: &random) }
        }
        if connection.inFlight > 0, connection.isPassthrough || !reason.isFault {
            let side: Side = connection.upstream.isUnified ? .unified : .legacy
            var candidate = connection.unanswered.head
            while let exchange = exchanges[candidate] {
                if exchange.state == .sent { awaitPrevious(exchange.seat, side) }
                candidate = exchange.next
            }
        }
        if let client = connection.passage.client { resumeReading(client, &turn) }
        closeIfFinished(id, &turn)
    }

    /// Closes a retired connection once no client waits for it; abandoned exchanges need no answer.
    @inline(__always)
    mutating func closeIfFinished(_ id: ConnectionID, _ turn: inout Turn) {
        if links.at(id)?.pointee.isFinished() == true { endConnection(id, .normal, &turn) }
    }

    /// Closes a connection that nobody waits for and forgets it.
    private mutating func endConnection(
        _ id: ConnectionID, _ code: CloseCode, _ turn: inout Turn
    ) {
        dropUnanswered(of: id, &turn)
        turn.effects.list.append(.closeConnection(id, code))
        let client = links[id]?.passage.client
        remove(connection: id)
        // It may have been what its client was not read for.
        if let client { resumeReading(client, &turn) }
    }

    /// Ends a pool with its connections. Nothing of it may be under way.
    mutating func remove(pool id: PoolID, _ turn: inout Turn) {
        while let head = pools[id]?.line.head, !head.isNone {
            // Passed through for a socket that is gone: nobody waits for an outcome.
            tally.discarded += 1
            conclude(head, .dropped, &turn)
        }
        guard let pool = pools.remove(id) else { return }
        for connection in pool.links.all {
            dropUnanswered(of: connection, &turn)
            turn.effects.list.append(.closeConnection(connection, .normal))
            _ = links.remove(connection)
        }
        if let client = pool.passage.client { resumeReading(client, &turn) }
    }
}
