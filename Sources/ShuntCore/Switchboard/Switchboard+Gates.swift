/// What waits in a queue for more than a connection: a paused route, the other side, a connection that was replaced.
extension Switchboard {
    /// What a socket sends next over the connection's successor waits for what it has under way over this one, so that
    /// replies keep their order. Behind a backend that did something wrong nobody waits.
    mutating func awaitReplaced(_ id: SeatID, _ side: Side) {
        guard let seat = seats[id], seat.sent(to: side) > 0 else { return }
        seats[id]?.awaitsReplaced = true
        // On the other side it waits for that already, and may come back meanwhile.
        guard seat.side == side else { return }
        seats[id]?.isBlocked = true
        pools[seat.pool]?.hasHindered = true
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
        agenda.add(.tend(seat.pool))
        // An own connection of the old side is not needed any more.
        for pool in throughPools(of: seat.client) where pool != seat.pool { agenda.add(.tend(pool)) }
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
