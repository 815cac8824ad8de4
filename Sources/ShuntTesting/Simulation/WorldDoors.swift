import ShuntCore

/// Old clients: where they connect, how their handshake is answered, and how their sockets close.
extension World {
    /// The legacy endpoints that are open.
    func doors() -> [Door] {
        guard arrangement.phase.opensLegacyEndpoints else { return arrangement.unlisted == nil ? [] : [.odd] }
        var doors = plan.routes.indices.filter { arrangement.endpoint($0) != nil }.map { Door.old($0) }
        if arrangement.unlisted != nil { doors.append(.odd) }
        return doors
    }

    func path(of door: Door) -> String {
        switch door {
        case .unified: return "/api/ws/agent"
        case .odd: return "/api/ws/odd/value"
        case .old(let route):
            guard let endpoint = arrangement.endpoint(route) else { return "/nowhere" }
            return dice.pick([endpoint.path] + endpoint.aliases)
        }
    }

    /// The route of an old client's messages.
    func route(of door: Door) -> Int? {
        switch door {
        case .unified: nil
        case .old(let route): route
        case .odd: plan.oddRoute
        }
    }

    /// What is set for a client's endpoint; nothing changes where that is gone.
    func learnEndpoint(_ client: Int) {
        switch clients[client].door {
        case .unified:
            clients[client].heartbeat = arrangement.base.addressing.heartbeat.map { beat in
                var heartbeat = HeartbeatSettings()
                (heartbeat.send, heartbeat.every) = (beat.send, beat.every)
                return heartbeat
            }
        case .odd:
            guard let unlisted = arrangement.unlisted else { return }
            clients[client].heartbeat = unlisted.heartbeat
            if clients[client].cameAt == step { clients[client].isRaw = unlisted.passthrough == .raw }
        case .old(let route):
            guard let endpoint = arrangement.endpoint(route) else { return }
            clients[client].heartbeat = endpoint.heartbeat
            clients[client].toLegacy = endpoint.toLegacy
            if clients[client].cameAt == step { clients[client].isRaw = endpoint.passthrough == .raw }
        }
    }

    func anyClose() -> PeerClose {
        dice.pick([
            .cut, PeerClose(code: .normal), PeerClose(code: nil),
            PeerClose(code: CloseCode(rawValue: 4321), reason: Array("so long é".utf8)),
        ])
    }
}
