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
        if let found = sessions.found(by: identity.key) {
            sessions[found]?.show(identity)
            return found
        }
        return sessions.insert(Session(of: identity, shortName: identity.key.shortName(keyedBy: hashKey)))
    }

    /// What is still under way for sockets of the session that are gone is this next one's from now on, if it connected
    /// to the same endpoint.
    mutating func adopt(by id: ClientID, of sessionID: SessionID) {
        guard let session = sessions[sessionID], !session.isAnonymous, session.pending > 0 else { return }
        let endpoint = clients[id]?.endpoint?.path
        for pool in session.pools {
            adopt(from: pools[pool]?.line.head ?? .none, by: id, endpoint)
            for connection in pools[pool]?.links.all ?? [] {
                adopt(from: links[connection]?.unanswered.head ?? .none, by: id, endpoint)
            }
        }
    }

    mutating func adopt(from head: ExchangeID, by id: ClientID, _ endpoint: String?) {
        var candidate = head
        while let exchange = exchanges[candidate] {
            // What was to be passed through has gone with its socket; what is left of it waits for the other side.
            if exchange.state != .abandoned, exchange.endpoint?.path == endpoint, !clients.contains(exchange.client) {
                exchanges[candidate]?.client = id
                exchanges[candidate]?.adopted = true
                exchanges[candidate]?.orphaned = .distantFuture
                clients[id]?.accepted()
            }
            candidate = exchange.next
        }
    }

    /// Ends a session that has no socket, nothing under way and nothing to remember; else makes sure that it is looked
    /// at again.
    mutating func endIfUnused(session id: SessionID, _ turn: inout Turn) {
        guard let session = sessions[id], session.clients.isEmpty, let alone = session.detachedSince else { return }
        if session.pending > 0 {
            if session.isAnonymous { endStreams(of: id, &turn) }
            guard sessions[id]?.pending == 0 else { return }
        }
        let lingers = !session.isAnonymous && draining == nil
        if lingers && (turn.now < alone + table.definition.session.linger || !session.parked.isEmpty) {
            // Past the linger the connections go, whatever is still parked.
            if turn.now >= alone + table.definition.session.linger { releasePools(of: id, &turn) }
            return schedule(session: id, now: turn.now)
        }
        releasePools(of: id, &turn)
        tally.parkedExpired += sessions.remove(id)
    }

    mutating func releasePools(of id: SessionID, _ turn: inout Turn) {
        for pool in sessions[id]?.pools ?? [] { remove(pool: pool, &turn) }
        sessions[id]?.pools = []
    }
}
