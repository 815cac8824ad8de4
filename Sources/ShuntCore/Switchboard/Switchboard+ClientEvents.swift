/// What clients do.
extension Switchboard {
    /// A handshake on the unified endpoint was accepted and answered; messages may follow. Parked replies are
    /// delivered at once. `identity` is nil for a client without a token. When the session has too many sockets
    /// the new one is closed at once: the id is forgotten already, the close is among the effects.
    package mutating func clientConnected(
        _ handshake: Handshake, as identity: ClientIdentity?, _ turn: inout Turn
    ) -> ClientID {
        let id = connect(handshake, as: identity, &turn)
        runAgenda(&turn)
        return id
    }

    /// A handshake on a legacy endpoint. It is answered by `admit` or `reject`: where the legacy upstream serves, as that
    /// answers its own.
    package mutating func clientArrived(
        _ handshake: Handshake, as identity: ClientIdentity?, endpoint: Endpoint, _ turn: inout Turn
    ) -> ClientID {
        let id = arrive(handshake, as: identity, endpoint: endpoint, &turn)
        runAgenda(&turn)
        return id
    }

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
        guard let arrival = clients.at(id)?.pointee.messageCame(turn.now) else { return }
        tally.messages += 1
        if arrival == .legacy, let endpoint = clients[id]?.endpoint {
            return takeLegacy(id, endpoint, kind, bytes, &turn)
        }
        meter.unified.received(1, bytes: bytes.count, isDeprecated: false)
        if arrival == .refused {
            if clients[id]?.credential.isExpired == true { return takeExpired(id, kind, bytes, &turn) }
            let wait = clients[id]?.pace.wait(now: turn.now) ?? .zero
            // Read only to say which message it was: a frontend may have several under way.
            let nesting = table.definition.limits.nesting
            let isObject =
                kind == .text
                && envelope.scan(bytes, for: table.requestKeys, nesting: nesting, early: false) == .object
            let members = (isObject ? echoedMembers(bytes) : []) + [("retry_after", decimalSeconds(wait))]
            return refuse(id, .rateLimited, members: members, &turn)
        }
        takeRouted(id, kind, bytes, &turn)
    }

    /// A client's message grows past `limits.message`: it is told, then closed with 1009.
    package mutating func clientMessageTooLarge(_ id: ClientID, _ turn: inout Turn) {
        guard clients.contains(id) else { return }
        refuse(
            id, .messageTooLarge, detail: "A message may have \(table.definition.limits.message) bytes at most",
            &turn)
        close(id, .messageTooBig, .messageTooBig, &turn)
        runAgenda(&turn)
    }

    /// So many messages went over a client's byte pipe since this was called last: `up` to the backend, `down` from it,
    /// with the bytes of all frames.
    package mutating func rawPassed(
        _ id: ClientID, up: Int, down: Int, bytesUp: Int, bytesDown: Int, now: Instant
    ) {
        if let seat = clients[id]?.ownSeat {
            if up > 0 { countReceived(seat, up, bytes: bytesUp, now: now) }
            countSent(seat, down, bytes: bytesDown)
        }
        tally.forwarded &+= up
        tally.passed &+= up
        tally.delivered &+= down
        guard let route = routeIndex(of: id) else { return }
        meterMessages(up, bytes: bytesUp, on: route)
        guard routeTallies.indices.contains(route) else { return }
        routeTallies[route].byLegacy &+= up
        routeTallies[route].bytesToLegacy &+= bytesUp
        routeTallies[route].bytesFromLegacy &+= bytesDown
    }

    /// The client's close, end or reset was read: nothing can be delivered any more. Idempotent.
    package mutating func clientClosed(
        _ id: ClientID, close: PeerClose = .cut, _ turn: inout Turn
    ) {
        if clients[id]?.isArriving == false { meterClose(ClientClose(.client, close)) }
        for pool in passthroughPools(of: id) { relayClose(to: pool, close, &turn) }
        remove(client: id, &turn)
        runAgenda(&turn)
    }

    /// What came of the credential that a client is refreshing with: the answer to `validate`.
    ///
    /// - Parameters:
    ///   - credential: another one than is awaited changes nothing.
    ///   - wall: the same moment as the turn's.
    package mutating func credentialJudged(
        _ id: ClientID, _ credential: Credential, _ verdict: CredentialVerdict, at wall: UnixTime, _ turn: inout Turn
    ) {
        judged(id, credential, verdict, at: wall, &turn)
        runAgenda(&turn)
    }

    /// Ends sessions.
    package mutating func kick(_ choice: SessionChoice, _ turn: inout Turn) -> KickReport {
        let report = end(choice, &turn)
        runAgenda(&turn)
        return report
    }

    package mutating func clientPong(_ id: ClientID, _ turn: inout Turn) {
        clients[id]?.keepalive.heard(turn.now)
    }

    /// What TCP knows of a client's other end, which was asked for because it answers no ping.
    package mutating func clientInspected(
        _ id: ClientID, _ transport: TransportState, _ turn: inout Turn
    ) {
        guard let ping = table.definition.limits.clientPing, clients[id]?.keepalive.pingedAt != nil,
            transport.isGone(after: ping.timeout)
        else { return }
        close(id, .goingAway, .keepalive, &turn)
        runAgenda(&turn)
    }

    /// More than `limits.unread_by_client` waits for the client's socket.
    package mutating func clientCongested(_ id: ClientID, _ turn: inout Turn) {
        guard clients[id]?.congested == false else { return }
        clients[id]?.congested = true
        setReading(of: id, stopped: true, &turn)
    }

    /// What waited for the client's socket was taken.
    package mutating func clientRelieved(_ id: ClientID, _ turn: inout Turn) {
        guard clients[id]?.congested == true else { return }
        clients[id]?.congested = false
        setReading(of: id, stopped: false, &turn)
    }

    /// A handshake was refused in a brownout.
    package mutating func refusedInBrownout() { tally.brownoutRefused += 1 }
}
