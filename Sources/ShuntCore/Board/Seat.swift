/// A client socket's use of one route: found once, then reached without a lookup. It remembers which side serves the
/// socket's route, because a change of side waits for the exchanges that the other side still has.
package struct Seat: Sendable {
    package let client: ClientID
    package let session: SessionID
    package var route: Route
    /// Who takes the socket's next message.
    package var side: Side
    /// Where messages go; `.none` until there was one.
    package var pool = PoolID.none
    /// Sent and without an outcome, by side.
    package private(set) var sentToLegacy = 0
    package private(set) var sentToUnified = 0
    /// Where they went before the last change of side, or of the side's upstream; something may be in flight there.
    package var formerPool = PoolID.none
    /// What its messages in `pool` wait for, beside their turn: never `routePaused`, which is each message's own.
    package private(set) var gate = Gate.open
    /// Where the session stands among the steps of a rollout; `Rollout.whole` without a token: such a session is served
    /// by legacy until the share is 100 %.
    package let bucket: Int
    /// What the file says of this client's app, above everything else.
    package var override: Rollout?
    /// When a message came last; nil before the first.
    package var lastUsed: Instant?
    /// The conversation id that was made for this session and route, as a JSON value; empty until one was needed.
    package var madeConversation: [UInt8] = []
    /// The ids that backends gave to the conversation that the client does not name, by their side; empty: none.
    package var namedByLegacy: [UInt8] = []
    package var namedByUnified: [UInt8] = []
    /// The conversation id that the client sent last, or was given, as a JSON value: the next one is mostly the same.
    package var lastConversation: [UInt8] = []
    /// Where its use is counted today; of the past until it says something.
    package var use = UseID.none

    package func sent(to side: Side) -> Int { side == .legacy ? sentToLegacy : sentToUnified }

    /// The conversation that messages without an id are of, for a side: the one that its backend named, else the one that
    /// was made; nil where none was made yet.
    ///
    /// - Parameter side: nil is the side that serves the seat.
    mutating func unnamedConversation(by side: Side?) -> (id: [UInt8], naming: Exchange.Naming)? {
        // Looked at where they are: what is bound to a name is counted.
        if (side ?? self.side) == .legacy {
            if !namedByLegacy.isEmpty { return (namedByLegacy, .backend) }
        } else if !namedByUnified.isEmpty {
            return (namedByUnified, .backend)
        }
        return madeConversation.isEmpty ? nil : (madeConversation, .made)
    }

    /// Changes to a side, over this pool; what is under way elsewhere must end first.
    mutating func change(to side: Side, over new: PoolID) {
        self.side = side
        // Back on the side that it left before all was over there, and its place there is another by now.
        if sent(to: side) > 0, new != formerPool { gate = .previousConnection }
        formerPool = pool
        pool = new
        regate()
    }

    /// What it sends next waits for what it has under way over a connection that is replaced.
    ///
    /// - Returns: whether something waits for that already, or will.
    mutating func awaitPreviousConnection(to side: Side) -> Bool {
        guard sent(to: side) > 0 else { return false }
        gate = .previousConnection
        // On the other side it waits for that already, and may come back meanwhile.
        return self.side == side
    }

    /// Opens the gate where nothing must end first any more.
    ///
    /// - Returns: whether it was shut until now.
    mutating func openGate() -> Bool {
        guard gate != .open else { return false }
        regate()
        return gate == .open
    }

    private mutating func regate() {
        let awaitsOther = sent(to: side.other) > 0
        if gate == .previousConnection, awaitsOther || sent(to: side) > 0 { return }
        gate = awaitsOther ? .otherSide : .open
    }

    /// Whether something that was sent must end before anything else is sent.
    package var mustWait: Bool { sent(to: side.other) > 0 || gate == .previousConnection && sent(to: side) > 0 }

    /// Where a message goes that is passed through, and what it waits for.
    struct NextPlace {
        let pool: PoolID
        let session: SessionID
        let route: Route
        let gate: Gate
    }

    /// A message came that is passed through.
    @inline(__always)
    mutating func placeOfNext(at now: Instant) -> NextPlace {
        lastUsed = now
        return NextPlace(pool: pool, session: session, route: route, gate: gate)
    }

    /// Where messages go, and what they wait for.
    @inline(__always)
    mutating func nextPlace() -> (pool: PoolID, gate: Gate) { (pool, gate) }

    /// A message came for it.
    ///
    /// - Returns: where messages go.
    mutating func wasUsed(_ now: Instant) -> PoolID {
        lastUsed = now
        return pool
    }

    /// An exchange was sent to this side.
    mutating func sent(_ side: Side) { count(1, side) }

    /// An exchange that was sent to this side has its outcome, or waits again.
    ///
    /// - Returns: whether its messages wait for more than a connection.
    mutating func ended(_ side: Side) -> Bool {
        count(-1, side)
        return gate != .open
    }

    private mutating func count(_ change: Int, _ side: Side) {
        if side == .legacy { sentToLegacy += change } else { sentToUnified += change }
    }
}

/// Where a client's seat is, by its route.
package struct SeatPlace: Sendable {
    /// `Route.index`, so that finding a seat touches nothing else.
    package var routeIndex: Int
    package let seat: SeatID
}
