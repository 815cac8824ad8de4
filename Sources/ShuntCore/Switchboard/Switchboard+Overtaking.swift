/// One-way messages on their way in: they overtake what waits its turn.
extension Switchboard {
    /// Sends such a message over the connection, and to the side, that holds an exchange of its conversation, past all
    /// that waits its turn. With none in flight it follows what its client said before it in that conversation.
    mutating func acceptOneWay(
        _ exchange: Exchange, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        var exchange = exchange
        let holder = holder(of: exchange)
        if let pool = links[holder]?.pool, let upstream = links[holder]?.upstream {
            exchange.pool = pool
            if exchange.naming != .client {
                let side: Side = upstream.isUnified ? .unified : .legacy
                (exchange.conversation, exchange.naming) = unnamedConversation(exchange.seat, by: side)
            }
            exchange.correlation = correlation(upstream, exchange.conversation, bytes)
        }
        let link = holder.isNone ? pools[exchange.pool]?.links.current ?? .none : holder
        let waits =
            holder.isNone
            && (isGated(exchange) || exchange.route.isPaused || isAstray(exchange, now: turn.now)
                || follows(exchange, in: exchange.pool))
        if !waits, takes(link), takePaceIfPaced(exchange.pool, now: turn.now) {
            if links[link]?.isPassthrough == true { return passOneWay(exchange.seat, bytes, over: link, &turn) }
            let (route, pool) = (exchange.route, exchange.pool)
            return forward(open(exchange), route, pool, bytes, over: link, blob: false, &turn)
        }
        let isGated = isGated(exchange) || exchange.route.isPaused
        enqueue(exchange, bytes, isGated: isGated, &turn)
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
            if links[link]?.isPassthrough == true, takes(link) {
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
        guard let route = seats[seat]?.route else { return }
        write(turn.effects.splices.splice(messageOf: bytes.count), .text, over: link, route, &turn)
    }
}
