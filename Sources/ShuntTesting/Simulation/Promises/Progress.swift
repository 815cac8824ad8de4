import ShuntCore

/// Time is asked for while something waits, and not in vain.
struct Progress: Promise {
    /// Each socket, connection and pool may ask for one in ten seconds, its deadline having moved since.
    private static let mostIdleTicks = 200

    /// Ticks in a row that nothing came of, one as soon as may be after the other.
    private var idleTicks = 0
    private var lastTick = Instant(nanoseconds: 0)

    mutating func conclude(_ record: Record, in world: World) {
        if case .tick = record.event { checkTick(in: world) }
        guard world.core.nextDeadline == .distantFuture else { return }
        for connection in world.liveConnections where !world.connections[connection].outstanding.isEmpty {
            world.fail(.progress, "u\(connection) has exchanges in flight and no deadline is set")
        }
    }

    private mutating func checkTick(in world: World) {
        let follows = world.now <= lastTick + TimerWheel<TimerKey>.granularity + .milliseconds(50)
        idleTicks = follows && world.turn.effects.list.isEmpty ? idleTicks + 1 : 0
        lastTick = world.now
        if idleTicks > Self.mostIdleTicks {
            world.fail(.progress, "\(idleTicks) ticks in a row were asked for, and nothing came of them")
        }
    }
}
