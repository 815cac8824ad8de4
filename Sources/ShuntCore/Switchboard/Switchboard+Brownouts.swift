/// Windows in which a share of the sessions cannot use deprecated endpoints. Handshakes are refused by
/// `HandshakeCheck`; here open sockets are closed.
extension Switchboard {
    /// Whether the wall clock matters to anybody.
    package var hasBrownouts: Bool {
        EndpointState(in: table.definition.phase) == .deprecated && !table.definition.deprecation.brownouts.isEmpty
    }

    /// Other windows may be in force now.
    mutating func applyBrownouts(at wall: UnixTime, _ turn: inout Turn) {
        let inForce = hasBrownouts ? table.definition.deprecation.brownouts.filter { $0.isInForce(at: wall) } : []
        guard inForce != brownoutsInForce else { return }
        wheel.start(at: turn.now)
        brownoutsInForce = inForce
        for id in clients.ids {
            stayThroughBrownout(id)
            if clients[id]?.isArriving == false { leaveInBrownout(id, now: turn.now) }
            schedule(client: id)
        }
    }

    /// Closes a client that a window in force picks, when its exchanges are over and not all at once.
    mutating func leaveInBrownout(_ id: ClientID, now: Instant) {
        guard let client = clients[id], client.closeAfter == .distantFuture, let endpoint = client.endpoint,
            let brownout = endpoint.brownout(
                of: client.handshake, user: sessions[client.session]?.user?.name, among: brownoutsInForce)
        else { return }
        leave(id, .brownout, at: now + random.span(upTo: brownout.spread))
    }

    /// Who was to go for a brownout and is still there may stay, until it is found to be in one again.
    mutating func stayThroughBrownout(_ id: ClientID) {
        guard clients[id]?.closeReason == .brownout else { return }
        clients[id]?.closeAfter = .distantFuture
        clients[id]?.closeReason = .draining
    }
}
