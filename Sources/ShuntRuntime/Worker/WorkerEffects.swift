import ShuntCore
import ShuntReactor

extension Worker {
    /// Does what the switchboard decided, in order. `message` is that of the event, empty where it had none.
    func apply(_ message: borrowing Span<UInt8>) {
        // Read where they are: while they are applied, nobody else touches them.
        var index = 0
        while index < turn.effects.list.count {
            switch turn.effects.list[index] {
            case .forward(let id, let splice):
                connections.borrow(id)?._withUnsafeGuaranteedRef { $0.append(splice, message) }
            case .deliver(let id, let splice):
                clients.borrow(id)?._withUnsafeGuaranteedRef { $0.append(splice, message) }
            default: carryOut(turn.effects.list[index])
            }
            index += 1
        }
        turn.effects.reset()
    }

    /// An effect that carries no message. Apart from those that do: what these need would be made ready for each message.
    @inline(never)
    private func carryOut(_ effect: Effect) {
        switch effect {
        case .forward, .deliver: break
        case .dial(let id, let order):
            dial(id, turn.effects.dials.indices.contains(order) ? turn.effects.dials[order] : nil)
        case .pingConnection(let id):
            connections[id]?.appendControl(.ping, [])
        case .pingClient(let id):
            clients[id]?.appendControl(.ping, [])
        case .inspectConnection(let id):
            inspect(connection: id)
        case .inspectClient(let id):
            inspect(client: id)
        case .closeConnection(let id, let code):
            close(connection: id, code)
        case .closeClient(let id, let code, let reason):
            close(client: id, code, reason.text)
        case .admit(let id, let connection):
            admit(id, connection)
        case .reject(let id, let connection):
            reject(id, connection)
        case .relayCloseToClient(let id, let close):
            relay(client: id, turn.effects.closes.indices.contains(close) ? turn.effects.closes[close] : .cut)
        case .relayCloseToConnection(let id, let close):
            relay(connection: id, turn.effects.closes.indices.contains(close) ? turn.effects.closes[close] : .cut)
        case .validate(let id):
            validate(id)
        case .stopReadingClient(let id):
            clients[id]?.setReading(false)
        case .startReadingClient(let id):
            clients[id]?.setReading(true)
        case .stopReading(let id):
            connections[id]?.setReading(false)
        case .startReading(let id):
            connections[id]?.setReading(true)
        case .note(let note):
            noted(note)
        }
    }

    private func dial(_ id: ConnectionID, _ order: DialOrder?) {
        guard let order else { return feed(.connectionFailed(id, .connect)) }
        let dial = Dial(id: id, order: order, key: key(for: order), worker: self)
        dials.insert(dial, for: id)
        dial.start()
    }

    /// Where bytes are piped, the backend proves to the client itself that it understood.
    private func key(for order: DialOrder) -> ByteString {
        if let through = order.through, through.isRaw,
            let key = arrivals[through.client]?.client.handshake.headers.first(.secWebSocketKey)
        {
            return ByteString(key)
        }
        return SecWebSocket.key(from: (maskingKeys.word(), maskingKeys.word()))
    }

    /// Asks about the credential that a client is refreshing with.
    private func validate(_ id: ClientID) {
        guard let credential = switchboard.refreshing(id) else { return }
        guard let validator = process.validator else {
            return feed(.credentialJudged(id, credential, .unknown(problem: "nobody validates")))
        }
        if let known = validator.known(credential, at: wallTime) {
            return feed(.credentialJudged(id, credential, known))
        }
        let (workers, index) = (workers, index)
        validator.validate(credential) { verdict in
            workers.order(index) { $0.feed(.credentialJudged(id, credential, verdict)) }
        }
    }

    private func inspect(connection id: ConnectionID) {
        guard let leg = connections[id], let state = reactor.transportState(of: leg.socket) else { return }
        feed(.connectionInspected(id, state))
    }

    private func inspect(client id: ClientID) {
        guard let leg = clients[id], let state = reactor.transportState(of: leg.socket) else { return }
        feed(.clientInspected(id, state))
    }

    private func close(connection id: ConnectionID, _ code: CloseCode) {
        if let dial = dials.remove(id) {
            dial.cancel()
        } else if let leg = connections.remove(id) {
            leg.close(code, reason: "")
        } else {
            pipedConnections[id]?.end()
        }
    }

    private func close(client id: ClientID, _ code: CloseCode, _ reason: String) {
        if let leg = clients.remove(id) { return leg.close(code, reason: reason) }
        pipes[id]?.end(code, reason: reason)
    }

    private func relay(client id: ClientID, _ close: PeerClose) {
        if let leg = clients.remove(id) { return leg.relay(close) }
        pipes[id]?.end()
    }

    private func relay(connection id: ConnectionID, _ close: PeerClose) {
        if let leg = connections.remove(id) { return leg.relay(close) }
        pipedConnections[id]?.end()
    }

    /// A dial came to nothing.
    ///
    /// - Parameters:
    ///   - outcome: what a client is answered by that arrives with it.
    ///   - problem: for the log, where more is known.
    func failed(_ id: ConnectionID, _ failure: DialFailure, _ outcome: DialOutcome?, problem: String?) {
        guard dials.remove(id) != nil else { return }
        if let problem { dialProblems.insert(problem, for: id) }
        if let outcome { outcomes.insert(outcome, for: id) }
        feed(.connectionFailed(id, failure))
    }
}
