import ShuntCore

/// Where a client connects.
enum Door: Hashable {
    case unified
    /// The legacy endpoint of a route.
    case old(Int)
    /// A legacy path that no route lists.
    case odd
}

/// A client socket as the world knows it.
struct ModelClient {
    let id: ClientID
    let handshake: Handshake
    /// Index into `Plan.tokens`; nil for a client without a token.
    let session: Int?
    let tenant: String?
    let door: Door
    let app: String
    let cameAt: Int
    /// The step at which it came; for an old client, at which its handshake was answered.
    var connectedAt: Int
    /// The step at which it went; nil while it is there.
    var goneAt: Int?
    var reads = true
    var congested = false
    /// The core knows.
    var toldCongested = false
    /// Bytes delivered and not yet taken.
    var unread = 0
    /// Since when its host is gone: nothing comes of it any more, and nothing is acknowledged.
    var hostGoneAt: Instant?
    /// Accepted messages without an outcome, oldest first.
    var unresolved: [Int] = []
    /// Its handshake is not answered yet.
    var isArriving = false
    var isRaw = false
    /// The core asked that it be not read.
    var isStopped = false
    /// Why the core may close it, and since when.
    var leaving: (reason: CloseReason, since: Instant)?
    /// When something of it was under way last.
    var busyAt: Instant
    /// What is set for its endpoint, or was when that was there last.
    var heartbeat: HeartbeatSettings?
    var toLegacy = ReshapeRules()

    var isThere: Bool { goneAt == nil }
    var isOld: Bool { door != .unified }
}

/// An upstream connection as the world knows it, from its dial order on.
struct ModelConnection {
    enum State { case dialling, ready, gone }

    let id: ConnectionID
    let upstream: Int
    /// Where it was dialled.
    let address: UpstreamAddress
    /// The client whose handshake dialled, and its session.
    let seat: Int
    let pool: PoolKey
    let orderedAt: Instant
    /// The client whose messages and replies go through as they are.
    let through: Int?
    let isRaw: Bool
    /// It was dialled for a client that was there before.
    let isRedial: Bool
    /// It may have been dialled for a client that said nothing.
    let mayBeForListener: Bool

    var state = State.dialling
    var failure: DialFailure?
    /// Why no new message may be sent to it.
    var retired: String?
    /// It was retired for no fault of its own: what follows on its exchanges waits for them.
    var isReplaced = false
    /// It may have been, of which nothing is said.
    var mayBeReplaced = false
    var congested = false
    var readingStopped = false
    /// Forwarded exchanges whose reply has not come, oldest first.
    var outstanding: [Int] = []
    /// Exchanges that ended by a timeout, whose replies may still come.
    var abandoned: [Int] = []
    var isPinged = false
    /// Since when its host is gone: nothing comes of it any more, and nothing is acknowledged.
    var hostGoneAt: Instant?
    var closedByCore = false
    /// Its backend said anything at all.
    var hasSpoken = false
    /// Passed messages whose reply has not come.
    var passedLive = 0
    /// How many of those are waited for, for sure: what nobody answered before the next one came may be given up.
    var passedForSure = 0
    var lastPassed = Instant(nanoseconds: 0)
    var backend = Backend()

    /// What stands at its far end.
    struct Backend {
        /// It will answer nothing any more.
        var zombie = false
        /// Replies (message and part) that came while nobody read.
        var unread: [(Int, Int)] = []
        /// When the last of the serial replies is due.
        var busyUntil = Instant(nanoseconds: 0)
        /// By conversation: when the last of its replies is due.
        var busyWith: [[UInt8]: Instant] = [:]
        /// A reply on it carried the member that it is correlated by.
        var carriesField = false
        /// Its first words are not all said.
        var opening: ModelOpening?
    }
}

/// What must never be shared: one session's (or one client's) connections to one upstream.
struct PoolKey: Hashable {
    /// A session's index, or -1 - the serial of a client that shares with nobody.
    let owner: Int
    let upstream: Int
    let tenant: String
}

/// A message of a client, by its number.
struct ModelMessage {
    enum Intent: Equatable {
        case routed(Int)
        case oneWay(Int)
        /// What an old client says that is no message of the unified form: passed through, or refused with one of the
        /// codes, or, where there are none, absorbed.
        case opaque(Int, [String])
        case absorbed
        /// The codes one of which must be its error.
        case bad([String])
    }

    enum State: Equatable { case waiting, flying, ended }

    enum Outcome: Equatable {
        case replied
        case error(String)
        case absorbed
        case oneWay
        /// It went through; what becomes of it is its backend's business.
        case passed
    }

    let number: Int
    /// The socket that said it.
    let client: Int
    /// The socket that is told its outcome: a later one of the session once the first is gone.
    var owner: Int
    let session: Int?
    let intent: Intent
    /// Where it is expected to wait, then where it went.
    var pool: PoolKey?
    /// JSON text of the conversation id that the client sent.
    let conversation: [UInt8]?
    let members: [JSONMember]
    let size: Int
    let acceptedAt: Instant
    /// As an old client sent it.
    var bytes: [UInt8] = []
    var kind = MessageKind.text
    /// Whether its backend is to reply to it, when it is passed through.
    var opens = true

    var state = State.waiting
    var outcome: Outcome?
    /// It may have an outcome of which nobody can tell that it was its own: kept for a socket to come and then given up,
    /// or an error that names nothing.
    var mayHaveEnded = false
    /// When it last waited for something else than a connection.
    var hinderedAt = Instant(nanoseconds: 0)
    /// It did so when the last event was over.
    var isHindered = false
    /// Where it was sent to.
    var side: Side?
    var forwards = 0
    var connection = -1
    /// Where it was sent before that.
    var connectionBefore = -1
    var forwardedAt = Instant(nanoseconds: 0)
    /// When a backend said last that it read nothing of it.
    var putBackAt: Instant?
    /// It was put back a moment after its time was up: its error may have been on its way.
    var mayBeTimedOut = false
    /// The conversation id that the backend saw, as JSON text.
    var forwardedConversation: [UInt8]?
    /// Its backend said something else instead of its reply.
    var isAnswered = false
    /// A ping that was answered by the proxy itself.
    var isPonged = false
    /// A reply, or part of one, came later than the exchange's timeout allows.
    var wasOverdue = false
    /// Replies (or parts) that came from the backend, as they must reach the client.
    var arrived: [ArrivedReply] = []
    /// The next part that the client must see.
    var nextPart = 0

    var wasPutBack: Bool { putBackAt != nil }

    /// Since when it waits for the first time, as if it had never been sent.
    var waitsSince: Instant { max(acceptedAt, putBackAt ?? acceptedAt) }

    var route: Int? {
        switch intent {
        case .routed(let route), .oneWay(let route), .opaque(let route, _): route
        default: nil
        }
    }
}

/// A reply as the backend sent it.
struct ArrivedReply {
    let part: Int
    let members: [JSONMember]
    let isFinal: Bool
    let at: Instant
    var delivered = false
}

/// A session as the world knows it.
struct ModelSession {
    /// What the session is known by.
    let token: String
    /// The credential of the socket that came last: dials show it.
    var shown: String
    /// Sockets that are there now.
    var clients: [Int] = []
    /// Unresolved messages whose client is gone.
    var orphans: [Int] = []
    var lastSocketGone: Instant?
    /// By endpoint: passed messages of whose loss a socket was to hear that went before.
    var keptErrors: [Door: Int] = [:]
    /// The socket that comes in this event may find nothing of it any more.
    var isForgotten = false

    init(token: String) {
        self.token = token
        shown = token
    }

    /// The credential of a session's next socket: every fifth one brings a new one, and the one after that an old one.
    func credential(of serial: Int) -> String {
        switch serial % 5 {
        case 3: "\(token)~\(serial)"
        case 4: token
        default: shown
        }
    }
}

/// What has been in force.
struct History {
    /// When the table changed last.
    var changedAt = Instant(nanoseconds: 0)
    /// By route: when it was not there last.
    var removedAt: [Int: Instant] = [:]
    /// How often something was the unified upstream's own fault.
    var unifiedTroubles = 0

    func removed(_ route: Int) -> Instant { removedAt[route] ?? Instant(nanoseconds: 0) }
}
