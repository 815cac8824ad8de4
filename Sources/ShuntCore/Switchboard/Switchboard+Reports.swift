/// What a worker says of itself to people: plain values, made when asked for.
extension Switchboard {
    /// By `Route.index` of the table in force.
    package func routeReport() -> [RouteTally] {
        var report = routeTallies
        for id in clients.ids {
            guard let route = clients[id]?.endpoint?.route, table.has(route) else { continue }
            report[route.index].sockets += 1
        }
        for id in exchanges.ids where exchanges[id]?.state == .queued {
            guard let exchange = exchanges[id], report.indices.contains(exchange.route.index), isGated(exchange)
            else {
                continue
            }
            report[exchange.route.index].waiting += 1
        }
        return report
    }

    /// All that metrics tell of this worker, but for what the runtime knows.
    package func workerReport() -> WorkerReport {
        var report = WorkerReport(table)
        report.tally = tally
        report.census = census
        report.bufferedBytes = bufferedBytes
        report.socketBytes = socketBytes
        report.routes = routeReport()
        addPools(to: &report.pools)
        report.meter = meter
        for id in clients.ids { count(id, in: &report.sockets) }
        return report
    }

    func count(_ id: ClientID, in sockets: inout SocketCensus) {
        guard let seats = clients[id]?.seats, let own = clients[id]?.ownSeat, let isRaw = clients[id]?.isRaw else {
            return
        }
        guard let route = routeIndex(of: id) else {
            var sides: (legacy: Bool, unified: Bool) = (false, false)
            for place in seats {
                if self.seats[place.seat]?.side == .unified { sides.unified = true } else { sides.legacy = true }
            }
            switch sides {
            case (false, false): sockets.unified.idle += 1
            case (true, false): sockets.unified.fanOut += 1
            case (false, true): sockets.unified.relay += 1
            case (true, true): sockets.unified.both += 1
            }
            return
        }
        let collapses = self.seats[own]?.side == .unified
        if sockets.legacy.indices.contains(route) {
            sockets.legacy[route].count(isRaw: isRaw, collapses: collapses)
        } else {
            sockets.unlisted.count(isRaw: isRaw, collapses: collapses)
        }
    }

    /// Adds this worker's share to the entries, one for each upstream of the table in force.
    package func addPools(to report: inout [PoolStatus]) {
        for id in pools.ids {
            guard pools[id]?.isRemoved == false, let place = pools[id]?.key.upstream, report.indices.contains(place)
            else { continue }
            report[place].pools += 1
            report[place].queued += pools[id]?.line.count ?? 0
            report[place].queuedBytes += pools[id]?.line.bytes ?? 0
            for connection in pools[id]?.links.all ?? [] {
                switch links[connection]?.state {
                case .dialling, .opening: report[place].dialling += 1
                case .ready: report[place].ready += 1
                case .retired: report[place].retired += 1
                case nil: continue
                }
                report[place].inFlight += links[connection]?.inFlight ?? 0
            }
        }
        for place in breakers.open where report.indices.contains(place) { report[place].openBreakers += 1 }
    }

    /// The sessions with most sockets first.
    package func sessionReport(worker: Int, limit: Int, user: String? = nil) -> [SessionStatus] {
        let found = sessions.ids.compactMap { id -> SessionStatus? in
            guard let session = sessions[id] else { return nil }
            if let user, !session.isMeant(by: .user(user)) { return nil }
            let apps = Set(session.clients.compactMap { clients[$0]?.app.name }.filter { !$0.isEmpty }).map(
                \.description)
            return SessionStatus(
                name: String(decoding: session.shortName, as: UTF8.self), hasToken: !session.isAnonymous,
                worker: worker, sockets: session.clients.count, open: session.pending,
                parked: session.parked.replies.count, apps: apps.sorted())
        }
        return Array(found.sorted { ($0.sockets, $1.name) > ($1.sockets, $0.name) }.prefix(max(0, limit)))
    }
}
