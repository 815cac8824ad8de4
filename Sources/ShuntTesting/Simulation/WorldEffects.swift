import ShuntCore

/// Feeds the core, and does and judges what it asks for.
extension World {
    func tell(_ event: (inout Switchboard, inout Turn) -> Void) {
        turn.effects.reset()
        event(&core, &turn)
        applyEffects(message: [])
    }

    func tell(_ message: [UInt8], _ event: (inout Switchboard, inout Turn, Span<UInt8>) -> Void) {
        turn.effects.reset()
        event(&core, &turn, message.span)
        applyEffects(message: message)
    }

    /// The same for an event that is about a connection.
    func tell(_ connection: Int, _ event: (inout Switchboard, inout Turn) -> Void) {
        connectionInHand = connection
        tell(event)
        connectionInHand = nil
    }

    func tell(
        _ connection: Int, _ message: [UInt8], _ event: (inout Switchboard, inout Turn, Span<UInt8>) -> Void
    ) {
        connectionInHand = connection
        connections[connection].hasSpoken = true
        tell(message, event)
        connectionInHand = nil
    }

    func applyEffects(message: [UInt8]) {
        tally.events += 1
        defer { parkedBefore = core.tally.parked + core.tally.discarded }
        for effect in turn.effects.list {
            guard failure == nil else { return }
            apply(effect, message)
        }
        endWelcome()
        noteHindered()
        if core.tally.parked + core.tally.discarded > parkedBefore + parksInHand { doubtOrphans() }
        checkNothingLost()
        checkTime()
        checkPatience()
        checkReading()
        checkHeld()
        checkLeaving()
        checkStopped()
        checkFinished()
        condemned = nil
        owedBefore = owedErrors
        owedErrors = [:]
    }

    /// Some outcome was kept for a socket to come, or given up, unseen: whose it was the model cannot tell.
    private func doubtOrphans() {
        for session in sessions {
            for number in session.orphans where messages[number].state != .ended {
                messages[number].mayHaveEnded = true
            }
        }
    }

    private func apply(_ effect: Effect, _ message: [UInt8]) {
        switch effect {
        case .admit(let id, let connection): admit(id, connection)
        case .reject(let id, let connection): reject(id, connection)
        case .relayCloseToClient(let id, let close): relayCloseToClient(id, close)
        case .relayCloseToConnection(let id, let close): relayCloseToConnection(id, close)
        case .stopReadingClient(let id): setReading(id, false)
        case .startReadingClient(let id): setReading(id, true)
        case .dial(let id, let order): dial(id, order)
        case .forward(let id, let splice):
            guard let bytes = bytes(of: splice, message) else { return }
            checkForward(id, bytes, splice.kind)
        case .deliver(let id, let splice):
            guard let bytes = bytes(of: splice, message) else { return }
            checkDelivery(id, bytes, splice.kind)
        case .pingConnection(let id):
            guard let connection = ready(id, "a ping") else { return }
            note("  → ping u\(connection)")
            if connections[connection].isRaw { fail(.unchanged, "a pipe is pinged, u\(connection)") }
            connections[connection].pingedAt = connections[connection].pingedAt ?? now
            if healing || !dice.chance(plan.faults.missingPong) {
                agenda.note(.pong(connection), at: now + dice.span(0...200))
            } else if dice.chance(30) {
                note("the host of u\(connection) is gone")
                connections[connection].hostGoneAt = connections[connection].hostGoneAt ?? now
            }
        case .pingClient(let id):
            guard let client = present(id, "a ping") else { return }
            note("  → ping c\(client)")
            if clients[client].isRaw || clients[client].isArriving { fail(.unchanged, "a pipe is pinged, c\(client)") }
            clients[client].pingedAt = clients[client].pingedAt ?? now
            if healing || !dice.chance(plan.faults.missingPong) {
                agenda.note(.clientPong(client), at: now + dice.span(0...200))
            } else if dice.chance(30) {
                note("the host of c\(client) is gone")
                clients[client].hostGoneAt = clients[client].hostGoneAt ?? now
            }
        case .inspectConnection(let id):
            guard let connection = ready(id, "a look at its socket") else { return }
            note("  → inspect u\(connection)")
            agenda.note(.inspected(connection), at: now)
        case .inspectClient(let id):
            guard let client = present(id, "a look at its socket") else { return }
            note("  → inspect c\(client)")
            agenda.note(.clientInspected(client), at: now)
        case .closeConnection(let id, let code): close(id, code)
        case .closeClient(let id, let code, let reason): closeByCore(id, code, reason)
        case .stopReading(let id):
            guard let connection = ready(id, "stopReading") else { return }
            note("  → stop reading u\(connection)")
            if connections[connection].through == nil,
                arrangement.upstreams[connections[connection].upstream].mode == .session,
                connections[connection].pool.owner >= 0
            {
                fail(.capacity, "reading of u\(connection) stops, which a session shares")
            }
            connections[connection].readingStopped = true
        case .startReading(let id):
            guard let connection = ready(id, "startReading") else { return }
            note("  → start reading u\(connection)")
            connections[connection].readingStopped = false
            agenda.note(.readOn(connection), at: now)
        case .note(let line): note("  → note \(line)")
        }
    }

    /// The bytes of a splice, its pieces checked to lie within what they point into.
    private func bytes(of splice: Splice, _ message: [UInt8]) -> [UInt8]? {
        let pieces = turn.effects.splices.pieces
        let first = Int(splice.firstPiece)
        guard first >= 0, splice.pieceCount >= 0, first + Int(splice.pieceCount) <= pieces.count else {
            fail(.bytes, "a splice of pieces that are not there")
            return nil
        }
        var length = 0
        for piece in pieces[first..<first + Int(splice.pieceCount)] {
            let limit =
                switch piece.origin {
                case .message: message.count
                case .literal: turn.effects.splices.literals.count
                case .blob:
                    turn.effects.splices.blobs.indices.contains(Int(piece.blob))
                        ? turn.effects.splices.blobs[Int(piece.blob)].count : -1
                }
            guard piece.start >= 0, piece.count >= 0, piece.start + piece.count <= limit else {
                fail(.bytes, "a piece \(piece) beyond the \(limit) bytes of its origin")
                return nil
            }
            length += piece.count
        }
        guard length == splice.length else {
            fail(.bytes, "a splice says \(splice.length) bytes and has \(length)")
            return nil
        }
        return turn.effects.splices.bytes(of: splice, message: message.span)
    }

    func ready(_ id: ConnectionID, _ what: String) -> Int? {
        guard let connection = connectionByID[id] else {
            fail(.liveIDs, "\(what) for a connection that is not there")
            return nil
        }
        guard connections[connection].state == .ready else {
            fail(.liveIDs, "\(what) for u\(connection), which is not ready")
            return nil
        }
        return connection
    }

    func present(_ id: ClientID, _ what: String) -> Int? {
        guard let client = clientByID[id] else {
            fail(.liveIDs, "\(what) for a client that is not there")
            return nil
        }
        return client
    }

    // MARK: Dials and closes

    private func dial(_ id: ConnectionID, _ order: Int) {
        guard turn.effects.dials.indices.contains(order) else { return fail(.liveIDs, "a dial without its order") }
        let dial = turn.effects.dials[order]
        guard connectionByID[id] == nil else { return fail(.liveIDs, "the id of a new dial is in use") }
        let seats = dial.request.headers.filter { $0.name == "X-Seat" }.compactMap { $0.value.text.flatMap { Int($0) } }
        guard seats.count == 1, clients.indices.contains(seats[0]) else {
            return fail(.identity, "a dial does not carry its client's header fields: \(dial.request.headers)")
        }
        let connection = connections.count
        let seat = seats[0]
        guard let upstream = arrangement.upstreams.firstIndex(where: { $0.name == dial.upstream.settings.name }) else {
            return fail(.identity, "a dial to an upstream that nobody knows")
        }
        let pool = poolKey(of: seat, upstream: upstream)
        note("  → dial u\(connection) to \(dial.upstream.settings.name) for c\(seat)")
        var made = ModelConnection(
            id: id, upstream: upstream, address: dial.upstream.settings.address, seat: seat, pool: pool, orderedAt: now)
        made.rules = [arrangement.upstreams[upstream].toUnified]
        made.through = dial.through.map { _ in seat }
        made.isRaw = dial.through?.isRaw ?? false
        made.isRedial = !clients[seat].isArriving
        made.mayBeForListener = arrangement.upstreams[upstream].dialForLegacy != .onMessage
        connections.append(made)
        connectionByID[id] = connection
        liveConnections.append(connection)
        checkCredential(dial, seat: seat)
        checkDial(dial, upstream, seat: seat)
        checkPoolSize(pool, dial.upstream.settings)
        var due = now + dice.span(0...60)
        if !healing, dice.chance(plan.faults.dialSilent) {
            let isConnected = dice.chance(50)
            connections[connection].failure = isConnected ? .handshakeTimeout : .connectTimeout
            let settings = dial.upstream.settings
            due = now + (isConnected ? settings.longestDial : settings.connectTimeout)
            if dice.chance(30) { connections[connection].failure = nil }
        } else if !healing, dice.chance(plan.faults.dialFails) {
            connections[connection].failure = dice.pick([
                .connect, .nameNotResolved, .noLocalAddress, .limit, .badHandshake, .unanswered, .tls,
                .refused(status: 503),
                .refused(status: 401), .refused(status: 403), .refused(status: 302), .refused(status: 200),
            ])
        }
        agenda.note(.dialDone(connection), at: due)
    }

    /// A dial goes where the table in force says, and whose own it is.
    private func checkDial(_ dial: DialOrder, _ upstream: Int, seat: Int) {
        if dial.upstream.settings.address != arrangement.upstreams[upstream].address {
            fail(.identity, "a dial goes to an address of \(dial.upstream.settings.name) that is no more")
        }
        let isOwn = clients[seat].isOld && upstream != arrangement.unified
        guard isOwn == (dial.through != nil) else {
            return fail(.identity, "a dial for c\(seat) to \(dial.upstream.settings.name) is of the wrong kind")
        }
        guard let through = dial.through else { return }
        if through.client != clients[seat].id || through.isRaw != clients[seat].isRaw {
            fail(.unchanged, "c\(seat) is dialled for as if it were another")
        }
        if liveConnections.contains(where: {
            connections[$0].through == seat && connections[$0].id != connections.last?.id
                && connections[$0].retired == nil && connections[$0].upstream == upstream
        }) {
            fail(.capacity, "c\(seat) has a connection of its own already")
        }
    }

    /// The identity that a dial shows is the one of the client that caused it.
    private func checkCredential(_ dial: DialOrder, seat: Int) {
        let found: [ByteString]
        let fields = dial.request.headers
        switch dial.upstream.settings.credential {
        case .query(let name): found = QueryReader.values(of: name, in: dial.request.target)
        case .header(let name):
            found = fields.values(of: name).map { value in
                value.hasPrefix("Bearer ") ? ByteString(value.bytes[7...]) : value
            }
        case .cookie(let name):
            let written = QueryReader.cookies(name, in: fields.values(of: "cookie"))
            // A cookie of the client's own stays as it stands; what is written into one is percent-encoded.
            let isOwn = !clients[seat].handshake.values(of: "cookie").isEmpty
            found = isOwn ? written : written.map { PercentCoding.decoded($0, plusIsSpace: false) }
        case nil: return
        }
        if let session = clients[seat].session {
            if found != [ByteString(sessions[session].token)] {
                fail(.identity, "a dial for c\(seat) shows \(found) for its token \(sessions[session].token)")
            }
        } else if found.contains(where: { plan.tokens.map { ByteString($0) }.contains($0) }) {
            fail(.identity, "a dial for c\(seat), which has no token, shows \(found)")
        }
    }

    /// No more connections that take new messages than lanes.
    private func checkPoolSize(_ pool: PoolKey, _ settings: UpstreamSettings) {
        let current = liveConnections.filter { connections[$0].pool == pool && connections[$0].retired == nil }
        // The core retires by its own timers too, which the model does not see: those may hold exchanges still.
        let idle = current.filter {
            connections[$0].outstanding.isEmpty && connections[$0].orderedAt + settings.lifetime > now
        }
        if idle.count > settings.lanes {
            fail(
                .capacity,
                "\(idle.count) connections of one pool take messages, \(settings.lanes) may: \(idle.map { "u\($0)" })")
        }
    }

    private func close(_ id: ConnectionID, _ code: CloseCode) {
        guard let connection = connectionByID[id] else {
            return fail(.liveIDs, "closeConnection for a connection that is not there")
        }
        note("  → close u\(connection) \(code.rawValue)")
        if !code.mayBeSent { fail(.liveIDs, "u\(connection) is closed with \(code.rawValue), which may not be sent") }
        connections[connection].closedByCore = true
        if let client = connections[connection].through, clients[client].isThere,
            connections[connection].state == .ready
        {
            // Of a route that is gone the client keeps its connection until it leaves itself.
            let isItsOwn = [nil, World.upstreamGone].contains(connections[connection].retired)
            if connections[connection].hostGoneAt != nil, isItsOwn {
                condemned = connection
                noteTrouble(connection)
            }
            owedErrors[client] = min(connections[connection].passedLive, World.mostPassedErrors)
        }
        if connections[connection].pingedAt != nil { noteTrouble(connection) }
        if let client = connections[connection].through, closeInHand != nil, !clients[client].isThere,
            connections[connection].state == .ready, clients[client].goneAt == step
        {
            fail(.stays, "u\(connection) is not told how its client closed")
        }
        endConnection(connection)
    }

    /// Whether a client speaks to its own backend, which says itself when it has been idle too long.
    private func isPassedThrough(_ client: Int) -> Bool {
        liveConnections.contains {
            connections[$0].through == client && connections[$0].state == .ready && connections[$0].retired == nil
        }
    }

    private func closeByCore(_ id: ClientID, _ code: CloseCode, _ reason: CloseReason) {
        guard let client = present(id, "closeClient") else { return }
        note("  → close c\(client) \(code.rawValue) \(reason)")
        if !code.mayBeSent { fail(.liveIDs, "c\(client) is closed with \(code.rawValue), which may not be sent") }
        tally.count("closed: \(reason)")
        let limits = table.definition.limits
        let justified =
            switch reason {
            case .slowReader: clients[client].congested
            case .draining: draining
            case .keepalive: clients[client].hostGoneAt != nil
            case .idle: clients[client].lastHeard + limits.idleTimeout <= now && !isPassedThrough(client)
            case .tooManyConnections:
                clients[client].session.map { sessions[$0].clients.count > limits.connectionsPerSession } ?? false
            case .messageTooBig: clients[client].saidTooMuch
            case .endpointClosed, .routeRemoved: clients[client].leaving?.reason == reason
            case .upstreamLost, .brownout: false
            }
        if !justified { fail(.honestCode, "c\(client) is closed because of \(reason), which is not so") }
        if let number = messageInHand, messages[number].outcome == nil { messages[number].mayHaveEnded = true }
        if clients[client].isArriving { fail(.stays, "c\(client) is closed before its handshake is answered") }
        leave(client)
    }
}
