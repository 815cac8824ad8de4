import DequeModule
import ShuntCore

/// What happened while effects were being applied, and events that carry no message.
enum WorkerEvent {
    case clientMessage(ClientID, MessageKind, [UInt8])
    case clientMessageTooLarge(ClientID)
    case clientArrived(ArrivingClient)
    case clientClosed(ClientID, PeerClose)
    case clientPong(ClientID)
    case credentialJudged(ClientID, Credential, CredentialVerdict)
    case clientInspected(ClientID, TransportState)
    case clientCongested(ClientID)
    case clientRelieved(ClientID)
    case connectionReady(ConnectionID)
    case connectionFailed(ConnectionID, DialFailure)
    case connectionMessage(ConnectionID, MessageKind, [UInt8])
    case connectionMessageTooLarge(ConnectionID)
    case connectionClosed(ConnectionID, PeerClose)
    case connectionPong(ConnectionID)
    case connectionInspected(ConnectionID, TransportState)
    case connectionCongested(ConnectionID)
    case connectionRelieved(ConnectionID)
    case tick
    case drain(DrainSettings)
    /// `spread` is the time over which sockets of endpoints that are no more close.
    case tableChanged(RoutingTable, spread: TimeSpan)
    case reconnect(route: String)
    case wallClock
}

extension Worker {
    /// Tells the switchboard, now or, where effects are being applied, right after that.
    func feed(_ event: WorkerEvent) {
        guard !isApplying else { return inbox.append(event) }
        tell(event)
    }

    private func tell(_ event: WorkerEvent) {
        let now = now()
        // It may end pipes, or change what their messages count for.
        countPipes()
        switch event {
        case .clientMessage(let id, let kind, let bytes): return clientMessage(id, kind, bytes.span, now)
        case .connectionMessage(let id, let kind, let bytes): return connectionMessage(id, kind, bytes.span, now)
        case .clientArrived(let arrival): return arrived(arrival)
        default: break
        }
        turn.now = now
        isApplying = true
        if case .connectionFailed(let id, _) = event { dialProblem = dialProblems.remove(id) }
        switch event {
        case .clientMessage, .connectionMessage, .clientArrived: break
        case .clientMessageTooLarge(let id): switchboard.clientMessageTooLarge(id, &turn)
        case .clientClosed(let id, let close): switchboard.clientClosed(id, close: close, &turn)
        case .clientPong(let id): switchboard.clientPong(id, &turn)
        case .credentialJudged(let id, let credential, let verdict):
            switchboard.credentialJudged(id, credential, verdict, at: wallTime, &turn)
        case .clientInspected(let id, let state): switchboard.clientInspected(id, state, &turn)
        case .clientCongested(let id): switchboard.clientCongested(id, &turn)
        case .clientRelieved(let id): switchboard.clientRelieved(id, &turn)
        case .connectionReady(let id): switchboard.connectionReady(id, &turn)
        case .connectionFailed(let id, let failure): switchboard.connectionFailed(id, failure, &turn)
        case .connectionMessageTooLarge(let id): switchboard.connectionMessageTooLarge(id, &turn)
        case .connectionClosed(let id, let close): switchboard.connectionClosed(id, close, &turn)
        case .connectionPong(let id): switchboard.connectionPong(id, &turn)
        case .connectionInspected(let id, let state):
            switchboard.connectionInspected(id, state, &turn)
        case .connectionCongested(let id): switchboard.connectionCongested(id, &turn)
        case .connectionRelieved(let id): switchboard.connectionRelieved(id, &turn)
        case .tick: switchboard.tick(&turn)
        case .drain(let settings): switchboard.drain(settings, &turn)
        case .tableChanged(let table, let spread):
            switchboard.tableChanged(to: table, spread: spread, &turn)
        case .wallClock: switchboard.wallClock(wallTime, &turn)
        case .reconnect(let name):
            if let route = switchboard.table.route(named: name) {
                switchboard.reconnect(route: route.index, &turn)
            }
        }
        finish(Span())
        // The client that waited for it is answered by now.
        switch event {
        case .connectionReady(let id): outcomes.remove(id)
        case .connectionFailed(let id, _):
            outcomes.remove(id)
            dialProblem = nil
        case .tableChanged: lookAtWallClock()
        default: break
        }
    }

    /// Tells the core of the messages of byte pipes: before anything that ends pipes, before anybody reads what was
    /// counted, and every now and then.
    func countPipes() {
        guard !uncountedPipes.isEmpty, !isApplying else { return }
        for pipe in uncountedPipes { pipe.tellCore() }
        uncountedPipes.removeAll(keepingCapacity: true)
    }

    /// Applies the effects of the event that was just told, then tells what arose meanwhile, in order.
    @inline(__always)
    func finish(_ message: borrowing Span<UInt8>) {
        if !turn.effects.list.isEmpty { apply(message) }
        isApplying = false
        guard !isEmptyingInbox else { return }
        if !inbox.isEmpty { emptyInbox() }
    }

    /// Seldom, and kept out of `finish`, which stands in the way of every message.
    @inline(never)
    private func emptyInbox() {
        isEmptyingInbox = true
        // Telling an event may add more behind it.
        while let event = inbox.popFirst() { tell(event) }
        isEmptyingInbox = false
    }
}
