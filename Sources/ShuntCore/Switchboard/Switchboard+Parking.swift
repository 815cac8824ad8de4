/// Replies whose socket is gone, kept for the session's next one.
extension Switchboard {
    mutating func deliverParked(to id: ClientID, of sessionID: SessionID, _ turn: inout Turn) {
        guard sessions[sessionID]?.parked.isEmpty == false else { return }
        expireParked(sessionID, now: turn.now)
        let endpoint = clients[id]?.endpoint
        let replies = sessions[sessionID]?.parked.take(for: endpoint?.path) ?? []
        for reply in replies {
            parkedBytes -= reply.bytes.count
            parkedCount -= 1
            tally.parkedDelivered += 1
            var splice = turn.effects.splices.splice(blob: reply.bytes)
            if let endpoint { splice = restored(splice, message: Span(), endpoint, &turn) }
            turn.effects.list.append(.deliver(id, splice))
        }
    }

    /// Keeps a reply for the session's next socket; a session without a token has none to come.
    mutating func park(_ reply: [UInt8], for endpoint: String?, of sessionID: SessionID, now: Instant) {
        guard let session = sessions[sessionID], session.token != nil, draining == nil else {
            tally.discarded += 1
            return
        }
        let before = session.parked
        let outcome = sessions[sessionID]?.parked.park(
            reply, for: endpoint, settings: table.definition.session, now: now)
        tally.parked += 1
        if case .displaced(let count) = outcome { tally.parkedExpired += count }
        recountParked(from: before, to: sessions[sessionID]?.parked)
        arm(session: sessionID, now: now)
    }

    mutating func expireParked(_ sessionID: SessionID, now: Instant) {
        guard let before = sessions[sessionID]?.parked, !before.isEmpty else { return }
        tally.parkedExpired += sessions[sessionID]?.parked.expire(now: now) ?? 0
        recountParked(from: before, to: sessions[sessionID]?.parked)
    }

    private mutating func recountParked(from before: ParkedReplies, to after: ParkedReplies?) {
        parkedBytes += (after?.bytes ?? 0) - before.bytes
        parkedCount += (after?.replies.count ?? 0) - before.replies.count
    }
}
