/// A conversation id that the proxy makes is one session's (or client's) and route's own, stays the same, and shows no
/// token.
struct MadeIDs: Promise {
    private struct Key: Hashable {
        /// A session, or -1 - a client without one.
        let owner: Int
        let route: Int
    }

    private var known: [Key: [UInt8]] = [:]

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .forward(let sent) where world.hasMadeID(sent):
            check(world.conversation(in: sent.members), of: world.messages[sent.message].client, sent.route, in: world)
        case .reply(let reply) where world.messages[reply.message].conversation == nil:
            let shown = world.conversation(in: world.clients[reply.client].isOld ? reply.body : reply.tags)
            check(shown, of: world.messages[reply.message].client, reply.route, in: world)
        case .greet(let client, let members):
            let made = members.last { $0.key == "id" }?.value
            check(made, of: client, world.route(of: world.clients[client].door) ?? 0, in: world)
        case .error(let error) where error.about.count == 1:
            let message = world.messages[error.about[0]]
            guard let route = message.route, message.conversation == nil else { return }
            check(world.conversation(in: error.members), of: message.client, route, in: world)
        default: break
        }
    }

    private mutating func check(_ made: [UInt8]?, of client: Int, _ route: Int, in world: World) {
        guard let made, made != Array("null".utf8) else { return }
        let key = Key(owner: world.clients[client].session ?? -1 - client, route: route)
        if let before = known[key], before != made {
            world.fail(
                .madeIDs,
                "c\(client) has conversation \(world.printable(made)), before it was \(world.printable(before))")
        }
        known[key] = made
        if known.contains(where: { $0.key.owner != key.owner && $0.value == made }) {
            world.fail(.madeIDs, "c\(client) has the conversation id of another session")
        }
        let text = String(decoding: made, as: UTF8.self)
        if world.sessions.contains(where: { text.contains($0.token) }) {
            world.fail(.madeIDs, "a made conversation id shows a token: \(text)")
        }
    }
}
