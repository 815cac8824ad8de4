/// What waits in a queue for more than a connection: a paused route, the other side, a connection that was replaced.
extension Switchboard {
    /// What a socket sends next over the connection's successor waits for what it has under way over this one, so that
    /// replies keep their order. Behind a backend that did something wrong nobody waits.
    mutating func awaitPrevious(_ id: SeatID, _ side: Side) {
        guard seats[id]?.awaitPreviousConnection(to: side) == true, let pool = seats[id]?.pool else { return }
        pools[pool]?.line.gate()
    }

    /// An exchange that was sent has its outcome, or will never have one: whoever waited for the side to be done goes on.
    @inline(__always)
    mutating func left(_ id: SeatID, _ side: Side) {
        if seats.at(id)?.pointee.ended(side) == true { openGate(id) }
    }

    /// Lets a socket's messages go on where nothing must end first any more.
    mutating func openGate(_ id: SeatID) {
        guard seats[id]?.openGate() == true, let (client, pool) = seats[id].map({ ($0.client, $0.pool) }) else {
            return
        }
        agenda.add(.tend(pool))
        // An own connection of the old side is not needed any more.
        for other in passthroughPools(of: client) where other != pool { agenda.add(.tend(other)) }
    }

    /// Whether a socket's messages wait for what it has under way.
    @inline(__always)
    func isGated(_ seat: SeatID) -> Bool {
        guard let gate = seats[seat]?.gate else { return false }
        return gate != .open
    }

    /// The first message of a queue that waits for nothing but a connection.
    mutating func firstSendable(_ poolID: PoolID) -> ExchangeID {
        let head = pools[poolID]?.line.head ?? .none
        if pools[poolID]?.line.hasGated != true { return head }
        // Behind what waits for a name its socket's messages keep their order.
        var waiting: [SeatID] = []
        var candidate = head
        var mayWaitForName = false
        if let upstream = pools[poolID]?.upstream { mayWaitForName = namesMayCome(poolID, upstream) }
        while let seat = exchanges[candidate]?.seat {
            if mayWaitForName, let exchange = exchanges[candidate], waitsForName(exchange) {
                waiting.append(seat)
            } else if !isGated(candidate), !waiting.contains(seat) {
                return candidate
            }
            candidate = exchanges[candidate]?.next ?? .none
        }
        return .none
    }

    /// What a message waits for, beside its turn and a connection.
    func gate(of exchange: borrowing Exchange) -> Gate {
        if exchange.pausedSince != nil { return .routePaused }
        return seats[exchange.seat]?.gate ?? .open
    }

    func isGated(_ exchange: borrowing Exchange) -> Bool { gate(of: exchange) != .open }

    /// The same by its id, where a whole queue is looked through: an exchange is much to copy.
    mutating func isGated(_ id: ExchangeID) -> Bool {
        guard let seat = exchanges[id]?.seat else { return false }
        return exchanges[id]?.pausedSince != nil || isGated(seat)
    }
}
