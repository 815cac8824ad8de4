/// Time passes: deadlines are looked at when they are due.
extension Switchboard {
    package mutating func tick(_ turn: inout Turn) {
        var due = self.due
        self.due = []
        wheel.advance(to: turn.now, due: &due)
        for key in due {
            switch key {
            case .client(let id): look(at: id, &turn)
            case .connection(let id): look(at: id, &turn)
            case .pool(let id): look(at: id, &turn)
            case .session(let id): look(at: id, &turn)
            case .drain: endDrain(&turn)
            case .unlisted: sayUnlisted(&turn)
            }
        }
        due.removeAll(keepingCapacity: due.count <= 1024)
        self.due = due
        runAgenda(&turn)
    }

    // MARK: Connections

    mutating func arm(connection id: ConnectionID) {
        guard let connection = connections[id] else { return }
        var armed = connection.armed
        wheel.arm(.connection(id), at: connection.nextDeadline, armed: &armed)
        connections[id]?.armed = armed
    }

    /// Nothing is outstanding on a connection any more: from here on its idle time counts.
    mutating func becameIdle(_ id: ConnectionID, now: Instant) {
        connections[id]?.idleSince = now
        guard let idleTimeout = connections[id]?.upstream.idleTimeout, let armed = connections[id]?.armed,
            armed > now + idleTimeout
        else { return }
        arm(connection: id)
    }

    private mutating func look(at id: ConnectionID, _ turn: inout Turn) {
        guard let before = connections[id], before.armed <= turn.now else { return }
        connections[id]?.armed = .distantFuture
        if before.state == .opening { return lookAtOpening(id, &turn) }
        forgetPassed(id, &turn)
        let next = expireExchanges(of: id, &turn)
        guard let connection = connections[id] else { return pump(before.pool, &turn) }
        let settings = connection.upstream.settings
        if connection.upstreamIndex >= 0 {
            breakers[connection.upstreamIndex].idlePings.heard(at: connection.keepalive.lastHeard)
        }
        if connection.isThrough {
            keepAlive(id, &turn)
        } else if connection.outstanding.isEmpty, connection.state != .dialling,
            turn.now >= connection.idleSince + settings.idleTimeout
        {
            if isListenedTo(connection.pool) {
                connections[id]?.idleSince = turn.now
            } else {
                retire(id, .idle, &turn)
            }
        } else if connection.state == .ready, turn.now >= connection.expires {
            retire(id, .lifetime, &turn)
        } else {
            keepAlive(id, &turn)
        }
        pump(connection.pool, &turn)
        guard let left = connections[id] else { return }
        var armed = left.armed
        wheel.arm(.connection(id), at: min(next, left.nextDeadline), armed: &armed)
        connections[id]?.armed = armed
    }

    /// Pings a silent connection. That it does not answer is a verdict on an idle one only, which is replaced: a backend
    /// that computes is not dead, and whether its host is there TCP knows.
    private mutating func keepAlive(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = connections[id], connection.state != .dialling, !connection.isRaw else { return }
        let settings = connection.upstream.settings
        switch connections[id]?.keepalive.step(settings.keepalive, now: turn.now) {
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
        for _ in 0..<breakers[upstream].idlePings.failed(now: turn.now, window: window) {
            upstreamFailed(upstream, settings, &turn)
        }
    }

    /// What TCP knows of a connection's other end, which was asked for because it answers no ping.
    package mutating func connectionInspected(
        _ id: ConnectionID, _ transport: TransportState, _ turn: inout Turn
    ) {
        guard let connection = connections[id], connection.keepalive.pingedAt != nil,
            transport.isGone(after: connection.upstream.settings.keepalive.timeout)
        else { return }
        condemn(id, .hostGone, &turn)
        runAgenda(&turn)
    }

    /// Ends what was not answered in time; returns when the next exchange is due.
    private mutating func expireExchanges(
        of id: ConnectionID, _ turn: inout Turn
    ) -> Instant {
        guard let upstream = connections[id]?.upstream else { return .distantFuture }
        var next = Instant.distantFuture
        var expired = false
        var candidate = connections[id]?.outstanding.head ?? .none
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
        guard expired, let connection = connections[id] else { return next }
        // Its late reply could be taken for the next one's, unless the correlation value tells them apart. Remembering
        // has a bound: a backend that never answers is not asked for ever.
        let abandoned = connection.outstanding.count - connection.live
        if !connection.upstream.hasUniqueCorrelation || abandoned > Self.rememberedExchanges {
            retire(id, .timeout, &turn)
        } else {
            closeIfFinished(id, &turn)
        }
        return next
    }

    private static let rememberedExchanges = 64

    /// Its client hears that its time is over; its reply may come yet, and must not be taken for another's.
    mutating func abandon(
        _ id: ExchangeID, _ exchange: Exchange, _ turn: inout Turn
    ) {
        tell(exchange, .timeout, &turn)
        heldBytes -= exchange.held.count
        exchanges[id]?.held = []
        exchanges[id]?.state = .abandoned
        connections[exchange.connection]?.live -= 1
        left(exchange.seat, exchange.side)
        close(exchange.account, &turn)
    }

    package mutating func connectionPong(_ id: ConnectionID, _ turn: inout Turn) {
        connections[id]?.keepalive.heard(turn.now)
    }

    package mutating func connectionCongested(_ id: ConnectionID, _ turn: inout Turn) {
        guard let pool = connections[id]?.pool, connections[id]?.congested == false else { return }
        connections[id]?.congested = true
        throughCongested(id, true, &turn)
        pump(pool, &turn)
        runAgenda(&turn)
    }

    package mutating func connectionRelieved(_ id: ConnectionID, _ turn: inout Turn) {
        guard let pool = connections[id]?.pool, connections[id]?.congested == true else { return }
        connections[id]?.congested = false
        throughCongested(id, false, &turn)
        pump(pool, &turn)
        runAgenda(&turn)
    }

    // MARK: Pools

    /// Arms a pool for what time alone changes. What hinders its messages ends by an event, and that pumps.
    ///
    /// - Parameter time: when it may be dialled, where a connection is wanted; `.distantFuture` where none is.
    mutating func arm(pool id: PoolID, dialsAt time: Instant, now: Instant) {
        guard let pool = pools[id], !pool.isAtRest else { return }
        var deadline = pool.hasPaused ? pauseDeadline(of: id) : .distantFuture
        if !pool.isReady, let started = exchanges[longestWaiting(in: id)]?.unreadyAtStart {
            deadline = min(deadline, pool.queueDeadline(headStarted: started))
        }
        if pool.current.isNone {
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

    private mutating func look(at id: PoolID, _ turn: inout Turn) {
        guard let armed = pools[id]?.armed, armed <= turn.now else { return }
        pools[id]?.armed = .distantFuture
        if pools[id]?.hasPaused == true { endPaused(id, &turn) }
        if pools[id]?.isReady == false { endImpatient(id, &turn) }
        pump(id, &turn)
    }

    /// Ends what has waited long enough for a connection.
    private mutating func endImpatient(_ id: PoolID, _ turn: inout Turn) {
        // Where all wait for the same, the one that has waited longest tells of the others.
        let isMixed = pools[id]?.hasHindered == true
        var candidate = isMixed ? firstSendable(id) : longestWaiting(in: id)
        while let started = exchanges[candidate]?.unreadyAtStart, let pool = pools[id] {
            let next = exchanges[candidate]?.next ?? .none
            let isOver = waitsForConnection(candidate) && pool.queueDeadline(headStarted: started) <= turn.now
            if !isOver, !isMixed { return }
            if isOver {
                // What waited in vain for a backend that is down says so.
                let isDown = pool.failing || !pool.isRemoved && breakers[pool.upstream.index].isOpen
                fail(candidate, isDown ? .upstreamUnavailable : .queueTimeout, &turn)
            }
            candidate = isMixed ? next : longestWaiting(in: id)
        }
    }

    /// When the first message has waited long enough for its route's resume.
    private mutating func pauseDeadline(of id: PoolID) -> Instant {
        guard let timeout = pools[id]?.upstream.settings.queue.timeout else { return .distantFuture }
        var earliest = Instant.distantFuture
        var candidate = pools[id]?.queue.head ?? .none
        while let next = exchanges[candidate]?.next {
            if let since = exchanges[candidate]?.pausedSince { earliest = min(earliest, since + timeout) }
            candidate = next
        }
        if earliest == .distantFuture { pools[id]?.hasPaused = false }
        return earliest
    }

    private mutating func endPaused(_ id: PoolID, _ turn: inout Turn) {
        guard let timeout = pools[id]?.upstream.settings.queue.timeout else { return }
        var candidate = pools[id]?.queue.head ?? .none
        while let next = exchanges[candidate]?.next {
            if let since = exchanges[candidate]?.pausedSince, since + timeout <= turn.now {
                fail(candidate, .routePaused, &turn)
            }
            candidate = next
        }
    }

    /// The message of a pool's queue that has waited longest for its connection: the first one, or one behind those whose
    /// patience began later because they wait again, or came from the other side.
    private mutating func longestWaiting(in id: PoolID) -> ExchangeID {
        var longest = ExchangeID.none
        var least = TimeSpan.zero
        let isMixed = pools[id]?.hasHindered == true
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
    private mutating func waitsForConnection(_ id: ExchangeID) -> Bool {
        exchanges[id]?.isAstray == false && !isHindered(id)
    }
}
