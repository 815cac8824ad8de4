/// The tag of `UseID`.
package enum UseTag: Sendable {}
/// The line that counts a seat's use today.
package typealias UseID = SlotID<UseTag>

/// Counts of one key on the day in hand.
struct UsageLine: Sendable {
    let key: UsageKey
    var sockets = 0
    var messages = 0
    var replies = 0
    var bytesIn = 0
    var bytesOut = 0
    var errors = 0
    var sessions = DistinctSketch()
    var first: Instant
    var last: Instant

    init(key: UsageKey, now: Instant) {
        self.key = key
        first = now
        last = now
    }

    @inline(__always)
    mutating func heard(_ count: Int, bytes: Int, _ now: Instant) {
        messages &+= count
        bytesIn &+= bytes
        last = now
    }

    @inline(__always)
    mutating func said(_ count: Int, bytes: Int) {
        replies &+= count
        bytesOut &+= bytes
    }
}

/// A worker's part of the ledger: what is counted between two flushes. A message is a few additions to the line that its
/// seat points at; a line is looked for only when a seat first speaks on a day.
///
/// The day is that of the wall clock, which the worker hands in at every flush; in between it goes by the monotonic clock.
/// When the wall clock jumps, what came before is written with the day that it was then.
struct UsageTally: ~Copyable {
    private(set) var isOn = false
    private(set) var day = UsageDay(number: 0)
    private(set) var dayEnds = Instant.distantFuture
    /// Key of the hash that stands for a session.
    private(set) var hashKey: (UInt64, UInt64) = (0, 0)
    var lines = SlotTable<UsageLine, UseTag>()
    private var byKey: [UsageKey: UseID] = [:]
    private var callers = CallerBound(most: 0)
    /// Rows of days that are over.
    private var past: [UsageRow] = []
    /// Milliseconds from the monotonic clock to the wall's.
    private var offset: Int64 = 0

    mutating func begin(maxClients: Int, hashKey: (UInt64, UInt64), now: Instant, wall: UnixTime) {
        callers = CallerBound(most: maxClients)
        self.hashKey = hashKey
        isOn = true
        setWall(wall, now: now)
    }

    /// The line of a key, on the day in hand.
    mutating func line(for key: UsageKey, now: Instant) -> UseID {
        let key = callers.bounded(key)
        if let known = byKey[key] { return known }
        let made = lines.insert(UsageLine(key: key, now: now))
        byKey[key] = made
        return made
    }

    /// The day in hand is over.
    mutating func turnDay(at now: Instant) {
        endDay()
        setDay(UsageDay(wall(at: now)), now: now)
    }

    /// Takes what was counted; the wall clock says `wall` now.
    mutating func take(now: Instant, wall: UnixTime) -> UsageBatch {
        guard isOn else { return UsageBatch() }
        if now >= dayEnds { turnDay(at: now) }
        for id in lines.ids { cut(id) }
        setWall(wall, now: now)
        var batch = UsageBatch()
        swap(&batch.rows, &past)
        return batch
    }

    private mutating func setWall(_ wall: UnixTime, now: Instant) {
        offset = wall.milliseconds &- now.nanoseconds / 1_000_000
        let today = UsageDay(wall)
        if today != day { endDay() }
        setDay(today, now: now)
    }

    private mutating func setDay(_ day: UsageDay, now: Instant) {
        self.day = day
        let left = day.adding(1).start.milliseconds &- wall(at: now).milliseconds
        // At least a moment, so that a clock out of all reason does not end a day with every message.
        dayEnds = now + .milliseconds(max(left, 1))
    }

    private func wall(at instant: Instant) -> UnixTime {
        UnixTime(milliseconds: instant.nanoseconds / 1_000_000 &+ offset)
    }

    private mutating func endDay() {
        for id in lines.ids {
            cut(id)
            lines.discard(id)
        }
        byKey.removeAll(keepingCapacity: true)
        callers.forget()
    }

    /// Makes a row of what a line counted since it was cut last.
    private mutating func cut(_ id: UseID) {
        guard let line = lines[id], line.messages > 0 || line.replies > 0 || line.errors > 0 else { return }
        var counts = UsageCounts()
        counts.sockets = line.sockets
        counts.messages = line.messages
        counts.replies = line.replies
        counts.bytesIn = line.bytesIn
        counts.bytesOut = line.bytesOut
        counts.errors = line.errors
        counts.sessions = line.sessions
        counts.firstSeen = wall(at: line.first)
        counts.lastSeen = wall(at: line.last)
        past.append(UsageRow(day: day, key: line.key, counts: counts))
        var next = UsageLine(key: line.key, now: line.first)
        next.last = line.last
        lines[id] = next
    }
}
