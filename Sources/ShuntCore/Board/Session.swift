/// One authenticated user session, or one client without a token.
package struct Session: Sendable {
    /// nil for a client without a token: such a session does not outlive its socket and parks nothing.
    package let key: SessionKey?
    /// Whom rollouts and brownouts sort into a bucket; nil for a client without a token.
    package let user: SessionUser?
    /// The newest that a socket of the session showed: what dials show.
    package private(set) var credential: Credential?
    /// What is known of it; nil where nobody validated it.
    package private(set) var known: ValidatedClaims?
    /// Stands for the session in conversation ids, reports and logs.
    package let shortName: [UInt8]
    package var clients: [ClientID] = []
    package var pools: [PoolID] = []
    /// Accepted messages without an outcome, of all its sockets, gone ones included.
    package private(set) var pending = 0
    package fileprivate(set) var parked = ParkedReplies()
    package var pins = Pins()
    /// Since when it has no socket.
    package var detachedSince: Instant?
    /// What each upstream is paced at, by the upstream's index; kept over redials.
    package var paces: [Int: WindowPace] = [:]
    package var armed = Instant.distantFuture

    package init(of identity: ClientIdentity?, shortName: [UInt8]) {
        key = identity?.key
        user = identity.map { SessionUser($0.user) }
        credential = identity?.credential
        known = identity?.known
        self.shortName = shortName
    }

    /// When the credential has had its time.
    package var goodUntil: Instant { known?.goodUntil ?? .distantFuture }

    /// What is known of the session.
    package var claims: Claims { known?.claims ?? .none }

    package func isMeant(by choice: SessionChoice) -> Bool {
        switch choice {
        case .name(let name): shortName.elementsEqual(name.utf8)
        case .user(let user): known?.claims.user?.text.isText(user) ?? false
        }
    }

    /// A socket of it shows a credential, which counts from now on unless it is older than the one that is known.
    mutating func show(_ identity: ClientIdentity) {
        if known != nil, !identity.claims.areNoOlder(than: claims) { return }
        credential = identity.credential
        known = identity.known
    }

    /// A client without a token, who is a session alone.
    package var isAnonymous: Bool { key == nil }

    /// A message of one of its sockets was accepted.
    mutating func accepted() { pending += 1 }

    /// An accepted message has its outcome.
    ///
    /// - Returns: whether nobody is left who would wait for one.
    mutating func concluded() -> Bool {
        pending -= 1
        return pending == 0 && clients.isEmpty
    }
}

/// Whom rollouts and brownouts sort into a bucket. Without claims that is the token: its text shows nothing of it.
package struct SessionUser: Sendable, Hashable, Secret {
    package let name: ByteString

    init(_ name: ByteString) { self.name = name }
}

/// The sessions: found by their key, with what is parked for all of them.
@safe
package struct Sessions: ~Copyable {
    private var table = SlotTable<Session, SessionTag>()
    private var byKey: [SessionKey: SessionID] = [:]
    /// How many replies are parked, and their bytes.
    package private(set) var parkedCount = 0
    package private(set) var parkedBytes = 0

    package init() {}

    package var count: Int { table.count }
    package var ids: [SessionID] { table.ids }

    /// The session, or nil where the id is of the past. Assigning to its fields works in place.
    @inline(__always)
    package subscript(_ id: SessionID) -> Session? {
        unsafeAddress { unsafe UnsafePointer(table.address(of: id)) }
        unsafeMutableAddress { unsafe table.address(of: id) }
    }

    /// Where it is, as `SlotTable.at` has it.
    @inline(__always)
    package func at(_ id: SessionID) -> SlotPlace<Session>? { table.at(id) }

    package func contains(_ id: SessionID) -> Bool { table.contains(id) }

    package func found(by key: SessionKey) -> SessionID? { byKey[key] }

    package mutating func insert(_ session: consuming Session) -> SessionID {
        let key = session.key
        let id = table.insert(session)
        if let key { byKey[key] = id }
        return id
    }

    /// Gives back what a burst needed.
    package mutating func shrink() {
        table.shrink()
        byKey.shrink()
    }

    /// Removes a session.
    ///
    /// - Returns: how many replies were parked for it.
    package mutating func remove(_ id: SessionID) -> Int {
        guard let session = table.remove(id) else { return 0 }
        if let key = session.key, byKey[key] == id { byKey[key] = nil }
        parkedCount -= session.parked.replies.count
        parkedBytes -= session.parked.bytes
        return session.parked.replies.count
    }

    /// Keeps a reply for a session's next socket.
    ///
    /// - Parameter endpoint: of which the socket must be; nil for the unified one.
    /// - Returns: how many older ones had to go for it.
    package mutating func park(
        _ reply: [UInt8], for endpoint: String?, of id: SessionID, _ settings: SessionSettings, now: Instant
    ) -> Int {
        var displaced = 0
        change(id) { parked in
            if case .displaced(let count) = parked.park(reply, for: endpoint, settings: settings, now: now) {
                displaced = count
            }
        }
        return displaced
    }

    /// Takes what is parked for a socket of an endpoint.
    package mutating func takeParked(of id: SessionID, for endpoint: String?) -> [ParkedReplies.Reply] {
        var taken: [ParkedReplies.Reply] = []
        change(id) { taken = $0.take(for: endpoint) }
        return taken
    }

    /// Drops all that is parked for a session.
    ///
    /// - Returns: how many replies that were.
    package mutating func discardParked(of id: SessionID) -> Int {
        var count = 0
        change(id) { parked in
            count = parked.replies.count
            parked = ParkedReplies()
        }
        return count
    }

    /// Drops what was parked for too long.
    ///
    /// - Returns: how many replies that were.
    package mutating func expireParked(of id: SessionID, now: Instant) -> Int {
        var expired = 0
        change(id) { expired = $0.expire(now: now) }
        return expired
    }

    private mutating func change(_ id: SessionID, by change: (inout ParkedReplies) -> Void) {
        guard table[id] != nil, var parked = table[id]?.parked else { return }
        parkedCount -= parked.replies.count
        parkedBytes -= parked.bytes
        // Moved out meanwhile, so that it is not copied.
        table[id]?.parked = ParkedReplies()
        change(&parked)
        parkedCount += parked.replies.count
        parkedBytes += parked.bytes
        table[id]?.parked = parked
    }

    /// What does not fit between keys and sessions; for `Switchboard.inconsistencies`.
    package func misleadingKeys() -> [SessionID] { byKey.filter { table[$0.value]?.key != $0.key }.map(\.value) }

    /// Forgets what leads to sessions; for tests of `Switchboard.inconsistencies`.
    mutating func forgetKeys() { byKey = [:] }
}
