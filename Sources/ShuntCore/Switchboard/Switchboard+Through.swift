/// Passthrough: an old client's messages go to its legacy backend as they are, over a connection of its own, and come
/// back as they are. What they are is looked at only to know when an exchange is over, so that a change of side loses
/// none.
extension Switchboard {
    /// A message of a client on a legacy endpoint.
    mutating func takeLegacy(
        _ id: ClientID, _ endpoint: Endpoint, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        meterMessages(1, bytes: bytes.count, on: routeIndex(of: id) ?? -1)
        var (opens, isOneWay) = (true, false)
        if kind == .text, let type = kindOfPassed(endpoint, bytes, early: true),
            endpoint.absorbed.find(bytes, type) != nil || table.oneWay.find(bytes, type) != nil,
            let type = kindOfPassed(endpoint, bytes, early: false)
        {
            let isAmbiguous =
                envelope.oddities.contains(.repeated)
                && envelope.disagrees(endpoint.route.legacy?.passedKindSlot ?? 0, bytes)
            if isAmbiguous {
                tally.ambiguous += 1
            } else if let found = endpoint.absorbed.find(bytes, type) {
                return absorb(id, found, of: endpoint.absorbed, bytes, &turn)
            }
            isOneWay = !isAmbiguous && table.oneWay.find(bytes, type) != nil
            opens = !isAmbiguous && !isOneWay
        }
        guard let seatID = clients[id]?.seats.first?.seat, let route = seats[seatID]?.route,
            let current = seats[seatID]?.pool
        else { return }
        heard(seatID, bytes: bytes.count, now: turn.now)
        if clients[id]?.isStranded == true {
            return refuse(id, .unknownAgent, detail: ErrorCode.routeRemoved.text, &turn)
        }
        if !route.isSettled || !pools.contains(current) {
            // An old client names no conversation: its socket's is one.
            settle(seat: seatID, route, madeConversation(seatID), &turn)
        }
        guard let side = seats[seatID]?.side, let pool = seats[seatID]?.pool else { return }
        if isOneWay, overtakes(id, seatID, bytes, &turn) { return }
        if side == .unified { return takeRouted(id, kind, bytes, &turn) }
        seats[seatID]?.lastUsed = turn.now
        pass(id, seatID, pool, kind, bytes, opens: opens, &turn)
    }

    private static let typeOnly = KeySet(["type"])

    /// What an old client's message says of its kind; nil where it says nothing, or is no object that is well-formed as
    /// far as it was scanned.
    private mutating func kindOfPassed(_ endpoint: Endpoint, _ bytes: Span<UInt8>, early: Bool) -> JSONValue? {
        let legacy = endpoint.route.legacy
        let keys = legacy?.passedKeys ?? Self.typeOnly
        guard envelope.scan(bytes, for: keys, nesting: table.definition.limits.nesting, early: early) == .object
        else { return nil }
        return envelope.value(legacy?.passedKindSlot ?? 0)
    }

    mutating func pass(
        _ id: ClientID, _ seat: SeatID, _ poolID: PoolID, _ kind: MessageKind, _ bytes: Span<UInt8>, opens: Bool,
        _ turn: inout Turn
    ) {
        let isBlocked = seats[seat]?.isBlocked == true || seats[seat]?.route.isPaused == true
        if !isBlocked, pools[poolID]?.queue.isEmpty == true, isReady(poolID), let current = pools[poolID]?.current {
            var splice = turn.effects.splices.splice(messageOf: bytes.count)
            splice.kind = kind
            return passed(splice, over: current, seat, opens: opens, &turn)
        }
        guard let session = clients[id]?.session, let route = seats[seat]?.route else { return }
        var exchange = Exchange(
            client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: clients[id]?.endpoint,
            oneWay: !opens, isPassed: true, kind: kind, size: bytes.count)
        exchange.held = copy(bytes, 0..<bytes.count)
        exchange.unreadyAtStart = pools[poolID]?.unreadyTime(now: turn.now) ?? .zero
        exchange.queuedAt = turn.now
        if isBlocked { pools[poolID]?.hasHindered = true }
        if route.isPaused {
            exchange.pausedSince = turn.now
            pools[poolID]?.hasPaused = true
        }
        heldBytes += bytes.count
        let made = open(exchange)
        pools[poolID]?.queue.append(made, in: &exchanges)
        pools[poolID]?.queuedBytes += bytes.count
        holdReading(id, poolID, &turn)
        pump(poolID, &turn)
    }

    /// An old client is never told that a queue is full: it is not read while much of its own waits.
    private mutating func holdReading(_ id: ClientID, _ pool: PoolID, _ turn: inout Turn) {
        guard let queue = pools[pool]?.queue.count, let bytes = pools[pool]?.queuedBytes,
            let settings = pools[pool]?.upstream.settings.queue, clients[id]?.readingStopped == false,
            queue >= settings.messages || bytes >= settings.bytes
        else { return }
        clients[id]?.readingStopped = true
        turn.effects.list.append(.stopReadingClient(id))
    }

    /// A message of a backend to its one client.
    mutating func passReply(
        _ id: ConnectionID, _ upstream: Upstream, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        guard let poolID = connections[id]?.pool, case .client(let client) = pools[poolID]?.key.owner else { return }
        var found = MessageClass.push
        var isObject = false
        if kind == .text {
            let nesting = table.definition.limits.nesting
            if envelope.scan(bytes, for: upstream.passedKeys, nesting: nesting, early: true) == .object {
                isObject = true
                found = upstream.passedRules.classify(envelope, bytes)
            }
        }
        let (isReply, ends) = (found != .push, found != .part)
        if !isReply, connections[id]?.isRedial == true, connections[id]?.replied == false,
            isGreeting(id, upstream.passedRules, bytes, isObject: isObject)
        {
            // The client was greeted when it connected.
            return pushed(id, .dropped)
        }
        if isReply {
            connections[id]?.replied = true
            pools[poolID]?.backoff.succeeded()
        }
        tally.delivered += 1
        var splice = turn.effects.splices.splice(messageOf: bytes.count)
        splice.kind = kind
        said(clients[client]?.seats.first?.seat ?? .none, bytes: bytes.count)
        turn.effects.list.append(.deliver(client, splice))
        let route = routeIndex(of: client) ?? -1
        guard isReply, let live = connections[id]?.live, live > 0 else {
            return meterPassedDown(route, bytes: bytes.count)
        }
        let askedAt = connections[id]?.askedAt
        meterReply(
            route, .legacy, bytes: bytes.count, since: askedAt ?? turn.now, isFirst: askedAt != nil, ends: ends,
            now: turn.now)
        connections[id]?.askedAt = nil
        guard ends else { return }
        connections[id]?.live = live - 1
        passedEnded(client, 1, &turn)
        guard live == 1 else { return }
        closeIfFinished(id, &turn)
        if pools[poolID]?.isRemoved == true { agenda.add(.tend(poolID)) }
    }

    /// Whether what a backend says before its first reply is its greeting, as `admits` has it.
    mutating func isGreeting(
        _ id: ConnectionID, _ rules: ReplyRules, _ bytes: Span<UInt8>, isObject: Bool
    ) -> Bool {
        guard rules.namesGreetings else { return connections[id]?.isForListener == false }
        return isObject && rules.action(envelope, bytes) == .greeting
    }
}
