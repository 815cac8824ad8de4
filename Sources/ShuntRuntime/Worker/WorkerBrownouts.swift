import ShuntCore
import Synchronization

/// Deprecated endpoints: what depends on the wall clock, and who still uses them.
extension Worker {
    /// How often the wall clock is looked at while brownouts are scheduled. It may jump, so none is waited for by the
    /// monotonic one.
    private static let wallEvery = TimeSpan.seconds(1)

    /// Milliseconds since 1970; it may jump.
    var wallTime: UnixTime { process.wallClock() }

    /// Tells the switchboard the wall clock's time, now and from now on, as long as that matters.
    func lookAtWallClock() {
        deadlines.wall = .distantFuture
        feed(.wallClock)
        if switchboard.brownoutsInForce != toldBrownouts {
            // One worker speaks for all of them.
            if index == 0 { log.brownouts(toldBrownouts, switchboard.brownoutsInForce) }
            toldBrownouts = switchboard.brownoutsInForce
        }
        if switchboard.hasBrownouts { deadlines.wall = now() + Self.wallEvery }
    }

    /// Says who uses a deprecated endpoint, once for each client app and day.
    func deprecatedUse(_ client: AcceptedClient, _ endpoint: Endpoint) {
        let app = ClientApp(client.handshake, naming: switchboard.table.definition.client)
        switch process.deprecatedUse.withLock({ $0.see(app, at: wallTime) }) {
        case .first: log.deprecatedUse(app, endpoint.path)
        case .full: log.deprecatedUseIsFull()
        case .known: break
        }
    }
}
