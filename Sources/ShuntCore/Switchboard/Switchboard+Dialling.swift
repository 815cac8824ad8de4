/// Connections are dialled when a message waits for one, and lost for reasons that are somebody's.
extension Switchboard {
    /// Orders a dial unless the pool's backoff or the upstream's breaker says to wait; `arm(pool:)` comes back then.
    mutating func dial(_ poolID: PoolID, _ turn: inout Turn) {
        guard let pool = pools[poolID], pool.current.isNone, !pool.isRemoved else { return }
        let first = firstSendable(poolID)
        if first.isNone && !pool.isWanted || turn.now < pool.backoff.until || turn.now < pool.dialNotBefore { return }
        let upstream = pool.upstream
        // Who is passed through has a connection of its own, and an upstream that is down is its own to hear of.
        if pool.isThrough { return dialThrough(poolID, &turn) }
        let permission = breakers[upstream.index].permission(now: turn.now, patience: upstream.settings.longestDial)
        if case .wait(let until) = permission {
            pools[poolID]?.dialNotBefore = until
            waitForBreaker(poolID, upstream.index)
            return fallBack(poolID, &turn)
        }
        let head = exchanges[first]
        let cause = head?.client ?? pool.lastClient
        let credential = sessions[pool.session]?.credential
        var made = Connection(
            pool: poolID, upstream: upstream, cause: cause, isForListener: first.isNone, now: turn.now)
        made.credential = credential
        let id = connections.insert(made)
        pools[poolID]?.current = id
        pools[poolID]?.connections.append(id)
        tally.dials += 1
        meterDial(pool.key.upstream)
        // Whoever took a message over may be of another pool: only its sender's handshake will do.
        let sender = head?.adopted == false ? clients[cause]?.handshake : nil
        let handshake = sender ?? pool.handshake
        let request = UpstreamRequest(upstream: upstream.settings, client: handshake, credential: credential)
        turn.effects.dials.append(
            DialOrder(upstream: upstream, request: request, takesPlace: first.isNone && credential == nil))
        turn.effects.list.append(.dial(id, order: turn.effects.dials.count - 1))
    }

    package mutating func connectionReady(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = connections[id], connection.state == .dialling else { return }
        let settings = connection.upstream.settings
        connections[id]?.state = .ready
        connections[id]?.keepalive.heard(turn.now)
        if let cause = clients[connection.cause], cause.isArriving, connection.isThrough {
            admit(connection.cause, id, &turn)
        }
        connections[id]?.idleSince = turn.now
        if connection.isThrough, !connection.isRaw, let upstream = pools[connection.pool]?.upstream,
            upstream !== connection.upstream
        {
            // It was dialled by settings that are no more: it has answered the handshake, and carries nothing.
            retire(id, .configuration, &turn)
        }
        beginOpening(id, &turn)
        if connections[id]?.state == .ready { pools[connection.pool]?.isWanted = false }
        // Up to a tenth earlier, so that connections dialled together do not end together.
        let jitter = random.span(upTo: TimeSpan(nanoseconds: settings.lifetime.nanoseconds / 10))
        connections[id]?.expires = turn.now + TimeSpan(nanoseconds: settings.lifetime.nanoseconds - jitter.nanoseconds)
        pools[connection.pool]?.failing = false
        pools[connection.pool]?.dialNotBefore = Instant(nanoseconds: .min)
        arm(connection: id)
        stopReadingForCongestedOwner(id, &turn)
        pump(connection.pool, &turn)
        // With nothing left to carry it has no reason to stay.
        loosened.append(.pool(connection.pool))
        upstreamAnswered(connection.upstreamIndex, &turn)
        settleLoosened(&turn)
    }

    /// Remembers a pool, once, until the upstream is back.
    private mutating func waitForBreaker(_ pool: PoolID, _ upstream: Int) {
        guard pools[pool]?.awaitsBreaker == false else { return }
        pools[pool]?.awaitsBreaker = true
        waitingForBreaker[upstream].append(pool)
        // Pools that ended during a long outage are still listed: they must not add up.
        if waitingForBreaker[upstream].count > 2 * pools.count + 64 {
            waitingForBreaker[upstream].removeAll { !pools.contains($0) }
        }
    }

    /// The upstream showed that it is there: whoever waited for that goes on.
    private mutating func upstreamAnswered(_ upstream: Int, _ turn: inout Turn) {
        guard upstream >= 0, breakers[upstream].succeeded() else { return }
        turn.effects.list.append(.note(.breakerClosed(upstream: upstream)))
        wakeWaiting(upstream, &turn)
    }

    private mutating func wakeWaiting(_ upstream: Int, _ turn: inout Turn) {
        let waiting = waitingForBreaker[upstream]
        waitingForBreaker[upstream] = []
        spreadListening(to: waiting, now: turn.now)
        for pool in waiting {
            pools[pool]?.dialNotBefore = Instant(nanoseconds: .min)
            pools[pool]?.awaitsBreaker = false
            pump(pool, &turn)
        }
    }

    package mutating func connectionFailed(
        _ id: ConnectionID, _ failure: DialFailure, _ turn: inout Turn
    ) {
        guard let connection = connections[id], connection.state == .dialling else { return }
        forget(id)
        tally.dialsFailed += 1
        meterFailure(connection.upstreamIndex, failure)
        turn.effects.list.append(
            .note(.dialFailed(upstream: connection.upstreamIndex, failure, isOwn: connection.isThrough)))
        if connection.isThrough, clients[connection.cause]?.isArriving == true {
            turnAway(connection.cause, id, &turn)
            return settleLoosened(&turn)
        }
        pools[connection.pool]?.failing = true
        if !connection.isThrough, case .refused(let status) = failure,
            let meaning = connection.upstream.settings.refusals[status]
        {
            refused(connection, meaning, &turn)
            fallBack(connection.pool, &turn)
            pump(connection.pool, &turn)
            return settleLoosened(&turn)
        }
        switch failure.fault {
        case .upstream:
            if !connection.isThrough {
                upstreamFailed(connection.upstreamIndex, connection.upstream.settings, &turn)
            }
            // Whether it is back is the breaker's to find out; the pool itself comes again soon.
            pools[connection.pool]?.backoff.failed(now: turn.now, cap: .seconds(1), random: &random)
        case .session:
            pools[connection.pool]?.backoff.failed(now: turn.now, random: &random)
            failWaiting(connection.pool, .upstreamUnavailable, &turn)
            // It refused this session, so it is there for others.
            upstreamAnswered(connection.upstreamIndex, &turn)
        case .ours:
            pools[connection.pool]?.backoff.failed(now: turn.now, cap: .seconds(1), random: &random)
        }
        fallBack(connection.pool, &turn)
        pump(connection.pool, &turn)
        settleLoosened(&turn)
    }

    /// The backend answered a dial with a status that has a meaning: it is there, whatever the status.
    private mutating func refused(
        _ connection: Connection, _ meaning: CloseMeaning, _ turn: inout Turn
    ) {
        pools[connection.pool]?.backoff.failed(now: turn.now, random: &random)
        heed(meaning, for: connection.pool, &turn)
        upstreamAnswered(connection.upstreamIndex, &turn)
    }

    /// What waits for an upstream that is down goes to the other side, where its route says so.
    private mutating func fallBack(_ poolID: PoolID, _ turn: inout Turn) {
        guard let upstream = pools[poolID]?.upstream, upstream.isUnified,
            breakers[upstream.index].refuses(now: turn.now)
        else { return }
        // By the first message of each socket: the others look when their turn comes.
        var waiting: [(seat: SeatID, conversation: [UInt8])] = []
        var seen: Set<SeatID> = []
        var candidate = pools[poolID]?.queue.head ?? .none
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

    mutating func upstreamFailed(
        _ upstream: Int, _ settings: UpstreamSettings, _ turn: inout Turn
    ) {
        guard upstream >= 0 else { return }
        let opened = breakers[upstream].failed(
            now: turn.now, limit: settings.breakerFailures, pause: settings.breakerOpen)
        if opened { turn.effects.list.append(.note(.breakerOpened(upstream: upstream))) }
    }

    /// Everything that waits in a pool for its connection ends with an error.
    mutating func failWaiting(_ pool: PoolID, _ code: ErrorCode, _ turn: inout Turn) {
        while true {
            var candidate = pools[pool]?.queue.head ?? .none
            while let exchange = exchanges[candidate], exchange.isAstray, seats[exchange.seat]?.pool == pool,
                pools[pool]?.isRemoved == false
            {
                candidate = exchange.next
            }
            if candidate.isNone { return }
            fail(candidate, code, &turn)
        }
    }

    /// Takes a connection out of everything that knows it. Nothing is outstanding on it any more.
    mutating func forget(_ id: ConnectionID) {
        guard let connection = connections.remove(id) else { return }
        if greetingBytes > 0 { dropGreetings(of: id) }
        pools[connection.pool]?.connections.removeAll { $0 == id }
        if pools[connection.pool]?.current == id {
            pools[connection.pool]?.current = .none
            wantAgain(connection.pool, isOurs: false)
        }
        // Its client may wait for its end, to be dialled for anew.
        if connection.isThrough, let client = clients[connection.cause], let seat = client.seats.first?.seat,
            let pool = seats[seat]?.pool
        {
            loosened.append(.pool(pool))
        }
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
