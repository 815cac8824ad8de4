/// What clients say only to keep their socket alive, and what they are told for the same end.
extension Switchboard {
    /// A client's message that goes no further: it is counted, and answered where the configuration says what with.
    /// What was scanned of it is forgotten by this.
    mutating func absorb(
        _ id: ClientID, _ found: Int, of absorption: Absorption, _ bytes: Span<UInt8>, _ turn: inout Turn
    ) {
        tally.absorbed += 1
        // Who does not read has enough to read.
        guard let answer = absorption.answer(to: found), clients[id]?.congested == false else { return }
        if let keys = answer.keys {
            // It was valid when it came.
            guard envelope.scan(bytes, for: keys, nesting: .max, early: false) == .object else { return }
        }
        let start = turn.effects.splices.literalCount
        answer.append(envelope, bytes, to: &turn.effects.splices.literals)
        turn.effects.list.append(.deliver(id, turn.effects.splices.splice(literalsFrom: start)))
    }

    /// What is sent to a client on schedule; nil for nothing.
    func beat(of client: Client) -> Beat? {
        guard let endpoint = client.endpoint else { return table.beat }
        return client.isRaw ? nil : endpoint.beat
    }

    /// From now on a client is sent what its endpoint says.
    mutating func beginBeats(_ id: ClientID, now: Instant) {
        guard let client = clients[id], !client.isArriving else { return }
        let next = beat(of: client).map { now + $0.every } ?? .distantFuture
        // What is due earlier stays, unless there is nothing to send any more.
        clients[id]?.nextHeartbeat = next == .distantFuture ? next : min(next, client.nextHeartbeat)
    }

    /// Clients of the field that hear nothing for a while connect anew, for ever.
    mutating func beat(_ id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id], client.nextHeartbeat <= turn.now, let beat = beat(of: client) else { return }
        clients[id]?.nextHeartbeat = turn.now + beat.every
        // Who does not read has enough to read.
        if client.congested { return }
        let start = turn.effects.splices.literalCount
        turn.effects.splices.literals.append(contentsOf: beat.message)
        turn.effects.list.append(.deliver(id, turn.effects.splices.splice(literalsFrom: start)))
        tally.heartbeats += 1
    }
}
