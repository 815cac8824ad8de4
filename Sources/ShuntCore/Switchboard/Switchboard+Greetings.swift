/// Greetings of backends, kept for sockets that come later.
extension Switchboard {
    /// Keeps a greeting for sockets that come later.
    mutating func keepGreeting(_ id: ConnectionID, _ rules: ReplyRules, _ bytes: Span<UInt8>) {
        // Who has no token, or connections of its own, has no later socket that uses this one.
        guard let pool = links[id]?.pool, case .session(let session)? = pools[pool]?.key.owner,
            sessions[session]?.isAnonymous == false, !isOverloaded
        else { return }
        let type = rules.kind(envelope).map { copy(bytes, $0.start..<$0.end) } ?? []
        links.keep(copy(bytes, 0..<bytes.count), type: type, of: id, rules)
    }

    /// Gives a socket that comes later what backends said first on the connections that it will use.
    mutating func greetAgain(_ id: ClientID, _ turn: inout Turn) {
        guard links.greetingBytes > 0, let client = clients[id] else { return }
        for poolID in sessions[client.session]?.pools ?? [] {
            guard let pool = pools[poolID], let kept = links.greetings(of: pool.links.current),
                pool.key.vary == varied(pool.upstream, client)
            else { continue }
            if client.endpoint != nil, !isServed(client, by: pool) { continue }
            clients[id]?.greetings.append(Greeting(pool: poolID, connection: pool.links.current))
            for greeting in kept.list { give(greeting, of: pool, to: id, &turn) }
        }
    }

    /// Whether an old client's messages go to a pool's upstream.
    private func isServed(_ client: Client, by pool: Pool) -> Bool {
        guard let seat = seats[client.ownSeat] else { return false }
        return seat.route.upstream(seat.side) === pool.upstream
    }

    private mutating func give(
        _ greeting: KeptGreetings.Greeting, of pool: Pool, to id: ClientID, _ turn: inout Turn
    ) {
        let message = greeting.message
        guard let upstream = links[pool.links.current]?.upstream,
            envelope.scan(message.span, for: upstream.replyKeys, nesting: .max, early: false) == .object
        else { return }
        var splice = shapedPush(of: pool, upstream, greeting.rules, message.span, &turn)
        turn.effects.splices.hold(message, for: splice)
        if let endpoint = clients[id]?.endpoint { splice = legacyForm(splice, message: Span(), endpoint, &turn) }
        turn.effects.list.append(.deliver(id, splice))
        pushed(pool.links.current, .forwarded)
    }
}
