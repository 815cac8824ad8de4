import ShuntCore

/// What upstream connections do.
extension World {
    func finishDial(_ connection: Int) {
        guard connections[connection].state == .dialling else { return }
        if let failure = connections[connection].failure {
            note("dial u\(connection) fails: \(failure)")
            endConnection(connection)
            noteTrouble(connection)
            tell(.dialled(connection)) { $0.connectionFailed(connections[connection].id, failure, &$1) }
        } else {
            note("u\(connection) is ready")
            connections[connection].state = .ready
            if connections[connection].through != nil, !connections[connection].isRaw,
                connections[connection].address != arrangement.upstreams[connections[connection].upstream].address
            {
                retire(connection, "its url has changed while it was dialled")
            }
            beginOpening(connection)
            tell(.dialled(connection)) { $0.connectionReady(connections[connection].id, &$1) }
            planEarlyClose(connection)
        }
    }

    /// Backends of the field accept first and look afterwards.
    private func planEarlyClose(_ connection: Int) {
        guard !healing, plan.faults.lostConnection > 0, laterDice.chance(8), connections[connection].through == nil
        else { return }
        let code = CloseCode(rawValue: laterDice.pick([4001, 4003, 4004, 4004, 4029, 1011]))
        agenda.note(.closed(connection, code), at: now + laterDice.span(0...2))
    }

    /// Something was the upstream's own fault.
    func noteTrouble(_ connection: Int) {
        if connections[connection].upstream == arrangement.unified { history.unifiedTroubles += 1 }
    }

    /// No new message may be sent to the connection.
    func retire(_ connection: Int, _ reason: String) {
        connections[connection].retired = reason
    }

    /// No new message may be sent to the connection, for no fault of its own.
    func replace(_ connection: Int, _ reason: String) {
        // Behind one that did something wrong nobody waits.
        let isFaulty =
            connections[connection].retired != nil || !connections[connection].abandoned.isEmpty
            || connections[connection].outstanding.contains { isOverdue($0) }
        connections[connection].isReplaced = connections[connection].isReplaced || !isFaulty
        retire(connection, reason)
    }

    /// Whether messages may be sent over a connection, as far as can be told.
    func takesMessages(_ connection: Int) -> Bool {
        connections[connection].state == .ready && !connections[connection].congested
            && connections[connection].retired == nil && connections[connection].backend.opening == nil
    }

    /// The connection takes and gives nothing any more.
    func endConnection(_ connection: Int) {
        connections[connection].state = .gone
        connectionByID[connections[connection].id] = nil
        liveConnections.removeAll { $0 == connection }
        record.ended.append(connection)
        guard arrangement.upstreams[connections[connection].upstream].retrySafe else { return }
        for number in connections[connection].outstanding where messages[number].state == .flying {
            messages[number].state = .waiting
        }
    }

    func loseConnection(_ connection: Int, _ code: CloseCode?) {
        guard connections[connection].state == .ready else { return }
        note("u\(connection) is lost, code \(code.map { "\($0.rawValue)" } ?? "none")")
        putBackUnread(connection, code)
        endConnection(connection)
        tell(.lost(connection, code.map { PeerClose(code: $0) } ?? .cut)) {
            $0.connectionClosed(connections[connection].id, code: code, &$1)
        }
    }

    /// A code that has a meaning, before the backend's first word, says that nothing was read: what was written waits as
    /// if it had never been, or hears an error that says so.
    private func putBackUnread(_ connection: Int, _ code: CloseCode?) {
        guard let code, !connections[connection].hasSpoken,
            arrangement.upstreams[connections[connection].upstream].closes[code.rawValue] != nil
        else { return }
        for number in connections[connection].outstanding where messages[number].state == .flying {
            guard messages[number].connection == connection, messages[number].outcome == nil else { continue }
            if isForgotten(number) {
                // Its time is up, and nobody is there who would have heard that. Nothing is known of which came first
                // where that is a moment ago.
                if isOverdue(number, for: Self.longestTick) { continue }
                messages[number].mayBeTimedOut = true
            }
            messages[number].forwards -= 1
            // What was sent before, over a connection that allows it, may still be sent again.
            messages[number].connection = messages[number].forwards == 0 ? -1 : messages[number].connectionBefore
            messages[number].putBackAt = now
            messages[number].state = .waiting
            tally.count("put back")
        }
    }

    func congest(_ connection: Int) {
        guard !connections[connection].congested else { return }
        note("u\(connection) is congested")
        connections[connection].congested = true
        agenda.note(.relieved(connection), at: now + dice.span(10...6_000))
        tell(.aboutConnection(connection)) { $0.connectionCongested(connections[connection].id, &$1) }
    }

    func relieve(_ connection: Int) {
        guard connections[connection].congested, connections[connection].state == .ready else { return }
        note("u\(connection) is relieved")
        connections[connection].congested = false
        tell(.aboutConnection(connection)) { $0.connectionRelieved(connections[connection].id, &$1) }
    }

    func tellPong(_ connection: Int) {
        guard connections[connection].state == .ready, connections[connection].hostGoneAt == nil else { return }
        note("pong of u\(connection)")
        connections[connection].isPinged = false
        tell(.aboutConnection(connection)) { $0.connectionPong(connections[connection].id, &$1) }
    }

    /// What TCP knows. A busy or deaf peer acknowledges; what was sent a moment ago may not be acknowledged yet.
    func tellInspected(_ connection: Int) {
        guard connections[connection].state == .ready else { return }
        let state = transport(hostGoneAt: connections[connection].hostGoneAt)
        note("the system says of u\(connection): \(state)")
        tell(.aboutConnection(connection)) { $0.connectionInspected(connections[connection].id, state, &$1) }
    }

    func tellClientInspected(_ client: Int) {
        guard clients[client].isThere else { return }
        let state = transport(hostGoneAt: clients[client].hostGoneAt)
        note("the system says of c\(client): \(state)")
        tell(.aboutClient(client)) { $0.clientInspected(clients[client].id, state, &$1) }
    }

    private func transport(hostGoneAt: Instant?) -> TransportState {
        if let hostGoneAt { return TransportState(silence: now - hostGoneAt, isUnacknowledged: true) }
        let isUnacknowledged = dice.chance(30)
        return TransportState(silence: isUnacknowledged ? .zero : .hours(1), isUnacknowledged: isUnacknowledged)
    }
}
