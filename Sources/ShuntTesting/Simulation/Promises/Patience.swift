import ShuntCore

/// Nobody waits longer than the timeouts allow, but for late ticks and coarse timers.
struct Patience: Promise {
    private static let slack = TimeSpan.milliseconds(150)

    /// By pool: when it had a connection last that took messages.
    private var lastReady: [PoolKey: Instant] = [:]
    private var ready: Set<PoolKey> = []

    mutating func conclude(_ record: Record, in world: World) {
        for pool in ready { lastReady[pool] = world.now }
        ready = []
        for connection in world.liveConnections where world.takesMessages(connection) {
            ready.insert(world.connections[connection].pool)
        }
        if case .dialled(let connection) = record.event { checkBack(world.connections[connection], in: world) }
        guard world.tally.events % 8 == 0 else { return }
        for client in world.clients where client.isThere {
            for number in client.unresolved where !world.messages[number].mayHaveEnded { check(number, in: world) }
        }
    }

    /// An upstream answers: who waits for it and has no failure of its own to wait out is dialled for at once.
    private func checkBack(_ connection: ModelConnection, in world: World) {
        let settings = world.arrangement.upstreams[connection.upstream]
        guard !world.plan.isMoving, connection.failure == nil, settings.lanes == 1 else { return }
        let dialled = Set(world.connections.map(\.pool))
        for client in world.clients where client.isThere {
            for number in client.unresolved where world.messages[number].state == .waiting {
                guard let pool = world.messages[number].pool, pool.upstream == connection.upstream,
                    !dialled.contains(pool)
                else { continue }
                world.fail(.patience, "m\(number) waits, its upstream is there, and nobody dials for it")
            }
        }
    }

    private func check(_ number: Int, in world: World) {
        let message = world.messages[number]
        guard let pool = message.pool else { return }
        let settings = world.arrangement.upstreams[pool.upstream]
        if message.state == .flying {
            let start = max(message.forwardedAt, message.arrived.last?.at ?? message.forwardedAt)
            if start + settings.exchangeTimeout + Self.slack <= world.now {
                world.fail(.patience, "m\(number) is in flight for longer than its timeout allows")
            }
        } else if world.plan.isMoving {
            checkWait(number, in: world)
        } else if settings.lanes == 1, message.forwards == 0, !ready.contains(pool) {
            checkWait(number, from: max(message.waitsSince, message.hinderedAt), pool, settings, in: world)
        }
    }

    /// The same where the table changes: who waits for the other side, or for a route's resume, is patient anew.
    private func checkWait(_ number: Int, in world: World) {
        let message = world.messages[number]
        // What was taken over from a socket that is gone stays where that left it.
        guard message.owner == message.client, message.forwards == 0, let route = message.route,
            route >= world.plan.routes.count || !world.arrangement.routes[route].fallsBack
        else { return }
        let sides = world.sides(message.client, route)
        guard sides.count == 1, let side = sides.first else { return }
        let upstream = world.upstream(route, side)
        let (settings, pool) = (
            world.arrangement.upstreams[upstream], world.poolKey(of: message.client, upstream: upstream)
        )
        guard settings.lanes == 1, !ready.contains(pool) else { return }
        let changedAt = world.history.changedAt
        if message.hinderedAt == world.now {
            let start = max(message.waitsSince, changedAt)
            if world.isPaused(route), start + settings.queue.timeout + Self.slack <= world.now {
                world.fail(.patience, "m\(number) waits for its route's resume for longer than its timeout allows")
            }
            return
        }
        let start = max(max(message.waitsSince, message.hinderedAt), changedAt)
        checkWait(number, from: start, pool, settings, in: world)
    }

    private func checkWait(
        _ number: Int, from start: Instant, _ pool: PoolKey, _ settings: UpstreamSettings, in world: World
    ) {
        if max(start, lastReady[pool] ?? start) + settings.queue.timeout + Self.slack <= world.now {
            world.fail(.patience, "m\(number) waits for a connection for longer than its timeout allows")
        }
    }
}
