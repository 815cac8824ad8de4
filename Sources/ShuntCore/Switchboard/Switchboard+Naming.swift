/// How a backend whose replies are told apart by their conversation answers a message that named none.
enum NamingHabit: UInt8 {
    /// The backend has answered none. Becomes `echoes` or `names`.
    case unknown
    /// With the id that was made for it here. Becomes `names`.
    case echoes
    /// With an id of its own, once at least.
    case names
}

extension [NamingHabit] {
    /// Whether the backend of the upstream there is known to give back what it was given, and nothing else.
    @inline(__always)
    fileprivate func echoes(at place: Int?) -> Bool {
        guard let place, place >= 0, place < count else { return false }
        return self[place] == .echoes
    }
}

/// Conversations that their clients do not name. A backend may: that is their id from then on, for the client, for pins,
/// and for the side that gave it. Until then, and for the other side, there is one that was made.
///
/// Where replies are told apart by that id, a backend that names conversations may answer one that its client did not name
/// with any id. So one such message at a time is in flight to it, for a route and connection; and to one that has
/// answered none yet, because it may be of that kind.
extension Switchboard {
    /// The id of what a seat says without naming a conversation.
    ///
    /// - Parameter side: where it goes; nil is the side that serves the seat.
    mutating func unnamedConversation(
        _ id: SeatID, by side: Side? = nil
    ) -> (id: [UInt8], naming: Exchange.Naming) {
        if let known = seats.at(id)?.pointee.unnamedConversation(by: side) { return known }
        return (madeConversation(id), .made)
    }

    /// Whether messages without a name go one at a time to a pool's upstream.
    @inline(__always)
    mutating func namesMayCome(_ pool: PoolID, _ upstream: Upstream) -> Bool {
        upstream.correlatesByConversation && !namingHabits.echoes(at: pools[pool]?.key.upstream)
    }

    mutating func namesMayCome(_ pool: PoolID) -> Bool {
        guard let upstream = pools[pool]?.upstream else { return false }
        return namesMayCome(pool, upstream)
    }

    /// Whether an exchange of the route without a name is in flight on a pool's connection: the reply may bring any, so
    /// that another one would not be told from it.
    mutating func awaitsName(_ pool: PoolID, _ route: Route) -> Bool {
        guard let current = pools[pool]?.links.current else { return false }
        var candidate = links[current]?.unanswered.head ?? .none
        while let exchange = exchanges.at(candidate) {
            if exchange.pointee.naming == .made, exchange.pointee.state == .sent, exchange.pointee.route === route {
                return true
            }
            candidate = exchange.pointee.next
        }
        return false
    }

    /// What a reply to a message that named no conversation, just scanned, says of its backend: it repeats the id that it
    /// was given, or has its own.
    mutating func learnNaming(
        _ id: ExchangeID, by connection: ConnectionID, _ upstream: Upstream, _ bytes: Span<UInt8>
    ) {
        guard let slot = upstream.correlationSlot, let value = envelope.value(slot), value.namesSomething,
            let place = links[connection]?.upstreamIndex, namingHabits.indices.contains(place),
            let sent = exchanges[id]?.correlation
        else { return }
        let whole = JSONValue(kind: JSONContent.kind(of: sent), start: 0, end: sent.count)
        if !sent.isEmpty, JSONString.same(bytes, value, sent.span, whole) {
            if namingHabits[place] == .unknown { namingHabits[place] = .echoes }
        } else if namingHabits[place] != .names {
            namingHabits[place] = .names
            // What waits was not looked at like that yet.
            for pool in pools.ids where pools[pool]?.key.upstream == place { pools[pool]?.line.gate() }
        }
    }

    /// Takes over the id that a reply, just scanned, gives to a conversation that its client did not name.
    mutating func adoptName(
        _ id: ExchangeID, of seatID: SeatID, on side: Side, _ upstream: Upstream, _ bytes: Span<UInt8>
    ) {
        guard let slot = upstream.conversationSlot, let value = envelope.value(slot), value.namesSomething,
            value.end - value.start <= Self.longestConversation, let old = exchanges.at(id)?.pointee.conversation,
            !equal(bytes, value.start..<value.end, old)
        else { return }
        let new = copy(bytes, value.start..<value.end)
        exchanges[id]?.conversation = new
        exchanges[id]?.naming = .backend
        // Its further parts bring this one.
        if upstream.correlatesByConversation { exchanges[id]?.correlation = new }
        guard let seat = seats[seatID] else { return }
        if side == .legacy {
            seats[seatID]?.namedByLegacy = new
        } else {
            seats[seatID]?.namedByUnified = new
        }
        seats[seatID]?.lastConversation = new
        // An old client's pins go by its socket, whose conversation is one.
        if clients[seat.client]?.endpoint == nil { sessions[seat.session]?.pins.rename(seat.route.name, old, to: new) }
        guard seat.side == side else { return }
        var candidate = pools[seat.pool]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == seatID, exchange.naming != .client {
                exchanges[candidate]?.conversation = new
                exchanges[candidate]?.naming = .backend
            }
            candidate = exchange.next
        }
    }

    /// Whether a waiting message names no conversation and has one before it, in flight, whose reply may name any. What
    /// was to be passed through is not looked at yet.
    mutating func waitsForName(_ exchange: borrowing Exchange) -> Bool {
        guard exchange.naming == .made || exchange.isPassed, !exchange.oneWay,
            pools[exchange.pool]?.upstream.correlatesByConversation == true,
            !namingHabits.echoes(at: pools[exchange.pool]?.key.upstream)
        else { return false }
        return awaitsName(exchange.pool, exchange.route)
    }

    /// What the client sent, which is echoed; nil where it names no conversation.
    mutating func sentConversation(_ seat: SeatID, _ bytes: Span<UInt8>) -> [UInt8]? {
        guard let value = envelope.value(table.conversationSlot), value.namesSomething else { return nil }
        if let last = seats.at(seat)?.pointee.lastConversation, equal(bytes, value.start..<value.end, last) {
            return last
        }
        let sent = copy(bytes, value.start..<value.end)
        if sent.count <= Self.longestConversation { seats[seat]?.lastConversation = sent }
        return sent
    }

    /// The longest id that is remembered, in bytes.
    static let longestConversation = 256

    mutating func madeConversation(_ id: SeatID) -> [UInt8] {
        if let made = seats[id]?.madeConversation, !made.isEmpty { return made }
        guard let seat = seats[id], let session = sessions[seat.session] else { return [] }
        let made = table.conversationTemplate.make(match: seat.route.match, session: session.shortName)
        seats[id]?.madeConversation = made
        return made
    }

    mutating func correlation(_ upstream: Upstream, _ conversation: [UInt8], _ bytes: Span<UInt8>) -> [UInt8] {
        guard let slot = upstream.requestCorrelationSlot else { return [] }
        let value = envelope.value(slot).flatMap { $0.kind == .null ? nil : $0 }
        // The conversation id is added where it is absent, if it can be, so that it is there to be echoed.
        if slot == table.conversationSlot, value != nil || addsConversation(upstream) { return conversation }
        guard let value else { return [] }
        return copy(bytes, value.start..<value.end)
    }

    /// Whether a conversation id can be added to the message in hand, which has none: nothing but objects stands in its way.
    private mutating func addsConversation(_ upstream: Upstream) -> Bool {
        if upstream.unwrapped?.addsConversation ?? table.conversationIsTopLevel { return true }
        return table.conversationParents.allSatisfy { slot in
            envelope.value(slot).map { $0.kind == .object || $0.kind == .null } ?? true
        }
    }
}
