import ShuntCore

/// A conversation of a session on a route.
struct HeldConversation: Hashable {
    let session: Int
    let route: Int
    /// JSON text.
    let id: [UInt8]
}

/// How sure the model is that legacy holds a conversation.
struct Hold {
    let at: Instant
    /// By the shortest `pin_idle` that was in force since.
    var expires: Instant
    /// How many messages of the session were served when it was noted: too many more may have it forgotten.
    let served: Int
}

/// Conversations stay where they began while a share is strictly between 0 and 100 %: which side must serve a message,
/// where the model is sure of it.
extension World {
    /// So many messages later a session may have forgotten a conversation, of which it remembers 64.
    private static let sure = 20

    /// The only side that may serve a message; nil where either may.
    func sideByPin(_ number: Int, _ route: Int) -> Side? {
        let message = messages[number]
        guard message.forwards == 0, let key = conversation(of: number, route),
            let share = share(message.client, route),
            share.bucket < share.steps
        else { return nil }
        if let hold = holds[key], now < hold.expires, served[key.session, default: 0] - hold.served < Self.sure {
            return .legacy
        }
        // A conversation that nobody has spoken of before is held by nobody.
        let isNew = key.id == Array("\"n-\(number)\"".utf8) && message.acceptedAt > changedAt
        let mayFallBack = arrangement.routes[route].fallsBack && unifiedTroubles > 0
        return isNew && !mayFallBack ? .unified : nil
    }

    /// A message goes to a side.
    func noteServed(_ number: Int, _ route: Int, by side: Side) {
        guard let key = conversation(of: number, route) else { return }
        served[key.session, default: 0] += 1
        guard side == .legacy, let share = share(messages[number].client, route) else { return }
        guard share.bucket >= share.steps || holds[key] != nil else { return }
        holds[key] = Hold(
            at: now, expires: now + arrangement.routes[route].pinIdle, served: served[key.session, default: 0])
    }

    /// Another table: what it releases, and what it may have.
    func learnHolds() {
        for (key, hold) in holds {
            let route = arrangement.routes[key.route]
            let isKept =
                arrangement.hasRoute[key.route] && arrangement.hasLegacy[key.route] && route.pin == .conversation
                && arrangement.rollout(key.route).side != .unified
            holds[key] = isKept ? hold : nil
            holds[key]?.expires = min(hold.expires, hold.at + route.pinIdle)
        }
    }

    /// A session without sockets may be forgotten.
    func forgetHolds(of session: Int) {
        holds = holds.filter { $0.key.session != session }
    }

    /// The conversation that a socket of the unified endpoint has named in a message.
    private func conversation(of number: Int, _ route: Int) -> HeldConversation? {
        let message = messages[number]
        guard let session = message.session, let id = message.conversation, !clients[message.client].isOld,
            clients[message.client].isThere, message.owner == message.client
        else { return nil }
        return HeldConversation(session: session, route: route, id: id)
    }

    /// The client's bucket and the share's steps, where a share with pins for conversations is in force for it.
    private func share(_ client: Int, _ route: Int) -> (bucket: Int, steps: Int)? {
        guard arrangement.hasRoute[route], arrangement.hasLegacy[route], arrangement.unified != nil,
            arrangement.routes[route].pin == .conversation, ownRollout(client, route) == nil
        else { return nil }
        let rollout = arrangement.rollout(route)
        return rollout.side == nil ? (bucket(client, route), rollout.steps) : nil
    }
}
