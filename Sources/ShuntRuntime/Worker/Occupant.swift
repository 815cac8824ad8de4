import ShuntCore
import ShuntReactor

/// Who has a socket of a worker's reactor, and hears what happens to it.
enum Occupant {
    case leg(Leg)
    case pipe(PipeEnd)
    case handshake(OpeningHandshake)
    case arriving(ArrivingClient)
    case lingering(LingeringClose)
    case dial(Dial)
    case probe(Probe)
    case listener(ListeningSocket)

    /// Whether it is a WebSocket or one end of a byte pipe.
    var isEstablished: Bool {
        switch self {
        case .leg, .pipe: true
        case .handshake, .arriving, .lingering, .dial, .probe, .listener: false
        }
    }

    /// Ends its socket at once, with all that hangs on it.
    func cut() {
        switch self {
        case .leg(let leg): leg.cut()
        case .pipe(let end): end.cut()
        case .handshake(let handshake): handshake.cut()
        case .arriving(let client): client.cut()
        case .lingering(let close): close.end()
        case .dial(let dial): dial.cancel()
        case .probe(let probe): probe.end(false)
        case .listener(let listener): listener.close()
        }
    }
}

extension Worker {
    /// Passes on what the reactor says.
    @inline(__always)
    func heard(_ event: ReactorEvent) {
        if case .readable(let id) = event { readable(id) } else { heardOther(event) }
    }

    @inline(__always)
    private func readable(_ id: SocketID) {
        if let leg = occupants.leg(id) { leg.readable() } else { readableOther(id) }
    }

    @inline(never)
    private func readableOther(_ id: SocketID) {
        switch occupants[id] {
        case .pipe(let end): end.readable()
        case .handshake(let handshake): handshake.readable()
        case .arriving(let client): client.readable()
        case .lingering(let close): close.readable()
        case .dial(let dial): dial.readable()
        case .leg, .probe, .listener, nil: break
        }
    }

    @inline(never)
    private func heardOther(_ event: ReactorEvent) {
        switch event {
        case .readable: break
        case .acceptable(let id):
            if case .listener(let listener) = occupants[id] { listener.acceptable() }
        case .connected(let id): connected(id)
        case .secured(let id):
            if case .dial(let dial) = occupants[id] { dial.secured() }
        case .plainText(let id):
            if case .handshake(let handshake) = occupants[id] { handshake.speaksPlainText() }
        case .lost(let id, let error): lost(id, error)
        case .congested(let id): congestionChanged(id, true)
        case .relieved(let id): congestionChanged(id, false)
        case .finished(let id):
            if case .pipe(let end) = occupants[id] { end.finished() }
        // The reactor has closed it already.
        case .closed(let id): occupants[id]?.cut()
        case .deadline(let id): deadlineReached(id)
        case .woken: takeOrders()
        }
    }

    private func connected(_ id: SocketID) {
        switch occupants[id] {
        case .dial(let dial): dial.connected()
        case .probe(let probe): probe.end(true)
        default: break
        }
    }

    private func lost(_ id: SocketID, _ error: SystemError) {
        switch occupants[id] {
        case .dial(let dial): dial.lost(error)
        case .probe(let probe): probe.lost()
        case .handshake(let handshake): handshake.lost()
        case .some(let occupant): occupant.cut()
        case nil: reactor.close(id)
        }
    }

    private func congestionChanged(_ id: SocketID, _ isCongested: Bool) {
        switch occupants[id] {
        case .leg(let leg): leg.congestionChanged(isCongested)
        case .pipe(let end): end.congestionChanged(isCongested)
        default: break
        }
    }

    private func deadlineReached(_ id: SocketID) {
        switch occupants[id] {
        case .leg(let leg): leg.cut()
        case .pipe(let end): end.deadlineReached()
        case .probe(let probe): probe.end(false)
        case .handshake, .arriving, .lingering, .dial, .listener, nil: break
        }
    }
}
