import ShuntCore

/// Memory is bounded: what waits, what is kept, what is not read; who takes no more and has nothing is closed. That all
/// of it comes back is seen when everybody has left.
struct Bounds: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        let client: Int
        switch deed {
        case .reply(let reply): client = reply.client
        case .error(let error): client = error.client
        case .push(_, let to, _), .passBack(let to): client = to
        default: return
        }
        let limit = world.table.definition.limits.unreadByClient
        if world.clients[client].congested, world.clients[client].unread > 2 * limit + 65_536 {
            world.fail(
                .bounds,
                "c\(client) reads nothing and \(world.clients[client].unread) bytes wait for it, \(limit) may")
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        if case .said(let number) = record.event { checkSaid(number, in: world) }
        checkCensus(in: world)
        for place in world.liveConnections where world.connections[place].state == .ready {
            checkConnection(place, in: world)
        }
    }

    private func checkSaid(_ number: Int, in world: World) {
        let message = world.messages[number]
        if case .bad(["message_too_large"]) = message.intent, world.clients[message.client].isThere {
            world.fail(.bounds, "c\(message.client) said too much and is not closed")
        }
        guard message.state == .waiting, message.outcome == nil, world.isOwed(number), let route = message.route,
            !world.clients[message.client].isOld
        else { return }
        if world.plan.isMoving { checkOwnQueue(number, route, in: world) } else { checkQueue(number, in: world) }
    }

    /// What waits for one pool, as the core finds it when the message comes. What waits for a connection that was replaced
    /// is bounded by itself.
    private func checkQueue(_ number: Int, in world: World) {
        guard let pool = world.messages[number].pool else { return }
        let settings = world.arrangement.upstreams[pool.upstream]
        // Of several lanes a route has one.
        let waiting = world.waitingMessages(in: pool, orphansToo: false).filter {
            settings.lanes == 1 || world.messages[$0].route == world.messages[number].route
        }
        let free = waiting.filter { $0 == number || !world.mayAwaitReplaced($0) }
        let hindered = waiting.filter { $0 == number || world.awaitsReplaced($0) }
        // Which of the two bounds was asked is not always known.
        if world.mayAwaitReplaced(number), fits(hindered, settings, in: world) { return }
        if !world.awaitsReplaced(number), fits(free, settings, in: world) { return }
        let queue = settings.queue
        world.fail(
            .bounds,
            "of messages \(waiting) that wait for \(pool), \(free) wait for nothing else and \(hindered) may do so; "
                + "\(queue.messages) may, or \(queue.bytes) bytes")
    }

    /// An empty queue takes a message of any size.
    private func fits(_ numbers: [Int], _ settings: UpstreamSettings, in world: World) -> Bool {
        let bytes = numbers.reduce(0) { $0 + world.messages[$1].size }
        return numbers.count <= max(1, settings.queue.messages)
            && (numbers.count == 1 || bytes <= settings.queue.bytes)
    }

    /// What one socket may have waiting for a route, where the table changes.
    private func checkOwnQueue(_ number: Int, _ route: Int, in world: World) {
        let client = world.messages[number].client
        let waiting = world.unsent(of: client).filter { $0.client == client && $0.route == route && !$0.wasPutBack }
        let most = [Side.legacy, .unified].map {
            world.arrangement.upstreams[world.upstream(route, $0)].queue.messages
        }
        // What waits for more than a connection has a bound of its own.
        if waiting.count > 2 * max(1, most.max() ?? 1) {
            world.fail(
                .bounds, "\(waiting.count) messages of one socket wait for \(world.plan.name(route)), of \(most)")
        }
    }

    private func checkCensus(in world: World) {
        let census = world.core.census
        let most = world.table.definition.session.parkedCount
        if census.parkedReplies > most * world.sessions.count {
            world.fail(.bounds, "\(census.parkedReplies) replies are parked, \(most) may for each session")
        }
        if census.clients != world.clientByID.count {
            world.fail(.bounds, "the core holds \(census.clients) clients, \(world.clientByID.count) are there")
        }
        if census.connections != world.liveConnections.count {
            world.fail(
                .bounds, "the core holds \(census.connections) connections, \(world.liveConnections.count) are there")
        }
    }

    private func checkConnection(_ place: Int, in world: World) {
        let connection = world.connections[place]
        if connection.through == nil, let reason = connection.retired, connection.outstanding.isEmpty {
            world.fail(.bounds, "u\(place), retired by \(reason), has nothing outstanding and is still there")
        }
        // What feeds a client that does not read is not read itself, where it feeds nobody else.
        let client = -1 - connection.pool.owner
        guard client >= 0, world.clients[client].isThere, world.clients[client].toldCongested,
            connection.through != nil || world.arrangement.upstreams[connection.upstream].mode == .client,
            !connection.readingStopped, !connection.isRaw
        else { return }
        world.fail(.bounds, "c\(client) reads nothing and u\(place), which is its own, is read on")
    }
}
