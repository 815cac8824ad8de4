/// What time and people do. Here, and in the events of clients and of connections, an event is told to one machine after
/// the other; at its end, what it left to do is done.
extension Switchboard {
    package mutating func tick(_ turn: inout Turn) {
        var due = self.due
        self.due = []
        wheel.advance(to: turn.now, due: &due)
        for key in due {
            switch key {
            case .client(let id): deadlineReached(for: id, &turn)
            case .connection(let id): deadlineReached(for: id, &turn)
            case .pool(let id): deadlineReached(for: id, &turn)
            case .session(let id): deadlineReached(for: id, &turn)
            case .drain: endDrain(&turn)
            case .unlisted: sayUnlisted(&turn)
            }
        }
        due.removeAll(keepingCapacity: due.count <= 1024)
        self.due = due
        runAgenda(&turn)
    }

    /// Another routing table comes into force.
    ///
    /// - Parameter spread: over how long sockets of endpoints that are no more are closed.
    package mutating func tableChanged(
        to new: RoutingTable, spread: TimeSpan, _ turn: inout Turn
    ) {
        bringIntoForce(new, spread: spread, &turn)
        runAgenda(&turn)
    }

    /// A route's connections are replaced as they become idle. A client that is passed through keeps its socket.
    package mutating func reconnect(route index: Int, _ turn: inout Turn) {
        reconnectAll(of: index, &turn)
        runAgenda(&turn)
    }

    /// A graceful stop begins: new messages are refused with `draining`, exchanges in flight may end until
    /// `drain.exchanges`, then sockets close with 1012, spread.
    package mutating func drain(_ settings: DrainSettings, _ turn: inout Turn) {
        beginDrain(settings, &turn)
        runAgenda(&turn)
    }

    /// The wall clock says so. To be told from time to time while `hasBrownouts`, and after each change of the table: what
    /// counts is only which windows are in force now, so that a clock may jump.
    package mutating func wallClock(_ wall: UnixTime, _ turn: inout Turn) {
        applyBrownouts(at: wall, &turn)
        runAgenda(&turn)
    }

    /// Use is counted from now on.
    ///
    /// - Parameters:
    ///   - maxClients: apps, versions and origins that are counted by name on a day; the rest is `other`.
    ///   - key: of the keyed hash that stands for a session in a sketch: the same for all workers and processes that
    ///     write into one ledger.
    ///   - wall: what the wall clock says now.
    package mutating func countUsage(maxClients: Int, key: (UInt64, UInt64), now: Instant, wall: UnixTime) {
        usage.begin(maxClients: maxClients, hashKey: key, now: now, wall: wall)
    }

    /// What was counted since this was called last, by UTC day; empty where use is not counted.
    ///
    /// - Parameter wall: what the wall clock says now. It may have jumped: what came before was dated by what it said
    ///   then.
    package mutating func takeUsage(now: Instant, wall: UnixTime) -> UsageBatch {
        usage.take(now: now, wall: wall)
    }
}
