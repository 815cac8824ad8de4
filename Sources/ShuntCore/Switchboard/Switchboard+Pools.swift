/// The pools that a socket uses, and whether one has a connection to write to.
extension Switchboard {
    func takes(_ connection: ConnectionID) -> Bool {
        guard let state = links[connection]?.state else { return false }
        return (state == .ready || state == .retired) && links[connection]?.congested == false
    }

    /// The pool of a seat's messages on its side, made where it is not there yet.
    mutating func findPool(of seat: SeatID) -> PoolID {
        guard let id = seats[seat]?.client, let client = clients[id], let route = seats[seat]?.route,
            let side = seats[seat]?.side, let upstream = route.upstream(side)
        else { return .none }
        let isThrough = client.endpoint != nil && !upstream.isUnified
        let isOwn = isThrough || upstream.settings.mode == .client
        let owner: PoolOwner = isOwn ? .client(id) : .session(client.session)
        // The lane follows the route, so that one route's messages stay in order.
        let lane = !isThrough && upstream.settings.lanes > 1 ? max(0, route.index) % upstream.settings.lanes : 0
        let vary = isThrough ? [] : varied(upstream, client)
        let key = PoolKey(owner: owner, upstream: upstream.index, lane: lane, vary: vary)
        if let found = pools.found(by: key) { return found }
        let made = pools.insert(
            Pool(
                key: key, session: client.session, upstream: upstream,
                passage: isThrough ? (client.isRaw ? .raw(id) : .managed(id)) : .routed,
                client: (id, client.handshake), route: route))
        sessions[client.session]?.pools.append(made)
        return made
    }

    /// What an upstream's connections differ by, besides the session.
    func varied(_ upstream: Upstream, _ client: Client) -> [UInt8] {
        if upstream.settings.vary.isEmpty { return [] }
        let claims = sessions[client.session]?.claims ?? .none
        return upstream.settings.vary.map { variation in
            switch variation {
            case .value(let source): source.values(in: client.handshake).joined(separator: "\u{1}")
            case .claim(let name): claims[name]?.text ?? ""
            }
        }.joined(separator: "\u{0}").bytes
    }

    /// Whether a connection is there that messages may be written to.
    mutating func isReady(_ poolID: PoolID) -> Bool {
        guard let current = pools[poolID]?.links.current else { return false }
        return links[current]?.takes(maxInFlight: .max) == true
    }

    func passthroughPools(of client: ClientID) -> [PoolID] {
        guard clients[client]?.endpoint != nil else { return [] }
        return ownPools(of: client).filter { pools[$0]?.isPassthrough == true }
    }

    /// The pools that no other socket uses, of either side.
    func ownPools(of client: ClientID) -> [PoolID] {
        guard let session = clients[client]?.session else { return [] }
        return (sessions[session]?.pools ?? []).filter { pools[$0]?.key.owner == .client(client) }
    }
}
