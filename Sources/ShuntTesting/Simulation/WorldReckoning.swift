import ShuntCore

/// What follows from what everybody knows: which side must serve a message, what is under way, what is waited for.
extension World {
    // MARK: Sides, from the configuration alone

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
        if sides.contains(.unified), settings.fallsBack, history.unifiedTroubles > 0 { sides.insert(.legacy) }
        if !arrangement.hasLegacy[route] { return [.unified] }
        return sides
    }

    /// What the route says of the client's app. The patterns of this world are a word, a beginning, or anything.
    func ownRollout(_ client: Int, _ route: Int) -> Rollout? {
        let app = clients[client].app
        return arrangement.routes[route].overrides.first {
            $0.app.hasSuffix("*") ? app.hasPrefix($0.app.dropLast()) : app == $0.app
        }?.servedBy
    }

    /// Where the client's session stands among the steps of the route's share.
    func bucket(_ client: Int, _ route: Int) -> Int {
        guard let session = clients[client].session else { return Rollout.whole }
        return Bucket.of(salt: plan.routes[route].name, user: ByteString(sessions[session].token))
    }

    func side(of connection: Int) -> Side {
        connections[connection].upstream == arrangement.unified ? .unified : .legacy
    }

    func upstream(_ route: Int, _ side: Side) -> Int {
        if route >= plan.routes.count { return arrangement.unlisted?.upstream ?? 0 }
        let legacy = arrangement.routes[route].legacy ?? 0
        return side == .legacy ? legacy : arrangement.unified ?? legacy
    }

    /// Whether the route is in the table, or the old clients' path that no route lists.
    func isThere(_ route: Int) -> Bool {
        route < plan.routes.count ? arrangement.hasRoute[route] : arrangement.unlisted != nil
    }

    func isPaused(_ route: Int) -> Bool { route < plan.routes.count && arrangement.routes[route].isPaused }

    func isOneTooMany(_ client: Int) -> Bool {
        let most = table.definition.limits.connectionsPerSession
        return clients[client].session.map { sessions[$0].clients.count > most } ?? false
    }

    // MARK: Pools

    /// With whom a client shares its connections to an upstream.
    func poolKey(of client: Int, upstream: Int) -> PoolKey {
        let settings = arrangement.upstreams[upstream]
        if clients[client].isOld, upstream != arrangement.unified {
            return PoolKey(owner: -1 - client, upstream: upstream, tenant: "")
        }
        let tenant = settings.vary.isEmpty ? "" : clients[client].tenant ?? "-"
        if let session = clients[client].session, settings.mode == .session {
            return PoolKey(owner: session, upstream: upstream, tenant: tenant)
        }
        return PoolKey(owner: -1 - client, upstream: upstream, tenant: settings.mode == .session ? tenant : "")
    }

    /// Where a client's next message to a route is expected to wait.
    func expectedPool(_ client: Int, _ route: Int) -> PoolKey {
        poolKey(of: client, upstream: upstream(route, sides(client, route).contains(.unified) ? .unified : .legacy))
    }

    /// Where a message may be, or may have been, if it is not known to be somewhere.
    func possiblePools(_ number: Int) -> [PoolKey] {
        guard let pool = messages[number].pool, let route = messages[number].route else { return [] }
        if !plan.isMoving || messages[number].state == .flying { return [pool] }
        return [Side.legacy, .unified].map { poolKey(of: messages[number].client, upstream: upstream(route, $0)) }
    }

    /// Messages that were accepted for a pool and not forwarded, as far as can be told.
    func waitingMessages(in pool: PoolKey, orphansToo: Bool) -> [Int] {
        let session = pool.owner >= 0 ? pool.owner : clients[-1 - pool.owner].session
        var numbers = session == nil ? clients[-1 - pool.owner].unresolved : []
        if let session {
            for client in sessions[session].clients { numbers += clients[client].unresolved }
            if orphansToo { numbers += sessions[session].orphans }
        }
        // Where the table changes, so does the place where a message waits.
        return numbers.filter { (plan.isMoving || messages[$0].pool == pool) && messages[$0].state == .waiting }
    }

    /// The token of a client, and that which a backend connection was opened with; `""` where there is none.
    func token(of client: Int) -> String { clients[client].session.map { sessions[$0].token } ?? "" }
    func identity(of connection: Int) -> String { token(of: connections[connection].seat) }

    // MARK: Messages

    /// Whether a message's socket is there and must be told its outcome.
    func isOwed(_ number: Int) -> Bool { clients[messages[number].owner].isThere && !messages[number].mayHaveEnded }

    /// An exchange whose client is gone may have ended unseen once its timeout has passed.
    func isForgotten(_ number: Int) -> Bool { !isOwed(number) && isOverdue(number) }

    /// So may a reply in parts of which nobody is there who wants more.
    func mayBeForgotten(_ number: Int) -> Bool {
        isForgotten(number) || !isOwed(number) && !messages[number].arrived.isEmpty
    }

    /// Whether the reply, or its next part, is later than the exchange's timeout allows.
    ///
    /// - Parameter span: at least so long.
    func isOverdue(_ number: Int, for span: TimeSpan = .zero) -> Bool {
        let message = messages[number]
        if message.wasOverdue { return true }
        guard let pool = message.pool else { return false }
        let since = max(message.arrived.last?.at ?? message.forwardedAt, message.forwardedAt)
        return since + arrangement.upstreams[pool.upstream].exchangeTimeout + span <= now
    }

    /// How late the core may look at a deadline.
    static let longestTick = TimeSpan.milliseconds(50)

    func isOneWay(_ number: Int) -> Bool {
        if case .oneWay = messages[number].intent { true } else { false }
    }

    func isSameConversation(_ one: Int, _ other: Int) -> Bool {
        messages[one].route == messages[other].route && messages[one].conversation == messages[other].conversation
    }

    /// Whether a message that nobody answers goes over a connection that has something of its conversation in flight.
    func overtakes(_ number: Int, on connection: Int) -> Bool {
        guard isOneWay(number) else { return false }
        if connections[connection].through != nil { return connections[connection].passedLive > 0 }
        return connections[connection].outstanding.contains { isSameConversation($0, number) }
    }

    /// What of a client waits for the first time, for sure.
    func unsent(of client: Int) -> [ModelMessage] {
        clients[client].unresolved.filter {
            messages[$0].state == .waiting && messages[$0].forwards == 0 && !messages[$0].mayHaveEnded
        }.map { messages[$0] }
    }

    /// What a client's socket has in flight for a route on a side, for sure. A route that was removed and came back is
    /// another one.
    func flying(of client: Int, _ route: Int, on side: Side) -> [ModelMessage] {
        clients[client].unresolved.filter {
            messages[$0].client == client && messages[$0].route == route && messages[$0].state == .flying
                && messages[$0].side == side && !messages[$0].mayHaveEnded
                && messages[$0].forwardedAt > history.removed(route)
        }.map { messages[$0] }
    }

    /// Something that a client's socket sent for a route to a side and that has no outcome yet; -1 stands for what was
    /// passed through.
    func hasOpen(_ client: Int, _ route: Int, on side: Side) -> Int? {
        if let own = flying(of: client, route, on: side).first { return own.number }
        let isPassing =
            side == .legacy && liveConnections.contains { connections[$0].through == client && hasPassed($0) }
        return isPassing ? -1 : nil
    }

    /// Whether there may be something of that kind.
    func mayHaveOpen(_ client: Int, _ route: Int, on side: Side) -> Bool {
        !flying(of: client, route, on: side).isEmpty
            || side == .legacy && liveConnections.contains { connections[$0].through == client && mayHavePassed($0) }
    }

    // MARK: Connections of a client's own

    func timeout(_ connection: Int) -> TimeSpan {
        arrangement.upstreams[connections[connection].upstream].exchangeTimeout
    }

    /// Whether nobody waits any more for what was passed over a connection.
    func isTimeOver(_ connection: Int) -> Bool { connections[connection].lastPassed + timeout(connection) <= now }

    /// Whether messages that were passed over a connection have no outcome yet, for sure.
    func hasPassed(_ connection: Int) -> Bool { connections[connection].passedForSure > 0 && !isTimeOver(connection) }

    /// Whether some of them may have none yet.
    func mayHavePassed(_ connection: Int) -> Bool { connections[connection].passedLive > 0 && !isTimeOver(connection) }

    /// Whether a client speaks to its own backend, which says itself when it has been idle too long.
    func isPassedThrough(_ client: Int) -> Bool {
        liveConnections.contains {
            connections[$0].through == client && connections[$0].state == .ready && connections[$0].retired == nil
        }
    }

    // MARK: Waiting for more than a connection

    /// Notes which clients are busy, and which messages wait for something else than a connection: their patience begins
    /// anew.
    func noteWaiting() {
        for client in clients.indices where clients[client].isThere {
            let unresolved = clients[client].unresolved
            // What it may have taken over, if that has not ended unseen, is waited for too.
            let orphans = clients[client].session.map { sessions[$0].orphans } ?? []
            let inherits = orphans.contains { messages[$0].owner == client && messages[$0].state != .ended }
            if !unresolved.isEmpty || inherits || mayHaveOpen(client, -1, on: .legacy) {
                clients[client].busyAt = now
            }
            for number in unresolved where messages[number].state == .waiting {
                guard let route = messages[number].route else { continue }
                let isHindered = isFinishing(client, route) || plan.isMoving && isHindered(client, route)
                // What hindered it did so until this event.
                if isHindered || messages[number].isHindered { messages[number].hinderedAt = now }
                messages[number].isHindered = isHindered
                expectAbsorption(number, route)
            }
        }
    }

    private func isHindered(_ client: Int, _ route: Int) -> Bool {
        isPaused(route) || sides(client, route).contains { mayHaveOpen(client, route, on: $0.other) }
            || liveConnections.contains {
                connections[$0].through == client && connections[$0].retired != nil && connections[$0].passedLive > 0
            }
            // What is of a route that went and came back may be waited for.
            || clients[client].unresolved.contains {
                messages[$0].client == client && messages[$0].route == route && messages[$0].state == .flying
                    && messages[$0].forwardedAt <= history.removed(route)
            }
    }

    /// Whether something is in flight over a connection that takes no more: what comes next on the same side, over
    /// another one, waits for that too.
    private func isFinishing(_ client: Int, _ route: Int) -> Bool {
        clients[client].unresolved.contains {
            messages[$0].client == client && messages[$0].route == route && messages[$0].state == .flying
                && isOrMayBeRetired(messages[$0].connection)
        }
    }

    /// Whether a waiting message may wait for a connection that was replaced.
    func mayAwaitReplaced(_ number: Int) -> Bool {
        messages[number].route.map { isFinishing(messages[number].client, $0) } ?? false
    }

    /// Whether a waiting message waits for a connection that was replaced, for sure.
    func awaitsReplaced(_ number: Int) -> Bool {
        guard let route = messages[number].route, let pool = messages[number].pool else { return false }
        let side = pool.upstream == arrangement.unified ? Side.unified : .legacy
        return flying(of: messages[number].client, route, on: side).contains { connections[$0.connection].isReplaced }
    }

    /// Its lifetime may be over, which the core shortens by up to a tenth.
    private func isOrMayBeRetired(_ connection: Int) -> Bool {
        if connections[connection].retired != nil || connections[connection].mayBeReplaced { return true }
        let lifetime = arrangement.upstreams[connections[connection].upstream].lifetime
        return connections[connection].orderedAt + TimeSpan(nanoseconds: lifetime.nanoseconds / 10 * 9) <= now
    }

    /// A waiting heartbeat that goes to the unified side is absorbed there without a word.
    func expectAbsorption(_ number: Int, _ route: Int) {
        guard case .opaque(_, let codes) = messages[number].intent, codes.isEmpty,
            sides(messages[number].client, route).contains(.unified)
        else { return }
        messages[number].mayHaveEnded = true
    }
}
