/// A client's message on its way in: checked, addressed, accepted or refused.
extension Switchboard {
    /// A message that is read, reshaped and answered here: on the unified endpoint, or collapsed.
    mutating func takeRouted(
        _ id: ClientID, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        if kind == .binary { return refuse(id, .binaryUnsupported, &turn) }
        let nesting = table.definition.limits.nesting
        switch envelope.scan(bytes, for: table.requestKeys, nesting: nesting, early: false) {
        case .object: break
        case .notAnObject: return refuse(id, .notAnObject, &turn)
        case .malformed(let position):
            return refuse(
                id, .badJSON, detail: "The message is not valid JSON (at byte \(position))", &turn)
        case .tooDeep(let position):
            let detail = "The message is nested deeper than \(nesting) levels (at byte \(position))"
            return refuse(id, .badJSON, detail: detail, &turn)
        }
        if !envelope.oddities.isEmpty, let objection = objection(to: id, bytes) {
            return refuse(
                id, objection.code, detail: objection.detail, members: echoedMembers(bytes, but: objection.slot), &turn)
        }
        if let type = envelope.value(table.typeSlot), let found = table.absorbed.find(bytes, type) {
            if found != table.absorbed.refresh { return absorb(id, found, of: table.absorbed, bytes, &turn) }
            // On a legacy endpoint such a message is any other.
            if clients[id]?.isUnified == true { return refresh(id, bytes, &turn) }
        }
        if let endpoint = clients.at(id)?.pointee.endpoint { return accept(id, endpoint.route, bytes, &turn) }
        switch addresses.resolve(envelope, bytes, by: table.addressing) {
        case .route(let index): accept(id, table.routes[index], bytes, &turn)
        case .unaddressed:
            refuse(id, .unknownAgent, detail: missing(level: 0), members: echoedMembers(bytes), &turn)
        case .unknownAgent:
            let detail = unknown(.unknownAgent, level: 0, bytes)
            refuse(id, .unknownAgent, detail: detail, members: echoedMembers(bytes), &turn)
        case .memberRequired(let level):
            refuse(id, .pillarRequired, detail: missing(level: level), members: echoedMembers(bytes), &turn)
        case .unknownMember(let level):
            let detail = unknown(.unknownPillar, level: level, bytes)
            refuse(id, .unknownPillar, detail: detail, members: echoedMembers(bytes), &turn)
        }
    }

    /// What there is to object to the message at hand.
    @inline(never)
    func objection(to id: ClientID, _ bytes: Span<UInt8>) -> Objection? {
        table.deciding.objection(
            to: envelope, keys: table.requestKeys, bytes, isAddressed: clients[id]?.endpoint == nil)
    }

    private mutating func accept(
        _ id: ClientID, _ route: Route, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        let seat = seat(of: id, route, now: turn.now)
        // An old client's message was counted when it came.
        guard let (session, endpoint) = clients.at(id)?.pointee.origin() else { return }
        if endpoint == nil { countReceived(seat, bytes: bytes.count, now: turn.now) }
        if draining != nil { return refuse(id, .draining, on: seat, members: echoedMembers(bytes), &turn) }
        if isOverloaded { return refuse(id, .overloaded, on: seat, members: echoedMembers(bytes), &turn) }
        let oneWay = envelope.value(table.typeSlot).map { table.oneWay.find(bytes, $0) != nil } ?? false
        let named = sentConversation(seat, bytes)
        var (conversation, naming) = named.map { ($0, .client) } ?? unnamedConversation(seat)
        // The side of an old client's socket is decided already, by its one conversation.
        if endpoint == nil {
            let hasMoved = place(seat: seat, route, conversation, &turn)
            // Each side has a name of its own for what the client does not name.
            if hasMoved, named == nil { (conversation, naming) = unnamedConversation(seat) }
        }
        guard let (poolID, gate) = seats.at(seat)?.pointee.nextPlace(), let pool = pools.at(poolID) else { return }
        let (upstream, queueEmpty) = pool.pointee.wasUsed(by: id, for: route)
        let isNameless = naming == .made && namesMayCome(poolID, upstream) && awaitsName(poolID, route)
        let isGated = route.isPaused || gate != .open
        let correlation = correlation(upstream, conversation, bytes)
        // Made where it is used: moved from here to there it would be copied, with all that it refers to.
        if oneWay {
            var exchange = Exchange(
                client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: endpoint,
                oneWay: true, conversation: conversation, naming: naming, correlation: correlation, size: bytes.count)
            if endpoint == nil { exchange.echo = echo(bytes) }
            return acceptOneWay(exchange, bytes, &turn)
        }
        if queueEmpty, !isGated, !isNameless, takeTurn(poolID, now: turn.now) {
            clients.at(id)?.pointee.accepted()
            sessions.at(session)?.pointee.accepted()
            let exchangeID = exchanges.insert(
                Exchange(
                    client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: endpoint,
                    conversation: conversation, naming: naming, correlation: correlation, size: bytes.count))
            if endpoint == nil, !table.echoSlots.isEmpty { keepEcho(exchangeID, bytes) }
            guard let link = pools.at(poolID)?.pointee.links.current else { return }
            forward(exchangeID, route, upstream, bytes, over: link, blob: false, &turn)
        } else {
            var exchange = Exchange(
                client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: endpoint,
                conversation: conversation, naming: naming, correlation: correlation, size: bytes.count)
            if endpoint == nil { exchange.echo = echo(bytes) }
            enqueue(exchange, bytes, isGated: isGated, &turn)
        }
    }

    /// Most messages have nothing that is repeated: they cost a look for each name.
    private mutating func keepEcho(_ id: ExchangeID, _ bytes: Span<UInt8>) {
        for slot in table.echoSlots where envelope.value(slot) != nil {
            let text = echo(bytes)
            exchanges[id]?.echo = text
            return
        }
    }
}
