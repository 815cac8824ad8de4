/// The thing that a timer is for.
package enum TimerKey: Sendable, Equatable {
    case client(ClientID)
    case connection(ConnectionID)
    case pool(PoolID)
    case session(SessionID)
    case drain
    /// Dropped messages that are to be said.
    case unlisted
}

/// Coarse timers that cost nothing per message.
///
/// An owner is armed for the earliest of its deadlines and works out the next one only when it is looked at; a deadline
/// that moves later needs no call at all. Owners keep the time they are armed for in an `Instant` of their own. A
/// deadline past the horizon is looked at there, and the owner arms anew. An owner that is looked at before the time
/// that it is armed for was armed for a later time first: it ignores that entry, so that entries do not add up.
package struct TimerWheel<Key: Sendable>: Sendable {
    /// How late a timer may be.
    @inline(__always)
    package static var granularity: TimeSpan { TimeSpan(nanoseconds: 10_000_000) }
    /// Slots; the horizon is slots × granularity.
    @inline(__always)
    private static var slotCount: Int { 1024 }

    private var slots: [[Key]] = Array(repeating: [], count: slotCount)
    /// Number of the slot period that was looked at last.
    private var period: Int64 = 0
    private var count = 0
    /// The time of the first entry; `.distantFuture` when there is none.
    package private(set) var earliest = Instant.distantFuture

    package init() {}

    private static func period(of instant: Instant) -> Int64 { instant.nanoseconds / granularity.nanoseconds }

    /// Arms `key` for `deadline` unless `armed` says that it is looked at by then anyway.
    @inline(__always)
    package mutating func arm(_ key: Key, at deadline: Instant, armed: inout Instant) {
        // `armed` is the end of a slot: whatever is due within that slot is looked at then.
        if armed.nanoseconds &- Self.granularity.nanoseconds <= deadline.nanoseconds { return }
        add(key, at: deadline, armed: &armed)
    }

    private mutating func add(_ key: Key, at deadline: Instant, armed: inout Instant) {
        if deadline == .distantFuture { return }
        // Rounded up, so that a timer is late rather than early; past the horizon it is looked at there and arms anew.
        let wanted = Self.period(of: deadline) &+ 1
        let due = min(max(wanted, period &+ 1), period &+ Int64(Self.slotCount) - 1)
        slots[Int(due % Int64(Self.slotCount))].append(key)
        count += 1
        armed = Instant(nanoseconds: due &* Self.granularity.nanoseconds)
        if armed < earliest { earliest = armed }
    }

    /// Moves on to `now` and appends everything that is due to `due`.
    package mutating func advance(to now: Instant, due: inout [Key]) {
        let target = Self.period(of: now)
        guard target > period else { return }
        let steps = min(target - period, Int64(Self.slotCount))
        if count > 0 {
            for step in 1...steps {
                let index = Int((period &+ step) % Int64(Self.slotCount))
                if slots[index].isEmpty { continue }
                due.append(contentsOf: slots[index])
                count -= slots[index].count
                slots[index].removeAll(keepingCapacity: slots[index].count <= 64)
            }
        }
        period = target
        findEarliest()
    }

    /// Gives back the memory of empty slots.
    package mutating func shrink() {
        for index in slots.indices where slots[index].isEmpty { slots[index] = [] }
    }

    private mutating func findEarliest() {
        earliest = .distantFuture
        if count == 0 { return }
        for step in 1..<Int64(Self.slotCount) where !slots[Int((period &+ step) % Int64(Self.slotCount))].isEmpty {
            earliest = Instant(nanoseconds: (period &+ step) &* Self.granularity.nanoseconds)
            return
        }
    }

    /// Starts the wheel at the clock's present time, so that the first deadlines are not cut at the horizon.
    package mutating func start(at now: Instant) {
        if count == 0 && period == 0 { period = max(0, Self.period(of: now) - 1) }
    }
}
