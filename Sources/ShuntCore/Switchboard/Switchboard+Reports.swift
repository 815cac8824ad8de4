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
            guard let exchange = exchanges[id], report.indices.contains(exchange.route.index), isHindered(exchange)
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
        report.routes = routeReport()
        addPools(to: &report.pools)
        report.meter = meter
        for id in clients.ids { count(id, in: &report.sockets) }
        return report
    }

    private func count(_ id: ClientID, in sockets: inout SocketCensus) {
        guard let seats = clients[id]?.seats, let isRaw = clients[id]?.isRaw else { return }
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
        let seat = seats.first?.seat ?? .none
        let collapses = self.seats[seat]?.side == .unified
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
            report[place].queued += pools[id]?.queue.count ?? 0
            report[place].queuedBytes += pools[id]?.queuedBytes ?? 0
            for connection in pools[id]?.connections ?? [] {
                switch connections[connection]?.state {
                case .dialling, .opening: report[place].dialling += 1
                case .ready: report[place].ready += 1
                case .retired: report[place].retired += 1
                case nil: continue
                }
                report[place].outstanding += connections[connection]?.live ?? 0
            }
        }
        for (place, breaker) in breakers.enumerated() where breaker.isOpen && report.indices.contains(place) {
            report[place].openBreakers += 1
        }
    }

    /// The sessions with most sockets first.
    package func sessionReport(worker: Int, limit: Int) -> [SessionStatus] {
        let found = sessions.ids.compactMap { id -> SessionStatus? in
            guard let session = sessions[id] else { return nil }
            let apps = Set(session.clients.compactMap { clients[$0]?.app.name }.filter { !$0.isEmpty }).map(
                \.description)
            return SessionStatus(
                name: String(decoding: session.shortName, as: UTF8.self), hasToken: !session.isAnonymous,
                worker: worker, sockets: session.clients.count, open: session.open,
                parked: session.parked.replies.count, apps: apps.sorted())
        }
        return Array(found.sorted { ($0.sockets, $1.name) > ($1.sockets, $0.name) }.prefix(max(0, limit)))
    }

    /// A route's connections are replaced as they become idle. A client that is passed through keeps its socket.
    package mutating func reconnect(route index: Int, _ turn: inout Turn) {
        guard table.routes.indices.contains(index) else { return }
        let route = table.routes[index]
        let upstreams = [route.legacy, route.unified].compactMap { $0?.index }
        var replaced: [PoolID] = []
        for id in pools.ids {
            guard let pool = pools[id], upstreams.contains(pool.key.upstream) else { continue }
            // Of an upstream that other routes share, only what this one uses.
            guard pool.lastRoute === route || pool.upstream === route.legacy || serves(id, route) else { continue }
            for connection in pool.connections {
                guard let state = connections[connection]?.state, state == .ready || state == .opening else { continue }
                replace(connection, &turn)
            }
            replaced.append(id)
        }
        spreadListening(to: replaced, now: turn.now)
        for id in replaced { pump(id, &turn) }
        settleLoosened(&turn)
    }

    private func serves(_ pool: PoolID, _ route: Route) -> Bool {
        guard let session = pools[pool]?.session else { return false }
        return (sessions[session]?.clients ?? []).contains { client in
            let seat = clients[client]?.seat(of: route.index) ?? .none
            return seats[seat]?.pool == pool
        }
    }
}
