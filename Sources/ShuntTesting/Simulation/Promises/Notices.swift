import ShuntCore

/// What the proxy itself says is as the table has it: greetings, heartbeats, answers to pings, the form of errors.
struct Notices: Promise {
    private var lastBeat: [Int: Instant] = [:]

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .beat(let client):
            if let last = lastBeat[client], last >= world.history.changedAt,
                let every = world.clients[client].heartbeat?.every, last + every > world.now
            {
                world.fail(.notices, "c\(client) gets heartbeats too often")
            }
            lastBeat[client] = world.now
        case .greet(let client, let members):
            let route = world.route(of: world.clients[client].door) ?? 0
            if world.record.welcomed != client || world.record.greetings == 0 {
                world.fail(.notices, "c\(client) is greeted out of turn")
            }
            if world.string("of", members) != world.plan.match(route).first
                || world.string("session", members)?.isEmpty != false
                || !members.contains(where: { $0.key == "id" })
            {
                world.fail(.notices, "c\(client) is greeted with other names: \(members)")
            }
        case .pong(let number, let client, let bytes):
            if bytes != Array(#"{"type":"pong","absorbed":\#(number)}"#.utf8) {
                world.fail(.notices, "c\(client) is answered by something else than the number of m\(number)")
            }
        case .error(let error):
            if world.string("type", error.members) != "error" || world.string("message", error.members) == nil
                || !error.members.contains(where: { $0.key == "sent" })
            {
                world.fail(.notices, "an error without type, message or sent: \(error.members.map(\.key))")
            }
        default: break
        }
    }
}
