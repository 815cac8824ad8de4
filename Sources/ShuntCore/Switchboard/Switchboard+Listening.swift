/// Connections for sockets that only listen: dialled when a socket opens (`dial`), greetings kept for those that come
/// later.
extension Switchboard {
    /// A socket opened: what is to be dialled for it is.
    mutating func dialOnConnect(_ id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id], !client.isRaw, draining == nil else { return }
        if client.endpoint == nil {
            for route in table.listeningRoutes { seat(of: id, table.routes[route], &turn) }
        } else if let place = client.seats.first, seats[place.seat]?.side == .unified {
            take(place.seat, of: id, &turn)
        }
    }

    /// The same for one route of a socket of the unified endpoint, where the side that serves it says so.
    private mutating func seat(of id: ClientID, _ route: Route, _ turn: inout Turn) {
        let seat = seat(of: id, route, now: turn.now)
        guard let side = seats[seat]?.side, let dial = route.upstream(side)?.settings.dial, dial != .onMessage else {
            return
        }
        take(seat, of: id, &turn)
    }

    private mutating func take(_ seat: SeatID, of id: ClientID, _ turn: inout Turn) {
        let pool = findPool(of: seat)
        seats[seat]?.pool = pool
        want(pool, by: id)
        pump(pool, &turn)
    }

    /// A connection is to be there for a socket from now on, if its settings say so and none is; `pump` sees to it.
    mutating func want(_ poolID: PoolID, by id: ClientID) {
        guard let pool = pools[poolID], pool.current.isNone, !pool.isRemoved, wants(id, pool.upstream),
            let client = clients[id]
        else { return }
        pools[poolID]?.isWanted = true
        pools[poolID]?.handshake = client.handshake
        pools[poolID]?.lastClient = id
    }

    /// A pool has lost its connection: who only listens would hear nothing any more.
    ///
    /// - Parameter isOurs: we have ended it, for no fault of it.
    mutating func wantAgain(_ poolID: PoolID, isOurs: Bool) {
        guard let upstream = pools[poolID]?.upstream, pools[poolID]?.isRemoved == false else { return }
        let times = [upstream.settings.dial, upstream.settings.dialForLegacy]
        if times.contains(.keep) || isOurs && times.contains(.onConnect) { pools[poolID]?.isWanted = true }
    }

    /// Dials for sockets that are there and want it, or stops to. Not while their routes are paused, so that a backend
    /// gets empty: the resume pumps.
    ///
    /// - Returns: whether it may be dialled now or later, at `listenTime`.
    mutating func dialWanted(_ poolID: PoolID, _ turn: inout Turn) -> Bool {
        guard let pool = pools[poolID], pool.current.isNone else { return false }
        guard draining == nil, !pool.expired, !pool.isRemoved, isListenedTo(poolID) else {
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
        guard pool.isThrough, case .client(let owner) = pool.key.owner else { return false }
        return throughPools(of: owner).contains { pools[$0]?.connections.isEmpty == false }
    }

    /// When a pool without a connection may be dialled for a message.
    mutating func dialTime(_ id: PoolID) -> Instant {
        guard let backoff = pools[id]?.backoff.until, let breaker = pools[id]?.dialNotBefore else {
            return .distantFuture
        }
        return max(backoff, breaker)
    }

    /// When a pool without a connection may be dialled for who only listens.
    mutating func listenTime(_ id: PoolID) -> Instant {
        max(dialTime(id), pools[id]?.listensFrom ?? .distantFuture)
    }

    /// What many listeners are to be dialled for at the same time is dialled a hundred a second, or in ten seconds where
    /// there are more: nobody waits for an answer, and a backend that all came to at once would have none for those who do.
    mutating func spreadListening(to ids: [PoolID], now: Instant) {
        var wanted: [PoolID] = []
        for id in ids where pools[id]?.isWanted == true && pools[id]?.current.isNone == true && isListenedTo(id) {
            wanted.append(id)
        }
        guard wanted.count > 1 else { return }
        let needed = TimeSpan.milliseconds(10).times(Int64(wanted.count))
        for id in wanted { pools[id]?.listensFrom = now + random.span(upTo: min(.seconds(10), needed)) }
    }

    /// Whether somebody listens to a pool's connection who may say nothing for long.
    mutating func isListenedTo(_ poolID: PoolID) -> Bool {
        guard let pool = pools[poolID] else { return false }
        return listener(to: poolID, pool, throughPause: true) != nil
    }

    /// The newest socket that uses a pool and wants a connection to be there.
    ///
    /// - Parameter throughPause: counts those whose route is paused, too.
    private func listener(to poolID: PoolID, _ pool: Pool, throughPause: Bool) -> ClientID? {
        if pool.upstream.settings.dial == .onMessage, pool.upstream.settings.dialForLegacy == .onMessage { return nil }
        return sessions[pool.session]?.clients.last { id in
            wants(id, pool.upstream)
                && clients[id]?.seats.contains { place in
                    guard let seat = seats[place.seat], seat.pool == poolID else { return false }
                    return throughPause || !seat.route.isPaused
                } == true
        }
    }

    private func wants(_ id: ClientID, _ upstream: Upstream) -> Bool {
        guard let client = clients[id], !client.isRaw, !client.isArriving else { return false }
        let settings = upstream.settings
        return (client.endpoint == nil ? settings.dial : settings.dialForLegacy) != .onMessage
    }

    // MARK: Greetings

    /// Keeps a greeting for sockets that come later.
    mutating func keepGreeting(_ id: ConnectionID, _ rules: ReplyRules, _ bytes: Span<UInt8>) {
        // Who has no token, or connections of its own, has no later socket that uses this one.
        guard let pool = connections[id]?.pool, case .session(let session)? = pools[pool]?.key.owner,
            sessions[session]?.isAnonymous == false, !isOverloaded
        else { return }
        let type = rules.kind(envelope).map { copy(bytes, $0.start..<$0.end) } ?? []
        var kept = greetings[id] ?? KeptGreetings()
        greetingBytes -= kept.bytes
        kept.keep(copy(bytes, 0..<bytes.count), type: type, rules)
        greetingBytes += kept.bytes
        greetings[id] = kept.list.isEmpty ? nil : kept
    }

    /// Its connection ends.
    mutating func dropGreetings(of id: ConnectionID) {
        if let kept = greetings.removeValue(forKey: id) { greetingBytes -= kept.bytes }
    }

    /// Gives a socket that comes later what backends said first on the connections that it will use.
    mutating func greetAgain(_ id: ClientID, _ turn: inout Turn) {
        guard greetingBytes > 0, let client = clients[id] else { return }
        for poolID in sessions[client.session]?.pools ?? [] {
            guard let pool = pools[poolID], let kept = greetings[pool.current],
                pool.key.vary == Self.varied(pool.upstream, client.handshake)
            else { continue }
            if client.endpoint != nil, !isServed(client, by: pool) { continue }
            clients[id]?.greetings.append(Greeting(pool: poolID, connection: pool.current))
            for greeting in kept.list { give(greeting, of: pool, to: id, &turn) }
        }
    }

    /// Whether an old client's messages go to a pool's upstream.
    private func isServed(_ client: Client, by pool: Pool) -> Bool {
        guard let place = client.seats.first, let seat = seats[place.seat] else { return false }
        return seat.route.upstream(seat.side) === pool.upstream
    }

    private mutating func give(
        _ greeting: KeptGreetings.Greeting, of pool: Pool, to id: ClientID, _ turn: inout Turn
    ) {
        let message = greeting.message
        guard let upstream = connections[pool.current]?.upstream,
            envelope.scan(message.span, for: upstream.replyKeys, nesting: .max, early: false) == .object
        else { return }
        var splice = shapedPush(of: pool, upstream, greeting.rules, message.span, &turn)
        turn.effects.splices.hold(message, for: splice)
        if let endpoint = clients[id]?.endpoint { splice = restored(splice, message: Span(), endpoint, &turn) }
        turn.effects.list.append(.deliver(id, splice))
        pushed(pool.current, .forwarded)
    }
}
