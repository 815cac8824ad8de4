/// Which side serves a message: by the route's phase, share and overrides, by what its conversation is pinned to, by what is
/// down.
extension Switchboard {
    /// Whether a message of a seat is of a conversation that the other side serves. An old client's socket has one only.
    mutating func isAstray(_ exchange: Exchange, now: Instant) -> Bool {
        guard !exchange.route.isFixed, exchange.endpoint == nil, let side = seats[exchange.seat]?.side else {
            return false
        }
        return wantedSide(exchange.seat, conversation: exchange.conversation, now: now) != side
    }

    /// The side that serves the next message. `conversation`: nil where there is no message yet.
    mutating func wantedSide(_ id: SeatID, conversation: [UInt8]?, now: Instant) -> Side {
        guard let seat = seats[id] else { return .legacy }
        let route = seat.route
        if route.unified == nil { return .legacy }
        if route.legacy == nil { return .unified }
        if clients[seat.client]?.isRaw == true { return .legacy }
        let rollout = seat.override ?? route.decision.rollout
        var side = rollout.side ?? (seat.bucket < rollout.steps ? .unified : .legacy)
        if rollout.side == nil, seat.override == nil, route.pin != .exchange, seat.bucket < Rollout.whole {
            side = pinned(id, seat, side, conversation: conversation, now: now)
        }
        if side == .unified, route.fallsBack, fallsBack(id, seat, conversation, now: now) { side = .legacy }
        return side
    }

    /// Whether the seat's messages are better off on the legacy side, because the unified upstream is down and has
    /// answered in none of their conversations.
    private mutating func fallsBack(_ id: SeatID, _ seat: Seat, _ conversation: [UInt8]?, now: Instant) -> Bool {
        let route = seat.route
        guard let unified = route.unified, breakers.refuses(unified.index, now: now)
        else { return false }
        if mayBeAnswered(seat, conversation ?? presentConversation(id)) { return false }
        if seat.side == .legacy { return true }
        // It is not down for a session whose connection is there, or may answer yet.
        if seat.sentToUnified > 0 || isReady(seat.pool) { return false }
        var candidate = pools[seat.pool]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == id, mayBeAnswered(seat, pinKey(id, exchange.conversation)) { return false }
            candidate = exchange.next
        }
        return true
    }

    private func mayBeAnswered(_ seat: Seat, _ conversation: [UInt8]) -> Bool {
        sessions[seat.session]?.pins.mayBeAnswered(seat.route.name, conversation) ?? true
    }

    /// A share that was raised moves nobody in the middle of a conversation; one that was lowered moves at once.
    private mutating func pinned(
        _ id: SeatID, _ seat: Seat, _ side: Side, conversation: [UInt8]?, now: Instant
    ) -> Side {
        let route = seat.route
        let key = route.pin == .session ? [] : conversation ?? presentConversation(id)
        guard side == .unified else {
            if conversation != nil { sessions[seat.session]?.pins.noteLegacy(route.name, key, now: now) }
            return .legacy
        }
        // To be asked is no use: only a message keeps a pin alive.
        let isUsed = conversation != nil
        let holds =
            sessions[seat.session]?.pins.holds(route.name, key, idle: route.pinIdle, now: now, isUsed: isUsed) ?? false
        return holds ? .legacy : .unified
    }

    /// The conversation that a seat is in, as far as is known.
    private mutating func presentConversation(_ id: SeatID) -> [UInt8] {
        guard let seat = seats[id] else { return [] }
        if clients[seat.client]?.endpoint != nil { return madeConversation(id) }
        return seat.lastConversation.isEmpty ? seat.madeConversation : seat.lastConversation
    }

    /// What a message's conversation is remembered by: an old client names none, its socket's is one.
    mutating func pinKey(_ id: SeatID, _ conversation: [UInt8]) -> [UInt8] {
        guard let client = seats[id]?.client, clients[client]?.endpoint != nil else { return conversation }
        return madeConversation(id)
    }

    /// Before a share begins: the conversation that a seat is in goes on where it is.
    mutating func pinPresentConversation(_ id: SeatID, now: Instant) {
        guard let seat = seats[id], seat.side == .legacy, seat.route.pin != .exchange, seat.bucket < Rollout.whole
        else { return }
        guard let lastUsed = seat.lastUsed, now < lastUsed + seat.route.pinIdle else { return }
        var conversations = [seat.madeConversation, seat.lastConversation].filter { !$0.isEmpty }
        if clients[seat.client]?.endpoint != nil { conversations = [madeConversation(id)] }
        for conversation in seat.route.pin == .session ? [[]] : conversations {
            sessions[seat.session]?.pins.noteLegacy(seat.route.name, conversation, now: lastUsed)
        }
    }
}
