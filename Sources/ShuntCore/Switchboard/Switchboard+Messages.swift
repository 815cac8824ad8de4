/// A client's message on its way in: checked, addressed, accepted or refused.
extension Switchboard {
    /// A whole data message of a client, unmasked.
    package mutating func clientMessage(
        _ id: ClientID, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        take(id, kind, bytes, &turn)
        runAgenda(&turn)
    }

    private mutating func take(
        _ id: ClientID, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        guard clients[id]?.spoke(turn.now) != nil else { return }
        tally.messages += 1
        if let endpoint = clients[id]?.endpoint { return takeLegacy(id, endpoint, kind, bytes, &turn) }
        meter.unified.heard(1, bytes: bytes.count, isDeprecated: false)
        if clients[id]?.pace.take(now: turn.now) == false {
            let wait = clients[id]?.pace.wait(now: turn.now) ?? .zero
            // Read only to say which message it was: a frontend may have several under way.
            let nesting = table.definition.limits.nesting
            let isObject =
                kind == .text
                && envelope.scan(bytes, for: table.requestKeys, nesting: nesting, early: false) == .object
            let members = (isObject ? known(bytes) : []) + [("retry_after", decimalSeconds(wait))]
            return refuse(id, .rateLimited, members: members, &turn)
        }
        takeRouted(id, kind, bytes, &turn)
    }

    /// A message that is read, reshaped and answered here: on the unified endpoint, or collapsed.
    mutating func takeRouted(
        _ id: ClientID, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        if kind == .binary { return refuse(id, .binaryUnsupported, &turn) }
        // Held once: it is asked for much.
        let table = table
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
                id, objection.code, detail: objection.detail, members: known(bytes, but: objection.slot), &turn)
        }
        if let type = envelope.value(table.typeSlot), let found = table.absorbed.find(bytes, type) {
            return absorb(id, found, of: table.absorbed, bytes, &turn)
        }
        if let endpoint = clients[id]?.endpoint { return accept(id, endpoint.route, bytes, &turn) }
        switch table.addressing.resolve(envelope, bytes) {
        case .route(let index): accept(id, table.routes[index], bytes, &turn)
        case .unaddressed:
            refuse(id, .unknownAgent, detail: missing(level: 0), members: known(bytes), &turn)
        case .unknownAgent:
            let detail = unknown(.unknownAgent, level: 0, bytes)
            refuse(id, .unknownAgent, detail: detail, members: known(bytes), &turn)
        case .memberRequired(let level):
            refuse(id, .pillarRequired, detail: missing(level: level), members: known(bytes), &turn)
        case .unknownMember(let level):
            let detail = unknown(.unknownPillar, level: level, bytes)
            refuse(id, .unknownPillar, detail: detail, members: known(bytes), &turn)
        }
    }

    /// What there is to object to the message at hand.
    @inline(never)
    private func objection(to id: ClientID, _ bytes: Span<UInt8>) -> Objection? {
        table.deciding.objection(
            to: envelope, keys: table.requestKeys, bytes, isAddressed: clients[id]?.endpoint == nil)
    }

    /// A client's message grows past `limits.message`: it is told, then closed with 1009.
    package mutating func clientMessageTooLarge(_ id: ClientID, _ turn: inout Turn) {
        guard let isSlow = clients[id]?.congested else { return }
        refuse(
            id, .messageTooLarge, detail: "A message may have \(table.definition.limits.message) bytes at most",
            &turn)
        if !isSlow { close(id, .messageTooBig, .messageTooBig, &turn) }
        runAgenda(&turn)
    }

    private mutating func accept(
        _ id: ClientID, _ route: Route, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        let seat = seat(of: id, route, now: turn.now)
        // An old client's message was counted when it came.
        let endpoint = clients[id]?.endpoint
        if endpoint == nil { heard(seat, bytes: bytes.count, now: turn.now) }
        if draining != nil { return refuse(id, .draining, on: seat, members: known(bytes), &turn) }
        if isOverloaded { return refuse(id, .overloaded, on: seat, members: known(bytes), &turn) }
        let oneWay = envelope.value(table.typeSlot).map { table.oneWay.find(bytes, $0) != nil } ?? false
        let named = sentConversation(seat, bytes)
        var (conversation, naming) = named.map { ($0, .client) } ?? unnamedConversation(seat)
        // The side of an old client's socket is decided already, by its one conversation.
        if endpoint == nil {
            let flips = tally.flips
            settle(seat: seat, route, conversation, &turn)
            // What a change of side has sent was scanned into the same envelope.
            if tally.flips != flips {
                _ = envelope.scan(bytes, for: table.requestKeys, nesting: .max, early: false)
                if named == nil { (conversation, naming) = unnamedConversation(seat) }
            }
        }
        guard let session = clients[id]?.session, let poolID = seats[seat]?.pool,
            let upstream = pools[poolID]?.upstream
        else { return }
        let queueEmpty = pools[poolID]?.wasUsed(by: id, for: route) ?? true
        let isNameless = naming == .made && namesMayCome(poolID, upstream) && awaitsName(poolID, route)
        let isHindered = route.isPaused || seats[seat]?.isBlocked == true
        let correlation = correlation(upstream, conversation, bytes)
        // Made where it is used: moved from here to there it would be copied, with all that it refers to.
        if oneWay {
            var exchange = Exchange(
                client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: endpoint,
                oneWay: true, conversation: conversation, naming: naming, correlation: correlation, size: bytes.count)
            if endpoint == nil { exchange.echo = echo(bytes) }
            return acceptOneWay(exchange, bytes, &turn)
        }
        if queueEmpty, !isHindered, !isNameless, takeTurn(poolID, now: turn.now) {
            clients[id]?.open += 1
            sessions[session]?.open += 1
            let exchangeID = exchanges.insert(
                Exchange(
                    client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: endpoint,
                    conversation: conversation, naming: naming, correlation: correlation, size: bytes.count))
            if endpoint == nil, !table.echoSlots.isEmpty { keepEcho(exchangeID, bytes) }
            forward(exchangeID, route, poolID, bytes, blob: false, &turn)
        } else {
            var exchange = Exchange(
                client: id, session: session, pool: poolID, seat: seat, route: route, endpoint: endpoint,
                conversation: conversation, naming: naming, correlation: correlation, size: bytes.count)
            if endpoint == nil { exchange.echo = echo(bytes) }
            enqueue(exchange, bytes, isHindered: isHindered, &turn)
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

    /// Counts an accepted message; from here on it has exactly one outcome.
    mutating func open(_ exchange: consuming Exchange) -> ExchangeID {
        clients[exchange.client]?.open += 1
        sessions[exchange.session]?.open += 1
        return exchanges.insert(consume exchange)
    }

    /// What the client sent, which is echoed; nil where it names no conversation.
    mutating func sentConversation(_ seat: SeatID, _ bytes: Span<UInt8>) -> [UInt8]? {
        guard let value = envelope.value(table.conversationSlot), value.namesSomething else { return nil }
        if let last = seats[seat]?.lastConversation, equal(bytes, value.start..<value.end, last) { return last }
        let sent = copy(bytes, value.start..<value.end)
        if sent.count <= Self.longestConversation { seats[seat]?.lastConversation = sent }
        return sent
    }

    /// The longest id that is remembered, in bytes.
    static let longestConversation = 256

    mutating func madeConversation(_ id: SeatID) -> [UInt8] {
        if let made = seats[id]?.madeConversation, !made.isEmpty { return made }
        guard let seat = seats[id], let session = sessions[seat.session] else { return [] }
        let made = table.conversationTemplate.make(match: seat.route.match, session: session.shortName)
        seats[id]?.madeConversation = made
        return made
    }

    mutating func correlation(_ upstream: Upstream, _ conversation: [UInt8], _ bytes: Span<UInt8>) -> [UInt8] {
        guard let slot = upstream.requestCorrelationSlot else { return [] }
        let value = envelope.value(slot).flatMap { $0.kind == .null ? nil : $0 }
        // The conversation id is added where it is absent, if it can be, so that it is there to be echoed.
        if slot == table.conversationSlot, value != nil || addsConversation(upstream) { return conversation }
        guard let value else { return [] }
        return copy(bytes, value.start..<value.end)
    }
}

extension Switchboard {
    /// Whether a conversation id can be added to the message in hand, which has none: nothing but objects stands in its way.
    private mutating func addsConversation(_ upstream: Upstream) -> Bool {
        if upstream.unwrapped?.addsConversation ?? table.conversationIsTopLevel { return true }
        return table.conversationParents.allSatisfy { slot in
            envelope.value(slot).map { $0.kind == .object || $0.kind == .null } ?? true
        }
    }
}

extension JSONValue {
    /// Whether it names something: `null` and `""` do not.
    var namesSomething: Bool { kind != .null && !(kind == .string && end - start == 2) }
}

/// Whether a range of a message equals some bytes.
func equal(_ bytes: Span<UInt8>, _ range: Range<Int>, _ other: [UInt8]) -> Bool {
    guard range.count == other.count, range.lowerBound >= 0, range.upperBound <= bytes.count else { return false }
    for index in 0..<other.count where bytes[range.lowerBound + index] != other[index] { return false }
    return true
}

/// A copy of a range of a message.
func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return [] }
    return unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
}

/// Seconds with three decimals, rounded up and at least 0.001, as JSON.
package func decimalSeconds(_ span: TimeSpan) -> [UInt8] {
    let milliseconds = max(1, span.nanoseconds / 1_000_000 + (span.nanoseconds % 1_000_000 > 0 ? 1 : 0))
    let fraction = String(milliseconds % 1000)
    let padded = String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    return Array("\(milliseconds / 1000).\(padded)".utf8)
}
