import ShuntCore

/// What is bounded: waiting, what is held, and how long who is to go stays.
extension World {
    /// Nobody waits longer than the timeouts allow, but for late ticks and coarse timers.
    func checkPatience() {
        guard failure == nil, tally.events % 8 == 0 else { return }
        let slack = TimeSpan.milliseconds(150)
        for client in clients where client.isThere {
            for number in client.unresolved {
                guard let pool = messages[number].pool else { continue }
                let settings = arrangement.upstreams[pool.upstream]
                if messages[number].state == .flying {
                    let since = max(messages[number].forwardedAt, messages[number].arrived.last?.at ?? now)
                    let start = messages[number].arrived.isEmpty ? messages[number].forwardedAt : since
                    if start + settings.exchangeTimeout + slack <= now {
                        fail(.noSilence, "m\(number) is in flight for longer than its timeout allows")
                    }
                } else if plan.isMoving {
                    checkWait(number, slack)
                } else if settings.lanes == 1, messages[number].forwards == 0 {
                    let ready = liveConnections.contains { connections[$0].pool == pool && takesMessages($0) }
                    let asked = max(messages[number].acceptedAt, messages[number].hinderedAt)
                    let start = max(asked, lastReady[pool] ?? asked)
                    if !ready, start + settings.queue.timeout + slack <= now {
                        fail(.noSilence, "m\(number) waits for a connection for longer than its timeout allows")
                    }
                }
            }
        }
    }

    /// The same where the table changes: who waits for the other side, or for a route's resume, is patient anew.
    private func checkWait(_ number: Int, _ slack: TimeSpan) {
        // What was taken over from a socket that is gone stays where that left it.
        guard messages[number].owner == messages[number].client, messages[number].forwards == 0,
            !messages[number].mayHaveEnded, let route = messages[number].route,
            route >= plan.routes.count || !arrangement.routes[route].fallsBack
        else { return }
        let sides = sides(messages[number].client, route)
        guard sides.count == 1, let side = sides.first else { return }
        let settings = arrangement.upstreams[upstream(route, side)]
        let pool = poolKey(of: messages[number].client, upstream: upstream(route, side))
        guard settings.lanes == 1,
            !liveConnections.contains(where: { connections[$0].pool == pool && takesMessages($0) })
        else { return }
        if messages[number].hinderedAt == now {
            let isPaused = route < plan.routes.count && arrangement.routes[route].isPaused
            if isPaused, max(messages[number].acceptedAt, changedAt) + settings.queue.timeout + slack <= now {
                fail(.noSilence, "m\(number) waits for its route's resume for longer than its timeout allows")
            }
            return
        }
        let start = max(
            max(messages[number].acceptedAt, messages[number].hinderedAt), max(lastReady[pool] ?? changedAt, changedAt))
        if start + settings.queue.timeout + slack <= now {
            fail(.noSilence, "m\(number) waits for \(side.text) for longer than its timeout allows")
        }
    }

    /// An old client is read again once nothing of it waits.
    func checkStopped() {
        guard plan.isMoving, failure == nil else { return }
        for client in clients.indices where clients[client].isThere && clients[client].isStopped {
            let waits = clients[client].unresolved.contains { messages[$0].state == .waiting }
            let isCongested = liveConnections.contains {
                connections[$0].through == client && connections[$0].congested
            }
            if !waits, !isCongested { fail(.stays, "c\(client) is not read, and nothing of it waits") }
        }
    }

    /// Who is to leave and has nothing under way is gone in time.
    func checkLeaving() {
        guard plan.isMoving, failure == nil, tally.events % 8 == 0 else { return }
        for client in clients.indices where clients[client].isThere {
            guard let leaving = clients[client].leaving else { continue }
            if max(leaving.since + Self.spread, clients[client].busyAt) + .milliseconds(300) + tickDelay <= now {
                fail(.stays, "c\(client) should have left because of \(leaving.reason)")
            }
        }
    }

    /// What the core says that it holds is no more than what the model knows of.
    func checkHeld() {
        guard failure == nil else { return }
        let census = core.census
        let limits = table.definition.session
        if census.parkedReplies > limits.parkedCount * sessions.count {
            fail(.bounds, "\(census.parkedReplies) replies are parked, \(limits.parkedCount) may for each session")
        }
        if census.clients != clientByID.count {
            fail(.bounds, "the core holds \(census.clients) clients, \(clientByID.count) are there")
        }
        if census.connections != liveConnections.count {
            fail(.bounds, "the core holds \(census.connections) connections, \(liveConnections.count) are there")
        }
        guard tally.events % 16 == 0 else { return }
        let open = messages.filter { $0.outcome == nil && $0.state != .ended && $0.route != nil }
        let late = liveConnections.reduce(0) { $0 + connections[$1].abandoned.count }
        if census.exchanges > open.count + late + doubtful.count {
            fail(
                .bounds,
                "the core holds \(census.exchanges) exchanges, \(open.count) have no outcome and \(late) are late")
        }
        let bytes = open.reduce(doubtful.bytes) { $0 + $1.size }
        if census.heldBytes > bytes { fail(.bounds, "\(census.heldBytes) bytes are held of messages of \(bytes)") }
    }

    /// What feeds a client that does not read is not read itself, where it feeds nobody else.
    func checkReading() {
        for connection in liveConnections where connections[connection].state == .ready {
            let client = -1 - connections[connection].pool.owner
            if client >= 0, clients[client].isThere, connections[connection].readingStopped, clients[client].reads,
                !clients[client].congested
            {
                fail(.stays, "c\(client) reads, and u\(connection), which is its own, is not read")
            }
            guard client >= 0, clients[client].isThere, clients[client].toldCongested,
                connections[connection].through != nil
                    || arrangement.upstreams[connections[connection].upstream].mode == .client,
                !connections[connection].readingStopped, !connections[connection].isRaw
            else { continue }
            fail(.bounds, "c\(client) reads nothing and u\(connection), which is its own, is read on")
        }
    }

    /// Who takes no more messages and has none is closed.
    func checkFinished() {
        guard failure == nil else { return }
        for connection in liveConnections
        where connections[connection].state == .ready && connections[connection].through == nil {
            guard let reason = connections[connection].retired, connections[connection].outstanding.isEmpty else {
                continue
            }
            fail(.bounds, "u\(connection), retired by \(reason), has nothing outstanding and is still there")
        }
    }

    /// Time is asked for while something waits.
    func checkTime() {
        guard failure == nil, core.nextDeadline == .distantFuture else { return }
        for connection in liveConnections where !connections[connection].outstanding.isEmpty {
            return fail(.progress, "u\(connection) has exchanges in flight and no deadline is set")
        }
    }
}
