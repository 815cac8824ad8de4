import ShuntCore

/// `GET /healthz` and `GET /readyz`.
package struct HealthAnswer: Codable, Sendable, Hashable {
    /// `alive`, `ready`, or, where it was asked for upstreams and one that is needed is silent, `upstreams_silent`.
    package var status: String
    /// Where they were asked for.
    package var upstreams: [UpstreamHealth]?

    package static let words = ["alive", "ready", silent]
    static let silent = "upstreams_silent"

    package init(status: String) { self.status = status }

    /// The proxy is ready as far as its upstreams are.
    init(_ pools: [PoolStatus], _ routes: [RouteStatus]) {
        var needed: Set<String> = []
        for route in routes {
            let rollout = route.decision.rollout
            if rollout != .unified, let name = route.legacyUpstream { needed.insert(name) }
            if rollout != .legacy, let name = route.unifiedUpstream { needed.insert(name) }
        }
        let all = pools.map {
            UpstreamHealth(upstream: $0.upstream, answers: $0.answers, serves: needed.contains($0.upstream))
        }
        upstreams = all
        status = all.contains { $0.serves && $0.answers == false } ? Self.silent : "ready"
    }
}

/// One upstream, by its name: whoever may ask for health is told no more.
package struct UpstreamHealth: Codable, Sendable, Hashable {
    package var upstream: String
    /// Absent where nobody knows.
    package var answers: Bool?
    /// Whether a route is served by it as things are.
    package var serves: Bool
}
