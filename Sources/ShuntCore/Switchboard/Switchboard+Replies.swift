/// An upstream's message on its way out: whose reply it is, brought to the unified form, handed over.
extension Switchboard {
    /// A connection's first message, or one while first words are said.
    ///
    /// - Returns: whether that was all about it.
    mutating func heardEarly(
        _ id: ConnectionID, _ upstream: Upstream, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) -> Bool {
        if links[id]?.state == .opening { return heardInOpening(id, upstream, kind, bytes, &turn) }
        releaseUnread(id)
        return false
    }

    /// The backend's first word came on a connection: what was written before may have been read, and is kept no longer
    /// unless it may be sent twice.
    private mutating func releaseUnread(_ id: ConnectionID) {
        guard let upstream = links[id]?.upstream, upstream.keepsUnread else { return }
        var candidate = links[id]?.unanswered.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent, !upstream.keepsSent || exchange.retried {
                exchanges.release(candidate)
            }
            candidate = exchange.next
        }
    }

    /// Binary, or no object: it can only be the answer to the oldest exchange, and what follows cannot be trusted.
    mutating func protocolError(_ id: ConnectionID, _ turn: inout Turn) {
        if let oldest = oldestLive(id) { conclude(oldest, .failed(.upstreamProtocol), &turn) }
        let pool = links[id]?.pool
        retire(id, .badMessage, &turn)
        if let pool { pump(pool, &turn) }
    }

    func oldestLive(_ id: ConnectionID) -> ExchangeID? {
        var candidate = links[id]?.unanswered.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent { return candidate }
            candidate = exchange.next
        }
        return nil
    }

    /// Tells what a message is, and finds its exchange.
    mutating func classify(
        _ id: ConnectionID, _ upstream: Upstream, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        let rules = upstream.routeRules.isEmpty ? upstream.rules : rules(id, upstream, bytes)
        let kind = rules.classify(envelope, bytes)
        if kind == .push { return push(id, upstream, rules, bytes, &turn) }
        switch match(of: id, upstream, rules, bytes) {
        case .exchange(let exchange):
            answer(exchange, on: id, upstream, kind, bytes, &turn)
        case .push where kind != .fatal:
            push(id, upstream, rules, bytes, isListed: true, &turn)
        case .push, .nobody:
            tally.unaskedReplies += 1
            turn.effects.list.append(.note(.unexpectedReply(upstream: links[id]?.upstreamIndex ?? -1)))
            if kind == .fatal { return abort(id, .deadAfterError, &turn) }
            // With fifo nothing can be trusted after it; a correlated one is just nobody's.
            guard upstream.correlationSlot == nil || links[id]?.unanswered.isEmpty == true else { return }
            let pool = links[id]?.pool
            retire(id, .unaskedReply, &turn)
            if let pool { pump(pool, &turn) }
        }
    }

    private enum Match {
        case exchange(ExchangeID)
        /// A reply without the field that the others carry is no reply.
        case push
        case nobody
    }

    /// The exchange that a reply belongs to. An abandoned one is a right answer: its reply comes late and is dropped.
    private mutating func match(
        of id: ConnectionID, _ upstream: Upstream, _ rules: ReplyRules, _ bytes: Span<UInt8>
    ) -> Match {
        guard let head = links.at(id)?.pointee.unanswered.head else { return .nobody }
        guard let slot = upstream.correlationSlot else { return head.isNone ? .nobody : .exchange(head) }
        if let value = envelope.value(slot), value.kind != .null {
            links.at(id)?.pointee.carriesField = true
            return echoed(value, from: head, upstream, bytes).map { .exchange($0) } ?? .nobody
        }
        // Where every message has an id of its own, what has none answers none.
        if upstream.hasUniqueCorrelation { return .push }
        if rules.isError(envelope, bytes) {
            // Backends leave the field out where they could not read so far. An error is never ignored.
            // Nor does it end what another agent was asked: one that names none of those that were asked is nobody's.
            return fitting(from: head, upstream, bytes).map { .exchange($0) } ?? .nobody
        }
        if links[id]?.carriesField == true { return .push }
        return head.isNone ? .nobody : .exchange(head)
    }

    /// The oldest exchange that was sent with this value of the correlation member.
    mutating func echoed(
        _ value: JSONValue, from head: ExchangeID, _ upstream: Upstream, _ bytes: Span<UInt8>
    ) -> ExchangeID? {
        var candidate = head
        while let exchange = exchanges.at(candidate) {
            let sent = exchange.pointee.correlation
            let whole = JSONValue(kind: JSONContent.kind(of: sent), start: 0, end: sent.count)
            if JSONString.same(bytes, value, sent.span, whole),
                addressMatches(exchange.pointee.route, upstream, bytes)
            {
                return candidate
            }
            candidate = exchange.pointee.next
        }
        // A backend that makes its own id says it in the reply to a message that named none.
        guard upstream.correlatesByConversation else { return nil }
        candidate = head
        while let exchange = exchanges.at(candidate) {
            if exchange.pointee.naming == .made, addressMatches(exchange.pointee.route, upstream, bytes) {
                return candidate
            }
            candidate = exchange.pointee.next
        }
        return nil
    }

    /// The oldest exchange of the route that a reply names.
    private mutating func fitting(
        from head: ExchangeID, _ upstream: Upstream, _ bytes: Span<UInt8>
    ) -> ExchangeID? {
        var candidate = head
        while let exchange = exchanges[candidate] {
            if addressMatches(exchange.route, upstream, bytes) { return candidate }
            candidate = exchange.next
        }
        return nil
    }

    /// Whether the address that a reply carries, if it carries one, is the route's. Where a connection serves one route
    /// only, there is nothing to tell apart.
    private mutating func addressMatches(_ route: Route, _ upstream: Upstream, _ bytes: Span<UInt8>) -> Bool {
        guard upstream.isUnified else { return true }
        for (level, slot) in upstream.addressSlots.enumerated() {
            guard level < route.matchBytes.count, let value = envelope.value(slot), value.kind != .null
            else { continue }
            if value.kind != .string || !JSONString.equals(bytes, value, route.matchBytes[level]) { return false }
        }
        return true
    }

    /// The rules that a message of the unified upstream is read by, where routes have some of their own: those of the
    /// exchange that it names, else of the route that it names, else of the only route that awaits something.
    @inline(never)
    mutating func rules(_ id: ConnectionID, _ upstream: Upstream, _ bytes: Span<UInt8>) -> ReplyRules {
        let head = links[id]?.unanswered.head ?? .none
        if let slot = upstream.correlationSlot, let value = envelope.value(slot), value.kind != .null,
            let owner = echoed(value, from: head, upstream, bytes), let route = exchanges[owner]?.route
        {
            return route.rules(of: upstream)
        }
        if let slot = upstream.addressSlots.first, let value = envelope.value(slot), value.kind != .null {
            guard let route = named(by: bytes, upstream) else { return upstream.rules }
            return route.rules(of: upstream)
        }
        guard let route = exchanges[head]?.route else { return upstream.rules }
        var candidate = head
        while let exchange = exchanges[candidate] {
            if exchange.route !== route { return upstream.rules }
            candidate = exchange.next
        }
        return route.rules(of: upstream)
    }

    /// The route with rules of its own that a message names by its whole address.
    mutating func named(by bytes: Span<UInt8>, _ upstream: Upstream) -> Route? {
        for route in table.routes where route.unifiedRules != nil && route.unified === upstream {
            var isNamed = true
            for (level, match) in route.matchBytes.enumerated() {
                guard upstream.addressSlots.indices.contains(level),
                    let value = envelope.value(upstream.addressSlots[level]), JSONString.equals(bytes, value, match)
                else {
                    isNamed = false
                    break
                }
            }
            if isNamed { return route }
        }
        return nil
    }

    mutating func answer(
        _ exchangeID: ExchangeID, on id: ConnectionID, _ upstream: Upstream, _ kind: MessageClass,
        _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        let (ends, dead) = (kind != .part, kind == .fatal)
        guard let place = exchanges.at(exchangeID)?.pointee.place, let route = exchanges.at(exchangeID)?.pointee.route
        else { return }
        let (client, session, poolID) = (place.account.client, place.account.session, place.account.pool)
        links.at(id)?.pointee.replied = true
        if !dead { pools.at(poolID)?.pointee.backoff.succeeded() }
        if place.state == .abandoned {
            tally.lateReplies += 1
        } else {
            if exchanges.at(exchangeID)?.pointee.naming != .client {
                if upstream.correlatesByConversation { learnNaming(exchangeID, by: id, upstream, bytes) }
                adoptName(exchangeID, of: place.seat, on: place.side, upstream, bytes)
            }
            let conversation = exchanges.at(exchangeID)?.pointee.conversation
            let endpoint = exchanges.at(exchangeID)?.pointee.endpoint
            if route.fallsBack, upstream.isUnified, let conversation {
                let key = pinKey(place.seat, conversation)
                sessions[session]?.pins.noteAnswer(route.name, key, now: turn.now)
            }
            tally.delivered += 1
            if let endpoint, endpoint.unified === upstream, clients[client]?.congested == false {
                // Both changes of form in one pass.
                let splice = unify(
                    route, upstream, conversation: conversation, bytes, restoring: endpoint.toLegacy, &turn)
                replied(place, route, bytes: splice.length, ends: ends, now: turn.now)
                turn.effects.list.append(.deliver(client, splice))
            } else {
                let splice = unify(route, upstream, conversation: conversation, bytes, &turn)
                replied(place, route, bytes: splice.length, ends: ends, now: turn.now)
                deliverOrPark(splice, message: bytes, to: client, of: session, endpoint, &turn)
            }
        }
        if ends {
            conclude(exchangeID, .answered, &turn)
        } else {
            partCame(exchangeID, place.account, upstream, &turn)
        }
        if dead { return abort(id, .deadAfterError, &turn) }
        closeIfFinished(id, &turn)
        pump(poolID, &turn)
    }

    /// Counts a reply for whoever asks later.
    @inline(__always)
    private mutating func replied(_ place: Exchange.Place, _ route: Route, bytes: Int, ends: Bool, now: Instant) {
        countSent(place.seat, bytes: bytes)
        guard table.has(route) else { return }
        meterReply(
            route.index, place.side, bytes: bytes, since: place.sentAt, isFirst: !place.isAnswered, ends: ends, now: now
        )
    }

    /// The timeout starts anew. Whose client has seen a part, that message is not sent a second time.
    private mutating func partCame(
        _ id: ExchangeID, _ account: Exchange.Account, _ upstream: Upstream, _ turn: inout Turn
    ) {
        guard let first = exchanges[id]?.firstPart, exchanges[id]?.state == .sent else { return }
        exchanges[id]?.sentAt = turn.now
        exchanges.release(id)
        if first == .distantFuture {
            exchanges[id]?.firstPart = turn.now
        } else if turn.now >= first + upstream.settings.exchangeTotal {
            return endStream(id, .timeout, &turn)
        }
        guard clients.contains(account.client) else {
            return endIfDeserted(id, account.session, &turn)
        }
        clients[account.client]?.lastActive = turn.now
    }
}
