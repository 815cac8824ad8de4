import ShuntCore

/// Where a client connects.
enum Door: Hashable {
    case unified
    /// The legacy endpoint of a route.
    case old(Int)
    /// A legacy path that no route lists.
    case odd
}

/// A client socket as the model knows it.
struct ModelClient {
    let id: ClientID
    let handshake: Handshake
    /// Index into `Plan.tokens`; nil for a client without a token.
    let session: Int?
    let tenant: String?
    let door: Door
    let app: String
    /// The step at which it came; for an old client, at which its handshake was answered.
    var connectedAt: Int
    let cameAt: Int
    /// The step at which it went; nil while it is there.
    var goneAt: Int?
    var reads = true
    var congested = false
    /// The core knows.
    var toldCongested = false
    /// Bytes delivered and not yet taken.
    var unread = 0
    var pingedAt: Instant?
    /// Since when its host is gone: nothing comes of it any more, and nothing is acknowledged.
    var hostGoneAt: Instant?
    /// A message of it grew past the limit.
    var saidTooMuch = false
    /// When it sent a message, over the last second.
    var recentSends: [Instant] = []
    /// When something of it was forwarded or delivered to it last; pongs, heartbeats and what is absorbed do not count.
    var lastHeard: Instant
    /// Accepted messages without an outcome, oldest first.
    var unresolved: [Int] = []
    /// By route: the newest message that was forwarded.
    var lastForwarded: [Int: Int] = [:]
    /// Pushes that it was shown.
    var pushes: Set<Int> = []
    /// By route: the conversation id that the proxy made.
    var madeConversations: [Int: [UInt8]] = [:]

    /// Its handshake is not answered yet.
    var isArriving = false
    var isRaw = false
    /// The core asked that it be not read.
    var isStopped = false
    /// Why the core may close it, since when, and over how long.
    var leaving: (reason: CloseReason, since: Instant)?
    /// When something of it was under way last.
    var busyAt: Instant
    var lastBeat: Instant?
    /// What is set for its endpoint, or was when that was there last.
    var heartbeat: HeartbeatSettings?
    var toLegacy = ReshapeRules()

    var isThere: Bool { goneAt == nil }
    var isOld: Bool { door != .unified }
}

/// An upstream connection as the model knows it, from its dial order on.
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
    var state = State.dialling
    /// Why no new message may be sent to it.
    var retired: String?
    /// It was retired for no fault of its own: what follows on its exchanges waits for them.
    var isReplaced = false
    /// It may have been, of which nothing is said.
    var mayBeReplaced = false
    var congested = false
    var readingStopped = false
    /// Replies (message and part) that came while nobody read.
    var unread: [(Int, Int)] = []
    /// The close that the world knows to come; replies after it are lost.
    var doomed = false
    var zombie = false
    /// Forwarded exchanges whose reply has not come, oldest first.
    var outstanding: [Int] = []
    /// Exchanges that ended by a timeout, whose replies may still come.
    var abandoned: [Int] = []
    /// When the last of the serial replies is due.
    var busyUntil = Instant(nanoseconds: 0)
    /// By conversation: when the last of its replies is due.
    var busyWith: [[UInt8]: Instant] = [:]
    var pingedAt: Instant?
    /// Since when its host is gone: nothing comes of it any more, and nothing is acknowledged.
    var hostGoneAt: Instant?
    var failure: DialFailure?
    var closeCode: CloseCode?
    var closedByCore = false
    var hadNonsense = false
    /// The client whose messages and replies go through as they are.
    var through: Int?
    var isRaw = false
    /// It was dialled for a client that was there before.
    var isRedial = false
    /// It may have been dialled for a client that said nothing.
    var mayBeForListener = false
    /// Its first words are not all said.
    var opening: ModelOpening?
    /// Its backend said anything at all.
    var hasSpoken = false
    /// A reply, or part of one, came through.
    var hasReplied = false
    /// A reply on it carried the member that it is correlated by.
    var carriesField = false
    /// Passed messages whose reply has not come.
    var passedLive = 0
    var lastPassed = Instant(nanoseconds: 0)
    /// No passed message was given up by its time.
    var isPatient = true
    /// What its upstream's replies may have been reshaped by since it was dialled.
    var rules: [ReshapeRules] = []
    var wasTooLarge = false
    var replies = 0
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
    /// It may have ended while its owner was gone, by an error that was kept and then forgotten.
    var mayHaveEnded = false
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
    /// When it last waited for something else than a connection.
    var hinderedAt = Instant(nanoseconds: 0)
    /// Where it was sent to.
    var side: Side?
    var state = State.waiting
    var outcome: Outcome?
    var forwards = 0
    var connection = -1
    /// Where it was sent before that.
    var connectionBefore = -1
    var forwardedAt = Instant(nanoseconds: 0)
    /// A backend has said that it read nothing of it.
    var wasPutBack = false
    /// Forwarded again, as `retry: safe` allows.
    var retried = false
    /// The conversation id that the backend saw, as JSON text.
    var forwardedConversation: [UInt8]?
    /// Its backend said something else instead of its reply.
    var isAnswered = false
    /// Answers that a ping got from the proxy itself.
    var pongs = 0
    /// A reply, or part of one, came later than the exchange's timeout allows.
    var wasOverdue = false
    /// Replies (or parts) that came from the backend, as they must reach the client.
    var arrived: [ArrivedReply] = []
    /// The next part that the client must see.
    var nextPart = 0

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
    let final: Bool
    let members: [JSONMember]
    /// The rules one of which has brought it to the unified form.
    let rules: [ReshapeRules]
    let at: Instant
    var delivered = false
}

/// A reply that came while its client was gone.
struct ParkedReply {
    let number: Int
    let part: Int
    let door: Door
    let at: Instant
    /// Whether the limits leave no excuse for losing it.
    var certain: Bool
}

/// A session as the model knows it.
struct ModelSession {
    let token: String
    /// Sockets that are there now.
    var clients: [Int] = []
    /// Unresolved messages whose client is gone.
    var orphans: [Int] = []
    var parked: [ParkedReply] = []
    var lastSocketGone: Instant?
    var madeConversations: [Int: [UInt8]] = [:]
}
