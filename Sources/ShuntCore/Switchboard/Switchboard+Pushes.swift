/// Messages of an upstream that end no exchange: forwarded, answered or dropped, as the upstream's `pushes` say.
extension Switchboard {
    mutating func push(
        _ id: ConnectionID, _ upstream: Upstream, _ rules: ReplyRules, _ bytes: Span<UInt8>, now: Instant,
        _ effects: inout Effects
    ) {
        switch rules.action(envelope, bytes) {
        case .drop:
            tally.pushesDropped += 1
        case .answer(let text):
            guard connections[id]?.congested == false else {
                tally.pushesDropped += 1
                return
            }
            let start = effects.splices.literalCount
            effects.splices.literals.append(contentsOf: text.utf8)
            effects.list.append(.forward(id, effects.splices.splice(literalsFrom: start)))
            tally.pushesAnswered += 1
        case .forward:
            forwardPush(id, upstream, rules, bytes, now: now, &effects)
        }
    }

    private mutating func forwardPush(
        _ id: ConnectionID, _ upstream: Upstream, _ rules: ReplyRules, _ bytes: Span<UInt8>, now: Instant,
        _ effects: inout Effects
    ) {
        guard let poolID = connections[id]?.pool, let pool = pools[poolID] else { return }
        let targets: [ClientID]
        switch upstream.settings.pushTarget {
        case .none: targets = []
        case .last:
            // What is said before the first reply belongs to whoever caused the dial.
            let cause = connections[id]?.cause ?? .none
            let isGreeting = connections[id]?.replied == false
            targets = [isGreeting && clients.contains(cause) ? cause : pool.lastClient]
        case .all:
            if case .client(let owner) = pool.key.owner {
                targets = [owner]
            } else {
                // An old client's socket is its route's: it hears no other's.
                targets = (sessions[pool.session]?.clients ?? []).filter { client in
                    clients[client]?.endpoint == nil || seats(of: client, use: poolID)
                }
            }
        }
        let reached = targets.filter { admitsGreeting(id, poolID, $0) }
        if reached.isEmpty {
            tally.pushesDropped += 1
            return
        }
        // A legacy backend's push belongs to its route; the unified one says itself whose its push is.
        reshaper.begin(envelope)
        if !rules.toUnified.isEmpty { reshaper.apply(rules.toUnified, bytes) }
        if !upstream.isUnified {
            for (level, slot) in upstream.tagSlots.enumerated() {
                guard let slot, level < pool.lastRoute.tags.count, let tag = pool.lastRoute.tags[level] else {
                    continue
                }
                reshaper.set(slot, json: tag)
            }
        }
        let splice = reshaper.finish(envelope, keys: upstream.replyKeys, bytes, into: &effects.splices)
        tally.pushesForwarded += 1
        for client in reached {
            // A push is nobody's outcome: a client with no room for it does without.
            guard clients[client]?.congested == false || pool.key.owner == .client(client) else { continue }
            clients[client]?.lastActive = now
            guard let endpoint = clients[client]?.endpoint else {
                effects.list.append(.deliver(client, splice))
                continue
            }
            effects.list.append(.deliver(client, restored(splice, message: bytes, endpoint, &effects)))
        }
    }

    private func seats(of client: ClientID, use pool: PoolID) -> Bool {
        clients[client]?.seats.contains { seats[$0.seat]?.pool == pool } == true
    }

    /// What a backend says before its first reply on a connection is its greeting, repeated at every dial: each client
    /// socket is given that of one connection only.
    private mutating func admitsGreeting(_ id: ConnectionID, _ pool: PoolID, _ client: ClientID) -> Bool {
        guard let isRaw = clients[client]?.isRaw, !isRaw, clients[client]?.isArriving == false else { return false }
        guard connections[id]?.replied == false else { return true }
        if let greeted = clients[client]?.greetings.first(where: { $0.pool == pool }) {
            return greeted.connection == id
        }
        clients[client]?.greetings.append(Greeting(pool: pool, connection: id))
        return true
    }
}
