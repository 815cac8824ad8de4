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
        guard let seatID = clients.at(id)?.pointee.ownSeat, let route = seats.at(seatID)?.pointee.route,
            let current = seats.at(seatID)?.pointee.pool
        else { return }
        countReceived(seatID, bytes: bytes.count, now: turn.now)
        if clients.at(id)?.pointee.isStranded == true {
            if clients[id]?.credential.isExpired == true { return refuse(id, .sessionExpired, &turn) }
            return refuse(id, .unknownAgent, detail: ErrorCode.routeRemoved.text, &turn)
        }
        if !route.isFixed || !pools.contains(current) {
            // An old client names no conversation: its socket's is one.
            place(seat: seatID, route, madeConversation(seatID), &turn)
        }
        guard let side = seats.at(seatID)?.pointee.side else { return }
        if isOneWay, overtakes(id, seatID, bytes, &turn) { return }
        if side == .unified { return takeRouted(id, kind, bytes, &turn) }
        pass(id, seatID, kind, bytes, opens: opens, &turn)
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

    private mutating func pass(
        _ id: ClientID, _ seat: SeatID, _ kind: MessageKind, _ bytes: Span<UInt8>, opens: Bool, _ turn: inout Turn
    ) {
        guard let place = seats.at(seat)?.pointee.placeOfNext(at: turn.now) else { return }
        let isGated = place.gate != .open || place.route.isPaused
        if !isGated, let link = pools.at(place.pool)?.pointee.linkForNext(), let room = links.at(link)?.pointee.room() {
            write(turn.effects.splices.splice(messageOf: bytes.count), kind, over: link, place.route, &turn)
            if !opens || room.unanswered >= Self.mostPassed && isCountedInLast(link, now: turn.now) { return }
            clients.at(id)?.pointee.accepted()
            sessions.at(place.session)?.pointee.accepted()
            let exchange = exchanges.insert(
                passed: Exchange(
                    client: id, session: place.session, pool: place.pool, seat: seat, route: place.route,
                    endpoint: clients.at(id)?.pointee.endpoint, isPassed: true, kind: kind, size: bytes.count,
                    isTimed: room.unanswered == 0))
            _ = written(exchange, over: link, to: .legacy, timeout: room.timeout, now: turn.now)
            return
        }
        let exchange = Exchange(
            client: id, session: place.session, pool: place.pool, seat: seat, route: place.route,
            endpoint: clients[id]?.endpoint, oneWay: !opens, isPassed: true, kind: kind, size: bytes.count)
        if isGated { pools[place.pool]?.line.gate() }
        wait(exchange, bytes, now: turn.now)
        holdReading(id, place.pool, &turn)
        pump(place.pool, &turn)
    }

    /// An old client is never told that a queue is full: it is not read while much of its own waits.
    private mutating func holdReading(_ id: ClientID, _ pool: PoolID, _ turn: inout Turn) {
        guard let queue = pools[pool]?.line.count, let bytes = pools[pool]?.line.bytes,
            let settings = pools[pool]?.upstream.settings.queue,
            queue >= settings.messages || bytes >= settings.bytes, clients[id]?.setReading(stopped: true) == true
        else { return }
        turn.effects.list.append(.stopReadingClient(id))
    }

    /// A message of a backend to its one client.
    mutating func passBack(
        _ id: ConnectionID, _ upstream: Upstream, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        guard let (poolID, client) = links.at(id)?.pointee.ownClient() else { return }
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
        if !isReply, links.at(id)?.pointee.isRedial == true, links.at(id)?.pointee.replied == false,
            isGreeting(id, upstream.passedRules, bytes, isObject: isObject)
        {
            // The client was greeted when it connected.
            return pushed(id, .dropped)
        }
        var oldest = ExchangeID.none
        if isReply {
            oldest = links.at(id)?.pointee.replyCame() ?? .none
            pools.at(poolID)?.pointee.backoff.succeeded()
        }
        tally.delivered += 1
        var splice = turn.effects.splices.splice(messageOf: bytes.count)
        splice.kind = kind
        countSent(clients.at(client)?.pointee.ownSeat ?? .none, bytes: bytes.count)
        turn.effects.list.append(.deliver(client, splice))
        let route = routeIndex(of: client) ?? -1
        guard let place = exchanges.at(oldest)?.pointee.place else { return meterPassedDown(route, bytes: bytes.count) }
        meterReply(
            route, .legacy, bytes: bytes.count, since: place.sentAt, isFirst: place.isTimed, ends: ends,
            now: turn.now)
        guard ends else {
            exchanges.at(oldest)?.pointee.passedPartCame()
            return
        }
        if exchanges.at(oldest)?.pointee.answeredOne() == true { return }
        conclude(oldest, .answered, &turn)
        guard links.at(id)?.pointee.inFlight == 0 else { return }
        closeIfFinished(id, &turn)
        if pools[poolID]?.isRemoved == true { agenda.add(.tend(poolID)) }
    }

    /// Whether what a backend says before its first reply is its greeting, as `admits` has it.
    mutating func isGreeting(
        _ id: ConnectionID, _ rules: ReplyRules, _ bytes: Span<UInt8>, isObject: Bool
    ) -> Bool {
        guard rules.namesGreetings else { return links[id]?.occasion != .listening }
        return isObject && rules.action(envelope, bytes) == .greeting
    }
}
