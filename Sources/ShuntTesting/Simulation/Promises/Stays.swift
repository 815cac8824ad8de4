import ShuntCore

/// No socket is closed or left unread that may stay, who is to go goes in time, and each hears how its peer closed.
struct Stays: Promise {
    /// The connection that the core closed in this event because its host is gone.
    private var condemned: Int?
    /// Connections that errors of this event say are lost.
    private var saidToBeLost: Set<Int> = []
    /// Connections of the client's own that leaves in this event.
    private var own: [Int] = []
    /// The connection of the event was retired before.
    private var wasRetired = false

    mutating func hear(_ event: Event, in world: World) {
        (condemned, saidToBeLost, own) = (nil, [], [])
        if case .left(let client, _) = event {
            own = world.liveConnections.filter {
                world.connections[$0].through == client && world.connections[$0].state == .ready
            }
        }
        wasRetired = event.connection.map { world.connections[$0].retired != nil } ?? false
    }

    mutating func judge(_ deed: Deed, in world: World) {
        if let client = deed.client, world.clients[client].isArriving {
            switch deed {
            case .admit, .reject: break
            default: world.fail(.stays, "c\(client) is told or closed before its handshake is answered")
            }
        }
        switch deed {
        case .admit(let client, let connection?) where connection != world.record.event.connection:
            world.fail(.stays, "c\(client) is admitted, and u\(connection) said nothing")
        case .reject(let client, let id): judgeRejection(client, id, in: world)
        case .closeConnection(let place, _): judgeClose(place, in: world)
        case .relayToClient(let client, let close): judgeRelay(client, close, in: world)
        case .relayToConnection(let place, let close):
            let client = world.connections[place].through ?? -1
            if client < 0 || world.clients[client].isThere || world.record.event.close != close {
                world.fail(.stays, "u\(place) hears a close that its client never said")
            }
        case .error(let error):
            guard error.code == "upstream_lost", error.about.count == 1 else { return }
            let message = world.messages[error.about[0]]
            if error.client == message.owner, message.connection >= 0 { saidToBeLost.insert(message.connection) }
        default: break
        }
    }

    private func judgeRejection(_ client: Int, _ id: ConnectionID, in world: World) {
        guard world.clients[client].isArriving else {
            return world.fail(.stays, "c\(client), which was admitted, is rejected")
        }
        if id.isNone {
            if !world.draining, world.clients[client].leaving == nil {
                world.fail(.stays, "c\(client) is rejected, and nobody refused it")
            }
            return
        }
        let connection = world.record.event.connection.map { world.connections[$0] }
        if connection?.id != id || connection?.through != client {
            world.fail(.stays, "c\(client) is rejected for what another's dial came to")
        }
    }

    private mutating func judgeClose(_ place: Int, in world: World) {
        let connection = world.connections[place]
        guard let client = connection.through, connection.state == .ready else { return }
        // Of a route that is gone the client keeps its connection until it leaves itself.
        let isItsOwn = [nil, World.upstreamGone].contains(connection.retired)
        if world.clients[client].isThere, connection.hostGoneAt != nil, isItsOwn { condemned = place }
        if case .left(client, _) = world.record.event {
            world.fail(.stays, "u\(place) is not told how its client closed")
        }
    }

    private func judgeRelay(_ client: Int, _ close: PeerClose, in world: World) {
        if let condemned, world.connections[condemned].through == client {
            if close != .cut { world.fail(.stays, "c\(client) hears a close that its backend never said") }
            return
        }
        let connection = world.record.event.connection.map { world.connections[$0] }
        if connection?.through != client || connection?.state != .gone {
            world.fail(.stays, "c\(client) is closed as if its backend had closed")
        } else if world.record.event.close != close {
            world.fail(.stays, "c\(client) hears \(close), its backend said \(world.record.event.close ?? .cut)")
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        for place in saidToBeLost {
            let lost = world.connections[place]
            if lost.state != .gone { world.fail(.stays, "u\(place) was said to be lost and is still there") }
            if lost.closedByCore, lost.hostGoneAt == nil, lost.retired == nil, !world.draining {
                world.fail(.stays, "u\(place) was cut with messages in flight, and its backend may only be busy")
            }
        }
        for place in own where world.connections[place].state != .gone {
            world.fail(.stays, "u\(place) is still there, and its client has closed")
        }
        if case .lost(let place, let close) = record.event { checkFollows(place, close, in: world) }
        checkReading(in: world)
        checkLeaving(in: world)
    }

    /// A client goes with its own backend, unless another side serves it now.
    private func checkFollows(_ place: Int, _ close: PeerClose, in world: World) {
        let connection = world.connections[place]
        guard let client = connection.through, world.clients[client].isThere, !wasRetired,
            let route = world.route(of: world.clients[client].door)
        else { return }
        if close.isDeparture, !connection.isRaw, world.isPaused(route) { return }
        if world.sides(client, route) == [.legacy], world.history.changedAt < connection.orderedAt {
            world.fail(.stays, "c\(client) is still there, and its backend has closed")
        }
    }

    private func checkReading(in world: World) {
        for place in world.liveConnections where world.connections[place].readingStopped {
            let client = -1 - world.connections[place].pool.owner
            if world.connections[place].state == .ready, client >= 0, world.clients[client].isThere,
                world.clients[client].reads, !world.clients[client].congested
            {
                world.fail(.stays, "c\(client) reads, and u\(place), which is its own, is not read")
            }
        }
        // An old client is read again once nothing of it waits.
        for (place, client) in world.clients.enumerated() where client.isThere && client.isStopped {
            let waits = client.unresolved.contains { world.messages[$0].state == .waiting }
            let isCongested = world.liveConnections.contains {
                world.connections[$0].through == place && world.connections[$0].congested
            }
            if !waits, !isCongested { world.fail(.stays, "c\(place) is not read, and nothing of it waits") }
        }
    }

    private func checkLeaving(in world: World) {
        guard world.tally.events % 8 == 0 else { return }
        for (place, client) in world.clients.enumerated() where client.isThere {
            guard let leaving = client.leaving else { continue }
            let latest = max(leaving.since + World.spread, client.busyAt) + .milliseconds(300) + world.tickDelay
            if latest <= world.now { world.fail(.stays, "c\(place) should have left because of \(leaving.reason)") }
        }
    }
}
