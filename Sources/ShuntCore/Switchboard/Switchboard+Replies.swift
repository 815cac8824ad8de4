/// An upstream's message on its way out: whose reply it is, brought to the unified form, handed over.
extension Switchboard {
    package mutating func connectionMessage(
        _ id: ConnectionID, _ kind: MessageKind, _ bytes: Span<UInt8>, now: Instant, _ effects: inout Effects
    ) {
        guard let upstream = connections[id]?.spoke(now) else { return }
        if connections[id]?.isThrough == true {
            passReply(id, upstream, kind, bytes, now: now, &effects)
            return settleLoosened(now: now, &effects)
        }
        let keys = upstream.replyKeys
        let scanned =
            kind == .text
            && envelope.scan(bytes, for: keys, nesting: table.definition.limits.nesting, early: true) == .object
        if !scanned {
            misunderstood(id, now: now, &effects)
        } else {
            sort(id, upstream, bytes, now: now, &effects)
        }
        settleLoosened(now: now, &effects)
    }

    /// A message of this connection grows past `limits.message`; the runtime closes it with 1009 after this.
    package mutating func connectionMessageTooLarge(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {
        guard let connection = connections[id] else { return }
        if connection.isThrough {
            throughClosed(id, PeerClose(code: .messageTooBig), now: now, &effects)
            return settleLoosened(now: now, &effects)
        }
        if let oldest = oldestLive(id) { fail(oldest, .replyTooLarge, now: now, &effects) }
        tally.retired += 1
        meterRetired(connection.upstreamIndex, .replyTooLarge)
        effects.list.append(
            .note(.connectionRetired(upstream: connection.upstreamIndex, .replyTooLarge)))
        lose(id, .upstreamLost, now: now, &effects)
        pump(connection.pool, now: now, &effects)
        settleLoosened(now: now, &effects)
    }

    /// Binary, or no object: it can only be the answer to the oldest exchange, and what follows cannot be trusted.
    private mutating func misunderstood(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {
        if let oldest = oldestLive(id) { fail(oldest, .upstreamProtocol, now: now, &effects) }
        let pool = connections[id]?.pool
        retire(id, .badMessage, now: now, &effects)
        if let pool { pump(pool, now: now, &effects) }
    }

    private func oldestLive(_ id: ConnectionID) -> ExchangeID? {
        var candidate = connections[id]?.outstanding.head ?? .none
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent { return candidate }
            candidate = exchange.next
        }
        return nil
    }

    /// Tells replies from pushes, and finds the exchange.
    private mutating func sort(
        _ id: ConnectionID, _ upstream: Upstream, _ bytes: Span<UInt8>, now: Instant, _ effects: inout Effects
    ) {
        let type = envelope.value(upstream.typeSlot).flatMap { $0.kind == .null ? nil : $0 }
        let isReply: Bool
        var ends = true
        if let type {
            isReply = upstream.replyTypes.find(bytes, type) != nil || upstream.untilTypes?.find(bytes, type) != nil
            if let until = upstream.untilTypes {
                ends = until.find(bytes, type) != nil || isError(upstream, type, bytes)
            }
        } else {
            isReply = upstream.settings.replies.matchNone
            if upstream.untilTypes != nil { ends = false }
        }
        // An error after which nothing is answered ends an exchange even where other errors are no replies.
        let dead = isFatal(upstream, type, bytes)
        guard isReply || dead else { return push(id, upstream, type, bytes, now: now, &effects) }
        guard let exchangeID = owner(of: id, upstream, bytes) else {
            tally.unaskedReplies += 1
            effects.list.append(.note(.unexpectedReply(upstream: connections[id]?.upstreamIndex ?? -1)))
            if dead { return condemn(id, .deadAfterError, now: now, &effects) }
            // With fifo nothing can be trusted after it; a correlated one is just nobody's.
            guard upstream.correlationSlot == nil || connections[id]?.outstanding.isEmpty == true else { return }
            let pool = connections[id]?.pool
            retire(id, .unaskedReply, now: now, &effects)
            if let pool { pump(pool, now: now, &effects) }
            return
        }
        answer(exchangeID, on: id, upstream, bytes, ends: ends, dead: dead, now: now, &effects)
    }

    mutating func isError(_ upstream: Upstream, _ type: JSONValue, _ bytes: Span<UInt8>) -> Bool {
        type.kind == .string && JSONString.equals(bytes, type, Self.errorType)
    }

    private static let errorType = Array("error".utf8)

    /// An error reply after which the backend answers this socket no more.
    private mutating func isFatal(_ upstream: Upstream, _ type: JSONValue?, _ bytes: Span<UInt8>) -> Bool {
        guard !upstream.deadPrefixes.isEmpty, let type, isError(upstream, type, bytes),
            let message = envelope.value(upstream.messageSlot), message.kind == .string
        else { return false }
        return upstream.deadPrefixes.contains { JSONString.hasPrefix(bytes, message, $0) }
    }

    /// The exchange that a reply belongs to. An abandoned one is a right answer: its reply comes late and is dropped.
    private mutating func owner(of id: ConnectionID, _ upstream: Upstream, _ bytes: Span<UInt8>) -> ExchangeID? {
        guard let head = connections[id]?.outstanding.head, !head.isNone else { return nil }
        guard let slot = upstream.correlationSlot, let value = envelope.value(slot), value.kind != .null else {
            return head
        }
        var candidate = head
        while let exchange = exchanges[candidate] {
            let sent = exchange.correlation
            let whole = JSONValue(kind: Self.kind(of: sent), start: 0, end: sent.count)
            if JSONString.same(bytes, value, sent.span, whole), fits(exchange.route, upstream, bytes) {
                return candidate
            }
            candidate = exchange.next
        }
        // A backend that makes its own id says it in the reply to a message that named none.
        guard upstream.correlatesByConversation else { return nil }
        candidate = head
        while let exchange = exchanges[candidate] {
            if exchange.naming == .made, fits(exchange.route, upstream, bytes) { return candidate }
            candidate = exchange.next
        }
        return nil
    }

    /// Whether the address that a reply carries, if it carries one, is the route's. Where a connection serves one route
    /// only, there is nothing to tell apart.
    private mutating func fits(_ route: Route, _ upstream: Upstream, _ bytes: Span<UInt8>) -> Bool {
        guard upstream.isUnified else { return true }
        for (level, slot) in upstream.tagSlots.enumerated() {
            guard let slot, level < route.matchBytes.count, let value = envelope.value(slot), value.kind != .null
            else { continue }
            if value.kind != .string || !JSONString.equals(bytes, value, route.matchBytes[level]) { return false }
        }
        return true
    }

    private static func kind(of json: [UInt8]) -> JSONKind {
        switch json.first {
        case 0x22: .string
        case 0x7B: .object
        case 0x5B: .array
        case 0x74: .true
        case 0x66: .false
        default: .number
        }
    }

    private mutating func answer(
        _ exchangeID: ExchangeID, on id: ConnectionID, _ upstream: Upstream, _ bytes: Span<UInt8>, ends: Bool,
        dead: Bool, now: Instant, _ effects: inout Effects
    ) {
        guard let place = exchanges[exchangeID]?.place, let route = exchanges[exchangeID]?.route else { return }
        let (client, session, poolID) = (place.account.client, place.account.session, place.account.pool)
        connections[id]?.replied = true
        if !dead { pools[poolID]?.backoff.succeeded() }
        if place.state == .abandoned {
            tally.lateReplies += 1
        } else {
            if exchanges[exchangeID]?.naming != .client { adoptName(exchangeID, place, upstream, bytes) }
            let conversation = exchanges[exchangeID]?.conversation
            let endpoint = exchanges[exchangeID]?.endpoint
            if route.fallsBack, upstream.isUnified, let conversation {
                let key = pinKey(place.seat, conversation)
                sessions[session]?.pins.noteAnswer(route.name, key, now: now)
            }
            tally.delivered += 1
            if let endpoint, endpoint.unified === upstream, clients[client]?.congested == false {
                // Both changes of form in one pass.
                let splice = unify(
                    route, upstream, conversation: conversation, bytes, restoring: endpoint.toLegacy, &effects)
                replied(place, route, bytes: splice.length, ends: ends, now: now)
                effects.list.append(.deliver(client, splice))
            } else {
                let splice = unify(route, upstream, conversation: conversation, bytes, &effects)
                replied(place, route, bytes: splice.length, ends: ends, now: now)
                hand(splice, message: bytes, to: client, of: session, endpoint, now: now, &effects)
            }
        }
        if ends {
            end(exchangeID, now: now, &effects)
        } else {
            partCame(exchangeID, place.account, upstream, now: now, &effects)
        }
        if dead { return condemn(id, .deadAfterError, now: now, &effects) }
        closeIfFinished(id, now: now, &effects)
        pump(poolID, now: now, &effects)
    }

    /// Counts a reply for whoever asks later.
    @inline(__always)
    private mutating func replied(_ place: Exchange.Place, _ route: Route, bytes: Int, ends: Bool, now: Instant) {
        said(place.seat, bytes: bytes)
        guard isOfTable(route) else { return }
        meterReply(
            route.index, place.side, bytes: bytes, since: place.sentAt, isFirst: !place.isAnswered, ends: ends, now: now
        )
    }

    /// The timeout starts anew. Whose client has seen a part, that message is not sent a second time.
    private mutating func partCame(
        _ id: ExchangeID, _ account: Exchange.Account, _ upstream: Upstream, now: Instant, _ effects: inout Effects
    ) {
        guard let first = exchanges[id]?.firstPart, exchanges[id]?.state == .sent else { return }
        exchanges[id]?.sentAt = now
        heldBytes -= exchanges[id]?.held.count ?? 0
        exchanges[id]?.held = []
        if first == .distantFuture {
            exchanges[id]?.firstPart = now
        } else if now >= first + upstream.settings.exchangeTotal {
            return endStream(id, .timeout, now: now, &effects)
        }
        guard clients.contains(account.client) else {
            return endIfDeserted(id, account.session, now: now, &effects)
        }
        clients[account.client]?.lastActive = now
    }

    /// Brings an upstream's message to the unified form: its rules, then the route's tags, which overwrite.
    ///
    /// - Parameter restoring: what brings the unified form to a legacy endpoint's own.
    mutating func unify(
        _ route: Route, _ upstream: Upstream, conversation: [UInt8]?, _ bytes: Span<UInt8>,
        restoring: ReshapeProgram? = nil, _ effects: inout Effects
    ) -> Splice {
        reshaper.begin(envelope)
        if !upstream.toUnified.isEmpty { reshaper.apply(upstream.toUnified, bytes) }
        for level in 0..<min(upstream.tagSlots.count, route.tags.count) {
            guard let slot = upstream.tagSlots[level] else { continue }
            if let tag = route.tags[level] { reshaper.set(slot, json: tag) } else { reshaper.drop(slot) }
        }
        if let conversation, let slot = upstream.conversationSlot { reshaper.set(slot, json: conversation) }
        if let restoring { reshaper.apply(restoring, bytes) }
        return reshaper.finish(envelope, keys: upstream.replyKeys, bytes, into: &effects.splices)
    }
}
