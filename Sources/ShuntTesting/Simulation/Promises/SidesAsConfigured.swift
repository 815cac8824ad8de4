import ShuntCore

/// A message goes to the side that serves it by the configuration in force, once the other side has nothing of its
/// socket, and conversations stay where they began.
struct SidesAsConfigured: Promise {
    private var pins = Pins()

    mutating func hear(_ event: Event, in world: World) {
        if case .tableChanged = event { pins.learn(in: world) }
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .forward(let sent) where !world.overtakes(sent.message, on: sent.connection):
            judge(sent.message, sent.route, world.side(of: sent.connection), in: world)
        case .pass(let number, let connection) where !world.overtakes(number, on: connection):
            judge(number, world.messages[number].route ?? 0, .legacy, in: world)
        case .admit(let client, nil):
            let route = world.route(of: world.clients[client].door) ?? 0
            if !world.isOneTooMany(client), !world.sides(client, route).contains(.unified) {
                world.fail(.side, "c\(client) is admitted by nobody, and its backend should have been asked")
            }
        default: break
        }
    }

    mutating func conclude(_ record: Record, in world: World) { pins.forget(in: world) }

    private mutating func judge(_ number: Int, _ route: Int, _ side: Side, in world: World) {
        let message = world.messages[number]
        let client = message.client
        // What was queued by a socket that is gone stays where it waits, and so does what is of a route that went and
        // came back.
        if world.isThere(route), world.clients[client].isThere, message.acceptedAt > world.history.removed(route),
            !world.sides(client, route).contains(side)
        {
            world.fail(
                .side,
                "m\(number) of c\(client) for \(world.plan.name(route)) goes to \(side.text), "
                    + "\(world.sides(client, route).map(\.text)) may serve it")
        }
        if route < world.plan.routes.count {
            if world.isThere(route), let only = pins.side(of: number, route, in: world), only != side {
                world.fail(.side, "m\(number) goes to \(side.text), and its conversation is \(only.text)'s")
            }
            pins.note(number, route, side, in: world)
        }
        if world.clients[client].isThere, message.owner == client,
            let open = world.hasOpen(client, route, on: side.other)
        {
            let what = open < 0 ? "what was passed through" : "m\(open)"
            world.fail(.side, "m\(number) goes to \(side.text) while \(side.other.text) has \(what) of the same socket")
        }
    }
}

/// Which conversations legacy holds, where that is sure: while a share is strictly between 0 and 100 % they stay.
private struct Pins {
    private struct Conversation: Hashable {
        let session: Int
        let route: Int
        /// JSON text.
        let id: [UInt8]
    }

    private struct Hold {
        let at: Instant
        /// By the shortest `pin_idle` that was in force since.
        var expires: Instant
        /// How many messages of the session were served when it was noted: too many more may have it forgotten.
        let served: Int
    }

    /// So many messages later a session may have forgotten a conversation, of which it remembers 64.
    private static let sure = 20

    private var holds: [Conversation: Hold] = [:]
    /// By session.
    private var served: [Int: Int] = [:]

    /// The only side that may serve a message; nil where either may.
    func side(of number: Int, _ route: Int, in world: World) -> Side? {
        let message = world.messages[number]
        guard message.forwards == 0, let key = conversation(of: message, route, in: world),
            let share = share(message.client, route, in: world), share.bucket < share.steps
        else { return nil }
        if let hold = holds[key], world.now < hold.expires, served[key.session, default: 0] - hold.served < Self.sure {
            return .legacy
        }
        // A conversation that nobody has spoken of before is held by nobody.
        let isNew = key.id == Array("\"n-\(number)\"".utf8) && message.acceptedAt > world.history.changedAt
        let mayFallBack = world.arrangement.routes[route].fallsBack && world.history.unifiedTroubles > 0
        return isNew && !mayFallBack ? .unified : nil
    }

    mutating func note(_ number: Int, _ route: Int, _ side: Side, in world: World) {
        let message = world.messages[number]
        guard let key = conversation(of: message, route, in: world) else { return }
        served[key.session, default: 0] += 1
        guard side == .legacy, let share = share(message.client, route, in: world),
            share.bucket >= share.steps || holds[key] != nil
        else { return }
        holds[key] = Hold(
            at: world.now, expires: world.now + world.arrangement.routes[route].pinIdle,
            served: served[key.session, default: 0])
    }

    /// Another table: what it releases, and what it may have.
    mutating func learn(in world: World) {
        let arrangement = world.arrangement
        for (key, hold) in holds {
            let route = arrangement.routes[key.route]
            let isKept =
                arrangement.hasRoute[key.route] && arrangement.hasLegacy[key.route] && route.pin == .conversation
                && arrangement.rollout(key.route).side != .unified
            holds[key] = isKept ? hold : nil
            holds[key]?.expires = min(hold.expires, hold.at + route.pinIdle)
        }
    }

    /// A session without sockets may be forgotten.
    mutating func forget(in world: World) {
        guard !holds.isEmpty else { return }
        for key in holds.keys where world.sessions[key.session].clients.isEmpty { holds[key] = nil }
    }

    /// The conversation that a socket of the unified endpoint has named in a message.
    private func conversation(of message: ModelMessage, _ route: Int, in world: World) -> Conversation? {
        guard let session = message.session, let id = message.conversation, !world.clients[message.client].isOld,
            world.clients[message.client].isThere, message.owner == message.client
        else { return nil }
        return Conversation(session: session, route: route, id: id)
    }

    /// The client's bucket and the share's steps, where a share with pins for conversations is in force for it.
    private func share(_ client: Int, _ route: Int, in world: World) -> (bucket: Int, steps: Int)? {
        let arrangement = world.arrangement
        guard arrangement.hasRoute[route], arrangement.hasLegacy[route], arrangement.unified != nil,
            arrangement.routes[route].pin == .conversation, world.ownRollout(client, route) == nil
        else { return nil }
        let rollout = arrangement.rollout(route)
        return rollout.side == nil ? (world.bucket(client, route), rollout.steps) : nil
    }
}
