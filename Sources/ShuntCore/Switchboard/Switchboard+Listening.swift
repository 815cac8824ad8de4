/// Connections for sockets that only listen: dialled when a socket opens (`dial`), greetings kept for those that come
/// later.
extension Switchboard {
    /// A connection is to be there for a socket from now on, if its settings say so and none is; `pump` sees to it.
    mutating func want(_ poolID: PoolID, by id: ClientID) {
        guard let pool = pools[poolID], pool.links.current.isNone, !pool.isRemoved, wants(id, pool.upstream),
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
        for id in ids where pools[id]?.isWanted == true && pools[id]?.links.current.isNone == true && isListenedTo(id) {
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
    func listener(to poolID: PoolID, _ pool: Pool, throughPause: Bool) -> ClientID? {
        if pool.upstream.settings.dial == .onMessage, pool.upstream.settings.dialForLegacy == .onMessage { return nil }
        return sessions[pool.session]?.clients.last { id in
            wants(id, pool.upstream)
                && clients[id]?.seats.contains { place in
                    guard let seat = seats[place.seat], seat.pool == poolID else { return false }
                    return throughPause || !seat.route.isPaused
                } == true
        }
    }

    func wants(_ id: ClientID, _ upstream: Upstream) -> Bool {
        guard let client = clients[id], !client.isRaw, !client.isArriving else { return false }
        let settings = upstream.settings
        return (client.endpoint == nil ? settings.dial : settings.dialForLegacy) != .onMessage
    }
}
