/// Messages wait for their turn and are forwarded.
extension Switchboard {
    /// The pool of a seat's messages on its side, made where it is not there yet.
    mutating func findPool(of seat: SeatID) -> PoolID {
        guard let id = seats[seat]?.client, let client = clients[id], let route = seats[seat]?.route,
            let side = seats[seat]?.side, let upstream = route.upstream(side)
        else { return .none }
        let isThrough = client.endpoint != nil && !upstream.isUnified
        let isOwn = isThrough || upstream.settings.mode == .client
        let owner: PoolOwner = isOwn ? .client(id) : .session(client.session)
        // The lane follows the route, so that one route's messages stay in order.
        let lane = !isThrough && upstream.settings.lanes > 1 ? max(0, route.index) % upstream.settings.lanes : 0
        let vary = isThrough ? [] : Self.varied(upstream, client.handshake)
        let key = PoolKey(owner: owner, upstream: upstream.index, lane: lane, vary: vary)
        if let found = poolsByKey[key], pools.contains(found) { return found }
        let made = pools.insert(
            Pool(
                key: key, session: client.session, upstream: upstream, handshake: client.handshake, client: id,
                route: route, isThrough: isThrough))
        poolsByKey[key] = made
        sessions[client.session]?.pools.append(made)
        return made
    }

    /// What of a handshake an upstream's connections differ by.
    static func varied(_ upstream: Upstream, _ handshake: Handshake) -> [UInt8] {
        upstream.settings.vary.map { $0.values(in: handshake).joined(separator: "\u{1}") }.joined(separator: "\u{0}")
            .bytes
    }

    /// Whether the pool's connection takes a message now; if so its pace is charged.
    mutating func takeTurn(_ poolID: PoolID, now: Instant) -> Bool {
        guard let current = pools[poolID]?.current, let inFlight = pools[poolID]?.inFlight,
            connections[current]?.takes(inFlight: inFlight) == true
        else { return false }
        return pools[poolID]?.isPaced == true ? takePace(of: poolID, now: now) : true
    }

    /// Whether a connection is there that messages may be written to.
    mutating func isReady(_ poolID: PoolID) -> Bool {
        guard let current = pools[poolID]?.current else { return false }
        return connections[current]?.takes(inFlight: .max) == true
    }

    /// A session's pace towards an upstream is one for all lanes, and outlives connections.
    mutating func takePace(of poolID: PoolID, now: Instant) -> Bool {
        guard let pool = pools[poolID] else { return true }
        let index = pool.upstream.index
        return sessions[pool.session]?.paces[index, default: WindowPace(pool.upstream.settings.pace)].take(now: now)
            ?? true
    }

    /// How long the message that comes behind `ahead` others must wait for the session's pace.
    private func paceWait(of pool: Pool, ahead: Int, now: Instant) -> TimeSpan {
        sessions[pool.session]?.paces[pool.upstream.index]?.wait(ahead: ahead, now: now)
            ?? WindowPace(pool.upstream.settings.pace).wait(ahead: ahead, now: now)
    }

    /// Keeps a message until it can be sent, or refuses it where the bounds are reached.
    mutating func enqueue(
        _ exchange: Exchange, _ bytes: Span<UInt8>, isHindered: Bool, _ turn: inout Turn
    ) {
        guard let pool = pools[exchange.pool] else { return }
        let settings = pool.upstream.settings
        let (client, seat) = (exchange.client, exchange.seat)
        // What the other side will serve is no business of this one's backend.
        let isAstray = isAstray(exchange, now: turn.now)
        if pool.expired, !isAstray {
            return refuse(client, .sessionExpired, on: seat, members: known(bytes), &turn)
        }
        let ahead = waiting(in: pool, isHindered: isHindered)
        let full =
            ahead.messages >= settings.queue.messages
            || ahead.messages > 0 && ahead.bytes &+ bytes.count > settings.queue.bytes
        if full {
            let code: ErrorCode = exchange.route.isPaused ? .routePaused : .queueFull
            return refuse(client, code, on: seat, members: known(bytes), &turn)
        }
        if !settings.pace.isEmpty, !isAstray {
            let wait = paceWait(of: pool, ahead: ahead.messages, now: turn.now)
            if wait > settings.queue.timeout {
                let members = known(bytes) + [("retry_after", decimalSeconds(wait))]
                return refuse(client, .rateLimited, on: seat, members: members, &turn)
            }
        }
        var exchange = exchange
        exchange.held = copy(bytes, 0..<bytes.count)
        exchange.unreadyAtStart = pool.unreadyTime(now: turn.now)
        exchange.queuedAt = turn.now
        if exchange.route.isPaused {
            exchange.pausedSince = turn.now
            pools[exchange.pool]?.hasPaused = true
        }
        exchange.isAstray = isAstray
        if isHindered || isAstray || namesMayCome(exchange.pool, pool.upstream) {
            pools[exchange.pool]?.hasHindered = true
        }
        heldBytes += bytes.count
        if let handshake = clients[exchange.client]?.handshake { pools[exchange.pool]?.handshake = handshake }
        let id = open(exchange)
        pools[exchange.pool]?.queue.append(id, in: &exchanges)
        pools[exchange.pool]?.queuedBytes += bytes.count
        pump(exchange.pool, &turn)
    }

    /// What stands before a further message. What waits for its route's resume or for the other side's end is bounded
    /// by itself, so that it takes no room from routes that go on.
    private mutating func waiting(in pool: Pool, isHindered: Bool) -> (messages: Int, bytes: Int) {
        if !pool.hasHindered, !isHindered { return (pool.queue.count, pool.queuedBytes) }
        var (messages, bytes) = (0, 0)
        var candidate = pool.queue.head
        while let size = exchanges[candidate]?.size {
            if self.isHindered(candidate) == isHindered {
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
        if pools[poolID]?.expired == true { failWaiting(poolID, .sessionExpired, &turn) }
        if pools[poolID]?.hasOneWay == true { placeOneWays(poolID, now: turn.now) }
        var next = firstSendable(poolID)
        while !next.isNone {
            if !turns(next, now: turn.now) {
                guard takeTurn(poolID, now: turn.now) else { break }
                sendHeld(next, &turn)
            }
            next = firstSendable(poolID)
        }
        if pools[poolID]?.hasOneWay == true {
            sendOneWays(poolID, &turn)
            next = firstSendable(poolID)
        }
        guard hasWaiting(poolID, &turn) else { return }
        if next.isNone {
            // Nothing waits for a connection; something may wait for more than that.
            pools[poolID]?.setReady(true, now: turn.now)
            let listens = pools[poolID]?.isWanted == true && dialWanted(poolID, &turn)
            arm(pool: poolID, dialsAt: listens ? listenTime(poolID) : .distantFuture, now: turn.now)
            return
        }
        if pools[poolID]?.current.isNone == true { dial(poolID, &turn) }
        let ready = isReady(poolID)
        pools[poolID]?.setReady(ready, now: turn.now)
        arm(pool: poolID, dialsAt: dialTime(poolID), now: turn.now)
    }

    /// Whether messages wait in a pool; if not, all is done that is left to do for it.
    private mutating func hasWaiting(_ poolID: PoolID, _ turn: inout Turn) -> Bool {
        switch pools[poolID]?.work(now: turn.now) {
        case .messagesWait: return true
        case .connectionIsWanted:
            if dialWanted(poolID, &turn) { arm(pool: poolID, dialsAt: listenTime(poolID), now: turn.now) }
        case .nothing, nil: break
        }
        return false
    }

    /// - Parameter link: `.none` is the pool's current connection.
    mutating func sendHeld(
        _ id: ExchangeID, over link: ConnectionID = .none, _ turn: inout Turn
    ) {
        guard let pool = exchanges[id]?.pool else { return }
        meterWait(id, now: turn.now)
        // Whatever it was accepted for: its socket may have changed sides since.
        if pools[pool]?.isThrough == true { return passHeld(id, over: link, &turn) }
        if exchanges[id]?.isPassed == true, !becomesRouted(id, &turn) { return }
        if exchanges[id]?.naming != .client { nameAgain(id) }
        guard let exchange = exchanges[id] else { return }
        pools[exchange.pool]?.queue.remove(id, in: &exchanges)
        pools[exchange.pool]?.queuedBytes -= exchange.size
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
            fail(id, .binaryUnsupported, &turn)
            return false
        }
        let nesting = table.definition.limits.nesting
        switch envelope.scan(exchange.held.span, for: table.requestKeys, nesting: nesting, early: false) {
        case .object: break
        case .notAnObject:
            fail(id, .notAnObject, &turn)
            return false
        case .malformed, .tooDeep:
            fail(id, .badJSON, &turn)
            return false
        }
        if !envelope.oddities.isEmpty,
            let objection = table.deciding.objection(
                to: envelope, keys: table.requestKeys, exchange.held.span, isAddressed: false)
        {
            fail(id, objection.code, &turn)
            return false
        }
        if let type = envelope.value(table.typeSlot), let found = table.absorbed.find(exchange.held.span, type) {
            absorb(exchange.client, found, of: table.absorbed, exchange.held.span, &turn)
            end(id, &turn)
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
    /// On the path of every message: it reads the fields it needs, and copies no exchange.
    mutating func forward(
        _ id: ExchangeID, _ route: Route, _ poolID: PoolID, _ bytes: Span<UInt8>, over link: ConnectionID = .none,
        blob: Bool, _ turn: inout Turn
    ) {
        guard let current = link.isNone ? pools[poolID]?.current : link, let upstream = pools[poolID]?.upstream else {
            return
        }
        let splice = reshape(id, route, upstream, bytes, blob: blob, &turn)
        turn.effects.list.append(.forward(current, splice))
        tally.forwarded += 1
        let side: Side = upstream.isUnified ? .unified : .legacy
        let isUnread = upstream.keepsUnread && connections[current]?.hasSpoken == false
        if upstream.keepsSent || blob || isUnread { keep(id, upstream, bytes, isUnread: isUnread, now: turn.now) }
        guard let sent = exchanges[id]?.wasSent(over: current, to: side, at: turn.now) else { return }
        seats[sent.seat]?.count(1, sentTo: side)
        count(route.index, side, bytes: splice.length)
        let deadline = turn.now + upstream.exchangeTimeout
        let isLate = connections[current]?.sent(id, in: &exchanges, deadline: deadline)
        if sent.isOneWay { return end(id, &turn) }
        if isLate == true, var armed = connections[current]?.armed {
            wheel.arm(.connection(current), at: deadline, armed: &armed)
            connections[current]?.armed = armed
        }
    }

    /// Keeps the message of an exchange that may have to be sent again; lets go of what only waited.
    ///
    /// - Parameter isUnread: the backend has said nothing yet on the connection that the message goes over.
    private mutating func keep(
        _ id: ExchangeID, _ upstream: Upstream, _ bytes: Span<UInt8>, isUnread: Bool, now: Instant
    ) {
        guard let exchange = exchanges[id] else { return }
        let keeps = !exchange.oneWay && (isUnread || upstream.keepsSent && !exchange.retried)
        if keeps && exchange.held.isEmpty {
            exchanges[id]?.held = copy(bytes, 0..<bytes.count)
            heldBytes += bytes.count
            // Should it be put back, it has not waited yet.
            let unready = pools[exchange.pool]?.unreadyTime(now: now) ?? .zero
            exchanges[id]?.unreadyAtStart = unready
        } else if !keeps && !exchange.held.isEmpty {
            heldBytes -= exchange.held.count
            exchanges[id]?.held = []
        }
    }

    /// Counts a message for its route and side.
    @inline(__always)
    mutating func count(_ route: Int, _ side: Side, bytes: Int) {
        guard route >= 0, route < routeTallies.count else { return }
        routeTallies[route].sent(to: side, bytes: bytes)
    }
}
