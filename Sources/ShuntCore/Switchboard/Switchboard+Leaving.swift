/// Clients that are to go once their exchanges are over.
extension Switchboard {
    /// Closes a client at that time or, if something of it is under way then, as soon as that is over.
    mutating func leave(_ id: ClientID, _ leaving: Leaving, at time: Instant) {
        guard clients.contains(id) else { return }
        clients[id]?.leaves = time
        clients[id]?.leaving = leaving
        arm(client: id)
    }

    /// Closes a client whose time has come and that waits for nothing.
    mutating func leaveIfOver(_ id: ClientID, _ turn: inout Turn) {
        guard let leaves = clients[id]?.leaves, leaves <= turn.now, let open = clients[id]?.open, open <= 0 else {
            return
        }
        switch clients[id]?.leaving {
        case .endpointClosed: close(id, .endpointClosed, .endpointClosed, &turn)
        case .routeRemoved: close(id, .goingAway, .routeRemoved, &turn)
        case .brownout:
            tally.brownoutClosed += 1
            close(id, .brownout, .brownout, &turn)
        case .draining, nil: close(id, .serviceRestart, .draining, &turn)
        }
    }
}
