/// Sessions that somebody ends: their sockets, what they have under way, and what is kept for them.
extension Switchboard {
    /// Every exchange of theirs ends with `session_expired`, which their sockets hear before they close.
    mutating func end(_ choice: SessionChoice, _ turn: inout Turn) -> KickReport {
        var report = KickReport()
        for id in sessions.ids {
            guard let session = sessions[id], session.isMeant(by: choice) else { continue }
            report.sessions.append(String(decoding: session.shortName, as: UTF8.self))
            report.sockets += session.clients.count
            for exchange in exchanges.ids where exchanges[exchange]?.session == id {
                switch exchanges[exchange]?.state {
                case .queued: conclude(exchange, .failed(.sessionExpired), &turn)
                // An old client's own connection ends with it: it hears that.
                case .sent where exchanges[exchange]?.isPassed == true: conclude(exchange, .dropped, &turn)
                case .sent: conclude(exchange, .failed(.sessionExpired), &turn)
                case .abandoned, nil: break
                }
            }
            for client in session.clients {
                close(client, table.access(of: clients[client]?.endpoint).expiryCode, .kicked, &turn)
            }
            tally.parkedExpired += sessions.discardParked(of: id)
            releasePools(of: id, &turn)
            agenda.add(.endIfUnused(id))
        }
        return report
    }
}
