import ShuntCore

/// Order is kept per client socket and route: of messages, of the parts of a reply, of first words.
struct Order: Promise {
    /// By client and route: the newest message that was forwarded.
    private var newest: [Int: [Int: Int]] = [:]

    mutating func judge(_ deed: Deed, in world: World) {
        switch deed {
        case .forward(let sent): judge(sent, in: world)
        case .pass(let number, let connection): judgePassed(number, connection, in: world)
        case .firstWord(let step, let connection, _): judgeFirstWord(step, connection, in: world)
        case .reply(let reply) where reply.part < world.messages[reply.message].nextPart:
            world.fail(.order, "part \(reply.part) of the reply to m\(reply.message) comes after a later one")
        default: break
        }
    }

    mutating func conclude(_ record: Record, in world: World) {
        if case .said(let number) = record.event, world.isOneWay(number) { checkSentAtOnce(number, in: world) }
    }

    private mutating func judge(_ sent: Forwarded, in world: World) {
        let (number, route) = (sent.message, sent.route)
        let message = world.messages[number]
        let overtakes = world.overtakes(number, on: sent.connection)
        if !overtakes { checkReplaced(number, route, world.side(of: sent.connection), in: world) }
        if world.isOneWay(number) {
            if !overtakes { checkConversation(number, in: world) }
            return
        }
        if message.forwards > 0 { return checkSentAgain(number, route, in: world) }
        let last = newest[message.client]?[route] ?? -1
        if last > number, !message.wasPutBack {
            world.fail(.order, "m\(number) is forwarded after m\(last), which was said later")
        }
        // What is put back when its socket is gone stays on the side that it was sent to.
        let mayStay = !world.clients[message.client].isThere
        let waiting = world.unsent(of: message.owner).first { earlier in
            earlier.client == message.client && earlier.route == route && !world.isOneWay(earlier.number)
                && !(mayStay && earlier.wasPutBack && earlier.pool != world.connections[sent.connection].pool)
        }
        if let waiting, waiting.number < number {
            world.fail(.order, "m\(number) is forwarded while m\(waiting.number), which was said before, waits")
        }
        newest[message.client, default: [:]][route] = max(last, number)
    }

    /// Of what was lost together the oldest is sent again first.
    private func checkSentAgain(_ number: Int, _ route: Int, in world: World) {
        let message = world.messages[number]
        let earlier = world.clients[message.owner].unresolved.first { other in
            let other = world.messages[other]
            return other.client == message.client && other.route == route && other.state == .waiting
                && other.connection == message.connection && !other.mayHaveEnded
        }
        if let earlier, earlier < number {
            world.fail(.order, "m\(number) is sent again while m\(earlier), which was lost with it, waits")
        }
    }

    /// What nobody answers overtakes what waits its turn, but with nothing of its conversation in flight not what its
    /// client said before in that.
    private func checkConversation(_ number: Int, in world: World) {
        let message = world.messages[number]
        let waiting = world.unsent(of: message.owner).first { earlier in
            earlier.client == message.client && world.isSameConversation(earlier.number, number)
        }
        if let waiting, waiting.number < number {
            world.fail(
                .order,
                "m\(number) is forwarded while m\(waiting.number) of its conversation, which was said before, waits")
        }
    }

    private mutating func judgePassed(_ number: Int, _ connection: Int, in world: World) {
        let message = world.messages[number]
        if !world.overtakes(number, on: connection) {
            // What was taken over from a socket that is gone stays where that left it.
            let earlier = world.clients[message.client].unresolved.first {
                let other = world.messages[$0]
                return other.client == message.client && other.state == .waiting && !world.isOneWay($0)
            }
            if let earlier, earlier < number, !world.messages[earlier].mayHaveEnded {
                world.fail(.order, "m\(number) is passed through while m\(earlier), which was said before, waits")
            }
            checkReplaced(number, message.route ?? 0, .legacy, in: world)
        }
        if !world.isOneWay(number) { newest[message.client, default: [:]][message.route ?? 0] = number }
    }

    /// What the same socket and route have in flight over a connection that was replaced, and not for its faults, is
    /// waited for.
    private func checkReplaced(_ number: Int, _ route: Int, _ side: Side, in world: World) {
        let client = world.messages[number].client
        guard world.clients[client].isThere, world.messages[number].owner == client else { return }
        let other = world.flying(of: client, route, on: side).first {
            $0.number != number && world.connections[$0.connection].isReplaced
        }
        if let other {
            world.fail(
                .order, "m\(number) is sent while m\(other.number) is in flight over a connection that was replaced")
        }
    }

    private func judgeFirstWord(_ step: Int, _ connection: Int, in world: World) {
        guard let opening = world.connections[connection].backend.opening else { return }
        let settings = world.arrangement.upstreams[world.connections[connection].upstream]
        let isEarly = settings.onOpen[step].afterGreeting && !opening.isGreeted
        if step != opening.next || opening.awaited != nil || isEarly {
            world.fail(.order, "first word \(step) of u\(connection) is not next: \(opening)")
        }
    }

    /// What nobody answers goes at once to where something of its conversation is under way.
    private func checkSentAtOnce(_ number: Int, in world: World) {
        let message = world.messages[number]
        let client = message.client
        guard message.outcome == nil, message.state == .waiting, world.clients[client].isThere,
            world.clients[client].isOld, let route = message.route
        else { return }
        let holder = world.liveConnections.first { place in
            let connection = world.connections[place]
            guard connection.state == .ready, !connection.congested else { return false }
            if connection.through == client { return world.hasPassed(place) }
            guard world.arrangement.upstreams[connection.upstream].pace.isEmpty else { return false }
            return connection.outstanding.contains {
                let other = world.messages[$0]
                return other.client == client && world.isSameConversation($0, number) && !other.mayHaveEnded
                    && other.forwardedAt > world.history.removed(route)
            }
        }
        if let holder {
            world.fail(
                .order, "m\(number), which nobody answers, waits though u\(holder) has something of its conversation")
        }
    }
}
