import DequeModule
import ShuntCore
import ShuntReactor
import Synchronization

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
        arrival.endpointPath = endpoint.path
        arrival.compression = endpoint.compression
        if endpoint.announcement != nil { deprecatedUse(arrival.client, endpoint) }
        let now = now()
        countPipes()
        turn.now = now
        isApplying = true
        let id = switchboard.clientArrived(
            arrival.client.handshake, as: arrival.client.identity, endpoint: endpoint, &turn)
        arrival.id = id
        arrivals.insert(arrival, for: id)
        finish(Span())
    }

    /// The core takes it: 101, in the words of its backend where there is one.
    func admit(_ id: ClientID, _ connection: ConnectionID) {
        if let pipe = pipedConnections[connection] { return admit(id, pipe) }
        guard let arrival = arrivals.remove(id) else { return }
        let client = arrival.client
        let compression = compression(offeredBy: client.handshake.headers, arrival.compression)
        let answer: [UInt8]?
        if case .answered(let reply) = outcomes[connection] {
            rememberSubprotocol(reply, arrival)
            answer = HandshakeAnswer.switchingProtocols(
                acceptKey: client.candidate.acceptKey, as: reply, isRaw: false,
                offersShunt: client.handshake.offersShunt, extensions: compression?.answer, arrival.announcement)
        } else {
            answer = HandshakeAnswer.switchingProtocols(
                acceptKey: client.candidate.acceptKey, subprotocol: subprotocol(for: arrival),
                extensions: compression?.answer, arrival.announcement)
        }
        guard let answer else {
            giveBack(compression?.0)
            return turnAway(arrival)
        }
        let behind = arrival.giveWay()
        let leg = Leg(arrival.socket, worker: self, isUpstream: false, lease: client.lease, compression: compression?.0)
        leg.role = .client(id)
        clients.insert(leg, for: id)
        leg.appendBytes(answer)
        if !behind.isEmpty { leg.read(behind.span) }
    }

    /// A client whose bytes are piped.
    private func admit(_ id: ClientID, _ pipe: RawPipe) {
        guard let arrival = arrivals.remove(id), case .answered(let reply) = outcomes[pipe.connection] else { return }
        let client = arrival.client
        let answer = HandshakeAnswer.switchingProtocols(
            acceptKey: client.candidate.acceptKey, as: reply, isRaw: true,
            offersShunt: client.handshake.offersShunt, arrival.announcement)
        guard let answer else { return turnAway(arrival) }
        let behind = arrival.giveWay()
        let end = PipeEnd(arrival.socket, worker: self, lease: client.lease, marks: clientMarks)
        pipes.insert(pipe, for: id)
        pipe.join(id, end, answer: answer, behind: behind)
    }

    /// When too much waits for a client that does not read.
    var clientMarks: WaterMarks { WaterMarks(switchboard.table.definition.limits.unreadByClient) }

    /// The core takes it, and the answer cannot be written.
    private func turnAway(_ arrival: ArrivingClient) {
        arrival.refuse(.upstreamUnavailable)
        feed(.clientClosed(arrival.id, .cut))
    }

    /// What the backend selected is what the endpoint's clients are told when the backend is not asked any more.
    private func rememberSubprotocol(_ reply: UpstreamReply, _ arrival: ArrivingClient) {
        let offered = arrival.client.handshake.subprotocols
        guard !offered.isEmpty else { return }
        let choice = reply.headers.first(.secWebSocketProtocol).flatMap { ByteString($0).text }
        process.subprotocols.withLock {
            $0[arrival.endpointPath, default: SubprotocolMemory()].see(choice, of: offered)
        }
    }

    /// For a client whose backend was not asked.
    private func subprotocol(for arrival: ArrivingClient) -> String? {
        let offered = arrival.client.handshake.subprotocols
        let own = arrival.client.handshake.offersShunt ? SessionSubprotocol.version : nil
        guard !offered.isEmpty else { return own }
        let memory = process.subprotocols.withLock { $0[arrival.endpointPath] } ?? SubprotocolMemory()
        return memory.choice(of: offered, preferred: switchboard.table.definition.addressing.protocols) ?? own
    }

    /// The core does not take it, and has forgotten it already.
    func reject(_ id: ClientID, _ connection: ConnectionID) {
        guard let arrival = arrivals.remove(id) else { return }
        let outcome = connection.isNone ? nil : outcomes[connection]
        arrival.refuse(HandshakeAnswer.rejection(outcome), code: HandshakeAnswer.rejectionCode(outcome))
    }
}
