package import ShuntCore

extension TableDefinition {
    /// Adds a route with the name of its legacy upstream; each part between slashes is matched at a level of its own.
    package mutating func addRoute(to upstream: UpstreamSettings, servedBy rollout: Rollout = .legacy) {
        let match = upstream.name.split(separator: "/").map(String.init)
        routes.append(RouteSettings(name: upstream.name, match: match, servedBy: rollout, legacy: upstreams.count))
        upstreams.append(upstream)
    }

    /// Adds the unified upstream.
    package mutating func addUnified(_ upstream: UpstreamSettings) {
        unified = upstreams.count
        upstreams.append(upstream)
    }

    /// Routes `agent0`, `agent1` … that either side serves, with a legacy endpoint each.
    package static func eitherSide(routes: Int, phase: Phase = .migrate) -> TableDefinition {
        var definition = TableDefinition()
        definition.phase = phase
        for number in 0..<routes {
            let address = UpstreamAddress(host: "127.0.0.1", port: 7101, path: "/\(number)")
            definition.upstreams.append(UpstreamSettings(name: "old\(number)", address: address))
            var route = RouteSettings(
                name: "agent\(number)", match: ["agent\(number)"], servedBy: Rollout(steps: 2500), legacy: number)
            route.endpoint = EndpointSettings(path: "/ws/\(number)")
            definition.routes.append(route)
        }
        definition.addUnified(
            UpstreamSettings(name: "unified", address: UpstreamAddress(host: "127.0.0.1", port: 7200, path: "/")))
        return definition
    }
}
