import ShuntCore

/// Effects refer to what is there, and nothing follows from events of what is not. Ids that lead nowhere are seen
/// where effects are read.
struct LiveIDs: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .closeConnection(let connection, let code) where !code.mayBeSent:
            world.fail(.liveIDs, "u\(connection) is closed with \(code.rawValue), which may not be sent")
        case .closeClient(let client, let code, _) where !code.mayBeSent:
            world.fail(.liveIDs, "c\(client) is closed with \(code.rawValue), which may not be sent")
        case .admit(let client, _) where !world.clients[client].isArriving:
            world.fail(.liveIDs, "c\(client) is admitted twice")
        case .readClient(let client, let reading) where world.clients[client].isStopped != reading:
            world.fail(.liveIDs, "reading of c\(client) is \(reading) already")
        default: break
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        guard case .ghost = record.event, !world.turn.effects.list.isEmpty else { return }
        world.fail(.liveIDs, "an event of something that is gone had effects: \(world.turn.effects.list)")
    }
}
