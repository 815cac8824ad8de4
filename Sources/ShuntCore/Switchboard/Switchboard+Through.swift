/// Passthrough: an old client's messages go to its legacy backend as they are, over a connection of its own, and come
/// back as they are. What they are is looked at only to know when an exchange is over, so that a change of side loses
/// none.
extension Switchboard {
    /// A handshake on a legacy endpoint. It is answered by `admit` or `reject`: where the legacy upstream serves, as that
    /// answers its own.
    package mutating func clientArrived(
        _ handshake: Handshake, token: String?, endpoint: Endpoint, now: Instant, _ effects: inout Effects
    ) -> ClientID {
        wheel.start(at: now)
        let sessionID = session(for: token)
        let app = ClientApp(handshake, naming: table.definition.client)
        let limits = table.definition.limits
        let id = clients.insert(
            Client(session: sessionID, handshake: handshake, endpoint: endpoint, app: app, limits: limits, now: now))
        let before = sessions[sessionID]?.clients.count ?? 0
        sessions[sessionID]?.clients.append(id)
        sessions[sessionID]?.alone = nil
        let seat = seat(of: id, endpoint.route, now: now)
        if before >= limits.connectionsPerSession {
            // Nothing is said to it that the session's next socket would miss.
            effects.list.append(.admit(id, .none))
            close(id, .tryAgainLater, .tooManyConnections, now: now, &effects)
        } else if seats[seat]?.side == .legacy {
            clients[id]?.isArriving = true
            let pool = findPool(of: seat)
            seats[seat]?.pool = pool
            dialThrough(pool, now: now, &effects)
        } else {
            admit(id, .none, now: now, &effects)
        }
        settleLoosened(now: now, &effects)
        return id
    }

    /// The client's handshake is answered; from here on it is like any other.
    mutating func admit(_ id: ClientID, _ connection: ConnectionID, now: Instant, _ effects: inout Effects) {
        guard let client = clients[id] else { return }
        clients[id]?.isArriving = false
        clients[id]?.lastHeard = now
        clients[id]?.lastActive = now
        effects.list.append(.admit(id, connection))
        if let drain = draining { leave(id, .draining, at: drain.leavingTime(now: now, random: &random)) }
        if let endpoint = client.endpoint, endpoint.heartbeat != nil, !client.isRaw {
            clients[id]?.beats = now + endpoint.heartbeatEvery
        }
        for poolID in sessions[client.session]?.pools ?? [] { pools[poolID]?.expired = false }
        if connection.isNone { greet(id, now: now, &effects) }
        if !client.isRaw, let notice = client.endpoint?.announcement?.notice {
            effects.list.append(.deliver(id, effects.splices.splice(blob: notice)))
        }
        if !brownoutsInForce.isEmpty { leaveInBrownout(id, now: now) }
        if !client.isRaw {
            deliverParked(to: id, of: client.session, now: now, &effects)
            adopt(by: id, of: client.session)
        }
        // The table may have changed while the backend was asked.
        if !connection.isNone, let seat = client.seats.first?.seat { resettle(seat, now: now, &effects) }
        arm(client: id)
    }

    /// What the legacy backend would say to a client that connects.
    private mutating func greet(_ id: ClientID, now: Instant, _ effects: inout Effects) {
        guard let client = clients[id], let endpoint = client.endpoint, !endpoint.onConnect.isEmpty,
            let place = client.seats.first
        else { return }
        let made = madeConversation(place.seat)
        var values = ["session": sessions[client.session]?.shortName ?? [], "conversation_id": unquoted(made)]
        for (name, value) in zip(table.definition.addressing.routeBy, endpoint.route.matchBytes) {
            values[name] = value
        }
        for template in endpoint.onConnect {
            effects.list.append(.deliver(id, effects.splices.splice(blob: template.filled(values))))
        }
    }

    private func unquoted(_ json: [UInt8]) -> [UInt8] {
        JSONString.content(json.span, JSONValue(kind: .string, start: 0, end: json.count))
    }

    // MARK: Messages

    /// A message of a client on a legacy endpoint.
    mutating func takeLegacy(
        _ id: ClientID, _ endpoint: Endpoint, _ kind: MessageKind, _ bytes: Span<UInt8>, now: Instant,
        _ effects: inout Effects
    ) {
        var opens = true
        if kind == .text {
            let result = envelope.scan(bytes, for: Self.typeOnly, nesting: table.definition.limits.nesting, early: true)
            if result == .object, let type = envelope.value(0),
                endpoint.absorbed.find(bytes, type) != nil || table.oneWay.find(bytes, type) != nil,
                let type = wholeType(bytes)
            {
                if endpoint.absorbed.find(bytes, type) != nil {
                    tally.absorbed += 1
                    return
                }
                opens = table.oneWay.find(bytes, type) == nil
            }
        }
        guard let seatID = clients[id]?.seats.first?.seat, let route = seats[seatID]?.route,
            let current = seats[seatID]?.pool
        else { return }
        heard(seatID, bytes: bytes.count, now: now)
        if clients[id]?.isStranded == true {
            return refuse(id, .unknownAgent, detail: ErrorCode.routeRemoved.text, now: now, &effects)
        }
        if !route.isSettled || !pools.contains(current) {
            // An old client names no conversation: its socket's is one.
            settle(seat: seatID, route, madeConversation(seatID), now: now, &effects)
        }
        guard let side = seats[seatID]?.side, let pool = seats[seatID]?.pool else { return }
        if side == .unified { return takeRouted(id, kind, bytes, now: now, &effects) }
        seats[seatID]?.lastUsed = now
        pass(id, seatID, pool, kind, bytes, opens: opens, now: now, &effects)
    }

    static let typeOnly = KeySet(["type"])

    /// The type of a message that is well-formed to its end: the last one counts, as it does for the backend.
    private mutating func wholeType(_ bytes: Span<UInt8>) -> JSONValue? {
        let nesting = table.definition.limits.nesting
        guard envelope.scan(bytes, for: Self.typeOnly, nesting: nesting, early: false) == .object else { return nil }
        return envelope.value(0)
    }

    private mutating func pass(
        _ id: ClientID, _ seat: SeatID, _ poolID: PoolID, _ kind: MessageKind, _ bytes: Span<UInt8>, opens: Bool,
        now: Instant, _ effects: inout Effects
    ) {
        let isBlocked = seats[seat]?.isBlocked == true || seats[seat]?.route.isPaused == true
        if !isBlocked, pools[poolID]?.queue.isEmpty == true, isReady(poolID), let current = pools[poolID]?.current {
            var splice = effects.splices.splice(messageOf: bytes.count)
            splice.kind = kind
            return passed(splice, over: current, seat, opens: opens, now: now, &effects)
        }
        guard let session = clients[id]?.session, let route = seats[seat]?.route else { return }
        var exchange = Exchange(
            client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: clients[id]?.endpoint,
            oneWay: !opens, isPassed: true, kind: kind, size: bytes.count)
        exchange.held = copy(bytes, 0..<bytes.count)
        exchange.unreadyAtStart = pools[poolID]?.unreadyTime(now: now) ?? .zero
        if isBlocked { pools[poolID]?.hasHindered = true }
        if route.isPaused { exchange.pausedSince = now }
        heldBytes += bytes.count
        let made = open(exchange)
        pools[poolID]?.queue.append(made, in: &exchanges)
        pools[poolID]?.queuedBytes += bytes.count
        holdReading(id, poolID, &effects)
        pump(poolID, now: now, &effects)
    }

    /// Writes a message as it is. What it opens is counted; its reply is known by its type.
    mutating func passed(
        _ splice: Splice, over connection: ConnectionID, _ seat: SeatID, opens: Bool, now: Instant,
        _ effects: inout Effects
    ) {
        effects.list.append(.forward(connection, splice))
        tally.forwarded += 1
        tally.passed += 1
        count(seat, .legacy)
        guard opens else { return }
        connections[connection]?.live += 1
        connections[connection]?.lastPassed = now
        seats[seat]?.count(1, sentTo: .legacy)
        if let client = seats[seat]?.client { clients[client]?.open += 1 }
        if let armed = connections[connection]?.armed, let upstream = connections[connection]?.upstream,
            armed > now + upstream.exchangeTimeout
        {
            arm(connection: connection)
        }
    }

    /// Sends a message that had to wait.
    mutating func passHeld(_ id: ExchangeID, now: Instant, _ effects: inout Effects) {
        guard let exchange = exchanges[id], let current = pools[exchange.pool]?.current else { return }
        var splice = effects.splices.splice(blob: exchange.held)
        splice.kind = exchange.kind
        let seat = exchange.seat
        passed(splice, over: current, seat, opens: !exchange.oneWay, now: now, &effects)
        // Behind the other, so that the client is never without anything under way in between.
        end(id, now: now, &effects)
    }

    /// An old client is never told that a queue is full: it is not read while much of its own waits.
    private mutating func holdReading(_ id: ClientID, _ pool: PoolID, _ effects: inout Effects) {
        guard let queue = pools[pool]?.queue.count, let bytes = pools[pool]?.queuedBytes,
            let settings = pools[pool]?.upstream.settings.queue, clients[id]?.readingStopped == false,
            queue >= settings.messages || bytes >= settings.bytes
        else { return }
        clients[id]?.readingStopped = true
        effects.list.append(.stopReadingClient(id))
    }

    /// Reads a client again, unless something of it waits yet or its connection takes nothing.
    mutating func resumeReading(_ id: ClientID, _ effects: inout Effects) {
        guard clients[id]?.readingStopped == true else { return }
        for pool in throughPools(of: id) {
            guard pools[pool]?.queue.isEmpty == true else { return }
            let current = pools[pool]?.current ?? .none
            if connections[current]?.congested == true { return }
        }
        clients[id]?.readingStopped = false
        clients[id]?.pingedAt = nil
        effects.list.append(.startReadingClient(id))
    }

    /// A message of a backend to its one client.
    mutating func passReply(
        _ id: ConnectionID, _ upstream: Upstream, _ kind: MessageKind, _ bytes: Span<UInt8>, now: Instant,
        _ effects: inout Effects
    ) {
        guard let poolID = connections[id]?.pool, case .client(let client) = pools[poolID]?.key.owner else { return }
        var isReply = false
        var ends = false
        if kind == .text,
            envelope.scan(bytes, for: Self.typeOnly, nesting: table.definition.limits.nesting, early: true) == .object
        {
            let type = envelope.value(0).flatMap { $0.kind == .null ? nil : $0 }
            if let type {
                ends = upstream.untilTypes.map { $0.find(bytes, type) != nil || isError(upstream, type, bytes) } ?? true
                let isKnown = upstream.replyTypes.find(bytes, type) != nil
                isReply = isKnown || ends && upstream.untilTypes != nil
            } else {
                isReply = upstream.settings.replies.matchNone
                ends = upstream.untilTypes == nil
            }
        }
        if !isReply, connections[id]?.isRedial == true, connections[id]?.replied == false {
            // The client was greeted when it connected.
            tally.pushesDropped += 1
            return
        }
        if isReply {
            connections[id]?.replied = true
            pools[poolID]?.backoff.succeeded()
        }
        tally.delivered += 1
        var splice = effects.splices.splice(messageOf: bytes.count)
        splice.kind = kind
        said(clients[client]?.seats.first?.seat ?? .none, bytes: bytes.count)
        effects.list.append(.deliver(client, splice))
        guard isReply, ends, let live = connections[id]?.live, live > 0 else { return }
        connections[id]?.live = live - 1
        passedEnded(client, 1, now: now, &effects)
        guard live == 1 else { return }
        closeIfFinished(id, now: now, &effects)
        if pools[poolID]?.isRemoved == true { loosened.append(.pool(poolID)) }
    }

    /// So many messages that were passed through are over.
    mutating func passedEnded(_ id: ClientID, _ count: Int, now: Instant, _ effects: inout Effects) {
        clients[id]?.open -= count
        guard let seat = clients[id]?.seats.first?.seat else { return }
        seats[seat]?.count(-count, sentTo: .legacy)
        if seats[seat]?.isBlocked == true { unblock(seat) }
        leaveIfOver(id, now: now, &effects)
    }

    /// So many messages went over a client's byte pipe since this was called last: `up` to the backend, `down` from it,
    /// with the bytes of all frames.
    package mutating func rawPassed(
        _ id: ClientID, up: Int, down: Int, bytesUp: Int, bytesDown: Int, now: Instant
    ) {
        if let seat = clients[id]?.seats.first?.seat {
            if up > 0 { heard(seat, up, bytes: bytesUp, now: now) }
            said(seat, down, bytes: bytesDown)
        }
        tally.forwarded &+= up
        tally.passed &+= up
        tally.delivered &+= down
        guard let route = clients[id]?.endpoint?.route.index, routeTallies.indices.contains(route) else { return }
        routeTallies[route].byLegacy &+= up
    }

    // MARK: Connections

    func throughPools(of client: ClientID) -> [PoolID] {
        guard clients[client]?.endpoint != nil, let session = clients[client]?.session else { return [] }
        return (sessions[session]?.pools ?? []).filter {
            pools[$0]?.isThrough == true && pools[$0]?.key.owner == .client(client)
        }
    }

    /// Dials a client's own connection: at once for one that arrives, else when a message waits.
    mutating func dialThrough(_ poolID: PoolID, now: Instant, _ effects: inout Effects) {
        guard let pool = pools[poolID], case .client(let id) = pool.key.owner, let client = clients[id] else { return }
        let connection = connections.insert(
            Connection(
                pool: poolID, upstream: pool.upstream, cause: id, isThrough: true, isRaw: client.isRaw,
                isRedial: !client.isArriving, now: now))
        pools[poolID]?.current = connection
        pools[poolID]?.connections.append(connection)
        tally.dials += 1
        let values = client.endpoint?.pattern?.values(in: client.handshake.path) ?? [:]
        let request = UpstreamRequest(
            upstream: pool.upstream.settings, client: client.handshake, token: sessions[client.session]?.token,
            passing: client.isRaw ? .raw : .managed, values: values)
        effects.dials.append(
            DialOrder(upstream: pool.upstream, request: request, through: .init(client: id, isRaw: client.isRaw)))
        effects.list.append(.dial(connection, order: effects.dials.count - 1))
    }

    /// The backend refused a client that arrives, or is not there: the client hears the same.
    mutating func turnAway(_ id: ClientID, _ connection: ConnectionID, now: Instant, _ effects: inout Effects) {
        effects.list.append(.reject(id, connection))
        forget(id, now: now, &effects)
    }

    /// The backend closed a client's own connection: so does the client's socket, in the backend's words. While the
    /// client is on its way to the other side, or its route is paused and the backend went, it stays, and learns what is
    /// lost.
    mutating func throughClosed(_ id: ConnectionID, _ close: PeerClose, now: Instant, _ effects: inout Effects) {
        guard let connection = connections[id], case .client(let client) = pools[connection.pool]?.key.owner else {
            return
        }
        let poolID = connection.pool
        let lost = connection.live
        connections[id]?.live = 0
        forget(id)
        let seatID = clients[client]?.seats.first?.seat ?? .none
        let isMoving = close.isDeparture && !connection.isRaw && seats[seatID]?.route.isPaused == true
        if seats[seatID]?.pool == poolID, connection.state != .retired, !isMoving {
            effects.closes.append(close)
            effects.list.append(.relayCloseToClient(client, close: effects.closes.count - 1))
            forget(client, now: now, &effects)
            return
        }
        for _ in 0..<lost { refusePassed(client, .upstreamLost, sent: true, &effects) }
        passedEnded(client, lost, now: now, &effects)
        resumeReading(client, &effects)
        pump(poolID, now: now, &effects)
        loosened.append(.pool(poolID))
    }

    /// An error about a message that was passed through, where the backend can say nothing any more.
    private mutating func refusePassed(_ id: ClientID, _ code: ErrorCode, sent: Bool, _ effects: inout Effects) {
        guard let endpoint = clients[id]?.endpoint else { return }
        tally.errors += 1
        erred(clients[id]?.seats.first?.seat ?? .none)
        let start = effects.splices.literalCount
        ErrorReply.append(code, sent: sent, members: tags(of: endpoint.route), to: &effects.splices.literals)
        let splice = effects.splices.splice(literalsFrom: start)
        effects.list.append(.deliver(id, restored(splice, message: Span(), endpoint, &effects)))
    }

    func tags(of route: Route) -> [(name: String, json: [UInt8])] {
        zip(table.definition.addressing.routeBy, route.tags).compactMap { name, tag in tag.map { (name, $0) } }
    }

    /// What a client's own upstream does not take stays in the client's socket.
    mutating func throughCongested(_ id: ConnectionID, _ isCongested: Bool, _ effects: inout Effects) {
        guard let pool = connections[id]?.pool, pools[pool]?.isThrough == true,
            case .client(let client) = pools[pool]?.key.owner
        else { return }
        if !isCongested { return resumeReading(client, &effects) }
        guard clients[client]?.readingStopped == false else { return }
        clients[client]?.readingStopped = true
        effects.list.append(.stopReadingClient(client))
    }

    /// Its backend did not answer in all that time: nobody waits for it any more.
    mutating func forgetPassed(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {
        guard let connection = connections[id], connection.isThrough, connection.live > 0,
            now >= connection.lastPassed + connection.upstream.settings.exchangeTimeout,
            case .client(let client) = pools[connection.pool]?.key.owner
        else { return }
        connections[id]?.live = 0
        passedEnded(client, connection.live, now: now, &effects)
        closeIfFinished(id, now: now, &effects)
    }
}
