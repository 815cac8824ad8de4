/// Messages that nobody answers: an approval, a stop, a sign that somebody types. They take no place in flight, so that
/// none waits for the answer that waits for it.
extension Switchboard {
    /// Brings those of a pool's queue to where they belong: to the side that has an exchange of their conversation, else
    /// to the one that serves their socket.
    mutating func placeOneWays(_ poolID: PoolID, now: Instant) {
        var candidate = pools[poolID]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            let next = exchange.next
            if exchange.oneWay, !exchange.isPassed, let seat = seats[exchange.seat] {
                let place = links[holder(of: exchange)]?.pool ?? seat.pool
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
        var candidate = pools[poolID]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            let next = exchange.next
            if exchange.oneWay, !exchange.isPassed {
                let holder = holder(of: exchange)
                let link = holder.isNone ? pools[poolID]?.links.current ?? .none : holder
                let waits =
                    holder.isNone
                    && (isGated(exchange) || exchange.isAstray || follows(exchange, in: poolID, before: candidate))
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
        // Most often it is one of the first two; a table that moves the route to another lane leaves it in a third.
        for pool in [seat.pool, seat.formerPool] + (sessions[seat.session]?.pools ?? []) {
            for connection in pools[pool]?.links.all ?? [] {
                var candidate = links[connection]?.unanswered.head ?? .none
                while let exchange = exchanges[candidate] {
                    if exchange.state == .sent, isSameConversation(exchange, message) { return connection }
                    candidate = exchange.next
                }
            }
        }
        return .none
    }

    /// Whether something of a message's conversation waits before it.
    func follows(
        _ message: borrowing Exchange, in pool: PoolID, before end: ExchangeID = .none
    ) -> Bool {
        var candidate = pools[pool]?.line.head ?? .none
        while candidate != end, let exchange = exchanges[candidate] {
            if exchange.seat == message.seat, isSameConversation(exchange, message) { return true }
            candidate = exchange.next
        }
        return false
    }

    private func isSameConversation(_ one: borrowing Exchange, _ other: borrowing Exchange) -> Bool {
        guard one.route === other.route else { return false }
        if one.isPassed || other.isPassed { return one.seat == other.seat }
        // Where the client names none there is one for each of its routes, whatever the sides call it.
        if one.naming != .client, other.naming != .client, one.seat == other.seat { return true }
        return one.conversation == other.conversation
    }
}
