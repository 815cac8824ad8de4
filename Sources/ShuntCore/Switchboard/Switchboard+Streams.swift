/// Replies in parts that would go on for ever. Each part gives its exchange new time, so something else must end it.
extension Switchboard {
    /// Ends a stream of which nobody may want more parts; its connection closes once others on it have finished.
    mutating func endStream(_ id: ExchangeID, _ reason: RetireReason, _ turn: inout Turn) {
        guard let exchange = exchanges[id], exchange.state == .sent else { return }
        abandon(id, exchange, &turn)
        retire(exchange.connection, reason, &turn)
    }

    /// Ends a stream whose client is gone: at once where the session has no token, else when it had the time to come back.
    mutating func endIfDeserted(
        _ id: ExchangeID, _ sessionID: SessionID, _ turn: inout Turn
    ) {
        guard let session = sessions[sessionID] else { return }
        if session.isAnonymous { return endStream(id, .clientGone, &turn) }
        var since = session.detachedSince
        if since == nil {
            // Others of its sockets are there, and each has its own.
            let orphaned = exchanges[id]?.orphaned ?? turn.now
            since = min(orphaned, turn.now)
            exchanges[id]?.orphaned = min(orphaned, turn.now)
        }
        guard let since, turn.now >= since + table.definition.session.linger else { return }
        endStream(id, .clientGone, &turn)
    }

    /// A client without a token is gone, and with it whoever may want to hear its streams.
    mutating func endStreams(of id: SessionID, _ turn: inout Turn) {
        for pool in sessions[id]?.pools ?? [] {
            guard let upstream = pools[pool]?.upstream, upstream.hasStreams else { continue }
            for connection in pools[pool]?.links.all ?? [] {
                var candidate = links[connection]?.unanswered.head ?? .none
                while let exchange = exchanges[candidate] {
                    if exchange.route.rules(of: upstream).isStreaming {
                        endStream(candidate, .clientGone, &turn)
                    }
                    candidate = exchange.next
                }
            }
            pump(pool, &turn)
        }
    }
}
