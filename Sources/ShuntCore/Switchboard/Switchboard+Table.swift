/// Another routing table comes into force: a reload of the file, an override, a pause. No socket of a route that still
/// exists is closed, and nothing is lost: what is under way ends where it is, what is unsent goes by the new table.
extension Switchboard {
    /// Replaces a route's connections.
    mutating func reconnectAll(of index: Int, _ turn: inout Turn) {
        guard table.routes.indices.contains(index) else { return }
        let route = table.routes[index]
        let upstreams = [route.legacy, route.unified].compactMap { $0?.index }
        var replaced: [PoolID] = []
        for id in pools.ids {
            guard let pool = pools[id], upstreams.contains(pool.key.upstream) else { continue }
            // Of an upstream that other routes share, only what this one uses.
            guard pool.lastRoute === route || pool.upstream === route.legacy || serves(id, route) else { continue }
            for connection in pool.links.all {
                guard let state = links[connection]?.state, state == .ready || state == .opening else { continue }
                replace(connection, &turn)
            }
            replaced.append(id)
        }
        spreadListening(to: replaced, now: turn.now)
        for id in replaced { pump(id, &turn) }
    }

    func serves(_ pool: PoolID, _ route: Route) -> Bool {
        guard let session = pools[pool]?.session else { return false }
        return (sessions[session]?.clients ?? []).contains { client in
            let seat = clients[client]?.seat(of: route.index) ?? .none
            return seats[seat]?.pool == pool
        }
    }

    /// Brings the new table into force.
    mutating func bringIntoForce(
        _ new: RoutingTable, spread: TimeSpan, _ turn: inout Turn
    ) {
        wheel.start(at: turn.now)
        let old = table
        table = new
        // By name, because places change.
        var places = [Int](repeating: -1, count: old.upstreams.count)
        let byName = Dictionary(
            new.upstreams.map { ($0.settings.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        for upstream in old.upstreams { places[upstream.index] = byName[upstream.settings.name] ?? -1 }
        moveUpstreams(places, from: old, &turn)
        moveRoutes(from: old, &turn)
        moveExchanges(&turn)
        for id in clients.ids { apply(to: id, from: old, spread: spread, &turn) }
        endStranded(&turn)
        spreadListening(to: pools.ids, now: turn.now)
        for id in pools.ids { pump(id, &turn) }
        // Whom a brownout takes in by this table is said with the wall clock's time.
        brownoutsInForce = []
    }

    private mutating func moveUpstreams(
        _ places: [Int], from before: RoutingTable, _ turn: inout Turn
    ) {
        breakers.move(
            to: table.upstreams.count,
            kept: places.enumerated().map { old, new in
                // That one address is down says nothing of another.
                let isSame = new >= 0 && table.upstreams[new].settings.dialsLike(before.upstreams[old].settings)
                return isSame ? new : nil
            })
        moveNamingHabits(places, from: before)
        // Types may be named now, and places mean others.
        let armed = unlisted.armed
        unlisted = UnlistedTypes()
        unlisted.armed = armed
        for id in sessions.ids {
            guard let paces = sessions[id]?.paces, !paces.isEmpty else { continue }
            var kept: [Int: WindowPace] = [:]
            for (old, pace) in paces where old < places.count && places[old] >= 0 {
                let rates = table.upstreams[places[old]].settings.pace
                let isSame = rates == before.upstreams[old].settings.pace
                kept[places[old]] = isSame ? pace : pace.counting(by: rates)
            }
            sessions[id]?.paces = kept
        }
        pools.forgetKeys()
        for id in pools.ids { move(pool: id, places, &turn) }
    }

    /// What is known of a backend holds for as long as it is the same one, asked the same way.
    private mutating func moveNamingHabits(_ places: [Int], from before: RoutingTable) {
        var moved = Array(repeating: NamingHabit.unknown, count: table.upstreams.count)
        for (old, new) in places.enumerated() where new >= 0 && old < namingHabits.count {
            let (was, now) = (before.upstreams[old], table.upstreams[new])
            if now.settings.dialsLike(was.settings), now.settings.correlation == was.settings.correlation,
                now.correlatesByConversation == was.correlatesByConversation
            {
                moved[new] = namingHabits[old]
            }
        }
        namingHabits = moved
    }

    private mutating func move(pool id: PoolID, _ places: [Int], _ turn: inout Turn) {
        guard let pool = pools[id] else { return }
        let place = pool.key.upstream >= 0 && pool.key.upstream < places.count ? places[pool.key.upstream] : -1
        pools[id]?.dialNotBefore = Instant(nanoseconds: .min)
        pools[id]?.awaitsBreaker = false
        guard place >= 0, !pool.isRemoved else {
            pools[id]?.isRemoved = true
            pools.rekey(id, upstream: -1)
            for connection in pool.links.all {
                links[connection]?.upstreamIndex = -1
                if !pool.isPassthrough { retire(connection, .configuration, &turn) }
            }
            return
        }
        let upstream = table.upstreams[place]
        let isSame = upstream.settings.dialsLike(pool.upstream.settings)
        pools[id]?.follow(upstream)
        pools.rekey(id, upstream: place)
        // Whoever waits out a backoff for an address that is no more need not. Nor is a session refused by one that is
        // asked otherwise now.
        if !isSame { pools[id]?.backoff.succeeded() }
        if !isSame || upstream.settings.refusals != pool.upstream.settings.refusals {
            pools[id]?.credentialsRejected = false
        }
        for connection in pool.links.all {
            links[connection]?.upstreamIndex = place
            guard let dialled = links[connection], dialled.state != .retired else { continue }
            // Its own settings count: an earlier change may have left it as it was dialled.
            if upstream.settings.dialsLike(dialled.upstream.settings) {
                links[connection]?.upstream = upstream
            } else {
                replace(connection, &turn)
            }
        }
    }

    /// A connection that was dialled by settings that are no more: it takes no new messages.
    mutating func replace(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = links[id], !connection.isRaw else { return }
        if connection.state == .dialling {
            // A client that arrives is answered by whoever was asked; everything else is dialled anew.
            guard !connection.isPassthrough else { return }
            turn.effects.list.append(.closeConnection(id, .normal))
            return remove(connection: id)
        }
        retire(id, .configuration, &turn)
    }

    private mutating func moveRoutes(from old: RoutingTable, _ turn: inout Turn) {
        var tallies = Array(repeating: RouteTally(), count: table.routes.count)
        for route in old.routes where route.index < routeTallies.count {
            if let new = table.route(named: route.name) { tallies[new.index] = routeTallies[route.index] }
        }
        routeTallies = tallies
        let routes = table.routes.map { old.route(named: $0.name)?.index ?? -1 }
        let names = Dictionary(
            old.upstreams.map { ($0.settings.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        let upstreams = table.upstreams.map { names[$0.settings.name] ?? -1 }
        meter = meter.moved(to: table, routes: routes, upstreams: upstreams)
        // Where unified serves everybody, no conversation stays behind: a lower share later does not call it back.
        let whole = Set(table.routes.filter { $0.decision.rollout.side == .unified }.map(\.name))
        if !whole.isEmpty {
            for id in sessions.ids where sessions[id]?.pins.isEmpty == false { sessions[id]?.pins.release(whole) }
        }
        for id in pools.ids {
            if let name = pools[id]?.lastRoute.name, let route = table.route(named: name) {
                pools[id]?.lastRoute = route
            }
        }
    }

    /// What is unsent goes by the new table; what was sent is answered as its route is now.
    private mutating func moveExchanges(_ turn: inout Turn) {
        var removed: [ExchangeID] = []
        for id in exchanges.ids {
            guard let exchange = exchanges[id] else { continue }
            if let old = exchange.endpoint, let endpoint = successor(of: old) {
                exchanges[id]?.endpoint = endpoint
            }
            guard let route = route(like: exchange.route, exchange.endpoint) else {
                if exchange.state == .queued { removed.append(id) }
                continue
            }
            exchanges[id]?.route = route
            guard exchange.state == .queued else { continue }
            if !route.isPaused {
                exchanges[id]?.pausedSince = nil
            } else if exchange.pausedSince == nil {
                exchanges[id]?.pausedSince = turn.now
                pools[exchange.pool]?.line.pause()
            }
        }
        for id in removed { conclude(id, .failed(.routeRemoved), &turn) }
    }

    /// The endpoint of the new table that has the place of an old one: that of the same route, whatever its path is now.
    func successor(of old: Endpoint) -> Endpoint? {
        guard old.route.index >= 0 else { return table.endpoints.unlisted.first { $0.path == old.path } }
        guard let route = table.route(named: old.route.name) else { return nil }
        return table.endpoints.byRoute.indices.contains(route.index) ? table.endpoints.byRoute[route.index] : nil
    }

    /// What waits for an upstream that is no more, though its route is, and has no socket to say where it goes instead.
    private mutating func endStranded(_ turn: inout Turn) {
        for id in pools.ids where pools[id]?.isRemoved == true {
            failWaiting(id, .upstreamUnavailable, &turn)
        }
    }

    /// The route of the new table that has the place of an old one.
    func route(like old: Route, _ endpoint: Endpoint?) -> Route? {
        if old.index >= 0 { return table.route(named: old.name) }
        return table.endpoints.unlisted.first { $0.path == endpoint?.path }?.route
    }

    /// Where a client's messages go from now on, and whether it may stay.
    private mutating func apply(
        to id: ClientID, from old: RoutingTable, spread: TimeSpan, _ turn: inout Turn
    ) {
        stayThroughBrownout(id)
        guard let client = clients[id] else { return }
        if let old = client.endpoint {
            guard let found = successor(of: old) else {
                clients[id]?.isStranded = true
                return leaveSoon(id, .routeRemoved, spread, &turn)
            }
            clients[id]?.move(to: found)
            clients[id]?.isStranded = false
            if !table.definition.phase.opensLegacyEndpoints, found.route.index >= 0 {
                leaveSoon(id, .endpointClosed, spread, &turn)
            } else if client.closeAfter != .distantFuture, client.closeReason != .draining {
                // It was to go, and may stay.
                clients[id]?.closeAfter = .distantFuture
            }
        }
        beginBeats(id, now: turn.now)
        for place in client.seats { apply(toSeat: place.seat, of: id, &turn) }
        let kept = client.seats.compactMap { place -> SeatPlace? in
            guard let seat = seats[place.seat] else { return nil }
            return SeatPlace(routeIndex: seat.route.index, seat: place.seat)
        }
        clients[id]?.seats = kept
        schedule(client: id)
    }

    private mutating func leaveSoon(
        _ id: ClientID, _ leaving: Leaving, _ spread: TimeSpan, _ turn: inout Turn
    ) {
        if clients[id]?.closeAfter != .distantFuture { return }
        if clients[id]?.isArriving == true { return close(id, .goingAway, .routeRemoved, &turn) }
        leave(id, leaving, at: turn.now + random.span(upTo: spread))
    }

    private mutating func apply(
        toSeat id: SeatID, of client: ClientID, _ turn: inout Turn
    ) {
        guard let seat = seats[id] else { return }
        guard let route = route(like: seat.route, clients[client]?.endpoint) else {
            // The route is gone: exchanges end where they are, a new message finds no route. An old client leaves.
            if clients[client]?.endpoint == nil { seats.remove(id) }
            return
        }
        let begins = seat.route.decision.rollout.side != nil && route.decision.rollout.side == nil
        seats[id]?.route = route
        let app = clients[client]?.app.name ?? ""
        let tenant = sessions[seat.session]?.claims.tenant?.text
        seats[id]?.override = route.overrides.first { $0.matches(app: app, tenant: tenant) }?.servedBy
        if begins { pinPresentConversation(id, now: turn.now) }
        guard clients[client]?.isArriving != true else { return }
        moveIfOtherSide(id, &turn)
    }
}

extension UpstreamSettings {
    /// Whether a connection that was dialled by the other settings is as good as one dialled by these.
    func dialsLike(_ other: UpstreamSettings) -> Bool {
        address == other.address && credential == other.credential && identity == other.identity
            && host == other.host && origin == other.origin && sourceAddresses == other.sourceAddresses
            && vary == other.vary && passIdentity == other.passIdentity && onOpen == other.onOpen
            && ready == other.ready && tls == other.tls
            && serverName == other.serverName
    }
}
