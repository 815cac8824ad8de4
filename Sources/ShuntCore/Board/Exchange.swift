/// One client message on its way, until its outcome.
///
/// queued → sent → ended; queued → ended; sent → abandoned (its client was told, the reply may still come and must not
/// be taken for another's) → ended.
///
/// Exchanges are made by the initializer that the compiler writes: one written by hand costs a copy of each new exchange, with a
/// count for all that it refers to.
package struct Exchange: Sendable {
    package enum State: UInt8, Sendable { case queued, sent, abandoned }

    /// Who named its conversation: its client; nobody, so that an id was made; a backend, where its client did not.
    package enum Naming: UInt8, Sendable { case client, made, backend }

    /// Whose outcome it is: the socket that sent it or, when that was gone, the session's next one.
    package var client: ClientID
    package let session: SessionID
    /// Changes with the side that serves it, as long as it is not sent.
    package var pool: PoolID
    /// The socket's use of the route; one of the past when the socket is gone.
    package let seat: SeatID
    package var route: Route
    /// Where it came in, which is where its outcome goes and whose form that has; nil for the unified endpoint.
    package var endpoint: Endpoint?
    package private(set) var state = State.queued
    /// Where it was sent to.
    package var side = Side.legacy
    /// No reply is expected: it ends when it is sent, and takes no place in flight.
    package var oneWay = false
    /// The client's conversation id, the backend's, or the one that was made, as a JSON value.
    package var conversation: [UInt8] = []
    package var naming = Naming.client
    /// The value of the correlation member as sent, as a JSON value; empty for fifo.
    package var correlation: [UInt8] = []
    /// Whether the message was accepted to be passed through as it is: nothing of it was looked at. Where it goes in the end, the side
    /// decides that serves its socket when it is sent.
    package var isPassed = false
    /// What errors about it repeat of the client's message: members as they stand in JSON, each behind a comma.
    package var echo: [UInt8] = []
    package var kind = MessageKind.text
    /// Since when it waits for its route's resume.
    package var pausedSince: Instant?
    /// The original message while it waits, or while it may have to be sent again.
    package fileprivate(set) var held: [UInt8] = []
    package var size = 0
    /// The pool's clock of unready time when the exchange was queued.
    package var unreadyAtStart = TimeSpan.zero
    /// How long it has waited for the other side, before its socket changed to this one.
    package var waitedThere = TimeSpan.zero
    /// Whether the message stands behind others of its socket on a side that is not its conversation's: it waits for them, not yet
    /// for a connection.
    package var isAstray = false
    package var connection = ConnectionID.none
    /// When the write happened, or the last part of a stream came.
    package var sentAt = Instant(nanoseconds: 0)
    package var retried = false
    /// When the first part of its reply came.
    package var firstPart = Instant.distantFuture
    /// Since when it is known that its client is gone while its session has other sockets; only for streams.
    package var orphaned = Instant.distantFuture
    /// A part of its reply came.
    package var isAnswered: Bool { firstPart != .distantFuture }
    /// When it began to wait; nothing for one that was sent at once.
    package var queuedAt: Instant?
    /// Whether the message was alone on its connection when it was sent, and no reply came yet. Of others that are passed through, whose
    /// replies are told apart by their order only, nobody knows how long they took.
    package private(set) var isTimed = true
    /// How many more it stands for, where it is passed through and too many are unanswered to tell them apart.
    package private(set) var further = 0
    /// Whether another socket took the exchange over from the one that sent the message.
    package var adopted = false

    /// The neighbours in the list that the exchange stands in.
    package private(set) var previous = ExchangeID.none
    package private(set) var next = ExchangeID.none

    /// Waits for the other side from now on: for as long as it has not waited for that before.
    ///
    /// - Parameters:
    ///   - started: the clock of unready time of the pool that it comes to.
    ///   - left: that of the pool that it leaves.
    mutating func turn(started: TimeSpan, left: TimeSpan) {
        let waited = isAstray ? .zero : TimeSpan(nanoseconds: left.nanoseconds &- unreadyAtStart.nanoseconds)
        unreadyAtStart = TimeSpan(nanoseconds: started.nanoseconds &- waitedThere.nanoseconds)
        waitedThere = waited
    }

    /// An exchange of nobody: what lists and tables need to see of one.
    package static func ofNobody(on route: Route) -> Exchange {
        Exchange(client: .none, session: .none, pool: .none, seat: .none, route: route)
    }

    /// Who waits for its outcome.
    struct Account: Sendable {
        let client: ClientID
        let session: SessionID
        let pool: PoolID
        let adopted: Bool
    }

    var account: Account { Account(client: client, session: session, pool: pool, adopted: adopted) }

    /// Where it stands: all that its end needs to know, read at once.
    struct Place: Sendable {
        let account: Account
        let state: State
        let connection: ConnectionID
        let seat: SeatID
        let side: Side
        let size: Int
        let sentAt: Instant
        let isAnswered: Bool
        let isTimed: Bool
        let isPassed: Bool
    }

    var place: Place {
        Place(
            account: account, state: state, connection: connection, seat: seat, side: side, size: size,
            sentAt: sentAt, isAnswered: isAnswered, isTimed: isTimed,
            isPassed: isPassed)
    }

    /// What a line that it stands in has to know of it.
    struct Entry: Sendable {
        let size: Int
        let isOneWay: Bool
        let isPaused: Bool
    }

    var entry: Entry { Entry(size: size, isOneWay: oneWay && !isPassed, isPaused: pausedSince != nil) }

    /// Others are in flight on the connection that it is passed over.
    mutating func isNotAlone() { isTimed = false }

    /// Notes that the message was written.
    ///
    /// - Returns: its seat, and whether no reply is expected.
    mutating func wasSent(
        over connection: ConnectionID, to side: Side, at now: Instant
    ) -> (seat: SeatID, isOneWay: Bool) {
        self.side = side
        self.connection = connection
        state = .sent
        sentAt = now
        return (seat, oneWay)
    }

    /// A part of its reply was passed back.
    mutating func passedPartCame() { isTimed = false }

    /// A further message was passed through that it stands for.
    mutating func standsForAnother(at now: Instant) {
        further += 1
        sentAt = now
    }

    /// A reply ends one of those that it stands for.
    ///
    /// - Returns: whether others are left.
    mutating func answeredOne() -> Bool {
        guard further > 0 else { return false }
        further -= 1
        isTimed = false
        return true
    }

    /// Notes that the client was told that the time is over; the reply may come yet.
    mutating func wasAbandoned() { state = .abandoned }

    /// What was written is to be sent again.
    ///
    /// - Parameter pool: where it waits.
    mutating func wasPutBack(to pool: PoolID) {
        state = .queued
        self.pool = pool
        connection = .none
    }

    /// What its table counts of it: bytes that are held, and whether it was passed through.
    @inline(__always)
    fileprivate mutating func bequest() -> (held: Int, wasPassed: Bool) { (held.count, isPassed && state != .queued) }

    /// Another one stands behind it now.
    mutating func precede(_ id: ExchangeID) { next = id }

    /// Another one stands before it now.
    mutating func follow(_ id: ExchangeID) { previous = id }

    /// Stands between these two in a list.
    mutating func link(_ before: ExchangeID, _ behind: ExchangeID) {
        previous = before
        next = behind
    }

    /// Leaves its list.
    ///
    /// - Returns: the two between which it stood.
    mutating func unlink() -> (before: ExchangeID, behind: ExchangeID) {
        let neighbours = (previous, next)
        link(.none, .none)
        return neighbours
    }
}

/// The messages that were accepted and have no outcome yet, or may be answered late, and how many bytes are held of them.
@safe
package struct Exchanges: ~Copyable {
    private var table = SlotTable<Exchange, ExchangeTag>()
    /// Bytes of messages that wait, or that may have to be sent again.
    package private(set) var heldBytes = 0
    /// How many were passed through: their outcome is their backend's to give.
    package private(set) var passedCount = 0

    package init() {}

    package var count: Int { table.count }
    package var ids: [ExchangeID] { table.ids }

    /// The exchange, or nil where the id is of the past. Assigning to its fields works in place.
    @inline(__always)
    package subscript(_ id: ExchangeID) -> Exchange? {
        unsafeAddress { unsafe UnsafePointer(table.address(of: id)) }
        unsafeMutableAddress { unsafe table.address(of: id) }
    }

    /// Where it is, as `SlotTable.at` has it.
    @inline(__always)
    package func at(_ id: ExchangeID) -> SlotPlace<Exchange>? { table.at(id) }

    package func contains(_ id: ExchangeID) -> Bool { table.contains(id) }

    /// Gives back what a burst needed.
    package mutating func shrink() { table.shrink() }

    @inline(__always)
    package mutating func insert(_ exchange: consuming Exchange) -> ExchangeID { table.insert(consume exchange) }

    /// Inserts an exchange that is passed through at once.
    @inline(__always)
    package mutating func insert(passed exchange: consuming Exchange) -> ExchangeID {
        passedCount += 1
        return table.insert(consume exchange)
    }

    /// An exchange was passed through, whatever it was accepted for.
    package mutating func wasPassed(_ id: ExchangeID) {
        table[id]?.isPassed = true
        passedCount += 1
    }

    /// Keeps the message of an exchange that has none yet.
    package mutating func hold(_ bytes: [UInt8], of id: ExchangeID) {
        guard table[id]?.held.isEmpty == true else { return }
        table[id]?.held = bytes
        heldBytes += bytes.count
    }

    /// Lets go of an exchange's message: it is not sent again.
    package mutating func release(_ id: ExchangeID) {
        guard let count = table[id]?.held.count, count > 0 else { return }
        heldBytes -= count
        table[id]?.held = []
    }

    /// Removes an exchange that has its outcome and stands in no list.
    @inline(__always)
    package mutating func discard(_ id: ExchangeID) {
        guard let (held, wasPassed) = table.at(id)?.pointee.bequest() else { return }
        heldBytes -= held
        if wasPassed { passedCount -= 1 }
        table.discard(id)
    }
}
