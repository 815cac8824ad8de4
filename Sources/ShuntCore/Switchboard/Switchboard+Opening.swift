/// The first words on a new connection: what its backend says when it is ready (`ready`), and what it is told (`on_open`),
/// before any message of a client. What goes wrong there is a dial that failed for this session.
extension Switchboard {
    /// A handshake is over: clients' messages wait for first words, where there are some. An old client that is passed
    /// through said its own when it connected; only on a connection that replaces its first one they are said for it.
    mutating func beginOpening(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = links[id], connection.state == .ready, !connection.isRaw,
            !connection.isPassthrough || connection.isRedial, let steps = connection.upstream.opening
        else { return }
        links[id]?.state = .opening
        links[id]?.opening = Opening(steps, now: turn.now)
        goOn(id, steps, &turn)
    }

    /// Says what is to be said until it is the backend's turn.
    private mutating func goOn(
        _ id: ConnectionID, _ steps: OpeningSteps, _ turn: inout Turn
    ) {
        while let step = links[id]?.opening?.next(steps, now: turn.now) {
            switch step {
            case .send(let template):
                let words = template.filled(openingValues(of: id))
                // A token or path value that is no UTF-8 cannot stand in JSON: better no connection than a wrong name.
                guard String(validating: words, as: UTF8.self) != nil else {
                    // Such a token is kept away at the handshake, but a reload may bring `on_open`: its session's next
                    // socket hears why.
                    let isToken = template.names("token") && !isTokenText(id)
                    return failOpening(id, as: isToken ? .auth : .refuse, &turn)
                }
                let start = turn.effects.splices.literalCount
                turn.effects.splices.literals.append(contentsOf: words)
                turn.effects.list.append(.forward(id, turn.effects.splices.splice(literalsFrom: start)))
            case .wait:
                return schedule(connection: id)
            case .over:
                links[id]?.state = .ready
                links[id]?.opening = nil
                links[id]?.idleSince = turn.now
                schedule(connection: id)
                guard let pool = links[id]?.pool else { return }
                pools[pool]?.isWanted = false
                return pump(pool, &turn)
            }
        }
    }

    private func isTokenText(_ id: ConnectionID) -> Bool {
        guard let pool = links[id]?.pool, let session = pools[pool]?.session else { return true }
        return sessions[session]?.credential.map { $0.token.text != nil } ?? true
    }

    private func openingValues(of id: ConnectionID) -> [String: [UInt8]] {
        guard let connection = links[id], let pool = pools[connection.pool] else { return [:] }
        var values: [String: [UInt8]] = [:]
        if !connection.upstream.isUnified {
            for (name, value) in zip(table.definition.addressing.routeBy, pool.lastRoute.matchBytes) {
                values[name] = value
            }
        }
        if let owner = pool.key.owner.client, let client = clients[owner] {
            for (name, value) in client.endpoint?.pattern?.values(in: client.handshake.path) ?? [:] {
                values[name] = value.bytes
            }
        }
        values["session"] = sessions[pool.session]?.shortName ?? []
        values["token"] = sessions[pool.session]?.credential?.token.bytes ?? []
        return values
    }

    /// A message of the backend while first words are said. Its replies to them are for nobody else; the greeting and
    /// everything else that is no reply goes as `pushes` say, or, where the backend speaks with an old client, as all goes
    /// that it says.
    ///
    /// - Returns: whether that was all about it.
    mutating func heardInOpening(
        _ id: ConnectionID, _ upstream: Upstream, _ kind: MessageKind, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) -> Bool {
        let isPassthrough = links[id]?.isPassthrough == true
        guard let steps = upstream.opening, kind == .text,
            envelope.scan(
                bytes, for: upstream.replyKeys, nesting: table.definition.limits.nesting, early: true) == .object
        else {
            if isPassthrough { return false }
            failOpening(id, &turn)
            return true
        }
        let type = upstream.rules.kind(envelope)
        switch links[id]?.opening?.heard(type, bytes, steps, now: turn.now) {
        case .greeting:
            // Over a connection of its own that replaces another, an old client was greeted already.
            if isPassthrough { pushed(id, .dropped) } else { push(id, upstream, upstream.rules, bytes, &turn) }
            goOn(id, steps, &turn)
        case .reply:
            goOn(id, steps, &turn)
        case .other:
            // Nobody has asked anything yet but we.
            if upstream.rules.classify(envelope, bytes) != .push || upstream.rules.isError(envelope, bytes) {
                failOpening(id, &turn)
            } else if isPassthrough {
                return false
            } else {
                push(id, upstream, upstream.rules, bytes, &turn)
            }
        case nil: break
        }
        return true
    }

    /// A word that was awaited did not come in time.
    mutating func openingDeadlineReached(_ id: ConnectionID, _ turn: inout Turn) {
        guard let deadline = links[id]?.opening?.deadline, deadline <= turn.now else {
            return schedule(connection: id)
        }
        failOpening(id, &turn)
    }

    private mutating func failOpening(
        _ id: ConnectionID, as meaning: CloseMeaning = .refuse, _ turn: inout Turn
    ) {
        guard let connection = links[id] else { return }
        tally.dialsFailed += 1
        meterFailure(connection.upstreamIndex, .opening)
        turn.effects.list.append(
            .note(.dialFailed(upstream: connection.upstreamIndex, .opening, isOwn: connection.isPassthrough)))
        turn.effects.list.append(.closeConnection(id, .normal))
        remove(connection: id)
        pools[connection.pool]?.backoff.failed(now: turn.now, random: &random)
        heed(hasOlderCredential(connection) && meaning == .auth ? .limit : meaning, for: connection.pool, &turn)
        pump(connection.pool, &turn)
        if let client = connection.passage.client { resumeReading(client, &turn) }
    }
}
