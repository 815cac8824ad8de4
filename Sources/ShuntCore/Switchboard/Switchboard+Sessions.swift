/// Sessions: found by their token, kept a while after their last socket, ended whole.
extension Switchboard {
    mutating func session(for token: ByteString?) -> SessionID {
        if let token, let found = sessionsByToken[token], sessions.contains(found) { return found }
        let name: [UInt8]
        if let token {
            name = SessionHash.short(token: token, key: hashKey)
        } else {
            // A client without a token: nothing identifies it, so its name is drawn.
            name = SessionHash.short(token: ByteString(String(random.next(), radix: 16)), key: hashKey)
        }
        let id = sessions.insert(Session(token: token, shortName: name))
        if let token { sessionsByToken[token] = id }
        return id
    }

    /// What is still under way for sockets of the session that are gone is this next one's from now on, if it connected
    /// to the same endpoint.
    mutating func adopt(by id: ClientID, of sessionID: SessionID) {
        guard let session = sessions[sessionID], session.token != nil, session.pending > 0 else { return }
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
            if session.token == nil { endStreams(of: id, &turn) }
            guard sessions[id]?.pending == 0 else { return }
        }
        let lingers = session.token != nil && draining == nil
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
            if let token = session.token { sessionsByToken[token] = nil }
        }
    }

    private mutating func releasePools(of id: SessionID, _ turn: inout Turn) {
        for pool in sessions[id]?.pools ?? [] { remove(pool: pool, &turn) }
        sessions[id]?.pools = []
    }
}
