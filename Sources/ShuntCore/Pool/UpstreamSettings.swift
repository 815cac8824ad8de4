/// Where a backend WebSocket service is.
package struct UpstreamAddress: Sendable, Hashable {
    package var tls: Bool
    package var host: String
    package var port: Int
    /// The path, beginning with `/`, as it is sent.
    package var path: String
    /// The upstream's own query, without `?`; it stands before the client's. Empty when there is none.
    package var query: String

    package init(tls: Bool = false, host: String, port: Int, path: String, query: String = "") {
        self.tls = tls
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }
}

/// A place of a handshake that carries a value: `query:session_token`, `header:authorization`, `cookie:session`.
package enum ValueSource: Sendable, Hashable {
    case query(String)
    case header(String)
    case cookie(String)
    /// An entry `shunt.token.…` of `Sec-WebSocket-Protocol`, which is all that a page can set.
    case subprotocol
}

/// What connections of one session to one upstream may differ by.
package enum Variation: Sendable, Hashable {
    case value(ValueSource)
    case claim(ClaimName)
}

/// How a backend knows who speaks: at the handshake, or by `session_token` in each message.
package enum UpstreamIdentity: Sendable { case handshake, message }

/// What a pool's connections are shared by. (`exchange` and `shared` of the design are later work.)
package enum PoolMode: Sendable { case session, client }

/// Which reply belongs to which message.
package enum Correlation: Sendable, Hashable {
    /// In order, one after the other.
    case fifo
    /// By a member that the backend echoes (a path). `unique`: every exchange has a value of its own, so a
    /// late reply can be told from the next one's and a timeout need not retire the connection.
    case field(String, unique: Bool)
}

/// When a connection is dialled.
package enum DialTime: Sendable, Hashable {
    case onMessage
    /// When a socket opens, and again when we have ended the connection while the socket is there.
    case onConnect
    /// Also when the backend has ended it.
    case keep
}

/// What becomes of a message from an upstream that ends no exchange.
package enum PushAction: Sendable, Hashable {
    case forward
    /// Forwarded to every socket; the last one of its type on a connection is kept, and given first to each later socket.
    case greeting
    case drop
    /// Answer the upstream with this JSON text.
    case answer(String)
}

/// Whom pushes go to: the socket that caused the dial or last used the route, every socket of the session, nobody.
package enum PushTarget: Sendable { case last, all, none }

/// What an application close code of a backend, or the HTTP status of its refusal, means: the session is not who it was,
/// this one is not wanted, or there are too many at the moment.
package enum CloseMeaning: Sendable, Hashable { case auth, refuse, limit }

/// A message that is sent on each new connection, before any client's.
package struct OpeningMessage: Sendable, Hashable {
    /// JSON text. `{token}`, `{session}` and, for a legacy upstream, the members of the address stand for their values,
    /// inside of strings.
    package var send: String
    /// The types one of which is its reply; empty where none comes.
    package var replies: [String] = []
    /// Whether the message waits until the backend has greeted.
    package var afterGreeting = false
    package init(send: String) { self.send = send }
}

/// A backend's greeting, before which no client's message is written.
package struct GreetingSettings: Sendable, Hashable {
    /// The types one of which it has.
    package var types: [String] = []
    /// How long each of a connection's first words is waited for.
    package var timeout = TimeSpan.seconds(10)
    package init() {}
}

/// At most `count` messages in any `per`.
package struct Rate: Sendable, Hashable {
    package var count: Int
    package var per: TimeSpan
    package init(count: Int, per: TimeSpan) {
        self.count = count
        self.per = per
    }
}

/// Bounds of what waits for a connection.
package struct QueueSettings: Sendable, Hashable {
    package var messages = 64
    package var bytes = 1 << 20
    /// Counts only while no connection is ready for the message.
    package var timeout = TimeSpan.seconds(30)
    package init() {}
}

/// What tells replies from pushes.
package enum ReplyKinds: Sendable, Hashable {
    /// The value of a member, by its path.
    case member(String)
    /// The presence of one of these members, by their paths: JSON-RPC's `result` and `error` in a reply, `method` in a push.
    /// A message with a member of both is a push.
    case presence(reply: [String], push: [String])
}

/// The values of a member that end an exchange.
package struct ReplyEnd: Sendable, Hashable {
    package var path: String
    package var values: [String]
    package init(path: String = "type", values: [String]) {
        self.path = path
        self.values = values
    }
}

/// Which messages of an upstream are replies.
package struct ReplySettings: Sendable, Hashable {
    package var by = ReplyKinds.member("type")
    /// The values of the member that tells kinds, of replies.
    package var match = [
        "response", "chat_response", "agent_response", "message", "error", "visualization", "analysis", "drill_down",
    ]
    /// Whether a message without it is one.
    package var matchNone = true
    /// For streams: only these end the exchange, and errors; the matching others are parts of it.
    package var until: ReplyEnd?
    package init() {}
}

/// Everything that is set for one upstream. Defaults are those of `upstream_defaults`.
package struct UpstreamSettings: Sendable, Hashable {
    /// How logs and diagnostics call it: `guide`, `liaison/content`, `unified`.
    package var name: String
    package var address: UpstreamAddress
    package var credential: ValueSource?
    /// How TLS is spoken, where the address says that it is.
    package var tls = TLSClientSettings()
    /// Whom the backend's certificate must be for; nil is the address's host.
    package var serverName: String?
    /// nil: `client` on an old client's own connection, `upstream` on the others.
    package var host: UpstreamHost?
    /// How messages are compressed; nil where they are not.
    package var compression: CompressionSettings?
    package var origin = UpstreamOrigin.keep
    package var identity = UpstreamIdentity.handshake
    package var mode = PoolMode.session
    package var lanes = 1
    package var maxConnections = 10_000
    /// When it is dialled for sockets of the unified endpoint.
    package var dial = DialTime.onMessage
    /// The same for sockets of legacy endpoints, before and after their routes have moved.
    package var dialForLegacy = DialTime.onConnect
    package var idleTimeout = TimeSpan.minutes(10)
    package var lifetime = TimeSpan.hours(1)
    /// For the name and TCP, all addresses together.
    package var connectTimeout = TimeSpan.seconds(5)
    /// For the opening handshake, from the TCP connection on: a backend that is started by its first request takes longer.
    package var handshakeTimeout = TimeSpan.seconds(30)
    /// Values that are part of a pool's key, besides the session.
    package var vary: [Variation] = []
    /// What is told of a validated session when it is dialled for. What clients send under these names goes no further,
    /// wherever.
    package var passIdentity: [IdentityField] = []
    package var sourceAddresses: [String] = []
    package var pace: [Rate] = []
    package var correlation = Correlation.fifo
    /// The path of the correlation member in replies, where it is not that of messages.
    package var correlationInReplies: String?
    package var inFlight = 1
    package var exchangeTimeout = TimeSpan.seconds(120)
    /// How long a stream may go on, from its first part.
    package var exchangeTotal = TimeSpan.minutes(30)
    package var retrySafe = false
    package var queue = QueueSettings()
    package var replies = ReplySettings()
    /// By the push's `type`; `""` stands for a push without one. What is not listed is dropped.
    package var pushes: [String: PushAction] = [:]
    package var pushTarget = PushTarget.last
    package var closes: [UInt16: CloseMeaning] = [:]
    /// By the HTTP status that a dial is answered with. On routed ways: who is passed through hears the answer itself.
    package var refusals: [Int: CloseMeaning] = [401: .auth, 403: .auth]
    /// The first messages on each new connection, in order.
    package var onOpen: [OpeningMessage] = []
    /// nil where the backend is written to at once.
    package var ready: GreetingSettings?
    package var deadAfterError = ["Internal error:"]
    package var keepalive = KeepaliveSettings()
    package var breakerFailures = 5
    /// How long an open breaker waits before the next try.
    package var breakerOpen = TimeSpan.seconds(1)
    package var toUnified = ReshapeRules()
    package var request = ReshapeRules()

    /// Whether it is told the session's token in JSON: in each message, or in a connection's first words.
    package var takesTokenInMessages: Bool {
        identity == .message || onOpen.contains { ConnectTemplate($0.send).names("token") }
    }

    /// The name that TLS asks for, and that the certificate is compared with: a DNS name or an address.
    package var tlsName: String { serverName ?? address.host }

    /// How long a dial may take in all.
    package var longestDial: TimeSpan { connectTimeout + handshakeTimeout }

    package init(name: String, address: UpstreamAddress) {
        self.name = name
        self.address = address
        self.credential = .query("session_token")
    }
}
