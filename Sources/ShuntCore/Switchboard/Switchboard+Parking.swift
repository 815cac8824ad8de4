/// Replies whose socket is gone, kept for the session's next one.
extension Switchboard {
    /// Delivers what is parked for a socket of this client's endpoint.
    mutating func deliverParked(to id: ClientID, of session: SessionID, _ turn: inout Turn) {
        guard sessions[session]?.parked.isEmpty == false else { return }
        expireParked(session, now: turn.now)
        let endpoint = clients[id]?.endpoint
        for reply in sessions.takeParked(of: session, for: endpoint?.path) {
            tally.parkedDelivered += 1
            var splice = turn.effects.splices.splice(blob: reply.bytes)
            if let endpoint { splice = legacyForm(splice, message: Span(), endpoint, &turn) }
            turn.effects.list.append(.deliver(id, splice))
        }
    }

    /// Keeps a reply for the session's next socket; a session without a token has none to come.
    mutating func park(_ reply: [UInt8], for endpoint: String?, of session: SessionID, now: Instant) {
        guard sessions[session]?.isAnonymous == false, draining == nil else {
            tally.discarded += 1
            return
        }
        tally.parked += 1
        tally.parkedExpired += sessions.park(
            reply, for: endpoint, of: session, table.definition.session, now: now)
        schedule(session: session, now: now)
    }

    /// Drops what was parked for too long.
    mutating func expireParked(_ session: SessionID, now: Instant) {
        guard sessions[session]?.parked.isEmpty == false else { return }
        tally.parkedExpired += sessions.expireParked(of: session, now: now)
    }
}
