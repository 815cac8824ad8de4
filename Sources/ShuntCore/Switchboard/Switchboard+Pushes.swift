/// Messages of an upstream that end no exchange: forwarded, answered or dropped, as the upstream's `pushes` say.
extension Switchboard {
    /// - Parameter isListed: it is of a kind that `replies.match` lists, though it answers nothing.
    mutating func push(
        _ id: ConnectionID, _ upstream: Upstream, _ rules: ReplyRules, _ bytes: Span<UInt8>, isListed: Bool = false,
        _ turn: inout Turn
    ) {
        guard let action = rules.action(envelope, bytes) else {
            pushed(id, .dropped)
            return isListed ? () : noteUnlisted(id, rules.kind(envelope), bytes, now: turn.now)
        }
        switch action {
        case .drop: pushed(id, .dropped)
        case .answer(let text):
            // Where a greeting is awaited, nothing is written before it.
            guard links[id]?.congested == false, links[id]?.opening?.isGreeted != false else {
                return pushed(id, .dropped)
            }
            let start = turn.effects.splices.literalCount
            turn.effects.splices.literals.append(contentsOf: text.utf8)
            turn.effects.list.append(.forward(id, turn.effects.splices.splice(literalsFrom: start)))
            pushed(id, .answered)
        case .forward:
            let target = upstream.settings.pushTarget
            forwardPush(id, upstream, rules, bytes, to: target, isNews: rules.namesGreetings, &turn)
        case .greeting:
            // Each socket waits for it.
            let target = upstream.settings.pushTarget == .last ? .all : upstream.settings.pushTarget
            if target != .none { keepGreeting(id, rules, bytes) }
            forwardPush(id, upstream, rules, bytes, to: target, isNews: false, &turn)
        }
    }

    private mutating func noteUnlisted(
        _ id: ConnectionID, _ type: JSONValue?, _ bytes: Span<UInt8>, now: Instant
    ) {
        guard let upstream = links[id]?.upstreamIndex, upstream >= 0 else { return }
        if let type, isCredential(of: id, type, bytes) { return }
        let deadline = unlisted.note(type.map { UnlistedTypes.shown(bytes, $0) }, of: upstream, now: now)
        wheel.arm(.unlisted, at: deadline, armed: &unlisted.armed)
    }

    /// Whether a backend repeats a credential of the session: the one that it was dialled with, or the newest.
    private func isCredential(of id: ConnectionID, _ value: JSONValue, _ bytes: Span<UInt8>) -> Bool {
        if let dialled = links[id]?.credential, JSONString.equals(bytes, value, dialled.token.bytes) {
            return true
        }
        guard let pool = links[id]?.pool, let session = pools[pool]?.session,
            let newest = sessions[session]?.credential
        else { return false }
        return JSONString.equals(bytes, value, newest.token.bytes)
    }

    /// Says what was dropped because the configuration does not name it.
    mutating func sayUnlisted(_ turn: inout Turn) {
        guard unlisted.armed <= turn.now else { return }
        unlisted.armed = .distantFuture
        let table = table
        let (texts, next) = unlisted.due(now: turn.now) { place in
            guard table.upstreams.indices.contains(place) else { return "type" }
            return table.upstreams[place].settings.replies.by.kindPath
        }
        for (upstream, text) in texts {
            turn.effects.texts.append(text)
            turn.effects.list.append(.note(.unlistedType(upstream: upstream, text: turn.effects.texts.count - 1)))
        }
        wheel.arm(.unlisted, at: next, armed: &unlisted.armed)
    }

    /// - Parameter isNews: it is no greeting, whenever it comes.
    private mutating func forwardPush(
        _ id: ConnectionID, _ upstream: Upstream, _ rules: ReplyRules, _ bytes: Span<UInt8>, to target: PushTarget,
        isNews: Bool, _ turn: inout Turn
    ) {
        guard let poolID = links[id]?.pool, let pool = pools[poolID] else { return }
        let targets: [ClientID]
        switch target {
        case .none: targets = []
        case .last:
            // What is said before the first reply belongs to whoever caused the dial.
            let cause = links[id]?.dialledFor ?? .none
            let isGreeting = links[id]?.replied == false
            targets = [isGreeting && clients.contains(cause) ? cause : pool.lastClient]
        case .all:
            if let owner = pool.key.owner.client {
                targets = [owner]
            } else {
                // An old client's socket is its route's: it hears no other's.
                targets = (sessions[pool.session]?.clients ?? []).filter { client in
                    clients[client]?.endpoint == nil || seats(of: client, use: poolID)
                }
            }
        }
        let reached = targets.filter { admits(id, poolID, $0, isNews: isNews, rules) }
        if reached.isEmpty { return pushed(id, .dropped) }
        let splice = shapedPush(of: pool, upstream, rules, bytes, &turn)
        pushed(id, .forwarded)
        for client in reached {
            // A push is nobody's outcome: a client with no room for it does without.
            guard clients[client]?.congested == false || pool.key.owner == .client(client) else { continue }
            clients[client]?.lastActive = turn.now
            guard let endpoint = clients[client]?.endpoint else {
                turn.effects.list.append(.deliver(client, splice))
                continue
            }
            turn.effects.list.append(.deliver(client, legacyForm(splice, message: bytes, endpoint, &turn)))
        }
    }

    func seats(of client: ClientID, use pool: PoolID) -> Bool {
        clients[client]?.seats.contains { seats[$0.seat]?.pool == pool } == true
    }

    /// What a backend says before its first reply on a connection is its greeting, repeated at every dial: each client
    /// socket is given that of one connection only. Where greetings are named, nothing else is one; where they are not,
    /// who only listens is rather greeted again than told nothing.
    mutating func admits(
        _ id: ConnectionID, _ pool: PoolID, _ client: ClientID, isNews: Bool, _ rules: ReplyRules
    ) -> Bool {
        guard let isRaw = clients[client]?.isRaw, !isRaw, clients[client]?.isArriving == false else { return false }
        guard links[id]?.replied == false, !isNews else { return true }
        if let greeted = clients[client]?.greetings.first(where: { $0.pool == pool }) {
            return greeted.connection == id || !rules.namesGreetings && links[id]?.occasion == .listening
        }
        clients[client]?.greetings.append(Greeting(pool: pool, connection: id))
        return true
    }
}
