import ShuntCore

/// Feeds the core, reads what it does about it, has that judged, and acts by it.
extension World {
    func tell(_ event: Event, _ call: (inout Switchboard, inout Turn) -> Void) {
        begin(event)
        turn.effects.reset()
        call(&core, &turn)
        finish(message: [])
    }

    func tell(
        _ event: Event, _ message: [UInt8], _ call: (inout Switchboard, inout Turn, Span<UInt8>) -> Void
    ) {
        if let connection = event.connection { connections[connection].hasSpoken = true }
        begin(event)
        turn.effects.reset()
        call(&core, &turn, message.span)
        finish(message: message)
    }

    /// The core is told next, or was a moment ago.
    func begin(_ event: Event) {
        tally.events += 1
        record.event = event
        ask { $0.hear(event, in: self) }
    }

    /// What the core does about the event is judged and done, and then all of it together.
    func finish(message: [UInt8]) {
        for effect in turn.effects.list {
            guard failure == nil else { return }
            guard let deed = read(effect, message) else { continue }
            ask { $0.judge(deed, in: self) }
            guard failure == nil else { return }
            act(deed)
        }
        if let client = record.welcomed { inherit(client) }
        noteWaiting()
        if core.tally.parked + core.tally.discarded > parkedBefore + record.parks { doubtOrphans() }
        parkedBefore = core.tally.parked + core.tally.discarded
        ask { $0.conclude(record, in: self) }
        settle(record)
        record = Record()
    }

    /// Some outcome was kept for a socket to come, or given up, unseen: whose it was nobody can tell.
    private func doubtOrphans() {
        for session in sessions {
            for number in session.orphans where messages[number].state != .ended {
                messages[number].mayHaveEnded = true
            }
        }
    }

    /// What the event left behind.
    private func settle(_ record: Record) {
        for connection in record.ended {
            for number in connections[connection].outstanding where messages[number].state == .flying {
                guard messages[number].outcome == nil, messages[number].connection == connection else { continue }
                if !isOwed(number) { messages[number].state = .ended }
            }
            connections[connection].outstanding = []
        }
        for session in sessions.indices { sessions[session].isForgotten = false }
        switch record.event {
        case .said(let number): settleSaid(number)
        case .replied(_, let answer) where answer.isWanted: settleReplied(answer)
        case .broke(let connection, let oldest?, isTooLarge: false) where messages[oldest].outcome == nil:
            messages[oldest].state = .ended
            connections[connection].outstanding.removeAll { $0 == oldest }
            connections[connection].abandoned.append(oldest)
        default: break
        }
    }

    private func settleSaid(_ number: Int) {
        guard messages[number].outcome == nil else { return }
        if case .absorbed = messages[number].intent { end(number, .absorbed) }
        if let route = messages[number].route { expectAbsorption(number, route) }
    }

    private func settleReplied(_ answer: Event.Answer) {
        let number = answer.message
        if messages[number].arrived.last?.delivered == true {
            messages[number].wasOverdue = false
        } else if answer.isFinal, messages[number].outcome == nil {
            messages[number].state = .ended
        }
    }

    // MARK: Reading

    private func read(_ effect: Effect, _ message: [UInt8]) -> Deed? {
        switch effect {
        case .admit(let id, let by):
            guard let client = present(id, "an admission") else { return nil }
            if by.isNone { return .admit(client, by: nil) }
            return ready(by, "an admission").map { .admit(client, by: $0) }
        case .reject(let id, let by): return present(id, "a rejection").map { .reject($0, by: by) }
        case .relayCloseToClient(let id, let place):
            guard turn.effects.closes.indices.contains(place) else { return missing("a close that is not there") }
            return present(id, "a relayed close").map { .relayToClient($0, turn.effects.closes[place]) }
        case .relayCloseToConnection(let id, let place):
            guard turn.effects.closes.indices.contains(place) else { return missing("a close that is not there") }
            return ready(id, "a relayed close").map { .relayToConnection($0, turn.effects.closes[place]) }
        case .validate: return missing("a refresh that no client sent")
        case .stopReadingClient(let id): return present(id, "stopReadingClient").map { .readClient($0, false) }
        case .startReadingClient(let id): return present(id, "startReadingClient").map { .readClient($0, true) }
        case .stopReading(let id): return ready(id, "stopReading").map { .read($0, false) }
        case .startReading(let id): return ready(id, "startReading").map { .read($0, true) }
        case .dial(let id, let order): return readDial(id, order)
        case .forward(let id, let splice):
            guard let bytes = bytes(of: splice, message), let connection = ready(id, "a message") else { return nil }
            return readForwarded(connection, bytes, splice.kind)
        case .deliver(let id, let splice):
            guard let bytes = bytes(of: splice, message), let client = present(id, "a message") else { return nil }
            return readDelivered(client, bytes, splice.kind)
        case .pingConnection(let id): return ready(id, "a ping").map { .ping($0) }
        case .pingClient(let id): return present(id, "a ping").map { .pingClient($0) }
        case .inspectConnection(let id): return ready(id, "a look at its socket").map { .inspect($0) }
        case .inspectClient(let id): return present(id, "a look at its socket").map { .inspectClient($0) }
        case .closeConnection(let id, let code):
            guard let connection = connectionByID[id] else {
                return missing("closeConnection for a connection that is not there")
            }
            return .closeConnection(connection, code)
        case .closeClient(let id, let code, let reason):
            return present(id, "closeClient").map { .closeClient($0, code, reason) }
        case .note(let line):
            note("  → note \(line)")
            return nil
        }
    }

    private func missing(_ text: @autoclosure () -> String) -> Deed? {
        fail(.liveIDs, text())
        return nil
    }

    private func ready(_ id: ConnectionID, _ what: String) -> Int? {
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

    private func present(_ id: ClientID, _ what: String) -> Int? {
        guard let client = clientByID[id] else {
            fail(.liveIDs, "\(what) for a client that is not there")
            return nil
        }
        return client
    }

    /// The bytes of a splice, its pieces checked to lie within what they point into.
    private func bytes(of splice: Splice, _ message: [UInt8]) -> [UInt8]? {
        let pieces = turn.effects.splices.pieces
        let first = Int(splice.firstPiece)
        guard first >= 0, splice.pieceCount >= 0, first + Int(splice.pieceCount) <= pieces.count else {
            fail(.liveIDs, "a splice of pieces that are not there")
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
                fail(.liveIDs, "a piece \(piece) beyond the \(limit) bytes of its origin")
                return nil
            }
            length += piece.count
        }
        guard length == splice.length else {
            fail(.liveIDs, "a splice says \(splice.length) bytes and has \(length)")
            return nil
        }
        return turn.effects.splices.bytes(of: splice, message: message.span)
    }

    /// A dial makes a connection, which promises may look at.
    private func readDial(_ id: ConnectionID, _ order: Int) -> Deed? {
        guard turn.effects.dials.indices.contains(order) else { return missing("a dial without its order") }
        let dial = turn.effects.dials[order]
        guard connectionByID[id] == nil else { return missing("the id of a new dial is in use") }
        let seats = dial.request.headers.filter { $0.name == "X-Seat" }.compactMap { $0.value.text.flatMap { Int($0) } }
        let name = dial.upstream.settings.name
        guard seats.count == 1, clients.indices.contains(seats[0]),
            let upstream = arrangement.upstreams.firstIndex(where: { $0.name == name })
        else {
            fail(.identity, "a dial to \(name) does not carry its client's header fields: \(dial.request.headers)")
            return nil
        }
        let connection = connections.count
        connections.append(
            ModelConnection(
                id: id, upstream: upstream, address: dial.upstream.settings.address, seat: seats[0],
                pool: poolKey(of: seats[0], upstream: upstream), orderedAt: now,
                through: dial.through.map { _ in seats[0] }, isRaw: dial.through?.isRaw ?? false,
                isRedial: !clients[seats[0]].isArriving,
                mayBeForListener: arrangement.upstreams[upstream].dialForLegacy != .onMessage))
        connectionByID[id] = connection
        liveConnections.append(connection)
        return .dial(connection, dial)
    }
}
