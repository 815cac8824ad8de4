/// Conversations that their clients do not name. A backend may: that is their id from then on, for the client, for pins,
/// and for the side that gave it. Until then, and for the other side, there is one that was made.
extension Switchboard {
    /// The id of what a seat says without naming a conversation.
    ///
    /// - Parameter side: where it goes; nil is the side that serves the seat.
    mutating func unnamedConversation(
        _ id: SeatID, by side: Side? = nil
    ) -> (id: [UInt8], naming: Exchange.Naming) {
        if let side = side ?? seats[id]?.side, let known = seats[id]?.unnamedConversation(by: side) { return known }
        return (madeConversation(id), .made)
    }

    /// Whether an exchange of the route without a name is in flight, to a backend that gives names of its own where
    /// replies are told apart by them: the reply may bring any, so another one would not be told from it.
    func awaitsName(_ pool: PoolID, _ upstream: Upstream, _ route: Route) -> Bool {
        guard upstream.correlatesByConversation, namingUpstreams.contains(upstream.settings.name),
            let current = pools[pool]?.current
        else { return false }
        return !nameless(on: current, where: { $0 === route }).isNone
    }

    /// The oldest exchange without a name in flight on a connection.
    func nameless(on connection: ConnectionID, where isMeant: (Route) -> Bool) -> ExchangeID {
        var candidate = connections[connection]?.outstanding.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.naming == .made, exchange.state != .queued, isMeant(exchange.route) { return candidate }
            candidate = exchange.next
        }
        return .none
    }

    /// Takes over the id that a reply, just scanned, gives to a conversation that its client did not name.
    mutating func adoptName(_ id: ExchangeID, _ place: Exchange.Place, _ upstream: Upstream, _ bytes: Span<UInt8>) {
        guard let slot = upstream.conversationSlot, let value = envelope.value(slot), value.namesSomething,
            value.end - value.start <= Self.longestConversation, let old = exchanges[id]?.conversation,
            !equal(bytes, value.start..<value.end, old)
        else { return }
        let new = copy(bytes, value.start..<value.end)
        exchanges[id]?.conversation = new
        exchanges[id]?.naming = .backend
        if upstream.correlatesByConversation {
            // Its further parts bring this one.
            exchanges[id]?.correlation = new
            namingUpstreams.insert(upstream.settings.name)
        }
        guard let seat = seats[place.seat] else { return }
        if place.side == .legacy {
            seats[place.seat]?.namedByLegacy = new
        } else {
            seats[place.seat]?.namedByUnified = new
        }
        seats[place.seat]?.lastConversation = new
        // An old client's pins go by its socket, whose conversation is one.
        if clients[seat.client]?.endpoint == nil { sessions[seat.session]?.pins.rename(seat.route.name, old, to: new) }
        guard seat.side == place.side else { return }
        var candidate = pools[seat.pool]?.queue.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == place.seat, exchange.naming != .client {
                exchanges[candidate]?.conversation = new
                exchanges[candidate]?.naming = .backend
            }
            candidate = exchange.next
        }
    }

    /// Whether a waiting message names no conversation and has one before it, in flight, whose reply may name any. What
    /// was to be passed through is not looked at yet.
    func waitsForName(_ exchange: borrowing Exchange) -> Bool {
        guard !namingUpstreams.isEmpty, exchange.naming == .made || exchange.isPassed, !exchange.oneWay,
            let upstream = pools[exchange.pool]?.upstream
        else { return false }
        return awaitsName(exchange.pool, upstream, exchange.route)
    }
}
