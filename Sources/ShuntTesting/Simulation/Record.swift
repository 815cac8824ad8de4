import ShuntCore

/// What the core is told, in the words of the world.
enum Event {
    /// A client connects.
    case came(Int)
    /// A client says a message.
    case said(Int)
    case left(Int, PeerClose)
    /// Anything else of a client: it reads again, a pong, what the system knows of its socket.
    case aboutClient(Int)
    /// A dial is over: the connection is ready, or has a failure.
    case dialled(Int)
    /// A backend answers a routed message, or says part of its answer.
    case replied(Int, Answer)
    /// A backend says something to the one client of its connection.
    case passedBack(Int, isReply: Bool)
    /// Anything else that a backend says.
    case spoke(Int)
    /// A backend talks nonsense or too much, where the oldest message's answer was due.
    case broke(Int, oldest: Int?, isTooLarge: Bool)
    case lost(Int, PeerClose)
    /// Anything else of a connection.
    case aboutConnection(Int)
    case tableChanged
    case reconnected
    case drained
    case tick
    /// Something of what is gone.
    case ghost

    struct Answer {
        let message: Int
        let part: Int
        let isFinal: Bool
        /// Its connection has it in flight, and it has no outcome.
        let isWanted: Bool
        /// Its socket is there and waits for it.
        let isOwed: Bool
        /// It comes later than the exchange's time allows.
        let isOverdue: Bool
    }

    var message: Int? {
        if case .said(let number) = self { number } else { nil }
    }

    var connection: Int? {
        switch self {
        case .dialled(let connection), .replied(let connection, _), .passedBack(let connection, _),
            .spoke(let connection), .broke(let connection, _, _), .lost(let connection, _),
            .aboutConnection(let connection):
            connection
        default: nil
        }
    }

    var close: PeerClose? {
        switch self {
        case .left(_, let close), .lost(_, let close): close
        default: nil
        }
    }
}

/// What the core does about it, in the words of the world.
enum Deed {
    case dial(Int, DialOrder)
    /// The handshake of a client is answered: by what its own backend said, or by nobody.
    case admit(Int, by: Int?)
    case reject(Int, by: ConnectionID)
    case forward(Forwarded)
    /// A message goes through to the client's own backend.
    case pass(Int, over: Int)
    /// Something is written to a connection that passes messages through, and nobody said it.
    case passUnsaid(Int, [UInt8])
    case firstWord(Int, to: Int, [JSONMember])
    /// What is no client's message goes to a backend.
    case answer(to: Int, [UInt8])
    case reply(Delivered)
    /// A client is given what its own backend said.
    case passBack(Int)
    case push(Int, to: Int, [JSONMember])
    case greet(Int, [JSONMember])
    case beat(Int)
    case pong(Int, to: Int, [UInt8])
    case error(ErrorTold)
    case closeConnection(Int, CloseCode)
    case closeClient(Int, CloseCode, CloseReason)
    case relayToClient(Int, PeerClose)
    case relayToConnection(Int, PeerClose)
    case read(Int, Bool)
    case readClient(Int, Bool)
    case ping(Int)
    case pingClient(Int)
    case inspect(Int)
    case inspectClient(Int)
}

extension Deed {
    /// The client that is told something, or closed.
    var client: Int? {
        switch self {
        case .reply(let reply): reply.client
        case .error(let error): error.client
        case .push(_, let client, _), .pong(_, let client, _), .passBack(let client), .greet(let client, _),
            .beat(let client), .closeClient(let client, _, _), .relayToClient(let client, _):
            client
        default: nil
        }
    }
}

struct Forwarded {
    let message: Int
    let route: Int
    let connection: Int
    let members: [JSONMember]
}

/// A reply, or part of one, for a client.
struct Delivered {
    let client: Int
    let message: Int
    let route: Int
    let part: Int
    /// Where address and conversation stand.
    let tags: [JSONMember]
    /// Where the backend's members stand.
    let body: [JSONMember]
    var isWrapped: Bool
}

struct ErrorTold {
    let client: Int
    let code: String
    let sent: Bool
    let members: [JSONMember]
    /// It tells of a message that was passed through and is lost.
    let isOfPassed: Bool
    /// The messages that it may be about: one where it says which, or where there is one only.
    let about: [Int]
}

/// An event and what came of it so far.
struct Record {
    var event = Event.ghost
    /// What a backend says to the one client of its connection, until that gets it.
    var through: (client: Int, bytes: [UInt8], kind: MessageKind)?
    /// The client that is admitted, and may be given what was kept for it.
    var welcomed: Int?
    /// Greetings that it must be given.
    var greetings = 0
    /// By client: passed messages of whose loss it must hear.
    var owedErrors: [Int: Int] = [:]
    /// Clients whose passed messages were given up, because their time was over.
    var givenUp: Set<Int> = []
    /// Connections that ended.
    var ended: [Int] = []
    /// Answers to pushes that are due.
    var answers = 0
    /// Replies that must be kept for a socket to come.
    var parks = 0
}

/// One promise of the core: a small value that remembers what it needs, and judges what the core does with what it is
/// told. It reads the world and changes nothing there.
protocol Promise {
    /// Before the core is told.
    mutating func hear(_ event: Event, in world: World)
    /// Before the world acts by it.
    mutating func judge(_ deed: Deed, in world: World)
    /// Everything that came of an event was done.
    mutating func conclude(_ record: Record, in world: World)
}

extension Promise {
    mutating func hear(_ event: Event, in world: World) {}
    mutating func judge(_ deed: Deed, in world: World) {}
    mutating func conclude(_ record: Record, in world: World) {}
}
