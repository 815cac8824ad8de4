/// What waits for a pool's connection, oldest first, and what is known of all of it so that most need not walk it.
package struct Line: Sendable {
    package private(set) var list = ExchangeList()
    package private(set) var bytes = 0
    /// Some of it may wait for more than a connection: its gate is not open, or it is not its turn yet.
    package private(set) var hasGated = false
    /// Some of it may wait for its route's resume.
    package private(set) var hasPaused = false
    /// Some of it needs no place in flight.
    package private(set) var hasOneWay = false

    /// Time during which messages waited and no connection was ready for them, up to `unreadySince`.
    private var unreadyTotal = TimeSpan.zero
    private var unreadySince: Instant?

    package init() {}

    package var isEmpty: Bool { list.isEmpty }
    package var count: Int { list.count }
    package var head: ExchangeID { list.head }

    /// A message waits from now on, behind all others.
    package mutating func append(_ id: ExchangeID, in exchanges: inout Exchanges) {
        list.append(id, in: &exchanges)
        count(id, in: &exchanges)
    }

    /// A message waits again, before all others.
    package mutating func prepend(_ id: ExchangeID, in exchanges: inout Exchanges) {
        list.prepend(id, in: &exchanges)
        count(id, in: &exchanges)
    }

    private mutating func count(_ id: ExchangeID, in exchanges: inout Exchanges) {
        guard let entry = exchanges[id]?.entry else { return }
        bytes += entry.size
        if entry.isOneWay { hasOneWay = true }
        if entry.isPaused {
            hasGated = true
            hasPaused = true
        }
    }

    /// A message waits no more.
    package mutating func remove(_ id: ExchangeID, in exchanges: inout Exchanges) {
        guard let size = exchanges[id]?.size else { return }
        list.remove(id, in: &exchanges)
        bytes -= size
    }

    /// Some of it waits for more than a connection from now on.
    package mutating func gate() { hasGated = true }

    /// Some of it waits for its route's resume from now on.
    package mutating func pause() {
        hasGated = true
        hasPaused = true
    }

    /// None of it waits for its route's resume any more.
    package mutating func resume() { hasPaused = false }

    /// Nothing waits: its clock of unready time stands still from now on.
    mutating func rest(now: Instant) {
        hasGated = false
        hasPaused = false
        hasOneWay = false
        setReady(true, now: now)
    }

    // MARK: The clock of unready time

    /// How long messages waited with no connection ready for them: `queue.timeout` is measured on it, so that waiting
    /// behind an exchange in flight costs nothing.
    package func unreadyTime(now: Instant) -> TimeSpan {
        guard let unreadySince else { return unreadyTotal }
        return unreadyTotal + (now - unreadySince)
    }

    /// Whether nothing of it waits for a connection, as far as was said.
    package var isReady: Bool { unreadySince == nil }

    package mutating func setReady(_ ready: Bool, now: Instant) {
        if ready {
            // Field by field: asking for `unreadyTime` here copies the line, on the path of every reply.
            if let since = unreadySince { unreadyTotal = unreadyTotal + (now - since) }
            unreadySince = nil
        } else if unreadySince == nil {
            unreadySince = now
        }
    }

    /// When a message has waited long enough; never while a connection is ready.
    ///
    /// - Parameter started: the clock's time when the message began to wait.
    package func deadline(started: TimeSpan, timeout: TimeSpan) -> Instant {
        guard let unreadySince else { return .distantFuture }
        let waited = TimeSpan(nanoseconds: unreadyTotal.nanoseconds &- started.nanoseconds)
        return unreadySince + TimeSpan(nanoseconds: timeout.nanoseconds &- waited.nanoseconds)
    }
}
