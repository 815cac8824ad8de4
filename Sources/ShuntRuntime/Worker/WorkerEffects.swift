import NIOCore
import ShuntCore

extension Worker {
    /// Does what the switchboard decided, in order. `message` is that of the event, empty where it had none.
    func apply(_ message: borrowing Span<UInt8>) {
        // Taken into a local, which is lent to the legs without counting references to all that it holds.
        var current = Effects()
        swap(&current, &effects)
        var index = 0
        while index < current.list.count {
            switch current.list[index] {
            case .forward(let id, let splice):
                connections[id]?.append(splice, current.splices, message)
            case .deliver(let id, let splice):
                clients[id]?.append(splice, current.splices, message)
            case .dial(let id, let order):
                dial(id, current.dials.indices.contains(order) ? current.dials[order] : nil)
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
                clients.remove(id)?.relay(current.closes.indices.contains(close) ? current.closes[close] : .cut)
            case .relayCloseToConnection(let id, let close):
                connections.remove(id)?.relay(current.closes.indices.contains(close) ? current.closes[close] : .cut)
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
        current.reset()
        swap(&current, &effects)
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
