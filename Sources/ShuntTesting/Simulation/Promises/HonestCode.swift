import ShuntCore

/// The code of an error, and the reason of a close, is what happened.
struct HonestCode: Promise {
    /// By client: when it sent a message over the last second, and when something of it was under way last.
    private var sends: [Int: [Instant]] = [:]
    private var heard: [Int: Instant] = [:]
    /// Connections whose backend talked nonsense, or too much, or closed because of a message's size.
    private var talkedNonsense: Set<Int> = []
    private var talkedTooMuch: Set<Int> = []
    private var heardTooMuch: Set<Int> = []
    /// Whose backend said that it is not logged in.
    private var loggedOut: Set<PoolKey> = []
    /// By route and by upstream: when it was paused, or not in the table, last.
    private var pausedAt: [Int: Instant] = [:]
    private var unlistedAt: [Int: Instant] = [:]

    mutating func hear(_ event: Event, in world: World) {
        switch event {
        case .came(let client): heard[client] = world.now
        case .said(let number):
            let client = world.messages[number].client
            sends[client, default: []].removeAll { $0 + .seconds(1) <= world.now }
            sends[client, default: []].append(world.now)
        case .broke(let connection, _, let isTooLarge):
            if isTooLarge { talkedTooMuch.insert(connection) } else { talkedNonsense.insert(connection) }
        case .dialled(let connection): noteFailure(world.connections[connection], in: world)
        case .lost(let place, let close):
            let connection = world.connections[place]
            if close.code == .messageTooBig { heardTooMuch.insert(place) }
            let meaning = close.code.flatMap { world.arrangement.upstreams[connection.upstream].closes[$0.rawValue] }
            if meaning == .auth { loggedOut.insert(connection.pool) }
        case .tableChanged:
            for route in world.arrangement.routes.indices where world.isPaused(route) { pausedAt[route] = world.now }
            let listed = world.arrangement.listed
            for upstream in world.arrangement.upstreams.indices where !listed.contains(upstream) {
                unlistedAt[upstream] = world.now
            }
        default: break
        }
    }

    private mutating func noteFailure(_ connection: ModelConnection, in world: World) {
        guard connection.through == nil, case .refused(let status) = connection.failure,
            world.arrangement.upstreams[connection.upstream].refusals[status] == .auth
        else { return }
        loggedOut.insert(connection.pool)
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .forward(let sent): heard[world.messages[sent.message].client] = world.now
        case .reply(let reply): heard[reply.client] = world.now
        case .push(_, let client, _): heard[client] = world.now
        case .error(let error) where !error.isOfPassed:
            let honest = error.about.filter { error.sent == (world.messages[$0].forwards > 0) }
            let objections = honest.map { objection(error.code, world.messages[$0], error.client, in: world) }
            if !objections.isEmpty, !objections.contains(nil) {
                world.fail(.honestCode, "\(error.code) for m\(honest[0]): \((objections[0]) ?? "")")
            }
        case .closeClient(let client, _, let reason) where !isTrue(reason, client, in: world):
            world.fail(.honestCode, "c\(client) is closed because of \(reason), which is not so")
        default: break
        }
    }

    private func isTrue(_ reason: CloseReason, _ place: Int, in world: World) -> Bool {
        let client = world.clients[place]
        switch reason {
        case .slowReader: return client.congested
        case .draining: return world.draining
        case .keepalive: return client.hostGoneAt != nil
        case .idle:
            let idleTimeout = world.table.definition.limits.idleTimeout
            return (heard[place] ?? world.now) + idleTimeout <= world.now && !world.isPassedThrough(place)
        case .tooManyConnections: return world.isOneTooMany(place)
        case .messageTooBig:
            guard let number = world.record.event.message else { return false }
            return world.messages[number].client == place
                && world.messages[number].intent == .bad(["message_too_large"])
        case .endpointClosed, .routeRemoved: return client.leaving?.reason == reason
        case .upstreamLost, .brownout, .sessionExpired, .kicked: return false
        }
    }

    /// Why the code is not what happened to the message; nil when it is.
    private func objection(_ code: String, _ message: ModelMessage, _ client: Int, in world: World) -> String? {
        switch code {
        case "draining": return world.draining ? nil : "nothing drains"
        case "overloaded": return world.plan.memory < 1 << 30 ? nil : "there is memory"
        case "rate_limited":
            let isPaced = world.possiblePools(message.number).contains {
                !world.arrangement.upstreams[$0.upstream].pace.isEmpty
            }
            let count = sends[message.client]?.count ?? 0
            return isPaced || count > world.table.definition.limits.messagesPerSecond
                ? nil : "only \(count) messages came in a second"
        default: break
        }
        if case .bad(let codes) = message.intent { return codes.contains(code) ? nil : "it should be one of \(codes)" }
        if case .opaque(_, let codes) = message.intent, codes.contains(code) { return nil }
        guard let route = message.route else { return "the message should have been absorbed" }
        switch code {
        case "unknown_agent":
            return world.clients[message.client].isOld && !world.isThere(route) ? nil : "its route is there"
        case "route_removed":
            return world.history.removed(route) >= message.acceptedAt ? nil : "its route is there"
        case "route_paused":
            let wasPaused = pausedAt[route].map { $0 >= message.acceptedAt } ?? false
            return world.isPaused(route) || wasPaused || message.owner != client ? nil : "its route is not paused"
        default:
            let objections = world.possiblePools(message.number).map {
                objection(code, message, client, $0, in: world)
            }
            return objections.contains(nil) ? nil : objections.first ?? nil
        }
    }

    private func objection(
        _ code: String, _ message: ModelMessage, _ client: Int, _ pool: PoolKey, in world: World
    ) -> String? {
        let settings = world.arrangement.upstreams[pool.upstream]
        switch code {
        case "queue_full":
            let others = world.waitingMessages(in: pool, orphansToo: true).filter { $0 != message.number }
            let bytes = others.reduce(message.size) { $0 + world.messages[$1].size + 256 }
            let isFull = others.count >= settings.queue.messages || bytes > settings.queue.bytes
            return message.number == world.record.event.message && isFull && !others.isEmpty
                ? nil : "\(others.count) others wait, \(bytes) bytes"
        case "queue_timeout":
            return message.acceptedAt + settings.queue.timeout <= world.now
                ? nil : "it waited since \(message.acceptedAt.nanoseconds / 1_000_000) ms"
        case "timeout":
            if client == message.owner, message.state == .waiting { return "it is not under way" }
            // A stream ends when its client is gone for too long.
            if settings.replies.until != nil, !world.clients[message.client].isThere { return nil }
            return world.isOverdue(message.number) ? nil : "its time is not over"
        case "upstream_lost":
            // One that was kept for the next socket is of the past; one that is said now must be true at the event's end.
            let isGone = message.connection >= 0 && world.connections[message.connection].state == .gone
            return isGone || client == message.owner ? nil : "its connection is there"
        case "message_too_large":
            return heardTooMuch.contains(message.connection) ? nil : "its backend did not say so"
        case "upstream_protocol":
            return talkedNonsense.contains(message.connection) ? nil : "its backend said nothing wrong"
        case "reply_too_large":
            return talkedTooMuch.contains(message.connection) ? nil : "no reply was too large"
        case "upstream_unavailable":
            // Its upstream went away, and no socket is there to say where it goes instead.
            let wentAway = unlistedAt[pool.upstream].map { $0 >= message.acceptedAt } ?? false
            if wentAway, !world.clients[message.client].isThere { return nil }
            let isTroubled = world.connections.contains {
                $0.upstream == pool.upstream && ($0.failure != nil || $0.state == .gone || $0.retired != nil)
            }
            return isTroubled ? nil : "nothing went wrong with its upstream"
        case "session_expired": return loggedOut.contains(pool) ? nil : "the backend did not say so"
        default: return "there is no such code for it"
        }
    }
}
