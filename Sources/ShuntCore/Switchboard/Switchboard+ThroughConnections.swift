/// The connections of passthrough: each is one old client's own, and the two live and end together.
extension Switchboard {
    func throughPools(of client: ClientID) -> [PoolID] {
        guard clients[client]?.endpoint != nil else { return [] }
        return ownPools(of: client).filter { pools[$0]?.isThrough == true }
    }

    /// The pools that no other socket uses, of either side.
    func ownPools(of client: ClientID) -> [PoolID] {
        guard let session = clients[client]?.session else { return [] }
        return (sessions[session]?.pools ?? []).filter { pools[$0]?.key.owner == .client(client) }
    }

    /// Dials a client's own connection: at once for one that arrives, else when a message waits.
    mutating func dialThrough(_ poolID: PoolID, _ turn: inout Turn) {
        guard let pool = pools[poolID], case .client(let id) = pool.key.owner, let client = clients[id] else { return }
        let credential = sessions[client.session]?.credential
        var made = Connection(
            pool: poolID, upstream: pool.upstream, cause: id, isThrough: true, isRaw: client.isRaw,
            isRedial: !client.isArriving, isForListener: pool.queue.isEmpty && !client.isArriving, now: turn.now)
        made.credential = credential
        let connection = connections.insert(made)
        pools[poolID]?.current = connection
        pools[poolID]?.connections.append(connection)
        tally.dials += 1
        meterDial(pool.key.upstream)
        let values = client.endpoint?.pattern?.values(in: client.handshake.path) ?? [:]
        let request = UpstreamRequest(
            upstream: pool.upstream.settings, client: client.handshake, credential: credential,
            passing: client.isRaw ? .raw : .managed, values: values)
        turn.effects.dials.append(
            DialOrder(upstream: pool.upstream, request: request, through: .init(client: id, isRaw: client.isRaw)))
        turn.effects.list.append(.dial(connection, order: turn.effects.dials.count - 1))
    }

    /// The backend refused a client that arrives, or is not there: the client hears the same.
    mutating func turnAway(_ id: ClientID, _ connection: ConnectionID, _ turn: inout Turn) {
        turn.effects.list.append(.reject(id, connection))
        forget(id, &turn)
    }

    /// The backend closed a client's own connection: so does the client's socket, in the backend's words. While the
    /// client is on its way to the other side, or its route is paused and the backend went, it stays, and learns what is
    /// lost.
    mutating func throughClosed(_ id: ConnectionID, _ close: PeerClose, _ turn: inout Turn) {
        guard let connection = connections[id], case .client(let client) = pools[connection.pool]?.key.owner else {
            return
        }
        let poolID = connection.pool
        let lost = connection.live
        connections[id]?.live = 0
        forget(id)
        let seatID = clients[client]?.seats.first?.seat ?? .none
        let isMoving = close.isDeparture && !connection.isRaw && seats[seatID]?.route.isPaused == true
        if seats[seatID]?.pool == poolID, connection.state != .retired, !isMoving {
            turn.effects.closes.append(close)
            meterClose(ClientClose(.backend, close))
            turn.effects.list.append(.relayCloseToClient(client, close: turn.effects.closes.count - 1))
            forget(client, &turn)
            return
        }
        refusePassed(client, lost, .upstreamLost, &turn)
        passedEnded(client, lost, &turn)
        resumeReading(client, &turn)
        pump(poolID, &turn)
        loosened.append(.pool(poolID))
    }

    /// So many messages that were passed through may have an error of their own; the last one says how many it is for.
    private static let passedErrors = 64

    /// Errors about messages that were passed through, where the backend can say nothing any more. Nothing of them is
    /// known but their number, which the client decides.
    private mutating func refusePassed(_ id: ClientID, _ count: Int, _ code: ErrorCode, _ turn: inout Turn) {
        guard let endpoint = clients[id]?.endpoint, count > 0 else { return }
        meterError(endpoint.route, .legacy, code, count)
        if table.has(endpoint.route) { routeTallies[endpoint.route.index].errorsByLegacy += count }
        for number in 1...min(count, Self.passedErrors) {
            tally.errors += 1
            erred(clients[id]?.seats.first?.seat ?? .none)
            var members = tags(of: endpoint.route)
            if number == Self.passedErrors, count > number {
                members.append(("count", Array("\(count - number + 1)".utf8)))
            }
            let start = turn.effects.splices.literalCount
            ErrorReply.append(
                code, kinds: kinds(of: endpoint), sent: true, members: members, to: &turn.effects.splices.literals)
            let splice = turn.effects.splices.splice(literalsFrom: start)
            turn.effects.list.append(.deliver(id, restored(splice, message: Span(), endpoint, &turn)))
        }
    }

    func tags(of route: Route) -> [(name: String, json: [UInt8])] {
        zip(table.definition.addressing.routeBy, route.tags).compactMap { name, tag in tag.map { (name, $0) } }
    }

    /// What a client's own upstream does not take stays in the client's socket.
    mutating func throughCongested(_ id: ConnectionID, _ isCongested: Bool, _ turn: inout Turn) {
        guard let pool = connections[id]?.pool, pools[pool]?.isThrough == true,
            case .client(let client) = pools[pool]?.key.owner
        else { return }
        if !isCongested { return resumeReading(client, &turn) }
        guard clients[client]?.readingStopped == false else { return }
        clients[client]?.readingStopped = true
        turn.effects.list.append(.stopReadingClient(client))
    }

    /// Its backend did not answer in all that time: nothing waits for it any more. As long as its client stays with it, a
    /// late reply may come yet; where another connection has its place, it ends, and the client is told what is lost.
    mutating func forgetPassed(_ id: ConnectionID, _ turn: inout Turn) {
        guard let connection = connections[id], connection.isThrough, connection.live > 0,
            turn.now >= connection.lastPassed + connection.upstream.settings.exchangeTimeout,
            case .client(let client) = pools[connection.pool]?.key.owner
        else { return }
        connections[id]?.live = 0
        let seat = clients[client]?.seats.first?.seat ?? .none
        if connection.state == .retired || seats[seat]?.pool != connection.pool {
            retire(id, .timeout, &turn)
            refusePassed(client, connection.live, .timeout, &turn)
            loosened.append(.pool(connection.pool))
        }
        passedEnded(client, connection.live, &turn)
    }
}
