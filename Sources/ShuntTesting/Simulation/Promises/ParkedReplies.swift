import ShuntCore

/// What comes when its socket is gone is given to the session's next one there, in the order in which it came.
struct ParkedReplies: Promise {
    private struct Parked {
        let message: Int
        let part: Int
        let door: Door
        let at: Instant
        /// Whether the limits leave no excuse for losing it.
        var isCertain: Bool
    }

    /// By session.
    private var parked: [Int: [Parked]] = [:]

    mutating func hear(_ event: Event, in world: World) {
        switch event {
        case .drained: parked = [:]
        case .came(let client): forgetExpired(client, in: world)
        default: break
        }
    }

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .admit(let client, _): forgetExpired(client, in: world)
        case .reply(let reply): judge(reply, in: world)
        default: break
        }
    }

    private func judge(_ reply: Delivered, in world: World) {
        let message = world.messages[reply.message]
        guard let session = message.session, let kept = parked[session],
            let index = kept.firstIndex(where: { $0.message == reply.message && $0.part == reply.part })
        else { return }
        let earlier = kept[..<index].first {
            $0.isCertain && $0.door == world.clients[message.owner].door && !isGiven($0, in: world)
        }
        if let earlier {
            world.fail(
                .parked,
                "the parked reply to m\(reply.message) comes before that to m\(earlier.message), which came earlier")
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        if let client = record.welcomed { conclude(welcomed: client, in: world) }
        if case .replied(_, let answer) = record.event { note(answer, in: world) }
        for session in parked.keys { doubt(session, in: world) }
    }

    private mutating func conclude(welcomed client: Int, in world: World) {
        // A pipe is given nothing of ours: that is for the next socket that is none.
        guard let session = world.clients[client].session, let kept = parked[session],
            world.clients[client].isThere, !world.clients[client].isRaw
        else { return }
        let due = kept.filter { $0.door == world.clients[client].door }
        for reply in due where reply.isCertain && !isGiven(reply, in: world) {
            world.fail(
                .parked, "the parked reply to m\(reply.message) was not given to c\(client), the session's next socket")
        }
        parked[session] = kept.filter { reply in !due.contains { $0.message == reply.message } }
    }

    /// A reply came and was not delivered: its socket is gone.
    private mutating func note(_ answer: Event.Answer, in world: World) {
        let message = world.messages[answer.message]
        guard answer.isWanted, message.outcome == nil, message.arrived.last?.delivered == false,
            let session = message.session
        else { return }
        let door = world.clients[message.owner].door
        let isCertain = !world.draining && world.plan.memory == 1 << 30 && !answer.isOverdue && !message.mayHaveEnded
        parked[session, default: []].append(
            Parked(message: answer.message, part: answer.part, door: door, at: world.now, isCertain: isCertain))
    }

    /// What is kept may have been given up where what is still to come, whatever socket it is for, goes beyond the limits.
    /// Errors are kept too, unseen: only wide limits leave no excuse.
    private mutating func doubt(_ session: Int, in world: World) {
        guard let kept = parked[session], !kept.isEmpty else { return }
        let limits = world.table.definition.session
        let toCome = world.sessions[session].orphans.reduce(0) { count, number in
            guard world.messages[number].state != .ended else { return count }
            return count + 1 + (world.possiblePools(number).map { world.plan.styles[$0.upstream].parts }.max() ?? 0)
        }
        let isWide = limits.parkedCount >= 64 && limits.parkedBytes >= 1 << 20
        guard !isWide || kept.count + toCome > limits.parkedCount else { return }
        for index in kept.indices { parked[session]?[index].isCertain = false }
    }

    /// Drops what a client's session may have forgotten by now.
    private mutating func forgetExpired(_ client: Int, in world: World) {
        guard let session = world.clients[client].session, let kept = parked[session] else { return }
        let longest = world.table.definition.session.parkedFor
        parked[session] = kept.filter { $0.at + longest > world.now && !world.sessions[session].isForgotten }
    }

    private func isGiven(_ reply: Parked, in world: World) -> Bool {
        world.messages[reply.message].outcome != nil
            || world.messages[reply.message].arrived.contains { $0.part == reply.part && $0.delivered }
    }
}
