/// Messages wait for their turn and are forwarded.
extension Switchboard {
    /// How long the message that comes behind `ahead` others must wait for the session's pace.
    private func paceWait(of pool: Pool, ahead: Int, now: Instant) -> TimeSpan {
        sessions[pool.session]?.paces[pool.upstream.index]?.wait(ahead: ahead, now: now)
            ?? WindowPace(pool.upstream.settings.pace).wait(ahead: ahead, now: now)
    }

    /// Keeps a message until it can be sent, or refuses it where the bounds are reached.
    mutating func enqueue(
        _ exchange: Exchange, _ bytes: Span<UInt8>, isGated: Bool, _ turn: inout Turn
    ) {
        guard let pool = pools[exchange.pool] else { return }
        let settings = pool.upstream.settings
        let (client, seat) = (exchange.client, exchange.seat)
        // What the other side will serve is no business of this one's backend.
        let isAstray = isAstray(exchange, now: turn.now)
        if pool.credentialsRejected, !isAstray {
            return refuse(client, .sessionExpired, on: seat, members: echoedMembers(bytes), &turn)
        }
        let ahead = waiting(in: pool, isGated: isGated)
        let full =
            ahead.messages >= settings.queue.messages
            || ahead.messages > 0 && ahead.bytes &+ bytes.count > settings.queue.bytes
        if full {
            let code: ErrorCode = exchange.route.isPaused ? .routePaused : .queueFull
            return refuse(client, code, on: seat, members: echoedMembers(bytes), &turn)
        }
        if !settings.pace.isEmpty, !isAstray {
            let wait = paceWait(of: pool, ahead: ahead.messages, now: turn.now)
            if wait > settings.queue.timeout {
                let members = echoedMembers(bytes) + [("retry_after", decimalSeconds(wait))]
                return refuse(client, .rateLimited, on: seat, members: members, &turn)
            }
        }
        if isAstray || isGated || namesMayCome(exchange.pool, pool.upstream) { pools[exchange.pool]?.line.gate() }
        if let handshake = clients[client]?.handshake { pools[exchange.pool]?.handshake = handshake }
        var exchange = exchange
        exchange.isAstray = isAstray
        wait(exchange, bytes, now: turn.now)
        pump(exchange.pool, &turn)
    }

    /// What stands before a further message. What waits for its route's resume or for the other side's end is bounded
    /// by itself, so that it takes no room from routes that go on.
    mutating func waiting(in pool: Pool, isGated: Bool) -> (messages: Int, bytes: Int) {
        if !pool.line.hasGated, !isGated { return (pool.line.count, pool.line.bytes) }
        var (messages, bytes) = (0, 0)
        var candidate = pool.line.head
        while let size = exchanges[candidate]?.size {
            if self.isGated(candidate) == isGated {
                messages += 1
                bytes += size
            }
            candidate = exchanges[candidate]?.next ?? .none
        }
        return (messages, bytes)
    }

    /// Sends what may be sent, dials where there is nothing to send over, and sees to the pool's timers.
    mutating func pump(_ poolID: PoolID, _ turn: inout Turn) {
        guard hasWaiting(poolID, &turn) else { return }
        if pools[poolID]?.credentialsRejected == true { failWaiting(poolID, .sessionExpired, &turn) }
        if pools[poolID]?.line.hasOneWay == true { placeOneWays(poolID, now: turn.now) }
        var next = firstSendable(poolID)
        while !next.isNone {
            if !goesToOtherSide(next, now: turn.now) {
                guard takeTurn(poolID, now: turn.now) else { break }
                sendHeld(next, &turn)
            }
            next = firstSendable(poolID)
        }
        if pools[poolID]?.line.hasOneWay == true {
            sendOneWays(poolID, &turn)
            next = firstSendable(poolID)
        }
        guard hasWaiting(poolID, &turn) else { return }
        if next.isNone {
            // Nothing waits for a connection; something may wait for more than that.
            pools[poolID]?.line.setReady(true, now: turn.now)
            let listens = pools[poolID]?.isWanted == true && dialWanted(poolID, &turn)
            schedule(pool: poolID, dialsAt: listens ? listenTime(poolID) : .distantFuture, now: turn.now)
            return
        }
        if pools[poolID]?.links.current.isNone == true { dial(poolID, &turn) }
        let ready = isReady(poolID)
        pools[poolID]?.line.setReady(ready, now: turn.now)
        schedule(pool: poolID, dialsAt: dialTime(poolID), now: turn.now)
    }

    /// Whether messages wait in a pool; if not, all is done that is left to do for it.
    private mutating func hasWaiting(_ poolID: PoolID, _ turn: inout Turn) -> Bool {
        switch pools.at(poolID)?.pointee.work(now: turn.now) {
        case .messagesWait: return true
        case .connectionIsWanted:
            if dialWanted(poolID, &turn) { schedule(pool: poolID, dialsAt: listenTime(poolID), now: turn.now) }
        case .nothing, nil: break
        }
        return false
    }

    /// Arms a pool for what time alone changes. What hinders its messages ends by an event, and that pumps.
    ///
    /// - Parameter time: when it may be dialled, where a connection is wanted; `.distantFuture` where none is.
    mutating func schedule(pool id: PoolID, dialsAt time: Instant, now: Instant) {
        guard let pool = pools[id], !pool.isAtRest else { return }
        var deadline = pool.line.hasPaused ? pauseDeadline(of: id) : .distantFuture
        if !pool.line.isReady, let started = exchanges[longestWaiting(in: id)]?.unreadyAtStart {
            deadline = min(
                deadline, pool.line.deadline(started: started, timeout: pool.upstream.settings.queue.timeout))
        }
        if pool.links.current.isNone {
            // What is over already was no obstacle: to come back for it would be to come back at once, for ever.
            if time > now { deadline = min(deadline, time) }
        } else if !pool.upstream.settings.pace.isEmpty, isReady(id),
            let pace = sessions[pool.session]?.paces[pool.upstream.index]
        {
            let wait = pace.wait(now: now)
            if wait > .zero { deadline = min(deadline, now + wait) }
        }
        var armed = pool.armed
        wheel.arm(.pool(id), at: max(deadline, now), armed: &armed)
        pools[id]?.armed = armed
    }

    /// When the first message has waited long enough for its route's resume.
    private mutating func pauseDeadline(of id: PoolID) -> Instant {
        guard let timeout = pools[id]?.upstream.settings.queue.timeout else { return .distantFuture }
        var earliest = Instant.distantFuture
        var candidate = pools[id]?.line.head ?? .none
        while let next = exchanges[candidate]?.next {
            if let since = exchanges[candidate]?.pausedSince { earliest = min(earliest, since + timeout) }
            candidate = next
        }
        if earliest == .distantFuture { pools[id]?.line.resume() }
        return earliest
    }

    /// The message of a pool's queue that has waited longest for its connection: the first one, or one behind those whose
    /// patience began later because they wait again, or came from the other side.
    mutating func longestWaiting(in id: PoolID) -> ExchangeID {
        var longest = ExchangeID.none
        var least = TimeSpan.zero
        let isMixed = pools[id]?.line.hasGated == true
        var candidate = firstSendable(id)
        while let started = exchanges[candidate]?.unreadyAtStart {
            if longest.isNone || started < least, waitsForConnection(candidate) {
                (longest, least) = (candidate, started)
            }
            if !isMixed, exchanges[candidate]?.retried == false { break }
            candidate = exchanges[candidate]?.next ?? .none
        }
        return longest
    }

    /// Whether a queued message waits for a connection, and for nothing else.
    mutating func waitsForConnection(_ id: ExchangeID) -> Bool {
        exchanges[id]?.isAstray == false && !isGated(id)
    }
}
