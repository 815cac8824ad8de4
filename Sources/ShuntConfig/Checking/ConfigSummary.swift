import ShuntCore

/// What a configuration means, for a person (`text`) or a program (`Codable`). Holds nothing secret: urls without user,
/// password and query, and as they are written where the environment has a part in them.
package struct ConfigSummary: Sendable, Codable, Equatable {
    package struct Route: Sendable, Codable, Equatable {
        package var name: String
        /// `agent_type=liaison pillar=content`.
        package var match: String
        /// What the file says: `legacy`, `unified`, `25%`.
        package var servedBy: String
        /// What is in force, written alike.
        package var inForce: String
        /// What made it so, with the line of the file where it is not a default: `phase: parallel (line 20)`.
        package var why: String
        /// Clients that are served otherwise: `qa-*: unified`.
        package var overrides: [String]
        /// Of the side that serves; the legacy one's where both do.
        package var upstream: String
        /// `session` or `client`.
        package var pool: String
        /// `fifo`, or the member that replies are correlated by.
        package var correlation: String
        package var inFlight: Int
        /// Milliseconds.
        package var timeout: Int64
    }

    /// Where old clients connect.
    package struct Endpoint: Sendable, Codable, Equatable {
        /// With placeholders where it is for values that are not listed.
        package var path: String
        package var aliases: [String]
        package var route: String
        /// `managed` or `raw`.
        package var passthrough: String
        /// Milliseconds between our heartbeats; nil where none are sent.
        package var heartbeat: Int64?
        /// Whether it is for the values that its route's template does not list.
        package var isUnlisted: Bool
        /// `open`, `deprecated` or `closed`, by the phase.
        package var state: String
    }

    /// What legacy endpoints say of their end. Times as RFC 3339 has them, in UTC.
    package struct Deprecation: Sendable, Codable, Equatable {
        package struct Brownout: Sendable, Codable, Equatable {
            package var routes: [String]
            package var from: String
            package var until: String
            /// `100%`.
            package var share: String
        }

        package var deprecatedAt: String?
        package var sunset: String?
        package var successor: String?
        package var link: String?
        /// Whether clients are told in-band.
        package var notice: Bool
        package var brownouts: [Brownout]
    }

    /// Something that ends when routes go to the unified upstream.
    package struct Ending: Sendable, Codable, Equatable {
        package var routes: [String]
        package var what: String
    }

    /// The `Host` and `Origin` that backends are told.
    package struct Names: Sendable, Codable, Equatable {
        /// `unified`, or names of routes.
        package var upstreams: [String]
        package var told: String
        /// Whether a backend that compares the two may find them different.
        package var mayDisagree: Bool
    }

    package var listen: [String]
    /// The admin listener's address; nil when there is none.
    package var admin: String?
    /// nil where clients connect in the clear.
    package var tls: TLS?
    /// nil where the admin listener speaks plain HTTP.
    package var adminTLS: TLS?
    /// Whether trusted proxies say by the PROXY protocol whom they speak for.
    package var proxyProtocol: Bool
    package var store: String
    package var phase: String
    /// The unified endpoint's paths.
    package var endpoints: [String]
    /// Subprotocols of the unified endpoint, in the order in which they are preferred.
    package var protocols: [String]
    package var unifiedUpstream: String?
    /// Milliseconds between our heartbeats on the unified endpoint; nil where none are sent.
    package var unifiedHeartbeat: Int64?
    package var defaultRoute: String?
    package var routes: [Route]
    package var legacyEndpoints: [Endpoint]
    /// nil where the file says nothing of it.
    package var deprecation: Deprecation?
    package var toggleEnds: [Ending]
    /// What backends are told as `Host` and `Origin`, those of one upstream after the other, equal ones together.
    package var names: [Names]
    /// How TLS is spoken towards upstreams, those that are asked alike together; empty where there is none.
    package var upstreamTLS: [UpstreamTLS]
    /// What is worth knowing at a glance, in words.
    package var limits: [String]

    init(_ settings: ProxySettings, _ draft: TableDraft, shown: [String: String]) {
        let shownURLs = draft.shownURLs
        let definition = settings.table.definition
        listen = settings.listen.clients.map(Self.text)
        admin = settings.admin.address.map(Self.text)
        tls = Self.tls(settings.listen.tls, settings, shown)
        adminTLS = Self.tls(settings.admin.tls, settings, shown)
        proxyProtocol = settings.listen.proxyProtocol
        store = draft.shownStore ?? "memory:"
        phase = definition.phase.rawValue
        endpoints = definition.addressing.paths
        protocols = definition.addressing.protocols
        unifiedUpstream = definition.unified.flatMap { shownURLs.indices.contains($0) ? shownURLs[$0] : nil }
        unifiedHeartbeat = definition.addressing.heartbeat?.every.milliseconds
        defaultRoute = definition.addressing.defaultRoute
        routes = zip(definition.routes, draft.shownMatches).map { route, match in
            let decision = route.decision(in: definition.phase)
            let index = decision.rollout == .unified ? definition.unified : route.legacy
            let upstream = index.flatMap { definition.upstreams.indices.contains($0) ? definition.upstreams[$0] : nil }
            return Route(
                name: route.name,
                match: zip(definition.addressing.routeBy, match).map { "\($0)=\($1)" }.joined(separator: " "),
                servedBy: route.servedBy.text, inForce: decision.rollout.text,
                why: Self.why(route, decision, settings),
                overrides: route.overrides.map { "\($0.app): \($0.servedBy.text)" },
                upstream: index.flatMap { shownURLs.indices.contains($0) ? shownURLs[$0] : nil } ?? "",
                pool: upstream?.mode == .client ? "client" : "session",
                correlation: upstream.map { Self.text($0.correlation) } ?? "",
                inFlight: upstream?.inFlight ?? 1, timeout: upstream?.exchangeTimeout.milliseconds ?? 0)
        }
        legacyEndpoints = Self.endpoints(definition)
        deprecation = Self.deprecation(definition)
        toggleEnds = ToggleEnds(definition: definition).list()
        names = Self.names(definition)
        upstreamTLS = Self.upstreamTLS(definition, shown)
        let limits = definition.limits
        let eager = definition.upstreams.filter { $0.dial != .onMessage }.map(\.name)
        let dialled = eager.isEmpty ? [] : ["dialled when clients connect: \(RouteNames.text(eager))"]
        self.limits =
            dialled + [
                "messages up to \(ByteSize.text(limits.message)), \(limits.messagesPerSecond) a second for each client",
                "\(limits.connections) client connections, \(limits.connectionsPerSession) for each session, "
                    + "\(limits.connectionsPerAddress) for each address" + Self.meaningOfAddress(settings.listen),
                "\(ByteSize.text(limits.handshakeBytes)) of handshakes under way, "
                    + "\(Duration.text(limits.handshakeTimeout)) for each",
                "\(ByteSize.text(limits.memory)) of memory in all, "
                    + "\(ByteSize.text(limits.unreadByClient)) unread by a client",
            ]
    }

    private static func names(_ definition: TableDefinition) -> [Names] {
        var names: [Names] = []
        for upstream in definition.upstreams {
            let told = upstream.namesText()
            if let place = names.firstIndex(where: { $0.told == told }) {
                if !names[place].upstreams.contains(upstream.name) { names[place].upstreams.append(upstream.name) }
            } else {
                names.append(
                    Names(upstreams: [upstream.name], told: told, mayDisagree: upstream.mayDisagree(isOwn: false)))
            }
        }
        return names
    }

    /// Whose address it is that connections are counted by.
    private static func meaningOfAddress(_ listen: ListenSettings) -> String {
        guard listen.clients.contains(where: { if case .tcp = $0 { true } else { false } }) else {
            return " (over Unix sockets there is none)"
        }
        return listen.trustedProxies.isEmpty
            ? " (behind a load balancer that listen.trusted_proxies does not list, all clients come from its address and "
                + "share that)" : " (those of listen.trusted_proxies are not counted)"
    }

    private static func endpoints(_ definition: TableDefinition) -> [Endpoint] {
        func milliseconds(_ heartbeat: HeartbeatSettings?) -> Int64? {
            heartbeat.flatMap { $0.send == nil ? nil : $0.every.milliseconds }
        }
        let state = EndpointState(in: definition.phase).rawValue
        let own = definition.routes.compactMap { route in
            route.endpoint.map { endpoint in
                Endpoint(
                    path: endpoint.path, aliases: endpoint.aliases, route: route.name,
                    passthrough: endpoint.passthrough.rawValue, heartbeat: milliseconds(endpoint.heartbeat),
                    isUnlisted: false, state: state)
            }
        }
        return own
            + definition.unlisted.map { endpoint in
                Endpoint(
                    path: endpoint.path, aliases: endpoint.aliases, route: endpoint.name,
                    passthrough: endpoint.passthrough.rawValue, heartbeat: milliseconds(endpoint.heartbeat),
                    isUnlisted: true, state: EndpointState.open.rawValue)
            }
    }

    private static func deprecation(_ definition: TableDefinition) -> Deprecation? {
        let settings = definition.deprecation
        guard settings != DeprecationSettings() else { return nil }
        return Deprecation(
            deprecatedAt: settings.deprecatedAt?.shortText, sunset: settings.sunset?.shortText,
            successor: settings.successor ?? definition.addressing.paths.first, link: settings.link,
            notice: settings.notice != nil,
            brownouts: settings.brownouts.sorted { $0.from < $1.from }.map {
                Deprecation.Brownout(
                    routes: $0.routes, from: $0.from.shortText, until: $0.until.shortText, share: $0.share.percentText)
            })
    }

    private static func why(_ route: RouteSettings, _ decision: RouteDecision, _ settings: ProxySettings) -> String {
        let line = settings.lines.line(of: route.name, decision.origin).map { " (line \($0))" } ?? " (default)"
        return switch decision.origin {
        case .override: "override"
        case .hold: "hold" + line
        case .phase: "phase: \(settings.table.definition.phase.rawValue)" + line
        case .file: "served_by" + line
        }
    }

    private static func text(_ address: ListenAddress) -> String {
        switch address {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    private static func text(_ correlation: Correlation) -> String {
        switch correlation {
        case .fifo: "fifo"
        case .field(let name, _): name
        }
    }
}
