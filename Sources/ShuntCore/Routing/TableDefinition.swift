/// How messages on the unified endpoint name their route, and what is done to every one of them.
package struct AddressingSettings: Sendable, Hashable {
    /// The unified endpoint's path and its aliases.
    package var paths: [String] = ["/api/ws/agent"]
    /// Subprotocols of the unified endpoint: the first one that a client offers is selected.
    package var protocols: [String] = []
    /// The members that name a route, by their paths, most significant first.
    package var routeBy: [String] = ["agent_type", "pillar"]
    package var conversationField = "conversation_id"
    /// The conversation's path in replies, where that is another.
    package var conversationInReplies: String?
    /// The conversation's path in whatever clients are told.
    package var conversationPlace: String { conversationInReplies ?? conversationField }
    /// What tells the kinds of clients' messages, and of Shunt's own.
    package var kinds = ReplyKinds.member("type")
    /// `{field}` for each `routeBy` value and `{session}`; nil means the built-in rule: all values and the session
    /// joined by `_`.
    package var conversationTemplate: String?
    /// The route of a message without the first `routeBy` member; nil refuses it.
    package var defaultRoute: String?
    /// Types from clients that are never routed.
    package var absorb: [AbsorbedType] = ["heartbeat", "ping", "pong"]
    /// What is sent to clients of the unified endpoint on schedule; nil for nothing.
    package var heartbeat: BeatSettings?
    /// How messages to and from clients of the unified endpoint are compressed; nil where they are not.
    package var compression: CompressionSettings?
    /// Members of a message to the unified endpoint that errors about it repeat.
    package var echo: [String] = ["request_id"]
    /// Types from clients that open no exchange.
    package var oneWay: [String] = []
    /// Whether the unified backend is given conversation ids that were made.
    package var sendsMadeConversation = false
    /// How the unified endpoint treats credentials.
    package var access = EndpointAccess()
    package init() {}
}

/// How the unified upstream's messages of one route are read, where that is not as for the others.
package struct UnifiedRouteSettings: Sendable, Hashable {
    /// In place of the upstream's own; nil where those are the route's.
    package var replies: ReplySettings?
    package var toUnified: ReshapeRules?
    package var pushes: [String: PushAction]?
    package init() {}

    package var isEmpty: Bool { self == UnifiedRouteSettings() }
}

/// A route as configured.
package struct RouteSettings: Sendable, Hashable {
    /// `guide`, `liaison/content`.
    package var name: String
    /// The values of the first one or more `routeBy` members.
    package var match: [String]
    /// What the file says; `decision(in:)` is what is in force.
    package var servedBy: Rollout
    /// Index of the legacy upstream in `TableDefinition.upstreams`.
    package var legacy: Int?
    /// What the route has of its own where the unified upstream serves it.
    package var unified = UnifiedRouteSettings()
    /// Where old clients connect; nil when the route has no legacy endpoint.
    package var endpoint: EndpointSettings?
    package var hold: Side?
    package var pin = PinMode.conversation
    /// How long a pin outlives its conversation's last message.
    package var pinIdle = TimeSpan.minutes(30)
    /// Whether unsent messages go to the legacy upstream while the unified one is down.
    package var fallsBack = false
    /// The first that fits a client counts.
    package var overrides: [ClientOverride] = []
    /// Set by API or CLI, not by the file.
    package var override: Rollout?
    /// Messages are held, by API or CLI.
    package var isPaused = false

    package init(name: String, match: [String], servedBy: Rollout, legacy: Int?) {
        self.name = name
        self.match = match
        self.servedBy = servedBy
        self.legacy = legacy
    }

    package func decision(in phase: Phase) -> RouteDecision {
        RouteDecision(override: override, hold: hold, phase: phase, servedBy: servedBy)
    }
}

/// What a routing table is compiled from: values only, checked by `RoutingTable.init`.
package struct TableDefinition: Sendable, Hashable {
    package var addressing = AddressingSettings()
    package var limits = Limits()
    package var session = SessionSettings()
    package var upstreams: [UpstreamSettings] = []
    package var routes: [RouteSettings] = []
    /// Index of the unified upstream in `upstreams`.
    package var unified: Int?
    /// `migrate` where the file says none: then each route is served as it says, which is by legacy unless told.
    package var phase = Phase.migrate
    package var unlisted: [UnlistedEndpointSettings] = []
    package var client = ClientNaming()
    package var deprecation = DeprecationSettings()
    package init() {}
}

/// Where a client says which application it is, and in which version.
package struct ClientNaming: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        case value(ValueSource)
        /// The product that the `User-Agent` names first.
        case userAgent
    }
    /// The first source that says something counts.
    package var app: [Source] = [.value(.query("client")), .value(.header("x-client-name")), .userAgent]
    package var version: [Source] = [.value(.query("client_version")), .value(.header("x-client-version"))]
    package init() {}
}

/// Why a definition is no routing table. Indices point into `TableDefinition.routes`.
package enum TableProblem: Error, Sendable, Hashable {
    /// Two routes that one message could mean.
    case overlap(route: Int, with: Int)
    case noMatch(route: Int)
    case matchTooLong(route: Int)
    /// A route is served by an upstream that is not configured.
    case noUpstream(route: Int, Side)
    case unknownDefaultRoute(String)
    /// `identity: handshake` or other rules that forbid what was asked; the text says why.
    case unsafe(upstream: Int, reason: String)
    /// A reshaping rule that cannot be compiled; the text says why.
    case badRule(upstream: Int, reason: String)
    /// A `to_legacy` rule that cannot be compiled; the text says why.
    case badEndpointRule(route: Int, reason: String)
    /// A path that two endpoints would answer, the unified one included; `name` is the other's.
    case samePath(route: Int, path: String, name: String)
}
