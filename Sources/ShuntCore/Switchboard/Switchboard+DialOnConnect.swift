/// Connections that are dialled when a socket opens.
extension Switchboard {
    /// A socket opened: what is to be dialled for it is.
    mutating func dialOnConnect(_ id: ClientID, _ turn: inout Turn) {
        guard let client = clients[id], !client.isRaw, draining == nil else { return }
        if client.isUnified {
            for route in table.listeningRoutes { listen(to: table.routes[route], by: id, &turn) }
        } else if seats[client.ownSeat]?.side == .unified {
            listen(client.ownSeat, of: id, &turn)
        }
    }

    /// The same for one route of a socket of the unified endpoint, where the side that serves it says so.
    private mutating func listen(to route: Route, by id: ClientID, _ turn: inout Turn) {
        let seat = seat(of: id, route, now: turn.now)
        guard let side = seats[seat]?.side, let dial = route.upstream(side)?.settings.dial, dial != .onMessage else {
            return
        }
        listen(seat, of: id, &turn)
    }

    private mutating func listen(_ seat: SeatID, of id: ClientID, _ turn: inout Turn) {
        let pool = findPool(of: seat)
        seats[seat]?.pool = pool
        want(pool, by: id)
        pump(pool, &turn)
    }
}
