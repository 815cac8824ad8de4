import ShuntCore

/// The configuration in force as the model keeps it. Routes and upstreams keep their places here for the whole life of
/// a world; the tables that are made of it put them in any order, leave some out and bring them back.
struct Arrangement {
    /// By the model's own place; `legacy` of a route is such a place too.
    var upstreams: [UpstreamSettings] = []
    var routes: [RouteSettings] = []
    /// Routes that the table has now.
    var hasRoute: [Bool] = []
    /// Whether a route's legacy upstream is in the table.
    var hasLegacy: [Bool] = []
    var unified: Int?
    /// Of everything that does not change.
    var base = TableDefinition()
    var phase = Phase.migrate
    /// The order in which a table lists them.
    var routeOrder: [Int] = []
    var upstreamOrder: [Int] = []
    /// Old clients' paths whose values no route lists, all at one upstream.
    var unlisted: UnlistedEndpointSettings?

    /// What is in force for a route when no client has an override of its own.
    func rollout(_ route: Int) -> Rollout {
        let settings = routes[route]
        if let override = settings.override { return override }
        if let hold = settings.hold { return Rollout(hold) }
        switch phase {
        case .parallel: return .legacy
        case .deprecate, .complete: return .unified
        case .migrate: return settings.servedBy
        }
    }

    func endpoint(_ route: Int) -> EndpointSettings? { hasRoute[route] ? routes[route].endpoint : nil }

    /// The places of the upstreams that a table lists, in its order.
    var listed: [Int] {
        var used: Set<Int> = []
        if let unified { used.insert(unified) }
        if let unlisted { used.insert(unlisted.upstream) }
        for route in routes.indices where hasRoute[route] && hasLegacy[route] {
            if let legacy = routes[route].legacy { used.insert(legacy) }
        }
        return upstreamOrder.filter { used.contains($0) }
    }

    func definition() -> TableDefinition {
        var definition = base
        let listed = listed
        definition.upstreams = listed.map { upstreams[$0] }
        definition.unified = unified.flatMap { listed.firstIndex(of: $0) }
        definition.phase = phase
        definition.routes = routeOrder.filter { hasRoute[$0] }.map { place in
            var route = routes[place]
            route.legacy = hasLegacy[place] ? route.legacy.flatMap { listed.firstIndex(of: $0) } : nil
            return route
        }
        if var unlisted {
            unlisted.upstream = listed.firstIndex(of: unlisted.upstream) ?? 0
            definition.unlisted = [unlisted]
        }
        return definition
    }
}
