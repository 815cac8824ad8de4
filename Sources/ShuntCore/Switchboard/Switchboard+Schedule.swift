/// When clients, connections and sessions are looked at next.
extension Switchboard {
    /// Whether a client's messages are passed through: one of a legacy endpoint, whose route the legacy upstream serves.
    mutating func isPassed(_ id: ClientID) -> Bool {
        guard clients[id]?.endpoint != nil, let seat = clients[id]?.ownSeat else { return false }
        return seats[seat]?.side == .legacy
    }

    mutating func schedule(client id: ClientID) {
        guard clients.contains(id) else { return }
        let isPassed = isPassed(id)
        let deadline = clients[id]?.nextDeadline(table.definition.limits, isPassed: isPassed) ?? .distantFuture
        var armed = clients[id]?.armed ?? .distantFuture
        wheel.arm(.client(id), at: deadline, armed: &armed)
        clients[id]?.armed = armed
    }

    mutating func schedule(session id: SessionID, now: Instant) {
        guard let session = sessions[id] else { return }
        var deadline = session.parked.nextExpiry
        // Past the linger only what is parked is waited for.
        if let alone = session.detachedSince, now < alone + table.definition.session.linger {
            deadline = min(deadline, alone + table.definition.session.linger)
        }
        var armed = session.armed
        wheel.arm(.session(id), at: deadline, armed: &armed)
        sessions[id]?.armed = armed
    }

    mutating func schedule(connection id: ConnectionID) {
        guard let connection = links[id] else { return }
        var armed = connection.armed
        wheel.arm(.connection(id), at: connection.nextDeadline, armed: &armed)
        links[id]?.armed = armed
    }

    /// Nothing is outstanding on a connection any more: from here on its idle time counts.
    mutating func becameIdle(_ id: ConnectionID, now: Instant) {
        guard links.at(id)?.pointee.becameIdle(now) == true else { return }
        schedule(connection: id)
    }
}
