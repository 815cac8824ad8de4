/// A compiled configuration: immutable, shared by all workers, swapped whole.
package final class RoutingTable: Sendable {
    package let definition: TableDefinition
    package let upstreams: [Upstream]
    /// Reports of upstreams that nothing is connected to, by `Upstream.index`. Made once: workers are asked often.
    let idlePools: [PoolStatus]
    package let routes: [Route]
    /// The places of those for which a socket of the unified endpoint may dial when it opens.
    let listeningRoutes: [Int]
    package let addressing: Addressing
    /// The members of a client's message that matter to addressing, identity or any request rule.
    package let requestKeys: KeySet
    package let routeSlots: [Int]
    /// Whether a `routeBy` member is at the top level, where it can be stripped.
    package let strippable: [Bool]
    /// The slots of those that can.
    package let strippedSlots: [Int]
    /// Writes those with a dot and, behind them, a conversation id with one.
    let placement: Placement?
    /// The objects on the way to a conversation id with a dot.
    let conversationParents: [Int]
    package let typeSlot: Int
    package let conversationSlot: Int
    package let conversationIsTopLevel: Bool
    package let tokenSlot: Int
    /// Whether a backend takes the session's token in messages: in each, or in the first words on a connection.
    package let sendsTokens: Bool
    let deciding: DecidingMembers
    /// Slots of `AddressingSettings.echo`, in its order.
    package let echoSlots: [Int]
    package let absorbed: Absorption
    /// The message to clients of the unified endpoint on schedule; nil for none.
    package let beat: Beat?
    package let oneWay: ByteMap
    package let conversationTemplate: ConversationTemplate
    package let unified: Upstream?
    package let endpoints: EndpointTable
    private let routesByName: [String: Int]

    package init(_ definition: TableDefinition) throws(TableProblem) {
        self.definition = definition
        let address = definition.addressing
        let kind = address.kinds.kindPath
        var paths = [kind, "session_token", address.conversationField] + address.routeBy + address.echo
        var correlations: [String] = []
        for upstream in definition.upstreams {
            paths += ReshapeProgram.paths(of: upstream.request)
            if case .field(let field, _) = upstream.correlation { correlations.append(field) }
        }
        let placed = address.routeBy + [address.conversationField]
        paths += correlations + Placement.parents(of: placed)
        let wrappers = Set(definition.upstreams.compactMap(\.request.unwrap)).sorted()
        let deciders = address.routeBy + [kind, address.conversationField] + correlations
        let doubled = wrappers.flatMap { UnwrappedRequest.doubled(deciders, wrapper: $0) }
        paths += doubled.flatMap { [$0.beside, $0.inside] }
        // So that names in wrappers are looked at as those of the top level are, which they become.
        paths += wrappers.map { $0 + ".session_token" }
        let keys = KeySet(paths, folding: "session_token")
        requestKeys = keys
        routeSlots = address.routeBy.map { keys.slot($0) ?? 0 }
        strippable = address.routeBy.map { !$0.contains(".") }
        strippedSlots = zip(routeSlots, strippable).compactMap { $1 ? $0 : nil }
        typeSlot = keys.slot(kind) ?? 0
        conversationSlot = keys.slot(address.conversationField) ?? 0
        conversationIsTopLevel = !address.conversationField.contains(".")
        tokenSlot = keys.slot("session_token") ?? 0
        sendsTokens = definition.upstreams.contains(where: \.takesTokenInMessages)
        deciding = DecidingMembers(
            address: address.routeBy, kind: kind, conversation: address.conversationField,
            correlations: correlations, wrappers: wrappers, doubled: doubled, keys: keys)
        placement = Placement(placed.enumerated().map { ($1, $0) }, keys: keys)
        conversationParents = Placement.parents(of: [address.conversationField]).compactMap { keys.slot($0) }
        echoSlots = address.echo.compactMap { keys.slot($0) }
        absorbed = Absorption(address.absorb, refresh: definition.session.refresh)
        beat = address.heartbeat.map { Beat($0) }
        oneWay = ByteMap(address.oneWay)
        conversationTemplate = ConversationTemplate(address.conversationTemplate, fields: address.routeBy)
        addressing = try Addressing(address, routes: definition.routes, keys: keys)
        let restored = Set(
            definition.routes.flatMap { ReshapeProgram.paths(of: $0.endpoint?.toLegacy ?? ReshapeRules()) })
        let ownRules = Dictionary(
            definition.routes.filter { !$0.unified.isEmpty }.map { ($0.name, $0.unified) },
            uniquingKeysWith: { first, _ in first })
        var (built, sets) = ([Upstream](), KeySets(request: keys))
        for (index, settings) in definition.upstreams.enumerated() {
            if let reason = Self.danger(in: settings) { throw .unsafe(upstream: index, reason: reason) }
            do {
                built.append(
                    try Upstream(
                        index: index, settings: settings, isUnified: index == definition.unified, addressing: address,
                        keys: &sets, restored: index == definition.unified ? restored.sorted() : [],
                        routes: index == definition.unified ? ownRules : [:]))
            } catch {
                throw .badRule(upstream: index, reason: error.text)
            }
        }
        upstreams = built
        idlePools = built.map { PoolStatus($0) }
        let unified = definition.unified.flatMap { built.indices.contains($0) ? built[$0] : nil }
        self.unified = unified
        var compiled: [Route] = []
        for (index, settings) in definition.routes.enumerated() {
            let legacy = settings.legacy.flatMap { built.indices.contains($0) ? built[$0] : nil }
            let decision = settings.decision(in: definition.phase)
            if decision.rollout != .unified, legacy == nil { throw .noUpstream(route: index, .legacy) }
            if decision.rollout != .legacy, unified == nil { throw .noUpstream(route: index, .unified) }
            compiled.append(
                Route(
                    index: index, settings: settings, decision: decision, legacy: legacy, unified: unified,
                    depth: address.routeBy.count))
        }
        routes = compiled
        listeningRoutes = compiled.indices.filter { place in
            [compiled[place].legacy, compiled[place].unified].contains {
                $0.map { $0.settings.dial != .onMessage } ?? false
            }
        }
        routesByName = Dictionary(compiled.map { ($0.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        endpoints = try EndpointTable(definition, routes: compiled, upstreams: built, unified: unified)
    }

    /// Whether the credentials of an endpoint's clients are validated.
    ///
    /// - Parameter endpoint: nil for the unified one.
    package func validates(_ endpoint: Endpoint?) -> Bool {
        if case .none = definition.session.validation { return false }
        return access(of: endpoint).isValidated
    }

    /// How an endpoint treats credentials; nil is the unified one.
    package func access(of endpoint: Endpoint?) -> EndpointAccess {
        endpoint?.access ?? definition.addressing.access
    }

    /// Whether a route is one of this table: else its index says nothing.
    @inline(__always)
    func has(_ route: Route) -> Bool {
        let index = route.index
        return index >= 0 && index < routes.count && routes[index] === route
    }

    package func route(named name: String) -> Route? { routesByName[name].map { routes[$0] } }

    /// Combinations that would lose or mix up replies.
    private static func danger(in settings: UpstreamSettings) -> String? {
        if settings.lanes < 1 { return "lanes must be at least 1" }
        if settings.inFlight < 1 { return "in_flight must be at least 1" }
        if case .field(let field, _) = settings.correlation, field.isEmpty {
            return "correlation: field needs the name of a member"
        }
        return nil
    }
}
