/// The connections of passthrough: each is one old client's own, and the two live and end together.
extension Switchboard {
    /// The backend refused a client that arrives, or is not there: the client hears the same.
    mutating func turnAway(_ id: ClientID, _ connection: ConnectionID, _ turn: inout Turn) {
        turn.effects.list.append(.reject(id, connection))
        remove(client: id, &turn)
    }

    /// The backend closed a client's own connection: so does the client's socket, in the backend's words. While the
    /// client is on its way to the other side, or its route is paused and the backend went, it stays, and learns what is
    /// lost.
    mutating func passthroughClosed(_ id: ConnectionID, _ close: PeerClose, _ turn: inout Turn) {
        guard let connection = links[id], let client = connection.passage.client else { return }
        let poolID = connection.pool
        let seatID = clients[client]?.ownSeat ?? .none
        let isMoving = close.isDeparture && !connection.isRaw && seats[seatID]?.route.isPaused == true
        if seats[seatID]?.pool == poolID, connection.state != .retired, !isMoving {
            dropUnanswered(of: id, &turn)
            remove(connection: id)
            turn.effects.closes.append(close)
            meterClose(ClientClose(.backend, close))
            turn.effects.list.append(.relayCloseToClient(client, close: turn.effects.closes.count - 1))
            return remove(client: client, &turn)
        }
        links[id]?.willEnd()
        while let head = links[id]?.unanswered.head, !head.isNone { conclude(head, .failed(.upstreamLost), &turn) }
        remove(connection: id)
        resumeReading(client, &turn)
        agenda.add(.tend(poolID))
    }

    /// What a client's own upstream does not take stays in the client's socket.
    mutating func passthroughCongested(_ id: ConnectionID, _ isCongested: Bool, _ turn: inout Turn) {
        guard let client = links[id]?.passage.client else { return }
        if !isCongested { return resumeReading(client, &turn) }
        guard clients[client]?.setReading(stopped: true) == true else { return }
        turn.effects.list.append(.stopReadingClient(client))
    }

    /// Ends what was passed through when not even the last message was answered in time: nothing waits for it any more. As
    /// long as its client stays with its connection, a late reply may come yet, and the client is told nothing; where
    /// another connection has its place, it ends, and the client is told what is lost.
    ///
    /// - Returns: when the next one is due.
    mutating func expirePassed(on id: ConnectionID, _ turn: inout Turn) -> Instant {
        guard let connection = links[id], let client = connection.passage.client else { return .distantFuture }
        let seat = clients[client]?.ownSeat ?? .none
        let isReplaced = connection.state == .retired || seats[seat]?.pool != connection.pool
        let newest = connection.unanswered.tail
        guard let passed = exchanges[newest]?.sentAt else { return .distantFuture }
        let deadline = passed + connection.upstream.settings.exchangeTimeout
        guard turn.now >= deadline else { return deadline }
        guard isReplaced else {
            dropUnanswered(of: id, &turn)
            return .distantFuture
        }
        // First the connection, then what is lost with it.
        var lost: [ExchangeID] = []
        var candidate = connection.unanswered.head
        while let exchange = exchanges[candidate] {
            lost.append(candidate)
            candidate = exchange.next
        }
        retire(id, .timeout, &turn)
        turn.effects.list.append(.closeConnection(id, .normal))
        remove(connection: id)
        for exchange in lost { conclude(exchange, .failed(.timeout), &turn) }
        resumeReading(client, &turn)
        agenda.add(.tend(connection.pool))
        return .distantFuture
    }
}
