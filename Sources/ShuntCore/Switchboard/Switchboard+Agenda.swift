/// What an event left to do is done at its end.
extension Switchboard {
    /// Releases a pool that nobody needs any more; one that is needed sends what it may, or is dialled.
    mutating func tend(_ id: PoolID, _ turn: inout Turn) {
        guard let pool = pools[id] else { return }
        guard isUnused(id, pool) else { return pump(id, &turn) }
        remove(pool: id, &turn)
        sessions[pool.session]?.pools.removeAll { $0 == id }
    }

    private func isUnused(_ id: PoolID, _ pool: borrowing Pool) -> Bool {
        guard let owner = pool.key.owner.client else {
            return pool.isRemoved && pool.line.isEmpty && pool.links.all.isEmpty
        }
        if pool.isPassthrough {
            // It ends with its socket, and when the socket's next message goes elsewhere and nothing is left.
            guard let seat = clients[owner]?.ownSeat, seats.contains(seat) else { return true }
            return seats[seat]?.pool != id && pool.line.isEmpty
                && pool.links.all.allSatisfy { links[$0]?.inFlight == 0 }
        }
        return !clients.contains(owner) && pool.line.isEmpty
            && pool.links.all.allSatisfy { links[$0]?.inFlight == 0 }
    }

    /// Does at an event's end what is left to do.
    @inline(__always)
    mutating func runAgenda(_ turn: inout Turn) {
        if !agenda.isEmpty { drainAgenda(&turn) }
    }

    private mutating func drainAgenda(_ turn: inout Turn) {
        // What is done may ask for more.
        while let item = agenda.next() {
            switch item {
            case .tend(let pool): tend(pool, &turn)
            case .endIfUnused(let session): endIfUnused(session: session, &turn)
            case .leave(let client): leaveIfOver(client, &turn)
            case .resumeReading(let client): resumeReading(client, &turn)
            }
        }
    }
}
