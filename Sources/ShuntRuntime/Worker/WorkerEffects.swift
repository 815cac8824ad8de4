import NIOCore
import ShuntCore

extension Worker {
    /// Does what the switchboard decided, in order. `message` is that of the event, empty where it had none.
    func apply(_ message: borrowing Span<UInt8>) {
        // Read where they are: while they are applied, nobody else touches them.
        var index = 0
        while index < effects.list.count {
            switch effects.list[index] {
            case .forward(let id, let splice):
                connections[id]?.append(splice, message)
            case .deliver(let id, let splice):
                clients[id]?.append(splice, message)
            case .dial(let id, let order):
                dial(id, effects.dials.indices.contains(order) ? effects.dials[order] : nil)
            case .pingConnection(let id):
                connections[id]?.appendControl(.ping, [])
            case .pingClient(let id):
                clients[id]?.appendControl(.ping, [])
            case .closeConnection(let id, let code):
                close(connection: id, code)
            case .closeClient(let id, let code, let reason):
                clients.remove(id)?.close(code, reason: reason.text)
            case .admit, .reject: break
            case .relayCloseToClient(let id, let close):
                clients.remove(id)?.relay(effects.closes.indices.contains(close) ? effects.closes[close] : .cut)
            case .relayCloseToConnection(let id, let close):
                connections.remove(id)?.relay(effects.closes.indices.contains(close) ? effects.closes[close] : .cut)
            case .stopReadingClient(let id):
                clients[id]?.setReading(false)
            case .startReadingClient(let id):
                clients[id]?.setReading(true)
            case .stopReading(let id):
                connections[id]?.setReading(false)
            case .startReading(let id):
                connections[id]?.setReading(true)
            case .note(let note):
                log.note(note, now: now(), table: switchboard.table)
            }
            index += 1
        }
        effects.reset()
    }

    private func dial(_ id: ConnectionID, _ order: DialOrder?) {
        guard let order else { return feed(.connectionFailed(id, .connect)) }
        let dial = Dial(id: id, order: order, worker: self)
        dials.insert(dial, for: id)
        dial.start()
    }

    private func close(connection id: ConnectionID, _ code: CloseCode) {
        if let dial = dials.remove(id) {
            dial.cancel()
        } else {
            connections.remove(id)?.close(code, reason: "")
        }
    }

    /// A dial came to nothing.
    func failed(_ id: ConnectionID, _ failure: DialFailure) {
        guard dials.remove(id) != nil else { return }
        feed(.connectionFailed(id, failure))
    }
}
