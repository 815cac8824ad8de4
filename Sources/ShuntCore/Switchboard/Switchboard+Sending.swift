/// A message is written to its connection, reshaped or as it is.
extension Switchboard {
    /// Counts an accepted message; from here on it has exactly one outcome.
    mutating func open(_ exchange: consuming Exchange) -> ExchangeID {
        clients[exchange.client]?.accepted()
        sessions[exchange.session]?.accepted()
        return exchanges.insert(consume exchange)
    }

    /// Accepts a message that waits in its pool's line.
    mutating func wait(_ exchange: consuming Exchange, _ bytes: Span<UInt8>, now: Instant) {
        let pool = exchange.pool
        exchange.unreadyAtStart = pools[pool]?.line.unreadyTime(now: now) ?? .zero
        exchange.queuedAt = now
        if exchange.route.isPaused { exchange.pausedSince = now }
        let id = open(exchange)
        exchanges.hold(copy(bytes, 0..<bytes.count), of: id)
        pools[pool]?.line.append(id, in: &exchanges)
    }

    mutating func takePaceIfPaced(_ pool: PoolID, now: Instant) -> Bool {
        pools[pool]?.isPaced == true ? takePace(of: pool, now: now) : true
    }

    /// Whether the pool's connection takes a message now; if so its pace is charged.
    @inline(__always)
    mutating func takeTurn(_ poolID: PoolID, now: Instant) -> Bool {
        guard let (link, maxInFlight, isPaced) = pools.at(poolID)?.pointee.nextTurn(),
            links.at(link)?.pointee.takes(maxInFlight: maxInFlight) == true
        else { return false }
        return isPaced ? takePace(of: poolID, now: now) : true
    }

    /// A session's pace towards an upstream is one for all lanes, and outlives connections.
    mutating func takePace(of poolID: PoolID, now: Instant) -> Bool {
        guard let pool = pools[poolID] else { return true }
        let index = pool.upstream.index
        return sessions[pool.session]?.paces[index, default: WindowPace(pool.upstream.settings.pace)].take(now: now)
            ?? true
    }

    /// - Parameter link: `.none` is the pool's current connection.
    mutating func sendHeld(
        _ id: ExchangeID, over link: ConnectionID = .none, _ turn: inout Turn
    ) {
        guard let pool = exchanges[id]?.pool else { return }
        meterWait(id, now: turn.now)
        // Whatever it was accepted for: its socket may have changed sides since.
        if pools[pool]?.isPassthrough == true { return passHeld(id, over: link, &turn) }
        if exchanges[id]?.isPassed == true, !becomesRouted(id, &turn) { return }
        if exchanges[id]?.naming != .client { nameAgain(id) }
        guard let exchange = exchanges[id] else { return }
        pools[exchange.pool]?.line.remove(id, in: &exchanges)
        let bytes = exchange.held
        // It was valid when it was accepted; the table now in force decides how it is reshaped.
        _ = envelope.scan(bytes.span, for: table.requestKeys, nesting: .max, early: false)
        if let upstream = pools[exchange.pool]?.upstream, upstream.correlationSlot != nil {
            // It may have been queued for another upstream.
            let value = correlation(upstream, exchange.conversation, bytes.span)
            exchanges[id]?.correlation = value
        }
        forward(id, exchange.route, exchange.pool, bytes.span, over: link, blob: true, &turn)
    }

    /// A message that names no conversation may be sent to another side than it was accepted for, or the side that it
    /// goes to may have named it meanwhile.
    private mutating func nameAgain(_ id: ExchangeID) {
        guard let seat = exchanges[id]?.seat, seats.contains(seat), let pool = exchanges[id]?.pool,
            let upstream = pools[pool]?.upstream
        else { return }
        let (conversation, naming) = unnamedConversation(seat, by: upstream.isUnified ? .unified : .legacy)
        exchanges[id]?.conversation = conversation
        exchanges[id]?.naming = naming
    }

    /// A message that was to be passed through goes to the unified upstream after all: only now it must be one that can
    /// be read. Returns whether it is; if not it has its outcome.
    private mutating func becomesRouted(_ id: ExchangeID, _ turn: inout Turn) -> Bool {
        guard let exchange = exchanges[id] else { return false }
        if exchange.kind == .binary {
            conclude(id, .failed(.binaryUnsupported), &turn)
            return false
        }
        let nesting = table.definition.limits.nesting
        switch envelope.scan(exchange.held.span, for: table.requestKeys, nesting: nesting, early: false) {
        case .object: break
        case .notAnObject:
            conclude(id, .failed(.notAnObject), &turn)
            return false
        case .malformed, .tooDeep:
            conclude(id, .failed(.badJSON), &turn)
            return false
        }
        if !envelope.oddities.isEmpty,
            let objection = table.deciding.objection(
                to: envelope, keys: table.requestKeys, exchange.held.span, isAddressed: false)
        {
            conclude(id, .failed(objection.code), &turn)
            return false
        }
        if let type = envelope.value(table.typeSlot), let found = table.absorbed.find(exchange.held.span, type) {
            absorb(exchange.client, found, of: table.absorbed, exchange.held.span, &turn)
            conclude(id, .absorbed, &turn)
            return false
        }
        var conversation: [UInt8] = []
        if let value = envelope.value(table.conversationSlot), value.namesSomething {
            conversation = copy(exchange.held.span, value.start..<value.end)
        } else {
            let name = sessions[exchange.session]?.shortName ?? []
            conversation = table.conversationTemplate.make(match: exchange.route.match, session: name)
            exchanges[id]?.naming = .made
        }
        exchanges[id]?.conversation = conversation
        exchanges[id]?.isPassed = false
        return true
    }

    /// Writes an exchange's message, just scanned, to its pool's connection. `blob`: the bytes are the held ones.
    ///
    /// - Parameter link: `.none` is the pool's current connection.
    mutating func forward(
        _ id: ExchangeID, _ route: Route, _ poolID: PoolID, _ bytes: Span<UInt8>, over link: ConnectionID = .none,
        blob: Bool, _ turn: inout Turn
    ) {
        guard let current = link.isNone ? pools[poolID]?.links.current : link, let upstream = pools[poolID]?.upstream
        else {
            return
        }
        forward(id, route, upstream, bytes, over: current, blob: blob, &turn)
    }

    /// The same, on the path of every message: it reads the fields it needs, and copies no exchange.
    mutating func forward(
        _ id: ExchangeID, _ route: Route, _ upstream: Upstream, _ bytes: Span<UInt8>, over current: ConnectionID,
        blob: Bool, _ turn: inout Turn
    ) {
        let splice = reshape(id, route, upstream, bytes, blob: blob, &turn)
        turn.effects.list.append(.forward(current, splice))
        tally.forwarded += 1
        let side: Side = upstream.isUnified ? .unified : .legacy
        let isUnread = upstream.keepsUnread && links.at(current)?.pointee.hasSpoken == false
        if upstream.keepsSent || blob || isUnread { keep(id, upstream, bytes, isUnread: isUnread, now: turn.now) }
        count(route.index, side, bytes: splice.length)
        if written(id, over: current, to: side, timeout: upstream.exchangeTimeout, now: turn.now) {
            conclude(id, .sent, &turn)
        }
    }

    /// Keeps the message of an exchange that may have to be sent again; lets go of what only waited.
    ///
    /// - Parameter isUnread: the backend has said nothing yet on the connection that the message goes over.
    mutating func keep(
        _ id: ExchangeID, _ upstream: Upstream, _ bytes: Span<UInt8>, isUnread: Bool, now: Instant
    ) {
        guard let exchange = exchanges[id] else { return }
        let keeps = !exchange.oneWay && (isUnread || upstream.keepsSent && !exchange.retried)
        if keeps && exchange.held.isEmpty {
            exchanges.hold(copy(bytes, 0..<bytes.count), of: id)
            // Should it be put back, it has not waited yet.
            let unready = pools[exchange.pool]?.line.unreadyTime(now: now) ?? .zero
            exchanges[id]?.unreadyAtStart = unready
        } else if !keeps {
            exchanges.release(id)
        }
    }

    /// Counts a message for its route and side.
    @inline(__always)
    mutating func count(_ route: Int, _ side: Side, bytes: Int) {
        guard route >= 0, route < routeTallies.count else { return }
        routeTallies[route].sent(to: side, bytes: bytes)
    }

    /// Writes a message as it is.
    ///
    /// - Parameter kind: how it came.
    mutating func write(
        _ splice: Splice, _ kind: MessageKind, over link: ConnectionID, _ route: Route, _ turn: inout Turn
    ) {
        var splice = splice
        splice.kind = kind
        turn.effects.list.append(.forward(link, splice))
        tally.forwarded += 1
        tally.passed += 1
        count(route.index, .legacy, bytes: splice.length)
    }

    /// So many messages that are passed through are told apart on a connection; the last one stands for all others.
    static let mostPassed = 64

    /// Whether the last message that was passed over a connection stands for a further one, because too many are
    /// unanswered to tell them apart.
    @inline(__always)
    mutating func isCountedInLast(_ link: ConnectionID, now: Instant) -> Bool {
        guard let unanswered = links[link]?.unanswered.count, unanswered >= Self.mostPassed else { return false }
        guard let last = links[link]?.unanswered.tail else { return false }
        exchanges[last]?.standsForAnother(at: now)
        return true
    }

    /// An exchange's message was written to a connection.
    ///
    /// - Returns: whether no reply is expected, so that it is over.
    @inline(__always)
    mutating func written(
        _ id: ExchangeID, over link: ConnectionID, to side: Side, timeout: TimeSpan, now: Instant
    ) -> Bool {
        guard let sent = exchanges.at(id)?.pointee.wasSent(over: link, to: side, at: now) else { return false }
        seats.at(sent.seat)?.pointee.sent(side)
        let deadline = now + timeout
        let isLate = links.at(link)?.pointee.sent(id, in: &exchanges, deadline: deadline)
        if sent.isOneWay { return true }
        if isLate == true, var armed = links[link]?.armed {
            wheel.arm(.connection(link), at: deadline, armed: &armed)
            links[link]?.armed = armed
        }
        return false
    }

    /// Sends, as it is, a message that had to wait.
    ///
    /// - Parameter link: `.none` is the pool's current connection.
    mutating func passHeld(_ id: ExchangeID, over link: ConnectionID, _ turn: inout Turn) {
        guard let exchange = exchanges[id],
            let current = link.isNone ? pools[exchange.pool]?.links.current : link,
            let timeout = links[current]?.upstream.exchangeTimeout
        else { return }
        let splice = turn.effects.splices.splice(blob: exchange.held)
        write(splice, exchange.kind, over: current, exchange.route, &turn)
        if exchange.oneWay || isCountedInLast(current, now: turn.now) { return conclude(id, .sent, &turn) }
        pools[exchange.pool]?.line.remove(id, in: &exchanges)
        exchanges.release(id)
        if links[current]?.unanswered.isEmpty == false { exchanges[id]?.isNotAlone() }
        exchanges.wasPassed(id)
        _ = written(id, over: current, to: .legacy, timeout: timeout, now: turn.now)
        agenda.add(.resumeReading(exchange.client))
    }
}
