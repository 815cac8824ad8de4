/// What a dial came to: a connection to write to, or a backoff and who is told.
extension Switchboard {
    /// The backend answered the handshake.
    mutating func dialSucceeded(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = links[id], connection.state == .dialling else { return }
        let settings = connection.upstream.settings
        links[id]?.state = .ready
        links[id]?.keepalive.heard(turn.now)
        if let cause = clients[connection.dialledFor], cause.isArriving, connection.isPassthrough {
            admit(connection.dialledFor, id, &turn)
        }
        links[id]?.idleSince = turn.now
        if connection.isPassthrough, !connection.isRaw, let upstream = pools[connection.pool]?.upstream,
            upstream !== connection.upstream
        {
            // It was dialled by settings that are no more: it has answered the handshake, and carries nothing.
            retire(id, .configuration, &turn)
        }
        beginOpening(id, &turn)
        if links[id]?.state == .ready { pools[connection.pool]?.isWanted = false }
        // Up to a tenth earlier, so that connections dialled together do not end together.
        let jitter = random.span(upTo: TimeSpan(nanoseconds: settings.lifetime.nanoseconds / 10))
        links[id]?.retireAt = turn.now + TimeSpan(nanoseconds: settings.lifetime.nanoseconds - jitter.nanoseconds)
        pools[connection.pool]?.failing = false
        pools[connection.pool]?.dialNotBefore = Instant(nanoseconds: .min)
        schedule(connection: id)
        stopReadingForCongestedOwner(id, &turn)
        pump(connection.pool, &turn)
        // With nothing left to carry it has no reason to stay.
        agenda.add(.tend(connection.pool))
        upstreamAnswered(connection.upstreamIndex, &turn)
    }

    /// The upstream showed that it is there: whoever waited for that goes on.
    private mutating func upstreamAnswered(_ upstream: Int, _ turn: inout Turn) {
        guard breakers.succeeded(upstream) else { return }
        turn.effects.list.append(.note(.breakerClosed(upstream: upstream)))
        wakeWaiting(upstream, &turn)
    }

    private mutating func wakeWaiting(_ upstream: Int, _ turn: inout Turn) {
        let waiting = breakers.takeWaiting(upstream)
        spreadListening(to: waiting, now: turn.now)
        for pool in waiting {
            pools[pool]?.dialNotBefore = Instant(nanoseconds: .min)
            pools[pool]?.awaitsBreaker = false
            pump(pool, &turn)
        }
    }

    /// There is no connection.
    mutating func dialFailed(
        _ id: ConnectionID, _ failure: DialFailure, _ turn: inout Turn
    ) {
        guard let connection = links[id], connection.state == .dialling else { return }
        remove(connection: id)
        tally.dialsFailed += 1
        meterFailure(connection.upstreamIndex, failure)
        turn.effects.list.append(
            .note(.dialFailed(upstream: connection.upstreamIndex, failure, isOwn: connection.isPassthrough)))
        if connection.isPassthrough, clients[connection.dialledFor]?.isArriving == true {
            return turnAway(connection.dialledFor, id, &turn)
        }
        pools[connection.pool]?.failing = true
        if !connection.isPassthrough, case .refused(let status) = failure,
            let meaning = connection.upstream.settings.refusals[status]
        {
            refused(connection, meaning, &turn)
            fallBack(connection.pool, &turn)
            return pump(connection.pool, &turn)
        }
        switch failure.fault {
        case .upstream:
            if !connection.isPassthrough {
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
    }

    /// The backend answered a dial with a status that has a meaning: it is there, whatever the status.
    mutating func refused(
        _ connection: Connection, _ meaning: CloseMeaning, _ turn: inout Turn
    ) {
        pools[connection.pool]?.backoff.failed(now: turn.now, random: &random)
        heed(hasOlderCredential(connection) && meaning == .auth ? .limit : meaning, for: connection.pool, &turn)
        upstreamAnswered(connection.upstreamIndex, &turn)
    }
}
