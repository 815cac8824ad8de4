/// No message has two outcomes, and there is none of nothing.
struct ExactlyOneOutcome: Promise {
    /// By client: the pushes that it was given.
    private var pushes: [Int: Set<Int>] = [:]
    private var answeredPings: Set<Int> = []

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .reply(let reply): judge(reply, in: world)
        case .error(let error) where error.about.isEmpty && !error.isOfPassed && !world.isOfNobodyKnown(error):
            world.fail(
                .oneOutcome,
                "c\(error.client) gets \(error.code), and no message of its own is left that it could be about")
        case .forward(let sent):
            if let outcome = world.messages[sent.message].outcome {
                world.fail(.oneOutcome, "m\(sent.message) is forwarded after its end: \(outcome)")
            }
        case .push(let push, let client, _):
            if !pushes[client, default: []].insert(push).inserted {
                world.fail(.oneOutcome, "c\(client) gets push \(push) twice")
            }
        case .pong(let number, _, _):
            if !answeredPings.insert(number).inserted {
                world.fail(.oneOutcome, "m\(number), a ping, is answered twice")
            }
        default: break
        }
    }

    private func judge(_ reply: Delivered, in world: World) {
        let message = world.messages[reply.message]
        if let outcome = message.outcome {
            return world.fail(.oneOutcome, "m\(message.number) gets a reply after its outcome: \(outcome)")
        }
        guard let arrived = message.arrived.first(where: { $0.part == reply.part }) else {
            return world.fail(
                .oneOutcome,
                "c\(reply.client) gets part \(reply.part) of the reply to m\(message.number), "
                    + "which did not come or was not its own")
        }
        if arrived.delivered {
            world.fail(.oneOutcome, "part \(reply.part) of the reply to m\(message.number) comes twice")
        }
    }
}
