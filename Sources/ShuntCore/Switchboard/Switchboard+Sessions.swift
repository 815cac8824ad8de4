/// Sessions: found by their key, kept a while after their last socket, ended whole.
extension Switchboard {
    /// The session of a client that comes, made where it is not there yet. What the client shows is what the session's
    /// dials show from now on.
    mutating func session(of identity: ClientIdentity?) -> SessionID {
        guard let identity else {
            // Nothing identifies it, so its name is drawn.
            let drawn = SipHash.hash(Array(String(random.next(), radix: 16).utf8), key: hashKey)
            return sessions.insert(Session(of: nil, shortName: SessionHash.text(drawn)))
        }
        if let found = sessionsByKey[identity.key], sessions.contains(found) {
            sessions[found]?.credential = identity.credential
            return found
        }
        let id = sessions.insert(Session(of: identity, shortName: identity.key.shortName(keyedBy: hashKey)))
        sessionsByKey[identity.key] = id
        return id
    }

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

    /// What is still under way for sockets of the session that are gone is this next one's from now on, if it connected
    /// to the same endpoint.
    mutating func adopt(by id: ClientID, of sessionID: SessionID) {
        guard let session = sessions[sessionID], !session.isAnonymous, session.open > 0 else { return }
        let endpoint = clients[id]?.endpoint?.path
        for pool in session.pools {
            adopt(from: pools[pool]?.queue.head ?? .none, by: id, endpoint)
            for connection in pools[pool]?.connections ?? [] {
                adopt(from: connections[connection]?.outstanding.head ?? .none, by: id, endpoint)
            }
        }
    }

    private mutating func adopt(from head: ExchangeID, by id: ClientID, _ endpoint: String?) {
        var candidate = head
        while let exchange = exchanges[candidate] {
            // What was to be passed through has gone with its socket; what is left of it waits for the other side.
            if exchange.state != .abandoned, exchange.endpoint?.path == endpoint, !clients.contains(exchange.client) {
                exchanges[candidate]?.client = id
                exchanges[candidate]?.adopted = true
                exchanges[candidate]?.orphaned = .distantFuture
                clients[id]?.open += 1
            }
            candidate = exchange.next
        }
    }

    /// Keeps a reply for the session's next socket; a session without a token has none to come.
    mutating func park(_ reply: [UInt8], for endpoint: String?, of sessionID: SessionID, now: Instant) {
        guard let session = sessions[sessionID], !session.isAnonymous, draining == nil else {
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

    private mutating func expireParked(_ sessionID: SessionID, now: Instant) {
        guard let before = sessions[sessionID]?.parked, !before.isEmpty else { return }
        tally.parkedExpired += sessions[sessionID]?.parked.expire(now: now) ?? 0
        recountParked(from: before, to: sessions[sessionID]?.parked)
    }

    private mutating func recountParked(from before: ParkedReplies, to after: ParkedReplies?) {
        parkedBytes += (after?.bytes ?? 0) - before.bytes
        parkedCount += (after?.replies.count ?? 0) - before.replies.count
    }

    private mutating func arm(session id: SessionID, now: Instant) {
        guard let session = sessions[id] else { return }
        var deadline = session.parked.nextExpiry
        // Past the linger only what is parked is waited for.
        if let alone = session.alone, now < alone + table.definition.session.linger {
            deadline = min(deadline, alone + table.definition.session.linger)
        }
        var armed = session.armed
        wheel.arm(.session(id), at: deadline, armed: &armed)
        sessions[id]?.armed = armed
    }

    mutating func look(at id: SessionID, _ turn: inout Turn) {
        guard let armed = sessions[id]?.armed, armed <= turn.now else { return }
        sessions[id]?.armed = .distantFuture
        expireParked(id, now: turn.now)
        settle(session: id, &turn)
        arm(session: id, now: turn.now)
    }

    /// Ends a session that has no socket, nothing under way and nothing to remember; else makes sure that it is looked
    /// at again.
    mutating func settle(session id: SessionID, _ turn: inout Turn) {
        guard let session = sessions[id], session.clients.isEmpty, let alone = session.alone else { return }
        if session.open > 0 {
            if session.isAnonymous { endStreams(of: id, &turn) }
            guard sessions[id]?.open == 0 else { return }
        }
        let lingers = !session.isAnonymous && draining == nil
        if lingers && (turn.now < alone + table.definition.session.linger || !session.parked.isEmpty) {
            // Past the linger the connections go, whatever is still parked.
            if turn.now >= alone + table.definition.session.linger { releasePools(of: id, &turn) }
            return arm(session: id, now: turn.now)
        }
        releasePools(of: id, &turn)
        if let session = sessions.remove(id) {
            parkedBytes -= session.parked.bytes
            parkedCount -= session.parked.replies.count
            tally.parkedExpired += session.parked.replies.count
            if let key = session.key { sessionsByKey[key] = nil }
        }
    }

    private mutating func releasePools(of id: SessionID, _ turn: inout Turn) {
        for pool in sessions[id]?.pools ?? [] { remove(pool: pool, &turn) }
        sessions[id]?.pools = []
    }
}
