/// Messages that nobody answers: an approval, a stop, a sign that somebody types. They take no place in flight, so that
/// none waits for the answer that waits for it.
extension Switchboard {
    /// Sends such a message over the connection, and to the side, that holds an exchange of its conversation, past all
    /// that waits its turn. With none in flight it follows what its client said before it in that conversation.
    mutating func acceptOneWay(
        _ exchange: Exchange, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        var exchange = exchange
        let holder = holder(of: exchange)
        if let pool = connections[holder]?.pool, let upstream = connections[holder]?.upstream {
            exchange.pool = pool
            if exchange.naming != .client {
                let side: Side = upstream.isUnified ? .unified : .legacy
                (exchange.conversation, exchange.naming) = unnamedConversation(exchange.seat, by: side)
            }
            exchange.correlation = correlation(upstream, exchange.conversation, bytes)
        }
        let link = holder.isNone ? pools[exchange.pool]?.current ?? .none : holder
        let waits =
            holder.isNone
            && (isHindered(exchange) || exchange.route.isPaused || isAstray(exchange, now: turn.now)
                || follows(exchange, in: exchange.pool))
        if !waits, takes(link), takePaceIfPaced(exchange.pool, now: turn.now) {
            if connections[link]?.isThrough == true { return passOneWay(exchange.seat, bytes, over: link, &turn) }
            let (route, pool) = (exchange.route, exchange.pool)
            return forward(open(exchange), route, pool, bytes, over: link, blob: false, &turn)
        }
        pools[exchange.pool]?.hasOneWay = true
        let isHindered = isHindered(exchange) || exchange.route.isPaused
        enqueue(exchange, bytes, isHindered: isHindered, &turn)
    }

    /// Sends an old client's message to wherever something of its conversation is in flight, though its route may have
    /// moved since.
    ///
    /// - Returns: whether that was all about it; else nothing of it is in flight, and it takes its turn.
    mutating func overtakes(
        _ id: ClientID, _ seat: SeatID, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) -> Bool {
        guard let sentToLegacy = seats[seat]?.sentToLegacy, let sentToUnified = seats[seat]?.sentToUnified,
            sentToLegacy > 0 || sentToUnified > 0, let session = clients[id]?.session,
            let endpoint = clients[id]?.endpoint,
            let route = seats[seat]?.route, let pool = seats[seat]?.pool
        else { return false }
        if sentToLegacy > 0 {
            // To the backend that its client knows it goes as it is, and nothing is asked of it.
            let link = holder(of: Exchange(client: id, session: session, pool: pool, seat: seat, route: route))
            if connections[link]?.isThrough == true, takes(link) {
                passOneWay(seat, bytes, over: link, &turn)
                return true
            }
        }
        guard
            envelope.scan(bytes, for: table.requestKeys, nesting: table.definition.limits.nesting, early: false)
                == .object,
            envelope.oddities.isEmpty
                || table.deciding.objection(to: envelope, keys: table.requestKeys, bytes, isAddressed: false) == nil
        else { return false }
        let (conversation, naming) = sentConversation(seat, bytes).map { ($0, .client) } ?? unnamedConversation(seat)
        let exchange = Exchange(
            client: id, session: session, pool: pool, seat: seat, route: route, endpoint: endpoint, oneWay: true,
            conversation: conversation, naming: naming, size: bytes.count)
        if holder(of: exchange).isNone { return false }
        acceptOneWay(exchange, bytes, &turn)
        return true
    }

    private mutating func passOneWay(
        _ seat: SeatID, _ bytes: Span<UInt8>, over link: ConnectionID, _ turn: inout Turn
    ) {
        passed(turn.effects.splices.splice(messageOf: bytes.count), over: link, seat, opens: false, &turn)
    }

    /// Brings those of a pool's queue to where they belong: to the side that has an exchange of their conversation, else
    /// to the one that serves their socket.
    mutating func placeOneWays(_ poolID: PoolID, now: Instant) {
        var candidate = pools[poolID]?.queue.head ?? .none
        while let exchange = exchanges[candidate] {
            let next = exchange.next
            if exchange.oneWay, !exchange.isPassed, let seat = seats[exchange.seat] {
                let place = connections[holder(of: exchange)]?.pool ?? seat.pool
                if place != poolID, pools.contains(place) {
                    relocate(candidate, from: poolID, to: place, changesSide: true, now: now)
                    agenda.add(.tend(place))
                }
            }
            candidate = next
        }
    }

    /// Sends those of a pool's queue that need no more than a connection, whatever is in flight on it.
    mutating func sendOneWays(_ poolID: PoolID, _ turn: inout Turn) {
        var candidate = pools[poolID]?.queue.head ?? .none
        while let exchange = exchanges[candidate] {
            let next = exchange.next
            if exchange.oneWay, !exchange.isPassed {
                let holder = holder(of: exchange)
                let link = holder.isNone ? pools[poolID]?.current ?? .none : holder
                let waits =
                    holder.isNone
                    && (isHindered(exchange) || exchange.isAstray || follows(exchange, in: poolID, before: candidate))
                if !waits, takes(link), takePaceIfPaced(poolID, now: turn.now) {
                    sendHeld(candidate, over: link, &turn)
                }
            }
            candidate = next
        }
    }

    /// The connection that has an exchange of a message's conversation in flight, on either side; one that takes nothing
    /// new counts too. Of what was passed through no more is known than its socket, whose conversation is one.
    func holder(of message: borrowing Exchange) -> ConnectionID {
        guard let seat = seats[message.seat] else { return .none }
        var places = [seat.pool, seat.formerPool]
        if clients[seat.client]?.endpoint != nil { places += throughPools(of: seat.client) }
        for pool in places {
            for connection in pools[pool]?.connections ?? [] {
                if connections[connection]?.isThrough == true, let live = connections[connection]?.live, live > 0 {
                    return connection
                }
                var candidate = connections[connection]?.outstanding.head ?? .none
                while let exchange = exchanges[candidate] {
                    if exchange.state == .sent, isSameConversation(exchange, message) { return connection }
                    candidate = exchange.next
                }
            }
        }
        return .none
    }

    /// Whether something of a message's conversation waits before it.
    private func follows(
        _ message: borrowing Exchange, in pool: PoolID, before end: ExchangeID = .none
    ) -> Bool {
        var candidate = pools[pool]?.queue.head ?? .none
        while candidate != end, let exchange = exchanges[candidate] {
            if exchange.seat == message.seat, isSameConversation(exchange, message) { return true }
            candidate = exchange.next
        }
        return false
    }

    private func isSameConversation(_ one: borrowing Exchange, _ other: borrowing Exchange) -> Bool {
        guard one.route === other.route else { return false }
        // Where the client names none there is one for each of its routes, whatever the sides call it.
        if one.naming != .client, other.naming != .client, one.seat == other.seat { return true }
        return one.conversation == other.conversation
    }

    private func takes(_ connection: ConnectionID) -> Bool {
        guard let state = connections[connection]?.state else { return false }
        return (state == .ready || state == .retired) && connections[connection]?.congested == false
    }

    private mutating func takePaceIfPaced(_ pool: PoolID, now: Instant) -> Bool {
        pools[pool]?.isPaced == true ? takePace(of: pool, now: now) : true
    }
}
