import NIOCore
import ShuntCore

/// Old clients, from their request to the answer to it.
extension Worker {
    /// A handshake on a legacy endpoint was accepted, on the worker where its session lives.
    func arrived(_ arrival: ArrivingClient) {
        guard !isApplying else { return inbox.append(.clientArrived(arrival)) }
        guard arrival.isWaiting else { return }
        // The table may be another one than that which accepted it, on another worker.
        guard !isDraining,
            case .legacy(let endpoint) = switchboard.table.endpoints.match(arrival.client.handshake.path),
            endpoint.isOpen(in: switchboard.table.definition.phase)
        else { return arrival.refuse(isDraining ? .draining : .unavailable) }
        // Who was told to come back when a window ends comes just then.
        if !switchboard.brownoutsInForce.isEmpty { feed(.wallClock) }
        arrival.announcement = endpoint.announcement
        if endpoint.announcement != nil { deprecatedUse(arrival.client, endpoint) }
        let now = now()
        countPipes()
        isApplying = true
        let id = switchboard.clientArrived(
            arrival.client.handshake, token: arrival.client.token, endpoint: endpoint, now: now, &effects)
        arrival.id = id
        arrivals.insert(arrival, for: id)
        finish(Span(), now)
    }

    /// The core takes it: 101, in the words of its backend where there is one.
    func admit(_ id: ClientID, _ connection: ConnectionID) {
        if let pipe = pipedConnections[connection] { return admit(id, pipe) }
        guard let arrival = arrivals.remove(id) else { return }
        let client = arrival.client
        let eventLoop = eventLoop
        let limits = switchboard.table.definition.limits
        var answer = HandshakeAnswer.switchingProtocols(acceptKey: client.acceptKey, arrival.announcement)
        if case .answered(let reply) = outcomes[connection] {
            answer = HandshakeAnswer.switchingProtocols(
                acceptKey: client.acceptKey, as: reply, isRaw: false, arrival.announcement)
        }
        let leg = Leg(worker: self, isUpstream: false, maxMessage: limits.message) {
            client.leave(on: eventLoop)
        }
        guard let answer else { return turnAway(arrival) }
        // Where the channel ended meanwhile, the core hears of it.
        guard let behind = try? arrival.giveWay(to: leg, unread: limits.unreadByClient) else { return arrival.cut() }
        leg.ownsSocket = true
        openLegs[ObjectIdentifier(leg)] = leg
        leg.role = .client(id)
        clients.insert(leg, for: id)
        leg.appendBytes(answer)
        if behind.readableBytes > 0 { leg.read(behind) }
    }

    /// A client whose bytes are piped.
    private func admit(_ id: ClientID, _ pipe: RawPipe) {
        guard let arrival = arrivals.remove(id), case .answered(let reply) = outcomes[pipe.connection] else { return }
        let client = arrival.client
        let eventLoop = eventLoop
        let answer = HandshakeAnswer.switchingProtocols(
            acceptKey: client.acceptKey, as: reply, isRaw: true, arrival.announcement)
        guard let answer else { return turnAway(arrival) }
        let end = PipeEnd(worker: self) { client.leave(on: eventLoop) }
        guard let behind = try? arrival.giveWay(to: end, unread: switchboard.table.definition.limits.unreadByClient)
        else { return arrival.cut() }
        pipes.insert(pipe, for: id)
        pipe.join(id, end, answer: answer, behind: behind)
    }

    /// The core takes it, and the answer cannot be written.
    private func turnAway(_ arrival: ArrivingClient) {
        arrival.refuse(.upstreamUnavailable)
        feed(.clientClosed(arrival.id, .cut))
    }

    /// The core does not take it, and has forgotten it already.
    func reject(_ id: ClientID, _ connection: ConnectionID) {
        guard let arrival = arrivals.remove(id) else { return }
        let outcome = connection.isNone ? nil : outcomes[connection]
        arrival.refuse(HandshakeAnswer.rejection(outcome), code: HandshakeAnswer.rejectionCode(outcome))
    }
}
