/// What becomes of an accepted message, and how it ends.
enum Outcome: Sendable {
    /// The reply, or the last part of it, was delivered or kept.
    case answered
    /// The message was written, and no reply is expected.
    case sent
    /// The message was answered here, and goes no further.
    case absorbed
    /// The client is told so, once.
    ///
    /// - isUnread: it was written, and its backend said that it read nothing.
    case failed(ErrorCode, isUnread: Bool = false)
    /// Nobody is told: its client is gone, or hears otherwise, or was told before.
    case dropped
}

/// How messages end: a reply delivered, a reply parked, or one error.
extension Switchboard {
    /// An error about a message that was never accepted.
    ///
    /// - Parameter seat: whose route the message was found to be for, where it was.
    mutating func refuse(
        _ id: ClientID, _ code: ErrorCode, on seat: SeatID = .none, detail: String? = nil,
        members: [(name: String, json: [UInt8])] = [], _ turn: inout Turn
    ) {
        tally.refused += 1
        meterRefusal(code)
        // A client that goes on sending and reads nothing would heap up errors for ever.
        if clients[id]?.congested == true { return close(id, .tryAgainLater, .slowReader, &turn) }
        let start = turn.effects.splices.literalCount
        let endpoint = clients[id]?.endpoint
        countError(endpoint == nil ? seat : clients[id]?.ownSeat ?? .none)
        // What an old client sent has no address of its own.
        let members = endpoint.map { tags(of: $0.route) + members.filter { !isAddress($0.name) } } ?? members
        ErrorReply.append(
            code, kinds: kinds(of: endpoint), sent: false, detail: detail.map { Array($0.utf8) }, members: members,
            to: &turn.effects.splices.literals)
        var splice = turn.effects.splices.splice(literalsFrom: start)
        if let endpoint { splice = legacyForm(splice, message: Span(), endpoint, &turn) }
        turn.effects.list.append(.deliver(id, splice))
    }

    /// Tells the client of an exchange that it failed, without ending it.
    private mutating func report(
        _ exchange: Exchange, _ code: ErrorCode, isUnread: Bool = false, _ turn: inout Turn
    ) {
        tally.errors += 1
        countError(exchange.seat)
        if table.has(exchange.route) {
            let side = exchange.state == .queued ? seats[exchange.seat]?.side ?? exchange.side : exchange.side
            let count = 1 + exchange.further
            if side == .legacy {
                routeTallies[exchange.route.index].errorsByLegacy += count
            } else {
                routeTallies[exchange.route.index].errorsByUnified += count
            }
            meterError(exchange.route, side, code, count)
        }
        var known: [(name: String, json: [UInt8])] = []
        known += tags(of: exchange.route)
        known.append((table.definition.addressing.conversationPlace, exchange.conversation))
        if exchange.further > 0 { known.append(("count", Array("\(exchange.further + 1)".utf8))) }
        let start = turn.effects.splices.literalCount
        ErrorReply.append(
            code, kinds: kinds(of: exchange.endpoint), sent: exchange.state != .queued && !isUnread || exchange.retried,
            members: known, echo: exchange.echo, to: &turn.effects.splices.literals)
        let splice = turn.effects.splices.splice(literalsFrom: start)
        deliverOrPark(
            splice, message: Span(), to: exchange.client, of: exchange.session, exchange.endpoint, &turn)
    }

    /// Hands a message in the unified form to a client, in its endpoint's form, or, when its socket is gone, keeps it for
    /// the session's next one there.
    mutating func deliverOrPark(
        _ splice: Splice, message: Span<UInt8>, to id: ClientID, of session: SessionID, _ endpoint: Endpoint?,
        _ turn: inout Turn
    ) {
        if let congested = clients.at(id)?.pointee.congested {
            if !congested || ownsItsConnections(id) {
                let splice = endpoint.map { legacyForm(splice, message: message, $0, &turn) } ?? splice
                turn.effects.list.append(.deliver(id, splice))
                return
            }
            // It did not take what it was given, and others need the connection read.
            close(id, .tryAgainLater, .slowReader, &turn)
        }
        park(turn.effects.splices.bytes(of: splice, message: message), for: endpoint?.path, of: session, now: turn.now)
    }

    private func ownsItsConnections(_ id: ClientID) -> Bool {
        guard let places = clients[id]?.seats, !places.isEmpty else { return false }
        return places.allSatisfy { place in
            guard let pool = seats[place.seat]?.pool else { return false }
            return pools[pool]?.key.owner == .client(id)
        }
    }

    /// Ends an exchange: the only way for one to end. Its client is told where it failed; a reply was handed over before.
    @inline(__always)
    mutating func conclude(_ id: ExchangeID, _ outcome: Outcome, _ turn: inout Turn) {
        if case .failed(let code, let isUnread) = outcome {
            guard let exchange = exchanges[id] else { return }
            report(exchange, code, isUnread: isUnread, &turn)
        }
        remove(exchange: id, now: turn.now)
    }

    /// Takes an exchange out of everything that knows it.
    private mutating func remove(exchange id: ExchangeID, now: Instant) {
        guard let place = exchanges.at(id)?.pointee.place else { return }
        let pool = place.account.pool
        switch place.state {
        case .queued:
            pools[pool]?.line.remove(id, in: &exchanges)
            if pools[pool]?.isPassthrough == true { agenda.add(.resumeReading(place.account.client)) }
        case .sent, .abandoned:
            let connection = place.connection
            let isSent = place.state == .sent
            let isIdle = links.at(connection)?.pointee.ended(id, isAwaited: isSent, in: &exchanges)
            if isSent { left(place.seat, place.side) }
            if isIdle == true, !place.isPassed { becameIdle(connection, now: now) }
        }
        exchanges.discard(id)
        if place.state != .abandoned { settled(place.account, now: now) }
    }

    /// An accepted message has its outcome: client and session wait for one less.
    private mutating func settled(_ account: Exchange.Account, now: Instant) {
        let leaves = clients.at(account.client)?.pointee.concluded(now)
        let isOver = sessions.at(account.session)?.pointee.concluded()
        if leaves == true { agenda.add(.leave(account.client)) }
        // Its socket is gone, or goes now.
        if account.adopted || leaves != false { agenda.add(.tend(account.pool)) }
        if isOver == true { agenda.add(.endIfUnused(account.session)) }
    }

    /// Tells the client that the time is over; the reply may come yet, and must not be taken for another's.
    mutating func abandon(
        _ id: ExchangeID, _ exchange: Exchange, _ turn: inout Turn
    ) {
        report(exchange, .timeout, &turn)
        exchanges.release(id)
        exchanges[id]?.wasAbandoned()
        links[exchange.connection]?.abandoned()
        left(exchange.seat, exchange.side)
        settled(exchange.account, now: turn.now)
    }
}
