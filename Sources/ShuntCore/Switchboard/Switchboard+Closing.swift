/// Upstream connections that end by no wish of ours: what that says of the messages that were written to them.
extension Switchboard {
    /// The peer's close, end or reset was read, or it broke the protocol. Idempotent.
    package mutating func connectionClosed(
        _ id: ConnectionID, code: CloseCode?, _ turn: inout Turn
    ) {
        connectionClosed(id, code.map { PeerClose(code: $0) } ?? .cut, &turn)
    }

    package mutating func connectionClosed(
        _ id: ConnectionID, _ close: PeerClose, _ turn: inout Turn
    ) {
        guard let connection = connections[id] else { return }
        if connection.state == .dialling { return connectionFailed(id, .connect, &turn) }
        noteClosed(connection, close, &turn)
        if connection.isThrough {
            throughClosed(id, close, &turn)
            return settleLoosened(&turn)
        }
        willEnd(id)
        if close.code == .messageTooBig { failTooLarge(id, &turn) }
        let meaning = close.code.flatMap { connection.upstream.settings.closes[$0.rawValue] }
        if let meaning {
            end(id, as: meaning, &turn)
        } else {
            lose(id, .upstreamLost, &turn)
            // A backend that goes is waited for; one that did not like the first words has refused the session.
            if connection.state == .opening, !close.isDeparture {
                heed(.refuse, for: connection.pool, &turn)
            }
        }
        pump(connection.pool, &turn)
        settleLoosened(&turn)
    }

    /// Nothing of a connection is read on, whatever its end does to its client.
    mutating func willEnd(_ id: ConnectionID) { connections[id]?.readingStopped = false }

    /// The backend closed with a code that says why. Before its first word on the connection it also says that nothing
    /// was read: what was written waits again, and hears the same as what waits.
    private mutating func end(
        _ id: ConnectionID, as meaning: CloseMeaning, _ turn: inout Turn
    ) {
        guard let connection = connections[id] else { return }
        let isUnread = !connection.hasSpoken
        if isUnread { putBack(id, isUnread: true, now: turn.now) }
        let code: ErrorCode = isUnread ? .upstreamUnavailable : .upstreamLost
        lose(id, meaning == .auth ? .sessionExpired : code, isUnread: isUnread, &turn)
        heed(meaning, for: connection.pool, &turn)
    }

    /// What a backend's refusal of a session means for what waits.
    mutating func heed(_ meaning: CloseMeaning, for pool: PoolID, _ turn: inout Turn) {
        switch meaning {
        case .auth:
            pools[pool]?.expired = true
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
    private mutating func failTooLarge(_ id: ConnectionID, _ turn: inout Turn) {
        var (largest, size) = (ExchangeID.none, -1)
        var candidate = connections[id]?.outstanding.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent, exchange.size > size { (largest, size) = (candidate, exchange.size) }
            candidate = exchange.next
        }
        fail(largest, .messageTooLarge, &turn)
    }

    /// A connection is gone or as good as gone: what was sent on it ends with `code`, or is sent again where that is
    /// safe; the next dial backs off.
    ///
    /// - Parameter isUnread: the backend said that it read nothing of it.
    mutating func lose(
        _ id: ConnectionID, _ code: ErrorCode, isUnread: Bool = false, _ turn: inout Turn
    ) {
        guard let connection = connections[id] else { return }
        willEnd(id)
        let wasCurrent = pools[connection.pool]?.current == id
        if code == .upstreamLost, connection.upstream.settings.retrySafe { putBack(id, isUnread: false, now: turn.now) }
        while let oldest = connections[id]?.outstanding.head, !oldest.isNone {
            if exchanges[oldest]?.state == .sent {
                fail(oldest, code, isUnread: isUnread, &turn)
            } else {
                end(oldest, &turn)
            }
        }
        forget(id)
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
        var candidate = connections[id]?.outstanding.tail ?? .none
        while let exchange = exchanges[candidate] {
            // Its socket may be served by the other side by now.
            let home = seats[exchange.seat]?.pool ?? exchange.pool
            let pool = pools.contains(home) ? home : exchange.pool
            if exchange.state == .sent, isUnread || !exchange.retried, !exchange.held.isEmpty,
                pools[pool]?.isRemoved == false
            {
                _ = connections[id]?.ended(candidate, isAwaited: true, in: &exchanges)
                exchanges[candidate]?.state = .queued
                left(exchange.seat, exchange.side)
                exchanges[candidate]?.pool = pool
                if seats[exchange.seat]?.isBlocked == true { pools[pool]?.hasHindered = true }
                if let upstream = pools[pool]?.upstream, namesMayCome(pool, upstream) {
                    pools[pool]?.hasHindered = true
                }
                if exchange.route.isPaused {
                    exchanges[candidate]?.pausedSince = now
                    pools[pool]?.hasHindered = true
                    pools[pool]?.hasPaused = true
                }
                exchanges[candidate]?.connection = .none
                restartPatience(of: candidate, isUnread: isUnread, cameFrom: exchange.pool, now: now)
                pools[pool]?.queue.prepend(candidate, in: &exchanges)
                pools[pool]?.queuedBytes += exchange.size
                if pool != exchange.pool { loosened.append(.pool(pool)) }
            }
            candidate = exchange.previous
        }
    }

    /// How long a message that was put back may wait.
    private mutating func restartPatience(
        of id: ExchangeID, isUnread: Bool, cameFrom old: PoolID, now: Instant
    ) {
        guard let exchange = exchanges[id] else { return }
        let started = pools[exchange.pool]?.unreadyTime(now: now) ?? .zero
        if !isUnread {
            exchanges[id]?.retried = true
            exchanges[id]?.unreadyAtStart = started
            exchanges[id]?.waitedThere = .zero
            exchanges[id]?.queuedAt = now
        } else {
            if exchange.pool != old {
                let left = pools[old]?.unreadyTime(now: now) ?? .zero
                exchanges[id]?.turn(started: started, left: left)
            }
            if exchange.queuedAt == nil { exchanges[id]?.queuedAt = now }
        }
    }

    /// A connection's first message, or one while first words are said.
    ///
    /// - Returns: whether that was all about it.
    mutating func heardEarly(
        _ id: ConnectionID, _ upstream: Upstream, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) -> Bool {
        if connections[id]?.state == .opening {
            heardInOpening(id, upstream, kind, bytes, &turn)
            return true
        }
        releaseUnread(id)
        return false
    }

    /// The backend's first word came on a connection: what was written before may have been read, and is kept no longer
    /// unless it may be sent twice.
    private mutating func releaseUnread(_ id: ConnectionID) {
        guard let upstream = connections[id]?.upstream, upstream.keepsUnread else { return }
        var candidate = connections[id]?.outstanding.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent, !upstream.keepsSent || exchange.retried {
                heldBytes -= exchange.held.count
                exchanges[candidate]?.held = []
            }
            candidate = exchange.next
        }
    }

    /// For the log and the metrics: a backend's own wish, told once for each connection.
    private mutating func noteClosed(_ connection: Connection, _ close: PeerClose, _ turn: inout Turn) {
        meterUpstreamClose(connection.upstreamIndex, close)
        let newest = sessions[pools[connection.pool]?.session ?? .none]?.credential
        turn.effects.closes.append(close.withheld(connection.credential).withheld(newest))
        turn.effects.list.append(
            .note(
                .upstreamClosed(
                    upstream: connection.upstreamIndex, close: turn.effects.closes.count - 1,
                    isPassed: connection.isThrough)))
    }
}
