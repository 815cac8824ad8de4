/// Connections are dialled when a message waits for one, and lost for reasons that are somebody's.
extension Switchboard {
    /// Orders a dial unless the pool's backoff or the upstream's breaker says to wait; `arm(pool:)` comes back then.
    mutating func dial(_ poolID: PoolID, _ turn: inout Turn) {
        guard let pool = pools[poolID], pool.links.current.isNone, !pool.isRemoved else { return }
        let first = firstSendable(poolID)
        if first.isNone && !pool.isWanted || turn.now < pool.backoff.until || turn.now < pool.dialNotBefore { return }
        if hasExpired(pool.session, now: turn.now) { return failWaiting(poolID, .sessionExpired, &turn) }
        let upstream = pool.upstream
        // Who is passed through has a connection of its own, and an upstream that is down is its own to hear of.
        if pool.isPassthrough { return dialPassthrough(poolID, &turn) }
        let permission = breakers.permission(
            upstream.index, now: turn.now, patience: upstream.settings.longestDial)
        if case .wait(let until) = permission {
            pools[poolID]?.dialNotBefore = until
            if !pool.awaitsBreaker {
                pools[poolID]?.awaitsBreaker = true
                breakers.addWaiting(poolID, for: upstream.index, in: pools)
            }
            return fallBack(poolID, &turn)
        }
        let head = exchanges[first]
        let cause = head?.client ?? pool.lastClient
        let credential = sessions[pool.session]?.credential
        let id = links.insert(
            Connection(
                pool: poolID, upstream: upstream, passage: .routed, dialledFor: (cause, credential),
                occasion: first.isNone ? .listening : .messageWaits, now: turn.now))
        pools[poolID]?.links.add(id)
        tally.dials += 1
        meterDial(pool.key.upstream)
        // Whoever took a message over may be of another pool: only its sender's handshake will do.
        let sender = head?.adopted == false ? clients[cause]?.handshake : nil
        let handshake = sender ?? pool.handshake
        var request = UpstreamRequest(
            upstream: upstream.settings, client: handshake, credential: credential,
            claims: sessions[pool.session]?.known)
        renew(&request, of: handshake, upstream, credential)
        turn.effects.dials.append(
            DialOrder(upstream: upstream, request: request, takesPlace: first.isNone && credential == nil))
        turn.effects.list.append(.dial(id, order: turn.effects.dials.count - 1))
    }

    /// A client's words may show an older token than its session's, in another place than the upstream's own.
    private func renew(
        _ request: inout UpstreamRequest, of client: Handshake, _ upstream: Upstream, _ credential: Credential?
    ) {
        let sources = table.definition.session.token
        guard let credential, sources.count > 1 || sources.first != upstream.settings.credential else { return }
        request.renew(credential, in: sources, but: upstream.settings.credential, of: client)
    }

    /// Whether what a session's dials would show has had its time.
    private func hasExpired(_ id: SessionID, now: Instant) -> Bool {
        guard let end = sessions[id]?.goodUntil, end < .distantFuture else { return false }
        return end <= now
    }

    /// What waits for an upstream that is down goes to the other side, where its route says so.
    mutating func fallBack(_ poolID: PoolID, _ turn: inout Turn) {
        guard let upstream = pools[poolID]?.upstream, upstream.isUnified,
            breakers.refuses(upstream.index, now: turn.now)
        else { return }
        // By the first message of each socket: the others look when their turn comes.
        var waiting: [(seat: SeatID, conversation: [UInt8])] = []
        var seen: Set<SeatID> = []
        var candidate = pools[poolID]?.line.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.route.fallsBack, seen.insert(exchange.seat).inserted {
                waiting.append((exchange.seat, pinKey(exchange.seat, exchange.conversation)))
            }
            candidate = exchange.next
        }
        for (seat, conversation) in waiting where seats[seat]?.side == .unified {
            let side = wantedSide(seat, conversation: conversation, now: turn.now)
            if side == .legacy { flip(seat, to: side, &turn) }
        }
    }

    /// Dials for sockets that are there and want it, or stops to. Not while their routes are paused, so that a backend
    /// gets empty: the resume pumps.
    ///
    /// - Returns: whether it may be dialled now or later, at `listenTime`.
    mutating func dialWanted(_ poolID: PoolID, _ turn: inout Turn) -> Bool {
        guard let pool = pools[poolID], pool.links.current.isNone else { return false }
        guard draining == nil, !pool.credentialsRejected, !pool.isRemoved, isListenedTo(poolID),
            !hasExpired(pool.session, now: turn.now)
        else {
            pools[poolID]?.isWanted = false
            return false
        }
        guard let listener = listener(to: poolID, pool, throughPause: false), !awaitsPredecessor(pool) else {
            return false
        }
        if let handshake = clients[listener]?.handshake {
            pools[poolID]?.handshake = handshake
            pools[poolID]?.lastClient = listener
        }
        if turn.now >= pool.listensFrom { dial(poolID, &turn) }
        return true
    }

    /// An old client's own connections come one after the other: what ends the next one ends its client. The end of the
    /// old one pumps.
    private func awaitsPredecessor(_ pool: Pool) -> Bool {
        guard let owner = pool.passage.client else { return false }
        return passthroughPools(of: owner).contains { pools[$0]?.links.all.isEmpty == false }
    }

    /// Dials a client's own connection: at once for one that arrives, else when a message waits.
    mutating func dialPassthrough(_ poolID: PoolID, _ turn: inout Turn) {
        guard let pool = pools[poolID], let id = pool.passage.client, let client = clients[id] else { return }
        let credential = sessions[client.session]?.credential
        let connection = links.insert(
            Connection(
                pool: poolID, upstream: pool.upstream, passage: pool.passage, dialledFor: (id, credential),
                occasion: client.isArriving ? .arrival : pool.line.isEmpty ? .listening : .messageWaits, now: turn.now))
        pools[poolID]?.links.add(connection)
        tally.dials += 1
        meterDial(pool.key.upstream)
        let values = client.endpoint?.pattern?.values(in: client.handshake.path) ?? [:]
        var request = UpstreamRequest(
            upstream: pool.upstream.settings, client: client.handshake, credential: credential,
            claims: sessions[client.session]?.known, passing: client.isRaw ? .raw : .managed, values: values)
        renew(&request, of: client.handshake, pool.upstream, credential)
        turn.effects.dials.append(
            DialOrder(upstream: pool.upstream, request: request, through: .init(client: id, isRaw: client.isRaw)))
        turn.effects.list.append(.dial(connection, order: turn.effects.dials.count - 1))
    }
}

/// Who is to blame for a dial that came to nothing, and so who waits.
package enum Fault: Sendable { case upstream, session, ours }

extension DialFailure {
    package var fault: Fault {
        switch self {
        case .connect, .nameNotResolved, .connectTimeout, .handshakeTimeout, .unanswered, .tls: .upstream
        case .refused(let status): status >= 500 ? .upstream : .session
        case .badHandshake, .opening: .session
        case .noLocalAddress, .limit: .ours
        }
    }
}
