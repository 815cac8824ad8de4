/// Which side serves a socket's route, and how it changes: exchanges that one side has end there, what is unsent waits
/// for that, then goes to the other.
extension Switchboard {
    /// The client's seat for a route, made where it is not there yet.
    mutating func seat(of id: ClientID, _ route: Route, now: Instant) -> SeatID {
        if let found = clients[id]?.seat(of: route.index), seats.contains(found) { return found }
        guard let client = clients[id] else { return .none }
        let key = sessions[client.session]?.key
        var seat = Seat(
            client: id, session: client.session, route: route, side: .legacy,
            bucket: key.map { Bucket.of(salt: route.name, user: $0.user) } ?? Rollout.whole)
        seat.override = route.overrides.first { $0.matches(app: client.app.name) }?.servedBy
        let made = seats.insert(seat)
        clients[id]?.seats.append(SeatPlace(routeIndex: route.index, seat: made))
        let side = wantedSide(made, conversation: nil, now: now)
        seats[made]?.side = side
        return made
    }

    /// Sees to it that the seat is on the side that the next message of this conversation belongs to, and has a pool
    /// there. Most seats are where they are until the table changes.
    @inline(__always)
    mutating func settle(
        seat id: SeatID, _ route: Route, _ conversation: [UInt8], _ turn: inout Turn
    ) {
        if let pool = seats[id]?.wasUsed(turn.now), route.isSettled, pools.contains(pool) { return }
        resettle(seat: id, conversation, &turn)
    }

    private mutating func resettle(
        seat id: SeatID, _ conversation: [UInt8], _ turn: inout Turn
    ) {
        let side = wantedSide(id, conversation: conversation, now: turn.now)
        // What waits may be of a conversation that stays: then the change comes when it is the message's turn.
        if seats[id]?.side != side, !hasUnsent(id) { flip(id, to: side, &turn) }
        guard let seat = seats[id], !pools.contains(seat.pool) else { return }
        let pool = findPool(of: id)
        seats[id]?.pool = pool
    }

    /// Whether messages wait in the seat's pool that may be of several conversations; an old client's are of one.
    private func hasUnsent(_ id: SeatID) -> Bool {
        guard let seat = seats[id], clients[seat.client]?.endpoint == nil else { return false }
        var candidate = pools[seat.pool]?.queue.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == id { return true }
            candidate = exchange.next
        }
        return false
    }

    /// Whether a waiting message, whose turn it is, belongs to the other side: then its socket's unsent messages have
    /// moved there, and it waits for what this side has of them. Each conversation keeps to its side, and the socket's
    /// messages to their order.
    mutating func turns(_ id: ExchangeID, now: Instant) -> Bool {
        // Read by itself, because most routes are settled and an exchange is much to copy.
        if exchanges[id]?.isAstray != true, exchanges[id]?.route.isSettled != false { return false }
        guard let exchange = exchanges[id], exchange.endpoint == nil else { return false }
        if let seat = seats[exchange.seat], seat.pool == exchange.pool {
            let side = wantedSide(exchange.seat, conversation: exchange.conversation, now: now)
            if side != seat.side { change(exchange.seat, to: side, now: now) }
            if let new = seats[exchange.seat]?.pool, new != exchange.pool {
                loosened.append(.pool(new))
                return true
            }
        }
        if exchange.isAstray {
            // It is served here after all: only now it waits for a connection of this side.
            exchanges[id]?.isAstray = false
            let started = pools[exchange.pool]?.unreadyTime(now: now) ?? .zero
            exchanges[id]?.unreadyAtStart = started
        }
        return false
    }

    /// Whether a message of a seat is of a conversation that the other side serves. An old client's socket has one only.
    mutating func isAstray(_ exchange: Exchange, now: Instant) -> Bool {
        guard !exchange.route.isSettled, exchange.endpoint == nil, let side = seats[exchange.seat]?.side else {
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
        guard let unified = route.unified, breakers.indices.contains(unified.index),
            breakers[unified.index].refuses(now: now)
        else { return false }
        if mayBeAnswered(seat, conversation ?? presentConversation(id)) { return false }
        if seat.side == .legacy { return true }
        // It is not down for a session whose connection is there, or may answer yet.
        if seat.sentToUnified > 0 || isReady(seat.pool) { return false }
        var candidate = pools[seat.pool]?.queue.head ?? .none
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

    /// Brings a seat to where the table in force has it.
    mutating func resettle(_ id: SeatID, _ turn: inout Turn) {
        let side = wantedSide(id, conversation: nil, now: turn.now)
        if seats[id]?.side != side { return flip(id, to: side, &turn) }
        rehome(id, &turn)
    }

    /// Another pool for a seat whose upstream is no more, though its route is: what is unsent goes there.
    private mutating func rehome(_ id: SeatID, _ turn: inout Turn) {
        guard let old = seats[id]?.pool, let client = seats[id]?.client, let pool = pools[old], pool.isRemoved,
            clients[client]?.isRaw == false
        else { return }
        let new = findPool(of: id)
        seats[id]?.pool = new
        if let side = seats[id]?.side, seats[id]?.sent(to: side) != 0 { seats[id]?.formerPool = old }
        want(new, by: client)
        move(unsentOf: id, from: old, to: new, now: turn.now)
        if pool.isThrough {
            resumeReading(client, &turn)
            for connection in pool.connections { retire(connection, .configuration, &turn) }
        }
        loosened.append(.pool(old))
        if !isChangingTable { pump(new, &turn) }
    }

    /// Changes the side: what is unsent moves to the new side's queue, in order, and waits there for the exchanges
    /// that the old side has.
    mutating func flip(_ id: SeatID, to side: Side, _ turn: inout Turn) {
        guard let seat = seats[id], seat.side != side else { return }
        let old = seat.pool
        change(id, to: side, now: turn.now)
        guard let new = seats[id]?.pool else { return }
        if pools[old]?.isThrough == true {
            resumeReading(seat.client, &turn)
            loosened.append(.pool(old))
        }
        if isChangingTable { return }
        pump(old, &turn)
        pump(new, &turn)
    }

    private mutating func change(_ id: SeatID, to side: Side, now: Instant) {
        guard let seat = seats[id] else { return }
        seats[id]?.side = side
        let new = findPool(of: id)
        seats[id]?.pool = new
        seats[id]?.formerPool = seat.pool
        // Back on the side that it left before all was over there, and its place there is another by now.
        if seat.sent(to: side) > 0, new != seat.formerPool { seats[id]?.awaitsReplaced = true }
        let mustWait = seats[id]?.mustWait == true
        seats[id]?.isBlocked = mustWait
        tally.flips += 1
        if clients[seat.client]?.endpoint != nil {
            // As long as its backend judged whether it was idle, nobody counted here.
            clients[seat.client]?.lastActive = now
            arm(client: seat.client)
        }
        want(new, by: seat.client)
        move(unsentOf: id, from: seat.pool, to: new, changesSide: true, now: now)
    }

    /// Moves a seat's unsent messages to the end of another queue. How long they have waited is remembered for each side:
    /// to and fro between two backends that are down takes nobody's patience anew.
    private mutating func move(
        unsentOf id: SeatID, from old: PoolID, to new: PoolID, changesSide: Bool = false, now: Instant
    ) {
        guard old != new, pools.contains(old), pools.contains(new) else { return }
        var candidate = pools[old]?.queue.head ?? .none
        while let exchange = exchanges[candidate] {
            let next = exchange.next
            if exchange.seat == id { relocate(candidate, from: old, to: new, changesSide: changesSide, now: now) }
            candidate = next
        }
    }

    /// Moves one unsent message to the end of another queue.
    mutating func relocate(
        _ id: ExchangeID, from old: PoolID, to new: PoolID, changesSide: Bool, now: Instant
    ) {
        guard let exchange = exchanges[id] else { return }
        let (started, left) = (pools[new]?.unreadyTime(now: now), pools[old]?.unreadyTime(now: now))
        pools[old]?.queue.remove(id, in: &exchanges)
        pools[old]?.queuedBytes -= exchange.size
        pools[new]?.queue.append(id, in: &exchanges)
        pools[new]?.queuedBytes += exchange.size
        pools[new]?.hasHindered = true
        if exchange.oneWay { pools[new]?.hasOneWay = true }
        if exchange.pausedSince != nil { pools[new]?.hasPaused = true }
        exchanges[id]?.pool = new
        if changesSide {
            exchanges[id]?.turn(started: started ?? .zero, left: left ?? .zero)
        } else {
            exchanges[id]?.unreadyAtStart = started ?? .zero
        }
        let isAstray = isAstray(exchange, now: now)
        exchanges[id]?.isAstray = isAstray
    }

    /// An exchange that was sent has its outcome, or will never have one: whoever waited for the side to be done goes on.
    @inline(__always)
    mutating func left(_ id: SeatID, _ side: Side) {
        seats[id]?.count(-1, sentTo: side)
        if seats[id]?.isBlocked == true { unblock(id) }
    }

    mutating func unblock(_ id: SeatID) {
        guard let seat = seats[id], seat.isBlocked, !seat.mustWait else { return }
        seats[id]?.isBlocked = false
        seats[id]?.awaitsReplaced = false
        loosened.append(.pool(seat.pool))
        // An own connection of the old side is not needed any more.
        for pool in throughPools(of: seat.client) where pool != seat.pool { loosened.append(.pool(pool)) }
    }

    /// The first message of a queue that waits for nothing but a connection.
    mutating func firstSendable(_ poolID: PoolID) -> ExchangeID {
        let head = pools[poolID]?.queue.head ?? .none
        if pools[poolID]?.hasHindered != true { return head }
        // Behind what waits for a name its socket's messages keep their order.
        var waiting: [SeatID] = []
        var candidate = head
        var mayWaitForName = false
        if let upstream = pools[poolID]?.upstream { mayWaitForName = namesMayCome(poolID, upstream) }
        while let seat = exchanges[candidate]?.seat {
            if mayWaitForName, let exchange = exchanges[candidate], waitsForName(exchange) {
                waiting.append(seat)
            } else if !isHindered(candidate), !waiting.contains(seat) {
                return candidate
            }
            candidate = exchanges[candidate]?.next ?? .none
        }
        return .none
    }

    func isHindered(_ exchange: borrowing Exchange) -> Bool {
        exchange.pausedSince != nil || seats[exchange.seat]?.isBlocked == true
    }

    /// The same by its id, where a whole queue is looked through: an exchange is much to copy.
    mutating func isHindered(_ id: ExchangeID) -> Bool {
        guard let seat = exchanges[id]?.seat else { return false }
        return exchanges[id]?.pausedSince != nil || seats[seat]?.isBlocked == true
    }
}
