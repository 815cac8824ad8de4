/// Which upstreams are down, as far as this worker knows, and the pools that wait until one is back. By the upstream's place
/// in the table in force.
package struct Breakers: ~Copyable {
    private var breakers: [Breaker]
    private var waiting: [[PoolID]]

    package init(count: Int) {
        breakers = Array(repeating: Breaker(), count: count)
        waiting = Array(repeating: [], count: count)
    }

    /// Whether a dial would have to wait now.
    package func refuses(_ upstream: Int, now: Instant) -> Bool {
        breakers.indices.contains(upstream) && breakers[upstream].refuses(now: now)
    }

    package func isOpen(_ upstream: Int) -> Bool { breakers.indices.contains(upstream) && breakers[upstream].isOpen }

    /// The places of those that are open.
    package var open: [Int] { breakers.indices.filter { breakers[$0].isOpen } }

    /// Whether a dial may start now.
    package mutating func permission(_ upstream: Int, now: Instant, patience: TimeSpan) -> Breaker.Permission {
        guard breakers.indices.contains(upstream) else { return .dial }
        return breakers[upstream].permission(now: now, patience: patience)
    }

    /// An upstream did what is its own fault.
    ///
    /// - Returns: whether its breaker opens by that.
    package mutating func failed(_ upstream: Int, _ settings: UpstreamSettings, now: Instant) -> Bool {
        guard breakers.indices.contains(upstream) else { return false }
        return breakers[upstream].failed(now: now, limit: settings.breakerFailures, pause: settings.breakerOpen)
    }

    /// An upstream showed that it is there.
    ///
    /// - Returns: whether its breaker closes by that.
    package mutating func succeeded(_ upstream: Int) -> Bool {
        breakers.indices.contains(upstream) && breakers[upstream].succeeded()
    }

    /// Something was heard on an idle connection.
    package mutating func heardIdle(_ upstream: Int, at time: Instant) {
        guard breakers.indices.contains(upstream) else { return }
        breakers[upstream].idlePings.heard(at: time)
    }

    /// An idle connection did not answer a ping.
    ///
    /// - Parameter window: pings within this time tell of one outage.
    /// - Returns: for how many of them the upstream is to blame now.
    package mutating func idlePingFailed(_ upstream: Int, now: Instant, window: TimeSpan) -> Int {
        guard breakers.indices.contains(upstream) else { return 0 }
        return breakers[upstream].idlePings.failed(now: now, window: window)
    }

    /// A pool waits until an upstream is back.
    package mutating func addWaiting(_ pool: PoolID, for upstream: Int, in pools: borrowing Pools) {
        guard waiting.indices.contains(upstream) else { return }
        waiting[upstream].append(pool)
        // Pools that ended during a long outage are still listed: they must not add up.
        if waiting[upstream].count > 2 * pools.count + 64 {
            waiting[upstream] = waiting[upstream].filter { pools.contains($0) }
        }
    }

    /// Takes the pools that waited until an upstream was back.
    package mutating func takeWaiting(_ upstream: Int) -> [PoolID] {
        guard waiting.indices.contains(upstream) else { return [] }
        let pools = waiting[upstream]
        waiting[upstream] = []
        return pools
    }

    /// Another table comes into force: nobody waits, and what is known is kept of upstreams that are the same.
    ///
    /// - Parameter kept: the new place of each old one; nil where nothing is kept.
    package mutating func move(to count: Int, kept: [Int?]) {
        var moved = Array(repeating: Breaker(), count: count)
        for (old, new) in kept.enumerated() where breakers.indices.contains(old) {
            if let new, moved.indices.contains(new) { moved[new] = breakers[old] }
        }
        breakers = moved
        waiting = Array(repeating: [], count: count)
    }
}
