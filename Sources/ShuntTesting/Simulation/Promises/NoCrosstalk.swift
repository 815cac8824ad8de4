/// Nothing reaches another session or socket.
struct NoCrosstalk: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .reply(let reply): judge(reply, in: world)
        case .push(let push, let client, let body):
            if world.string("who", body) != world.token(of: client) {
                world.fail(.noCrosstalk, "c\(client) gets push \(push) of another session")
            }
        case .pong(let number, let client, _):
            let message = world.messages[number]
            if message.session != world.clients[client].session || message.session == nil && message.client != client {
                world.fail(.noCrosstalk, "c\(client) gets the answer to m\(number), a ping of c\(message.client)")
            }
        default: break
        }
    }

    private func judge(_ reply: Delivered, in world: World) {
        let (client, message) = (reply.client, world.messages[reply.message])
        if message.session != world.clients[client].session || (message.session == nil && message.owner != client) {
            return world.fail(
                .noCrosstalk, "c\(client) gets the reply to m\(message.number) of c\(message.client), another session")
        }
        // What was to be passed through is taken over only once it goes to the other side.
        let isLate = message.mayHaveEnded && world.isSuccessor(client, of: message.client)
        let isKept = world.record.welcomed == client && world.isSuccessor(client, of: message.owner)
        if message.owner != client, !isLate, !isKept {
            world.fail(
                .noCrosstalk, "c\(client) gets the reply to m\(message.number) of c\(message.owner), another socket")
        }
    }
}
