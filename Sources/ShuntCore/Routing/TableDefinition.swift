/// Who serves a route.
package enum Side: UInt8, Sendable, Hashable { case legacy, unified }

/// How messages on the unified endpoint name their route, and what is done to every one of them.
package struct AddressingSettings: Sendable, Hashable {
    /// The unified endpoint's path and its aliases.
    package var paths: [String] = ["/api/ws/agent"]
    /// The members that name a route, most significant first (one dotted level allowed).
    package var routeBy: [String] = ["agent_type", "pillar"]
    package var conversationField = "conversation_id"
    /// `{field}` for each `routeBy` value and `{session}`; nil means the built-in rule: all values and the session
    /// joined by `_`.
    package var conversationTemplate: String?
    /// The route of a message without the first `routeBy` member; nil refuses it.
    package var defaultRoute: String?
    /// Types from clients that are never routed.
    package var absorb: [String] = ["heartbeat", "ping", "pong"]
    /// Types from clients that open no exchange.
    package var oneWay: [String] = []
    package init() {}
}

/// A route as configured.
package struct RouteSettings: Sendable, Hashable {
    /// `guide`, `liaison/content`.
    package var name: String
    /// The values of the first one or more `routeBy` members.
    package var match: [String]
    package var servedBy: Side
    /// Index of the legacy upstream in `TableDefinition.upstreams`.
    package var legacy: Int?
    package init(name: String, match: [String], servedBy: Side, legacy: Int?) {
        self.name = name
        self.match = match
        self.servedBy = servedBy
        self.legacy = legacy
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
}
