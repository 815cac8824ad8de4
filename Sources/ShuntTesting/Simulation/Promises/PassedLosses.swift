import ShuntCore

/// An old client hears of each message that was passed through and is lost with its connection; where there were many, the
/// last error says of how many it tells.
struct PassedLosses: Promise {
    /// Connections of whose messages some may have been given up before: how many errors are owed is not sure.
    private var unsure: Set<Int> = []
    /// The same, for the connection that the event ends.
    private var isSure = true
    /// Clients that must hear of messages whose time was over when their connection was closed.
    private var mustHear: Set<Int> = []

    mutating func hear(_ event: Event, in world: World) {
        isSure = false
        guard case .lost(let connection, _) = event, world.connections[connection].through != nil else { return }
        isSure = !unsure.contains(connection) && !world.isTimeOver(connection)
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .pass(let number, let connection):
            // Nobody waits for the earlier ones any more, or is about to stop.
            if world.messages[number].opens, world.connections[connection].passedLive > 0, world.isTimeOver(connection)
            {
                unsure.insert(connection)
            }
        case .closeConnection(let place, _):
            // Where the client was to leave the connection before their time was over, it is told of them.
            let connection = world.connections[place]
            guard let client = connection.through, world.clients[client].isThere, connection.state == .ready,
                connection.passedLive > 0, world.isTimeOver(place), !unsure.contains(place)
            else { return }
            let route = world.route(of: world.clients[client].door) ?? 0
            let deadline = connection.lastPassed + world.timeout(place)
            if world.sides(client, route) == [.unified], world.history.changedAt < deadline { mustHear.insert(client) }
        default: break
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        if isSure, let place = record.event.connection, let client = world.connections[place].through {
            mustHear.insert(client)
        }
        for client in mustHear where world.clients[client].isThere {
            guard let owed = record.owedErrors[client], owed != 0 else { continue }
            let what = owed > 0 ? "does not hear of \(owed)" : "hears of \(-owed) too many"
            world.fail(.passedLosses, "c\(client) \(what) messages that are lost with its connection")
        }
        mustHear = []
    }
}
