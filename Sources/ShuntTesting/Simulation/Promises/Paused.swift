/// A paused route sends nothing.
struct Paused: Promise {
    mutating func judge(_ deed: Deed, in world: World) {
        let (number, connection): (Int, Int)
        switch deed {
        case .forward(let sent): (number, connection) = (sent.message, sent.connection)
        case .pass(let passed, let over): (number, connection) = (passed, over)
        default: return
        }
        guard let route = world.messages[number].route, !world.overtakes(number, on: connection),
            world.isPaused(route), world.isThere(route)
        else { return }
        world.fail(.paused, "m\(number) is sent, and \(world.plan.name(route)) is paused")
    }
}
