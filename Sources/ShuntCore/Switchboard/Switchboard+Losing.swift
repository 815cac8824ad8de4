/// Connections that are gone, or as good as gone: what was written to them is sent again where that is safe, else it is lost.
extension Switchboard {
    /// The backend closed with a code that says why. Before its first word on the connection it also says that nothing
    /// was read: what was written waits again, and hears the same as what waits.
    mutating func connectionLost(
        _ id: ConnectionID, as meaning: CloseMeaning, _ turn: inout Turn
    ) {
        guard let connection = links[id] else { return }
        let isUnread = !connection.hasSpoken
        // It was dialled with a credential that a newer one has taken the place of: that one is tried.
        let meaning = hasOlderCredential(connection) && meaning == .auth ? CloseMeaning.limit : meaning
        if isUnread { putBack(id, isUnread: true, now: turn.now) }
        let code: ErrorCode = isUnread ? .upstreamUnavailable : .upstreamLost
        connectionLost(id, meaning == .auth ? .sessionExpired : code, isUnread: isUnread, &turn)
        heed(meaning, for: connection.pool, &turn)
    }

    /// Whether a connection was dialled with another credential than its session has now.
    func hasOlderCredential(_ connection: Connection) -> Bool {
        guard let newest = sessions[pools[connection.pool]?.session ?? .none]?.credential else { return false }
        return connection.credential != newest
    }

    /// What a backend's refusal of a session means for what waits.
    mutating func heed(_ meaning: CloseMeaning, for pool: PoolID, _ turn: inout Turn) {
        switch meaning {
        case .auth:
            pools[pool]?.credentialsRejected = true
            failWaiting(pool, .sessionExpired, &turn)
        case .refuse:
            pools[pool]?.failing = true
            failWaiting(pool, .upstreamUnavailable, &turn)
        case .limit:
            // It wants less of us: the next dial waits, also where a first loss costs nothing.
            if let until = pools[pool]?.backoff.until, until <= turn.now {
                pools[pool]?.backoff.failed(now: turn.now, random: &random)
            }
        }
    }

    /// A message was too large for the backend, which closed because of it: that one is never sent again. Of several
    /// under way it is the largest, as far as can be told.
    mutating func failTooLarge(_ id: ConnectionID, _ turn: inout Turn) {
        var (largest, size) = (ExchangeID.none, -1)
        var candidate = links[id]?.unanswered.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent, exchange.size > size { (largest, size) = (candidate, exchange.size) }
            candidate = exchange.next
        }
        conclude(largest, .failed(.messageTooLarge), &turn)
    }

    /// A connection is gone or as good as gone: what was sent on it ends with `code`, or is sent again where that is
    /// safe; the next dial backs off.
    ///
    /// - Parameter isUnread: the backend said that it read nothing of it.
    mutating func connectionLost(
        _ id: ConnectionID, _ code: ErrorCode, isUnread: Bool = false, _ turn: inout Turn
    ) {
        guard let connection = links[id] else { return }
        links[id]?.willEnd()
        let wasCurrent = pools[connection.pool]?.links.current == id
        if code == .upstreamLost, connection.upstream.settings.retrySafe { putBack(id, isUnread: false, now: turn.now) }
        while let oldest = links[id]?.unanswered.head, !oldest.isNone {
            if exchanges[oldest]?.state == .sent {
                conclude(oldest, .failed(code, isUnread: isUnread), &turn)
            } else {
                conclude(oldest, .dropped, &turn)
            }
        }
        remove(connection: id)
        guard wasCurrent else { return }
        pools[connection.pool]?.backoff.failed(now: turn.now, random: &random)
        // An end before the first reply is a dial that came to nothing.
        if !connection.replied { pools[connection.pool]?.failing = true }
    }

    /// Puts messages that were written back where they stood: from the youngest on, so that the order stays.
    ///
    /// - Parameter isUnread: nothing of them was read: it is as if they had never been sent, and their time in the queue
    ///   goes on. Else they may be sent again once.
    private mutating func putBack(_ id: ConnectionID, isUnread: Bool, now: Instant) {
        var candidate = links[id]?.unanswered.tail ?? .none
        while let exchange = exchanges[candidate] {
            // Its socket may be served by the other side by now.
            let home = seats[exchange.seat]?.pool ?? exchange.pool
            let pool = pools.contains(home) ? home : exchange.pool
            if exchange.state == .sent, isUnread || !exchange.retried, !exchange.held.isEmpty,
                pools[pool]?.isRemoved == false
            {
                _ = links[id]?.ended(candidate, isAwaited: true, in: &exchanges)
                exchanges[candidate]?.wasPutBack(to: pool)
                left(exchange.seat, exchange.side)
                if exchange.route.isPaused { exchanges[candidate]?.pausedSince = now }
                if isGated(exchange.seat) || namesMayCome(pool) { pools[pool]?.line.gate() }
                restartPatience(of: candidate, isUnread: isUnread, cameFrom: exchange.pool, now: now)
                pools[pool]?.line.prepend(candidate, in: &exchanges)
                if pool != exchange.pool { agenda.add(.tend(pool)) }
            }
            candidate = exchange.previous
        }
    }

    /// How long a message that was put back may wait.
    private mutating func restartPatience(
        of id: ExchangeID, isUnread: Bool, cameFrom old: PoolID, now: Instant
    ) {
        guard let exchange = exchanges[id] else { return }
        let started = pools[exchange.pool]?.line.unreadyTime(now: now) ?? .zero
        if !isUnread {
            exchanges[id]?.retried = true
            exchanges[id]?.unreadyAtStart = started
            exchanges[id]?.waitedThere = .zero
            exchanges[id]?.queuedAt = now
        } else {
            if exchange.pool != old {
                let left = pools[old]?.line.unreadyTime(now: now) ?? .zero
                exchanges[id]?.turn(started: started, left: left)
            }
            if exchange.queuedAt == nil { exchanges[id]?.queuedAt = now }
        }
    }

    mutating func upstreamFailed(
        _ upstream: Int, _ settings: UpstreamSettings, _ turn: inout Turn
    ) {
        guard breakers.failed(upstream, settings, now: turn.now) else { return }
        turn.effects.list.append(.note(.breakerOpened(upstream: upstream)))
    }

    /// Everything that waits in a pool for its connection ends with an error.
    mutating func failWaiting(_ pool: PoolID, _ code: ErrorCode, _ turn: inout Turn) {
        while true {
            var candidate = pools[pool]?.line.head ?? .none
            while let exchange = exchanges[candidate], exchange.isAstray, seats[exchange.seat]?.pool == pool,
                pools[pool]?.isRemoved == false
            {
                candidate = exchange.next
            }
            if candidate.isNone { return }
            conclude(candidate, .failed(code), &turn)
        }
    }

    /// Gives up a connection that will never answer again: what was sent on it is lost, the next one is dialled without its ghosts.
    mutating func abort(_ id: ConnectionID, _ reason: RetireReason, _ turn: inout Turn) {
        guard let connection = links[id] else { return }
        tally.retired += 1
        meterRetired(connection.upstreamIndex, reason)
        turn.effects.list.append(.note(.connectionRetired(upstream: connection.upstreamIndex, reason)))
        if connection.isPassthrough {
            turn.effects.list.append(.closeConnection(id, .normal))
            return passthroughClosed(id, .cut, &turn)
        }
        connectionLost(id, .upstreamLost, &turn)
        turn.effects.list.append(.closeConnection(id, .normal))
        agenda.add(.tend(connection.pool))
    }
}
