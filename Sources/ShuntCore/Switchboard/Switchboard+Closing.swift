/// Upstream connections that end by no wish of ours: what that says of the messages that were written to them.
extension Switchboard {
    /// A connection was closed by its backend, or cut.
    mutating func closedByUpstream(
        _ id: ConnectionID, _ close: PeerClose, _ turn: inout Turn
    ) {
        guard let connection = links[id] else { return }
        if connection.state == .dialling { return dialFailed(id, .connect, &turn) }
        noteClosed(connection, close, &turn)
        links[id]?.willEnd()
        if connection.isPassthrough {
            return passthroughClosed(id, close, &turn)
        }
        if close.code == .messageTooBig { failTooLarge(id, &turn) }
        let meaning = close.code.flatMap { connection.upstream.settings.closes[$0.rawValue] }
        if let meaning {
            connectionLost(id, as: meaning, &turn)
        } else {
            connectionLost(id, .upstreamLost, &turn)
            // A backend that goes is waited for; one that did not like the first words has refused the session.
            if connection.state == .opening, !close.isDeparture {
                heed(.refuse, for: connection.pool, &turn)
            }
        }
        pump(connection.pool, &turn)
    }

    /// A reply is larger than a message may be: it fails the oldest exchange, and the connection ends.
    mutating func replyTooLarge(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = links[id] else { return }
        if connection.isPassthrough {
            return passthroughClosed(id, PeerClose(code: .messageTooBig), &turn)
        }
        links[id]?.willEnd()
        if let oldest = oldestLive(id) { conclude(oldest, .failed(.replyTooLarge), &turn) }
        tally.retired += 1
        meterRetired(connection.upstreamIndex, .replyTooLarge)
        turn.effects.list.append(
            .note(.connectionRetired(upstream: connection.upstreamIndex, .replyTooLarge)))
        connectionLost(id, .upstreamLost, &turn)
        pump(connection.pool, &turn)
    }

    /// For the log and the metrics: a backend's own wish, told once for each connection.
    private mutating func noteClosed(_ connection: Connection, _ close: PeerClose, _ turn: inout Turn) {
        meterUpstreamClose(connection.upstreamIndex, close)
        let newest = sessions[pools[connection.pool]?.session ?? .none]?.credential
        turn.effects.closes.append(close.withheld(connection.credential).withheld(newest))
        turn.effects.list.append(
            .note(
                .upstreamClosed(
                    upstream: connection.upstreamIndex, close: turn.effects.closes.count - 1,
                    isPassed: connection.isPassthrough)))
    }
}
