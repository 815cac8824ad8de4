/// What is done when its time has come.
extension Switchboard {
    private mutating func keepAlive(_ id: ClientID, _ turn: inout Turn) {
        guard let settings = table.definition.limits.clientPing else { return }
        switch clients[id]?.keepalive.step(settings, now: turn.now) {
        case .ping:
            // Where much is unread, bytes are under way already.
            if clients[id]?.congested == false { turn.effects.list.append(.pingClient(id)) }
        case .unanswered: turn.effects.list.append(.inspectClient(id))
        case .nothing, nil: break
        }
    }

    mutating func deadlineReached(for id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id], client.armed <= turn.now else { return }
        clients[id]?.armed = .distantFuture
        if client.credential.next <= turn.now {
            lookAtCredential(of: id, &turn)
            guard clients.contains(id) else { return }
        }
        if turn.now >= client.closeAfter, client.pending <= 0 { return leaveIfOver(id, &turn) }
        beat(id, &turn)
        let isPassed = isPassed(id)
        if !isPassed, turn.now >= client.lastActive + table.definition.limits.idleTimeout, client.pending == 0 {
            return close(id, .goingAway, .idle, &turn)
        }
        if !client.isRaw { keepAlive(id, &turn) }
        // What is due already waits for the end of an exchange, which looks again.
        let deadline = clients[id]?.nextDeadline(table.definition.limits, isPassed: isPassed) ?? .distantFuture
        var armed = Instant.distantFuture
        wheel.arm(.client(id), at: max(deadline, turn.now + .milliseconds(100)), armed: &armed)
        clients[id]?.armed = armed
    }

    mutating func deadlineReached(for id: SessionID, _ turn: inout Turn) {
        guard let armed = sessions[id]?.armed, armed <= turn.now else { return }
        sessions[id]?.armed = .distantFuture
        expireParked(id, now: turn.now)
        endIfUnused(session: id, &turn)
        schedule(session: id, now: turn.now)
    }

    mutating func deadlineReached(for id: ConnectionID, _ turn: inout Turn) {
        guard let before = links[id], before.armed <= turn.now else { return }
        links[id]?.armed = .distantFuture
        if before.state == .opening { return openingDeadlineReached(id, &turn) }
        let next = before.isPassthrough ? expirePassed(on: id, &turn) : expireExchanges(of: id, &turn)
        guard let connection = links[id] else { return pump(before.pool, &turn) }
        let settings = connection.upstream.settings
        breakers.heardIdle(connection.upstreamIndex, at: connection.keepalive.lastHeard)
        if connection.isPassthrough {
            keepAlive(id, &turn)
        } else if connection.unanswered.isEmpty, connection.state != .dialling,
            turn.now >= connection.idleSince + settings.idleTimeout
        {
            if isListenedTo(connection.pool) {
                links[id]?.idleSince = turn.now
            } else {
                retire(id, .idle, &turn)
            }
        } else if connection.state == .ready, turn.now >= connection.retireAt {
            retire(id, .lifetime, &turn)
        } else {
            keepAlive(id, &turn)
        }
        pump(connection.pool, &turn)
        guard let left = links[id] else { return }
        var armed = left.armed
        wheel.arm(.connection(id), at: min(next, left.nextDeadline), armed: &armed)
        links[id]?.armed = armed
    }

    /// Pings a silent connection. That it does not answer is a verdict on an idle one only, which is replaced: a backend
    /// that computes is not dead, and whether its host is there TCP knows.
    private mutating func keepAlive(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = links[id], connection.state != .dialling, !connection.isRaw else { return }
        let settings = connection.upstream.settings
        switch links[id]?.keepalive.step(settings.keepalive, now: turn.now) {
        case .ping:
            // Where much is not taken, bytes are under way already.
            if !connection.congested { turn.effects.list.append(.pingConnection(id)) }
        case .unanswered where connection.isReplaceable:
            chargeIdlePing(connection.upstreamIndex, settings, &turn)
            retire(id, .unansweredPing, &turn)
        case .unanswered: turn.effects.list.append(.inspectConnection(id))
        case .nothing, nil: break
        }
    }

    private mutating func chargeIdlePing(
        _ upstream: Int, _ settings: UpstreamSettings, _ turn: inout Turn
    ) {
        guard upstream >= 0 else { return }
        let window = settings.keepalive.every + settings.keepalive.timeout
        for _ in 0..<breakers.idlePingFailed(upstream, now: turn.now, window: window) {
            upstreamFailed(upstream, settings, &turn)
        }
    }

    /// Ends what was not answered in time; returns when the next exchange is due.
    private mutating func expireExchanges(
        of id: ConnectionID, _ turn: inout Turn
    ) -> Instant {
        guard let upstream = links[id]?.upstream else { return .distantFuture }
        var next = Instant.distantFuture
        var expired = false
        var candidate = links[id]?.unanswered.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent {
                let deadline = exchange.sentAt + upstream.settings.exchangeTimeout
                if turn.now >= deadline {
                    abandon(candidate, exchange, &turn)
                    expired = true
                } else {
                    next = min(next, deadline)
                }
            }
            candidate = exchange.next
        }
        guard expired, let connection = links[id] else { return next }
        // Its late reply could be taken for the next one's, unless the correlation value tells them apart. Remembering
        // has a bound: a backend that never answers is not asked for ever.
        let abandoned = connection.unanswered.count - connection.inFlight
        if !connection.upstream.hasUniqueCorrelation || abandoned > Self.rememberedExchanges {
            retire(id, .timeout, &turn)
        } else {
            closeIfFinished(id, &turn)
        }
        return next
    }

    private static let rememberedExchanges = 64

    mutating func deadlineReached(for id: PoolID, _ turn: inout Turn) {
        guard let armed = pools[id]?.armed, armed <= turn.now else { return }
        pools[id]?.armed = .distantFuture
        if pools[id]?.line.hasPaused == true { endPaused(id, &turn) }
        if pools[id]?.line.isReady == false { endImpatient(id, &turn) }
        pump(id, &turn)
    }

    /// Ends what has waited long enough for a connection.
    private mutating func endImpatient(_ id: PoolID, _ turn: inout Turn) {
        // Where all wait for the same, the one that has waited longest tells of the others.
        let isMixed = pools[id]?.line.hasGated == true
        var candidate = isMixed ? firstSendable(id) : longestWaiting(in: id)
        while let started = exchanges[candidate]?.unreadyAtStart, let pool = pools[id] {
            let next = exchanges[candidate]?.next ?? .none
            let isOver =
                waitsForConnection(candidate)
                && pool.line.deadline(started: started, timeout: pool.upstream.settings.queue.timeout) <= turn.now
            if !isOver, !isMixed { return }
            if isOver {
                // What waited in vain for a backend that is down says so.
                let isDown = pool.failing || !pool.isRemoved && breakers.isOpen(pool.upstream.index)
                conclude(candidate, .failed(isDown ? .upstreamUnavailable : .queueTimeout), &turn)
            }
            candidate = isMixed ? next : longestWaiting(in: id)
        }
    }

    private mutating func endPaused(_ id: PoolID, _ turn: inout Turn) {
        guard let timeout = pools[id]?.upstream.settings.queue.timeout else { return }
        var candidate = pools[id]?.line.head ?? .none
        while let next = exchanges[candidate]?.next {
            if let since = exchanges[candidate]?.pausedSince, since + timeout <= turn.now {
                conclude(candidate, .failed(.routePaused), &turn)
            }
            candidate = next
        }
    }
}
