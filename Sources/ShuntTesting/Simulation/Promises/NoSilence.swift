/// Nobody waits for what is over: replies are delivered when they come, and what cannot be answered any more is told.
struct NoSilence: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        guard case .reply(let reply) = deed else { return }
        let message = world.messages[reply.message]
        if message.client == reply.client, message.owner == reply.client, reply.part > message.nextPart {
            world.fail(
                .noSilence,
                "part \(reply.part) of the reply to m\(message.number) comes, part \(message.nextPart) never did")
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        checkLost(record, in: world)
        switch record.event {
        case .said(let number): checkSaid(number, in: world)
        case .replied(_, let answer): checkReplied(answer, in: world)
        case .broke(let connection, let oldest, _):
            guard let oldest, world.messages[oldest].outcome == nil, world.isOwed(oldest) else { return }
            world.fail(
                .noSilence, "m\(oldest) is the oldest on u\(connection), which broke the protocol, and has no error")
        case .tableChanged: checkStranded(in: world)
        default: break
        }
    }

    private func checkSaid(_ number: Int, in world: World) {
        let message = world.messages[number]
        guard world.clients[message.client].isThere else { return }
        if case .bad(let codes) = message.intent, message.outcome == nil {
            world.fail(.noSilence, "m\(number) should have been refused at once with one of \(codes)")
        }
        if case .absorbed = message.intent, !message.isPonged, world.isPing(number),
            message.outcome == nil, !world.clients[message.client].toldCongested
        {
            world.fail(.noSilence, "m\(number), a ping of c\(message.client), is absorbed and not answered")
        }
    }

    private func checkReplied(_ answer: Event.Answer, in world: World) {
        let message = world.messages[answer.message]
        guard answer.isWanted, answer.isOwed, message.outcome == nil, world.clients[message.owner].isThere,
            message.arrived.last?.delivered == false
        else { return }
        world.fail(
            .noSilence,
            "the reply to m\(message.number) came and was not delivered to c\(message.owner), who is there")
    }

    /// What was in flight on a connection that ended has its error, or waits to be sent again.
    private func checkLost(_ record: Record, in world: World) {
        for connection in record.ended {
            let isPassed = world.connections[connection].through != nil
            for number in world.connections[connection].outstanding {
                let message = world.messages[number]
                guard message.state == .flying, message.outcome == nil, message.connection == connection,
                    !message.mayHaveEnded
                else { continue }
                let what = "m\(number) was in flight on u\(connection), which ended,"
                if world.clients[message.owner].isThere {
                    world.fail(.noSilence, "\(what) and c\(message.owner) was told nothing")
                } else if message.session != nil, !isPassed, !world.isOverdue(number) {
                    // Its session's next socket is to hear of it.
                    world.fail(.noSilence, "\(what) and nothing is kept of that")
                }
            }
        }
    }

    /// What is unsent of a route that is gone waits for nothing.
    private func checkStranded(in world: World) {
        for message in world.messages where message.state == .waiting && message.outcome == nil {
            guard let route = message.route, !world.isThere(route), world.isOwed(message.number) else { continue }
            return world.fail(.noSilence, "m\(message.number) waits, and its route is gone")
        }
    }
}
