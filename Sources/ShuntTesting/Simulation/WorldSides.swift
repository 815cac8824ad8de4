import ShuntCore

/// Which side must serve a message, worked out from the configuration alone.
extension World {
    /// The sides that may serve a client's next message for a route. Where a conversation may be held back, or the
    /// unified upstream be down, there are two.
    func sides(_ client: Int, _ route: Int) -> Set<Side> {
        if clients[client].isRaw || route >= plan.routes.count { return [.legacy] }
        guard arrangement.hasRoute[route] else { return [.legacy, .unified] }
        let settings = arrangement.routes[route]
        let own = ownRollout(client, route)
        let rollout = own ?? arrangement.rollout(route)
        var sides: Set<Side>
        if let side = rollout.side {
            sides = [side]
        } else if bucket(client, route) >= rollout.steps {
            sides = [.legacy]
        } else {
            sides = own == nil && settings.pin != .exchange ? [.legacy, .unified] : [.unified]
        }
        if sides.contains(.unified), settings.fallsBack, unifiedTroubles > 0 { sides.insert(.legacy) }
        if !arrangement.hasLegacy[route] { return [.unified] }
        return sides
    }

    /// What the route says of the client's app.
    func ownRollout(_ client: Int, _ route: Int) -> Rollout? {
        arrangement.routes[route].overrides.first { matches($0.app, clients[client].app) }?.servedBy
    }

    /// Where the client's session stands among the steps of the route's share.
    func bucket(_ client: Int, _ route: Int) -> Int {
        guard let session = clients[client].session else { return Rollout.whole }
        return Bucket.of(salt: plan.routes[route].name, user: ByteString(sessions[session].token))
    }

    /// The patterns of this world are a word, a beginning, or anything.
    private func matches(_ pattern: String, _ app: String) -> Bool {
        pattern.hasSuffix("*") ? app.hasPrefix(pattern.dropLast()) : app == pattern
    }

    func upstream(_ route: Int, _ side: Side) -> Int {
        if route >= plan.routes.count { return arrangement.unlisted?.upstream ?? 0 }
        let legacy = arrangement.routes[route].legacy ?? 0
        return side == .legacy ? legacy : arrangement.unified ?? legacy
    }

    /// Where a client's next message to a route is expected to wait.
    func expectedPool(_ client: Int, _ route: Int) -> PoolKey {
        let sides = sides(client, route)
        return poolKey(of: client, upstream: upstream(route, sides.contains(.unified) ? .unified : .legacy))
    }

    /// Where a message may be, or may have been, if it is not known to be somewhere.
    func possiblePools(_ number: Int) -> [PoolKey] {
        guard let pool = messages[number].pool, let route = messages[number].route else { return [] }
        if !plan.isMoving || messages[number].state == .flying { return [pool] }
        return [Side.legacy, .unified].map { poolKey(of: messages[number].client, upstream: upstream(route, $0)) }
    }

    /// Whether something that a client's socket sent for a route to a side has no outcome yet.
    func hasOpen(_ client: Int, _ route: Int, on side: Side) -> Int? {
        let own = clients[client].unresolved.first {
            messages[$0].client == client && messages[$0].route == route && messages[$0].state == .flying
                && messages[$0].side == side && !messages[$0].mayHaveEnded
                // A route that was removed and came back is another one.
                && messages[$0].forwardedAt > removedAt[route] ?? Instant(nanoseconds: 0)
        }
        if let own { return own }
        guard side == .legacy else { return nil }
        let passed = liveConnections.contains {
            connections[$0].through == client && connections[$0].passedLive > 0
                && connections[$0].lastPassed + arrangement.upstreams[connections[$0].upstream].exchangeTimeout > now
        }
        return passed ? -1 : nil
    }

    private func isHeir(_ client: Int, of orphans: [Int]) -> Bool {
        orphans.contains { messages[$0].owner == client && messages[$0].state != .ended }
    }

    /// Whether the route is in the table, or the old clients' path that no route lists.
    func isThere(_ route: Int) -> Bool {
        route < plan.routes.count ? arrangement.hasRoute[route] : arrangement.unlisted != nil
    }

    /// Whether something is in flight over a connection that takes no more: what comes next on the same side, over
    /// another one, waits for that too.
    func isFinishing(_ client: Int, _ route: Int) -> Bool {
        clients[client].unresolved.contains {
            messages[$0].client == client && messages[$0].route == route && messages[$0].state == .flying
                && isOrMayBeRetired(messages[$0].connection)
        }
    }

    /// Its lifetime may be over, which the core shortens by up to a tenth.
    private func isOrMayBeRetired(_ connection: Int) -> Bool {
        if connections[connection].retired != nil || connections[connection].mayBeReplaced { return true }
        let lifetime = arrangement.upstreams[connections[connection].upstream].lifetime
        return connections[connection].orderedAt + TimeSpan(nanoseconds: lifetime.nanoseconds / 10 * 9) <= now
    }

    /// What the same socket and route have in flight over a connection that was replaced, and not for its faults.
    private func replacedUnder(_ number: Int, _ route: Int, _ side: Side) -> Int? {
        let client = messages[number].client
        return clients[client].unresolved.first {
            $0 != number && messages[$0].client == client && messages[$0].route == route
                && messages[$0].state == .flying && messages[$0].side == side && !messages[$0].mayHaveEnded
                && messages[$0].forwardedAt > removedAt[route] ?? Instant(nanoseconds: 0)
                && connections[messages[$0].connection].isReplaced
        }
    }

    /// Whether a connection of the client's own is to end, and has messages yet: what is unsent waits for that.
    private func isReplaced(_ client: Int) -> Bool {
        liveConnections.contains {
            connections[$0].through == client && connections[$0].retired != nil && connections[$0].passedLive > 0
        }
    }

    /// A message goes to the side that is to serve it, and only when the other one has nothing of its socket left.
    func checkSide(_ number: Int, _ route: Int, _ side: Side) {
        let client = messages[number].client
        if !arrangement.hasRoute.indices.contains(route) || arrangement.hasRoute[route] {
            // What was queued by a socket that is gone stays where it waits, and so does what is of a route that went and
            // came back.
            let isOfThisRoute = messages[number].acceptedAt > removedAt[route] ?? Instant(nanoseconds: 0)
            if clients[client].isThere, isOfThisRoute, !sides(client, route).contains(side) {
                fail(
                    .side,
                    "m\(number) of c\(client) for \(plan.name(route)) goes to \(side.text), "
                        + "\(sides(client, route).map(\.text)) may serve it")
            }
            if route < plan.routes.count, let only = sideByPin(number, route), only != side {
                fail(.side, "m\(number) goes to \(side.text), and its conversation is \(only.text)'s")
            }
            if route < plan.routes.count, arrangement.routes[route].isPaused {
                fail(.paused, "m\(number) is sent, and \(plan.name(route)) is paused")
            }
        }
        if clients[client].isThere, messages[number].owner == client, let open = hasOpen(client, route, on: side.other)
        {
            let what = open < 0 ? "what was passed through" : "m\(open)"
            fail(.side, "m\(number) goes to \(side.text) while \(side.other.text) has \(what) of the same socket")
        }
        if clients[client].isThere, messages[number].owner == client, let other = replacedUnder(number, route, side) {
            fail(.order, "m\(number) is sent while m\(other) is in flight over a connection that was replaced")
        }
        if route < plan.routes.count { noteServed(number, route, by: side) }
        if let last = messages[number].side, last != side { tally.count("sent again to the other side") }
        messages[number].side = side
        tally.count(side == .legacy ? "by legacy" : "by unified")
    }

    /// Notes which messages wait for something else than a connection: their patience begins anew.
    func noteHindered() {
        guard plan.isMoving else {
            for client in clients.indices where clients[client].isThere {
                for number in clients[client].unresolved where messages[number].state == .waiting {
                    guard let route = messages[number].route, isFinishing(client, route) else { continue }
                    messages[number].hinderedAt = now
                }
            }
            return
        }
        for client in clients.indices where clients[client].isThere {
            // What it may have taken over, if that has not ended unseen, is waited for too.
            let inherits = clients[client].session.map { isHeir(client, of: sessions[$0].orphans) } ?? false
            let quiet =
                clients[client].unresolved.isEmpty && !inherits && hasOpen(client, -1, on: .legacy) == nil
            if !quiet { clients[client].busyAt = now }
            for number in clients[client].unresolved where messages[number].state == .waiting {
                guard let route = messages[number].route else { continue }
                let isPaused = route < plan.routes.count && arrangement.routes[route].isPaused
                let isBlocked =
                    sides(client, route).contains { hasOpen(client, route, on: $0.other) != nil } || isReplaced(client)
                    || isFinishing(client, route)
                if isPaused || isBlocked { messages[number].hinderedAt = now }
                expectAbsorption(number, route)
            }
        }
    }

    /// A waiting heartbeat that goes to the unified side is absorbed there without a word.
    func expectAbsorption(_ number: Int, _ route: Int) {
        guard case .opaque(_, let codes) = messages[number].intent, codes.isEmpty,
            sides(messages[number].client, route).contains(.unified)
        else { return }
        messages[number].mayHaveEnded = true
    }

    /// What one socket may have waiting for a route.
    func checkOwnQueue(_ number: Int) {
        guard messages[number].state == .waiting, messages[number].outcome == nil, let route = messages[number].route,
            !clients[messages[number].client].isOld
        else { return }
        let waiting = clients[messages[number].client].unresolved.filter {
            messages[$0].client == messages[number].client && messages[$0].route == route
                && messages[$0].state == .waiting && messages[$0].forwards == 0 && !messages[$0].wasPutBack
        }
        let most = max(
            arrangement.upstreams[upstream(route, .legacy)].queue.messages,
            arrangement.upstreams[upstream(route, .unified)].queue.messages)
        // What waits for more than a connection has a bound of its own.
        if waiting.count > 2 * max(1, most) {
            fail(.bounds, "\(waiting.count) messages of one socket wait for \(plan.name(route)), twice \(most) may")
        }
    }
}
