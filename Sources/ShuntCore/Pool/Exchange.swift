/// One client message on its way, until its outcome.
///
/// queued → sent → ended; queued → ended; sent → abandoned (its client was told, the reply may still come and must not
/// be taken for another's) → ended.
///
/// It is made by the initializer that the compiler writes: one written by hand costs a copy of each new exchange, with a
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
    package var state = State.queued
    /// Where it was sent to.
    package var side = Side.legacy
    /// No reply is expected: it ends when it is sent, and takes no place in flight.
    package var oneWay = false
    /// The client's conversation id, the backend's, or the one that was made, as a JSON value.
    package var conversation: [UInt8] = []
    package var naming = Naming.client
    /// The value of the correlation member as sent, as a JSON value; empty for fifo.
    package var correlation: [UInt8] = []
    /// It was accepted to be passed through as it is: nothing of it was looked at. Where it goes in the end, the side
    /// decides that serves its socket when it is sent.
    package var isPassed = false
    /// What errors about it repeat of the client's message: members as they stand in JSON, each behind a comma.
    package var echo: [UInt8] = []
    package var kind = MessageKind.text
    /// Since when it waits for its route's resume.
    package var pausedSince: Instant?
    /// The original message while it waits, or while it may have to be sent again.
    package var held: [UInt8] = []
    package var size = 0
    /// The pool's clock of unready time when the exchange was queued.
    package var unreadyAtStart = TimeSpan.zero
    /// How long it has waited for the other side, before its socket changed to this one.
    package var waitedThere = TimeSpan.zero
    /// It stands behind messages of its socket on a side that is not its conversation's: it waits for them, and not yet
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
    /// It was taken over by another socket than the one that sent it.
    package var adopted = false

    package var previous = ExchangeID.none
    package var next = ExchangeID.none

    /// It waits for the other side from now on: for as long as it has not waited for that before.
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
        let held: Int
        let sentAt: Instant
        let isAnswered: Bool
    }

    var place: Place {
        Place(
            account: account, state: state, connection: connection, seat: seat, side: side, size: size,
            held: held.count, sentAt: sentAt, isAnswered: isAnswered)
    }

    /// It was written.
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

    /// It stands between these two in a list.
    mutating func link(_ before: ExchangeID, _ behind: ExchangeID) {
        previous = before
        next = behind
    }

    /// It stands in no list any more.
    ///
    /// - Returns: the two between which it stood.
    mutating func unlink() -> (before: ExchangeID, behind: ExchangeID) {
        let neighbours = (previous, next)
        link(.none, .none)
        return neighbours
    }
}

/// Exchanges in order, linked through themselves: a queue that never allocates and gives up any member at once.
package struct ExchangeList: Sendable {
    package private(set) var head = ExchangeID.none
    package private(set) var tail = ExchangeID.none
    package private(set) var count = 0
    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ id: ExchangeID, in exchanges: inout SlotTable<Exchange, ExchangeTag>) {
        exchanges[id]?.link(tail, .none)
        if tail.isNone { head = id } else { exchanges[tail]?.next = id }
        tail = id
        count += 1
    }

    package mutating func prepend(_ id: ExchangeID, in exchanges: inout SlotTable<Exchange, ExchangeTag>) {
        exchanges[id]?.link(.none, head)
        if head.isNone { tail = id } else { exchanges[head]?.previous = id }
        head = id
        count += 1
    }

    package mutating func remove(_ id: ExchangeID, in exchanges: inout SlotTable<Exchange, ExchangeTag>) {
        guard let (before, behind) = exchanges[id]?.unlink() else { return }
        if before.isNone { head = behind } else { exchanges[before]?.next = behind }
        if behind.isNone { tail = before } else { exchanges[behind]?.previous = before }
        count -= 1
    }
}
