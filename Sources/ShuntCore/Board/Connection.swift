/// An upstream connection, from its dial to its end.
///
/// dialling → (opening →) ready → retired → gone; any → gone. Opening: first words are said, clients' messages wait.
/// Retired: no new messages, the outstanding ones may finish.
package struct Connection: Sendable {
    package enum State: UInt8, Sendable { case dialling, opening, ready, retired }

    /// Why it was dialled.
    package enum Occasion: UInt8, Sendable {
        /// A client of a legacy endpoint comes, whose own it is.
        case arrival
        case messageWaits
        /// No message waits: somebody only listens.
        case listening
    }

    package let pool: PoolID
    package var upstream: Upstream
    /// The upstream's index in the table in force; -1 when that has it no more.
    package var upstreamIndex: Int
    package let passage: Passage
    package let occasion: Occasion
    /// The socket that caused the dial, by a message or because it listens.
    package let dialledFor: ClientID
    /// What it was dialled with; nil for a client without a token.
    package let credential: Credential?
    package var state = State.dialling
    /// In state `opening`.
    package var opening: Opening?
    /// Sent and not ended, oldest first; abandoned ones keep their place.
    package private(set) var unanswered = ExchangeList()
    /// How many of them still await an outcome.
    package private(set) var inFlight = 0
    package var congested = false
    package private(set) var readingStopped = false
    /// A reply came on it: it is past its greetings, and its loss is no failed dial.
    package var replied = false
    /// A message of any kind came on it: from here on the backend may have read what is written.
    package var hasSpoken = false
    package var keepalive: Keepalive
    /// A reply on it carried the correlation member.
    package var carriesField = false
    package var idleSince: Instant
    /// The end of its lifetime, jittered.
    package var retireAt = Instant.distantFuture
    package var armed = Instant.distantFuture

    package init(
        pool: PoolID, upstream: Upstream, passage: Passage, dialledFor: (client: ClientID, credential: Credential?),
        occasion: Occasion, now: Instant
    ) {
        self.pool = pool
        self.upstream = upstream
        upstreamIndex = upstream.index
        self.passage = passage
        self.occasion = occasion
        self.dialledFor = dialledFor.client
        credential = dialledFor.credential
        keepalive = Keepalive(now: now)
        idleSince = now
    }

    /// What passes over it is one client's own.
    package var isPassthrough: Bool { !passage.isRouted }

    /// Whether the connection is dialled for a client that was greeted when it came: what the backend says first was said before.
    package var isRedial: Bool { isPassthrough && occasion != .arrival }

    /// Bytes go over it as they are: neither messages nor pings are seen.
    package var isRaw: Bool { passage.isRaw }

    /// A message of the backend came. Returns nothing where none can have come yet.
    ///
    /// - Parameter isEarly: set where it is the first one on this connection, or one of the first words.
    mutating func noteActivity(_ now: Instant, isEarly: inout Bool) -> (upstream: Upstream, isRouted: Bool)? {
        guard state != .dialling else { return nil }
        if !hasSpoken || state == .opening {
            hasSpoken = true
            isEarly = true
        }
        keepalive.heard(now)
        return (upstream, passage.isRouted)
    }

    /// Whether it takes a message now.
    @inline(__always)
    mutating func takes(maxInFlight: Int) -> Bool { state == .ready && !congested && inFlight < maxInFlight }

    /// The pool and the one client of a connection that messages are passed over; nil where they are routed.
    @inline(__always)
    mutating func ownClient() -> (pool: PoolID, client: ClientID)? { passage.client.map { (pool, $0) } }

    /// A reply came.
    ///
    /// - Returns: the oldest exchange that is unanswered; `.none` for none.
    @inline(__always)
    mutating func replyCame() -> ExchangeID {
        replied = true
        return unanswered.head
    }

    /// Whether it only waited for what is over now.
    @inline(__always)
    mutating func isFinished() -> Bool { state == .retired && inFlight == 0 }

    /// How long a message that is passed over it may stay unanswered, and how many are; nil where it takes none now.
    @inline(__always)
    mutating func room() -> (timeout: TimeSpan, unanswered: Int)? {
        guard state == .ready, !congested else { return nil }
        return (upstream.exchangeTimeout, unanswered.count)
    }

    /// An exchange was written to it.
    ///
    /// - Returns: whether its timer stands later than that exchange's deadline.
    mutating func sent(_ id: ExchangeID, in exchanges: inout Exchanges, deadline: Instant) -> Bool {
        unanswered.append(id, in: &exchanges)
        inFlight += 1
        return armed > deadline
    }

    /// An exchange that was written to it is over, or goes back to where it waited.
    ///
    /// - Parameter isAwaited: somebody still waited for its outcome.
    /// - Returns: whether nothing is unanswered any more.
    mutating func ended(_ id: ExchangeID, isAwaited: Bool, in exchanges: inout Exchanges) -> Bool {
        unanswered.remove(id, in: &exchanges)
        if isAwaited { inFlight -= 1 }
        return unanswered.isEmpty
    }

    /// Nothing is unanswered any more.
    ///
    /// - Returns: whether its timer stands later than the end of its idle time.
    @inline(__always)
    mutating func becameIdle(_ now: Instant) -> Bool {
        idleSince = now
        return armed > now + upstream.idleTimeout
    }

    /// Nobody waits for one of its exchanges any more, whose answer may come yet.
    mutating func abandoned() { inFlight -= 1 }

    /// Nothing of it is read on, whatever its end does to its client.
    mutating func willEnd() { readingStopped = false }

    /// Stops reading the connection, or goes on.
    ///
    /// - Returns: whether that is news. Pongs are not read either: silence says nothing until reading goes on.
    mutating func setReading(stopped: Bool, now: Instant) -> Bool {
        guard state != .dialling, readingStopped != stopped else { return false }
        readingStopped = stopped
        keepalive.heard(now)
        return true
    }

    /// Nobody waits for anything of it, and what it says is read: that it answers no ping ends it at no cost.
    var isReplaceable: Bool { inFlight == 0 && passage.isRouted && !readingStopped }

    /// The earliest of its own deadlines, but for those of its exchanges.
    package var nextDeadline: Instant {
        guard state != .dialling, !isRaw else { return .distantFuture }
        if state == .opening, let opening { return opening.deadline }
        let settings = upstream.settings
        var earliest = keepalive.deadline(settings.keepalive)
        if isPassthrough { return earliest }
        if unanswered.isEmpty { earliest = min(earliest, idleSince + settings.idleTimeout) }
        if state == .ready { earliest = min(earliest, retireAt) }
        return earliest
    }
}

/// The upstream connections, and the greetings that are kept of some for sockets that come later.
@safe
package struct Links: ~Copyable {
    private var table = SlotTable<Connection, ConnectionTag>()
    /// By connection, where there are any.
    private var greetings: [ConnectionID: KeptGreetings] = [:]
    /// Bytes of the greetings that are kept.
    package private(set) var greetingBytes = 0

    package init() {}

    package var count: Int { table.count }
    package var ids: [ConnectionID] { table.ids }

    /// The connection, or nil where the id is of the past. Assigning to its fields works in place.
    @inline(__always)
    package subscript(_ id: ConnectionID) -> Connection? {
        unsafeAddress { unsafe UnsafePointer(table.address(of: id)) }
        unsafeMutableAddress { unsafe table.address(of: id) }
    }

    /// Where it is, as `SlotTable.at` has it.
    @inline(__always)
    package func at(_ id: ConnectionID) -> SlotPlace<Connection>? { table.at(id) }

    package func contains(_ id: ConnectionID) -> Bool { table.contains(id) }

    package mutating func insert(_ connection: consuming Connection) -> ConnectionID { table.insert(connection) }

    /// Removes a connection with what was kept of it.
    package mutating func remove(_ id: ConnectionID) -> Connection? {
        if greetingBytes > 0, let kept = greetings.removeValue(forKey: id) { greetingBytes -= kept.bytes }
        return table.remove(id)
    }

    /// Gives back what a burst needed.
    package mutating func shrink() {
        table.shrink()
        greetings.shrink()
    }

    /// What is kept of a connection's greetings.
    package func greetings(of id: ConnectionID) -> KeptGreetings? { greetings[id] }

    /// Keeps a greeting of a connection.
    ///
    /// - Parameter type: what it says of its kind, as a JSON value.
    package mutating func keep(_ greeting: [UInt8], type: [UInt8], of id: ConnectionID, _ rules: ReplyRules) {
        var kept = greetings[id] ?? KeptGreetings()
        greetingBytes -= kept.bytes
        kept.keep(greeting, type: type, rules)
        greetingBytes += kept.bytes
        greetings[id] = kept.list.isEmpty ? nil : kept
    }
}
