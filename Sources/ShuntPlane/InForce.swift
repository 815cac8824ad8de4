package import ShuntCore

/// What the file says, and what stands above it.
package struct InForce: Sendable {
    package var settings: ProxySettings
    /// By subject; those of routes that the file has no more are kept: the route may come back.
    package var overrides: [StoredOverride.Subject: StoredOverride] = [:]
    package var paused: Set<String> = []

    package init(settings: ProxySettings) { self.settings = settings }

    var phaseOverride: Phase? { overrides[.phase].flatMap { Phase(rawValue: $0.value) } }

    func rollout(of route: String) -> Rollout? { overrides[.route(route)].flatMap { Rollout(text: $0.value) } }

    /// The file's definition with everything that stands above it.
    var definition: TableDefinition {
        var definition = settings.table.definition
        if let phaseOverride { definition.phase = phaseOverride }
        for index in definition.routes.indices {
            let name = definition.routes[index].name
            definition.routes[index].override = rollout(of: name)
            definition.routes[index].isPaused = paused.contains(name)
        }
        return definition
    }

    /// - Throws: `notPossible` where what is asked for has no upstream to serve it.
    package func table() throws(ControlProblem) -> RoutingTable {
        do {
            return try RoutingTable(definition)
        } catch {
            throw .notPossible(text(of: error))
        }
    }

    private func text(of problem: TableProblem) -> String {
        let routes = settings.table.definition.routes
        if case .noUpstream(let index, let side) = problem, routes.indices.contains(index) {
            return """
                the route \(routes[index].name) has no \(side.text) upstream: give it one in the file, or hold it on the \
                other side (hold: \(side.other.text))
                """
        }
        return "no table can be made of it: \(problem)"
    }

    /// A phase may move ten thousand routes.
    private static let mostLines = 100

    /// What happens to each route's share from one state to another: `guide: served by unified (was legacy)`.
    func changes(from old: InForce) -> [String] {
        let before = old.definition
        let after = definition
        let known = Dictionary(
            before.routes.map { ($0.name, $0.decision(in: before.phase)) }, uniquingKeysWith: { first, _ in first })
        var lines: [String] = []
        if before.phase != after.phase { lines.append("phase: \(after.phase.rawValue) (was \(before.phase.rawValue))") }
        for route in after.routes {
            let decision = route.decision(in: after.phase)
            guard let was = known[route.name], was.rollout != decision.rollout else { continue }
            lines.append(
                "\(route.name): served by \(decision.rollout.text) (was \(was.rollout.text)), because of "
                    + decision.origin.text)
        }
        if lines.count > Self.mostLines {
            let more = lines.count - Self.mostLines
            lines = lines.prefix(Self.mostLines) + ["and \(more) more"]
        }
        for name in paused.subtracting(old.paused).sorted() { lines.append("\(name): paused") }
        for name in old.paused.subtracting(paused).sorted() { lines.append("\(name): resumed") }
        return lines
    }
}

extension RouteDecision.Origin {
    /// For people.
    var text: String {
        switch self {
        case .override: "an override"
        case .hold: "hold"
        case .phase: "the phase"
        case .file: "served_by"
        }
    }
}
