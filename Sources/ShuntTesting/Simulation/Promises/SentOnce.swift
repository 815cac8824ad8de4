import ShuntCore

/// A message is sent again only where that is safe, and never while it is under way or once it was answered in part.
struct SentOnce: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        guard case .forward(let sent) = deed else { return }
        let (number, message) = (sent.message, world.messages[sent.message])
        switch message.state {
        case .flying:
            world.fail(.sentOnce, "m\(number) is forwarded while it is in flight on u\(message.connection)")
        case .ended: world.fail(.sentOnce, "m\(number) is forwarded after its exchange has ended")
        case .waiting: break
        }
        guard message.forwards > 0 else { return }
        let wasSafe =
            message.connection >= 0
            && world.arrangement.upstreams[world.connections[message.connection].upstream].retrySafe
        if !wasSafe { world.fail(.sentOnce, "m\(number) is forwarded again, to u\(sent.connection)") }
        if !message.arrived.isEmpty {
            world.fail(.sentOnce, "m\(number) is sent again after part of its reply came")
        }
    }
}
