/// Which side serves a socket's route, and how it changes: exchanges that one side has end there, what is unsent waits
/// for that, then goes to the other.
extension Switchboard {
    /// The client's seat for a route, made where it is not there yet.
    @inline(__always)
    mutating func seat(of id: ClientID, _ route: Route, now: Instant) -> SeatID {
        if let found = clients.at(id)?.pointee.seat(of: route.index), seats.contains(found) { return found }
        return makeSeat(of: id, route, now: now)
    }

    private mutating func makeSeat(of id: ClientID, _ route: Route, now: Instant) -> SeatID {
        guard let client = clients[id] else { return .none }
        let user = sessions[client.session]?.user
        var seat = Seat(
            client: id, session: client.session, route: route, side: .legacy,
            bucket: user.map { Bucket.of(salt: route.name, user: $0.name) } ?? Rollout.whole)
        seat.override =
            route.overrides.first {
                $0.matches(app: client.app.name, tenant: sessions[client.session]?.claims.tenant?.text)
            }?.servedBy
        let made = seats.insert(seat)
        clients[id]?.take(made, of: route.index)
        let side = wantedSide(made, conversation: nil, now: now)
        seats[made]?.side = side
        return made
    }

    /// Sees to it that the seat is on the side that the next message of this conversation belongs to, and has a pool
    /// there. Most seats are where they are until the table changes.
    ///
    /// - Returns: whether it is on another side than before.
    @inline(__always) @discardableResult
    mutating func place(seat id: SeatID, _ route: Route, _ conversation: [UInt8], _ turn: inout Turn) -> Bool {
        if let pool = seats.at(id)?.pointee.wasUsed(turn.now), route.isFixed, pools.contains(pool) { return false }
        return place(seat: id, conversation, &turn)
    }

    private mutating func place(seat id: SeatID, _ conversation: [UInt8], _ turn: inout Turn) -> Bool {
        let before = seats[id]?.side
        let side = wantedSide(id, conversation: conversation, now: turn.now)
        // What waits may be of a conversation that stays: then the change comes when it is the message's turn.
        if before != side, !hasUnsent(id) { flip(id, to: side, &turn) }
        if let pool = seats[id]?.pool, !pools.contains(pool) {
            let found = findPool(of: id)
            seats[id]?.pool = found
        }
        return seats[id]?.side != before
    }

    /// Whether messages wait in the seat's pool that may be of several conversations; an old client's are of one.
    private func hasUnsent(_ id: SeatID) -> Bool {
        guard let seat = seats[id], clients[seat.client]?.endpoint == nil else { return false }
        var candidate = pools[seat.pool]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == id { return true }
            candidate = exchange.next
        }
        return false
    }

    /// Whether a waiting message, whose turn it is, belongs to the other side: then its socket's unsent messages have
    /// moved there, and it waits for what this side has of them. Each conversation keeps to its side, and the socket's
    /// messages to their order.
    mutating func goesToOtherSide(_ id: ExchangeID, now: Instant) -> Bool {
        // Read by itself, because most routes are settled and an exchange is much to copy.
        if exchanges[id]?.isAstray != true, exchanges[id]?.route.isFixed != false { return false }
        guard let exchange = exchanges[id], exchange.endpoint == nil else { return false }
        if let seat = seats[exchange.seat], seat.pool == exchange.pool {
            let side = wantedSide(exchange.seat, conversation: exchange.conversation, now: now)
            if side != seat.side { change(exchange.seat, to: side, now: now) }
            if let new = seats[exchange.seat]?.pool, new != exchange.pool {
                agenda.add(.tend(new))
                return true
            }
        }
        if exchange.isAstray { stays(id, in: exchange.pool, now: now) }
        return false
    }

    /// A message is served where it stands after all: only now it waits for a connection of this side.
    private mutating func stays(_ id: ExchangeID, in pool: PoolID, now: Instant) {
        exchanges[id]?.isAstray = false
        let started = pools[pool]?.line.unreadyTime(now: now) ?? .zero
        exchanges[id]?.unreadyAtStart = started
    }

    /// Brings a seat to where the table in force has it.
    mutating func moveIfOtherSide(_ id: SeatID, _ turn: inout Turn) {
        let side = wantedSide(id, conversation: nil, now: turn.now)
        if seats[id]?.side != side { return flip(id, to: side, &turn) }
        changePool(id, &turn)
        keepUnsent(of: id, now: turn.now)
    }

    /// What waits may be of conversations that the table in force has on this side, whatever held them on the other.
    private mutating func keepUnsent(of id: SeatID, now: Instant) {
        guard let pool = seats[id]?.pool, pools[pool]?.line.hasGated == true else { return }
        var candidate = pools[pool]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == id, exchange.isAstray, !isAstray(exchange, now: now) {
                stays(candidate, in: pool, now: now)
            }
            candidate = exchange.next
        }
    }

    /// Another pool for a seat whose upstream is no more, though its route is: what is unsent goes there.
    private mutating func changePool(_ id: SeatID, _ turn: inout Turn) {
        guard let old = seats[id]?.pool, let client = seats[id]?.client, let pool = pools[old], pool.isRemoved,
            clients[client]?.isRaw == false
        else { return }
        let new = findPool(of: id)
        seats[id]?.pool = new
        if let side = seats[id]?.side, seats[id]?.sent(to: side) != 0 { seats[id]?.formerPool = old }
        want(new, by: client)
        move(unsentOf: id, from: old, to: new, now: turn.now)
        if pool.isPassthrough {
            resumeReading(client, &turn)
            for connection in pool.links.all { retire(connection, .configuration, &turn) }
        }
        agenda.add(.tend(old))
        wake(new)
    }

    /// Sees to what came to a pool with a socket that changed its side. Where nothing did, the message at hand is the first:
    /// it is the one that finds out whether an upstream is back.
    private mutating func wake(_ pool: PoolID) {
        if pools[pool]?.isAtRest == false { agenda.add(.tend(pool)) }
    }

    /// Changes the side: what is unsent moves to the new side's queue, in order, and waits there for the exchanges
    /// that the old side has.
    mutating func flip(_ id: SeatID, to side: Side, _ turn: inout Turn) {
        guard let seat = seats[id], seat.side != side else { return }
        let old = seat.pool
        change(id, to: side, now: turn.now)
        guard let new = seats[id]?.pool else { return }
        if pools[old]?.isPassthrough == true { resumeReading(seat.client, &turn) }
        agenda.add(.tend(old))
        wake(new)
    }

    private mutating func change(_ id: SeatID, to side: Side, now: Instant) {
        guard let client = seats[id]?.client, let old = seats[id]?.pool else { return }
        seats[id]?.side = side
        let new = findPool(of: id)
        seats[id]?.change(to: side, over: new)
        tally.flips += 1
        if clients[client]?.isUnified == false {
            // As long as its backend judged whether it was idle, nobody counted here.
            clients[client]?.lastActive = now
            schedule(client: client)
        }
        want(new, by: client)
        move(unsentOf: id, from: old, to: new, changesSide: true, now: now)
    }

    /// Moves a seat's unsent messages to the end of another queue. How long they have waited is remembered for each side:
    /// to and fro between two backends that are down takes nobody's patience anew.
    private mutating func move(
        unsentOf id: SeatID, from old: PoolID, to new: PoolID, changesSide: Bool = false, now: Instant
    ) {
        guard old != new, pools.contains(old), pools.contains(new) else { return }
        let before = oneWays(of: id, in: new)
        var candidate = pools[old]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            let next = exchange.next
            if exchange.seat == id { relocate(candidate, from: old, to: new, changesSide: changesSide, now: now) }
            candidate = next
        }
        // They were there for what was under way of their conversation; without that they follow what was said before them.
        for id in before {
            pools[new]?.line.remove(id, in: &exchanges)
            pools[new]?.line.append(id, in: &exchanges)
        }
    }

    /// A seat's messages in a queue that nobody answers.
    private func oneWays(of id: SeatID, in pool: PoolID) -> [ExchangeID] {
        guard pools[pool]?.line.hasOneWay == true else { return [] }
        var found: [ExchangeID] = []
        var candidate = pools[pool]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.seat == id, exchange.oneWay { found.append(candidate) }
            candidate = exchange.next
        }
        return found
    }

    /// Moves one unsent message to the end of another queue.
    mutating func relocate(
        _ id: ExchangeID, from old: PoolID, to new: PoolID, changesSide: Bool, now: Instant
    ) {
        guard let exchange = exchanges[id] else { return }
        let (started, left) = (pools[new]?.line.unreadyTime(now: now), pools[old]?.line.unreadyTime(now: now))
        pools[old]?.line.remove(id, in: &exchanges)
        pools[new]?.line.append(id, in: &exchanges)
        pools[new]?.line.gate()
        exchanges[id]?.pool = new
        if changesSide {
            exchanges[id]?.turn(started: started ?? .zero, left: left ?? .zero)
        } else {
            exchanges[id]?.unreadyAtStart = started ?? .zero
        }
        let isAstray = isAstray(exchange, now: now)
        exchanges[id]?.isAstray = isAstray
    }
}
