import ShuntCore

/// No connection carries more than it may, none is used that takes nothing, and there are no more than may be. An upstream
/// that is down is left alone for a while.
struct Capacity: Promise {
    /// By upstream: failed dials in a row that were its own fault, and until when it is left alone because of them.
    private var failures: [Int: (count: Int, until: Instant)] = [:]

    mutating func hear(_ event: Event, in world: World) {
        guard !world.plan.isMoving, case .dialled(let place) = event else { return }
        let upstream = world.connections[place].upstream
        let settings = world.arrangement.upstreams[upstream]
        guard let failure = world.connections[place].failure else { return failures[upstream] = nil }
        // A status that has a meaning is an answer.
        if case .refused(let status) = failure, settings.refusals[status] != nil { return failures[upstream] = nil }
        switch failure.fault {
        case .upstream:
            let count = (failures[upstream]?.count ?? 0) + 1
            let isDown = count >= settings.breakerFailures
            failures[upstream] = (count, isDown ? world.now + settings.breakerOpen : world.now)
        case .session: failures[upstream] = nil
        case .ours: break
        }
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .forward(let sent): judge(sent, in: world)
        case .pass(let number, let connection): checkTakes(number, connection, in: world)
        case .answer(let connection, _) where world.connections[connection].congested:
            world.fail(.capacity, "u\(connection) is congested and gets an answer")
        case .dial(let connection, let order): judge(order, connection, in: world)
        case .read(let place, false):
            let connection = world.connections[place]
            let mode = world.arrangement.upstreams[connection.upstream].mode
            if connection.through == nil, mode == .session, connection.pool.owner >= 0 {
                world.fail(.capacity, "reading of u\(place) stops, which a session shares")
            }
        case .readClient(let client, _) where !world.clients[client].isOld:
            world.fail(.capacity, "c\(client) of the unified endpoint is not read")
        default: break
        }
    }

    private func judge(_ sent: Forwarded, in world: World) {
        checkTakes(sent.message, sent.connection, in: world)
        let connection = world.connections[sent.connection]
        let current = connection.outstanding.filter { !world.isForgotten($0) }
        if !world.isOneWay(sent.message), current.count >= world.arrangement.upstreams[connection.upstream].inFlight {
            world.fail(
                .capacity,
                "m\(sent.message) is one too many for u\(sent.connection): \(current.map { "m\($0)" }) are in flight")
        }
    }

    private func checkTakes(_ number: Int, _ connection: Int, in world: World) {
        if world.connections[connection].congested {
            world.fail(.capacity, "m\(number) goes to u\(connection), which is congested")
        }
        if let reason = world.connections[connection].retired, !world.overtakes(number, on: connection) {
            world.fail(.capacity, "m\(number) goes to u\(connection), which is retired by \(reason)")
        }
    }

    private func judge(_ dial: DialOrder, _ place: Int, in world: World) {
        let made = world.connections[place]
        if let until = failures[made.upstream]?.until, world.now < until {
            world.fail(.capacity, "u\(place) is dialled, and \(dial.upstream.settings.name) is down")
        }
        let others = world.liveConnections.filter { $0 != place && world.connections[$0].retired == nil }
        if let client = made.through,
            others.contains(where: {
                world.connections[$0].through == client && world.connections[$0].upstream == made.upstream
            })
        {
            world.fail(.capacity, "c\(client) has a connection of its own already")
        }
        // The core retires by its own timers too, which the world does not see: those may hold exchanges still.
        let settings = dial.upstream.settings
        let idle = others.filter {
            let other = world.connections[$0]
            return other.pool == made.pool && other.outstanding.isEmpty
                && other.orderedAt + settings.lifetime > world.now
        }
        if idle.count + 1 > settings.lanes {
            world.fail(
                .capacity, "u\(place) is one too many beside \(idle.map { "u\($0)" }), \(settings.lanes) may be")
        }
    }
}
