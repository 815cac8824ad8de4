/// The meaning of a path.
package enum EndpointMatch: Sendable {
    case unified
    case legacy(Endpoint)
}

/// All paths that clients may connect to.
package struct EndpointTable: Sendable {
    /// Endpoints by route index; nil where a route has none.
    package let byRoute: [Endpoint?]
    package let unlisted: [Endpoint]
    private let byPath: [ByteString: Endpoint]
    private let unifiedPaths: Set<ByteString>
    /// Paths as the configuration has them, without aliases but for the unified endpoint's.
    private let ownPaths: [String]
    private let routedPaths: [String]
    private let unlistedPaths: [String]

    init(
        _ definition: TableDefinition, routes: [Route], upstreams: [Upstream], unified: Upstream?
    ) throws(TableProblem) {
        unifiedPaths = Set(definition.addressing.paths.map { ByteString($0) })
        ownPaths = definition.addressing.paths
        routedPaths = definition.routes.compactMap { $0.endpoint?.path }
        unlistedPaths = definition.unlisted.map(\.path)
        var byPath: [ByteString: Endpoint] = [:]
        var byRoute: [Endpoint?] = []
        let state = EndpointState(in: definition.phase)
        let announcement =
            state == .open
            ? nil : Announcement(definition.deprecation, unified: definition.addressing.paths.first)
        // Routes of one template have the same rules: they are compiled once.
        var programs: [ReshapeRules: ReshapeProgram] = [:]
        for (route, settings) in zip(routes, definition.routes) {
            guard let endpoint = settings.endpoint else {
                byRoute.append(nil)
                continue
            }
            let program: ReshapeProgram
            if let known = programs[endpoint.toLegacy] {
                program = known
            } else {
                program = try Self.program(endpoint.toLegacy, unified, route.index)
                programs[endpoint.toLegacy] = program
            }
            let made = Endpoint(
                path: endpoint.path, route: route, mode: endpoint.passthrough, heartbeat: endpoint.heartbeat,
                toLegacy: program, unified: unified, greet: endpoint.greet.map { ConnectTemplate($0) },
                announcement: announcement,
                brownouts: state == .deprecated
                    ? definition.deprecation.brownouts.filter { $0.covers(route: route.name) } : [],
                access: endpoint.access,
                compression: endpoint.passthrough == .raw ? nil : endpoint.compression)
            byRoute.append(made)
            for path in [endpoint.path] + endpoint.aliases {
                let key = ByteString(path)
                if unifiedPaths.contains(key) {
                    throw .samePath(route: route.index, path: path, name: "the unified endpoint")
                }
                if let other = byPath[key], other !== made {
                    throw .samePath(route: route.index, path: path, name: other.route.name)
                }
                byPath[key] = made
            }
        }
        self.byRoute = byRoute
        self.byPath = byPath
        var unlisted: [Endpoint] = []
        for settings in definition.unlisted where upstreams.indices.contains(settings.upstream) {
            let route = Route(
                index: -1, settings: RouteSettings(name: settings.name, match: [], servedBy: .legacy, legacy: nil),
                decision: RouteDecision(rollout: .legacy, origin: .file), legacy: upstreams[settings.upstream],
                unified: nil, depth: 0)
            for path in [settings.path] + settings.aliases {
                unlisted.append(
                    Endpoint(
                        path: path, route: route, mode: settings.passthrough, heartbeat: settings.heartbeat,
                        toLegacy: ReshapeProgram(), pattern: PathPattern(path), access: settings.access,
                        compression: settings.passthrough == .raw ? nil : settings.compression))
            }
        }
        self.unlisted = unlisted
    }

    private static func program(
        _ rules: ReshapeRules, _ unified: Upstream?, _ route: Int
    ) throws(TableProblem) -> ReshapeProgram {
        // Without a unified upstream nothing is ever brought back.
        guard let unified else { return ReshapeProgram() }
        if rules.unwrap != nil {
            throw .badEndpointRule(route: route, reason: "unwrap acts on messages as they come, not on those made here")
        }
        do {
            return try ReshapeProgram(rules, keys: unified.replyKeys)
        } catch {
            throw .badEndpointRule(route: route, reason: error.text)
        }
    }

    /// The endpoint that has this path or pattern as its own (no alias).
    package func endpoint(at path: String) -> Endpoint? {
        if let endpoint = byPath[ByteString(path)] { return endpoint }
        return unlisted.first { $0.path.utf8.elementsEqual(path.utf8) }
    }

    /// The paths where clients may connect: aliases of the unified endpoint too, of the others none, with placeholders for values
    /// that are not listed. The first `most` of them, and how many more there are.
    func openPaths(in phase: Phase, most: Int) -> (paths: [String], more: Int) {
        let routed = phase.opensLegacyEndpoints ? routedPaths[...] : []
        let paths = ownPaths[...] + routed.prefix(most) + unlistedPaths.prefix(most)
        let count = ownPaths.count + routed.count + unlistedPaths.count
        return (Array(paths.prefix(most)), max(0, count - most))
    }

    /// Finds the meaning of a path: one that is written out counts before a pattern. nil for a path that nobody answers.
    package func match(_ path: ByteString) -> EndpointMatch? {
        if unifiedPaths.contains(path) { return .unified }
        if let endpoint = byPath[path] { return .legacy(endpoint) }
        for endpoint in unlisted where endpoint.pattern?.values(in: path) != nil { return .legacy(endpoint) }
        return nil
    }
}
