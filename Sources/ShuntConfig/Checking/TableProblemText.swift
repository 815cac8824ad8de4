import ShuntCore

extension TableDraft {
    /// Compiles the definition; what the core refuses is told at the place that it is about.
    func compile(unified: DocumentNode?, root: DocumentNode, _ diagnostics: DiagnosticList) -> RoutingTable? {
        do {
            return try RoutingTable(definition)
        } catch {
            report(error, unified: unified, root: root, diagnostics)
            return nil
        }
    }

    private func report(
        _ problem: TableProblem, unified: DocumentNode?, root: DocumentNode, _ diagnostics: DiagnosticList
    ) {
        func routePlace(_ index: Int) -> DocumentNode {
            routePlaces.indices.contains(index) ? routePlaces[index] : root
        }
        func upstreamPlace(_ index: Int) -> DocumentNode {
            upstreamPlaces.indices.contains(index) ? upstreamPlaces[index] : root
        }
        switch problem {
        case .overlap(let route, let other):
            let position = routePlace(other).position
            diagnostics.error(
                routePlace(route),
                "its match overlaps with the one at line \(position.line), column \(position.column)",
                advice: "a message could mean both: every message must mean one route")
        case .noMatch(let route):
            diagnostics.error(routePlace(route), "the route has no match")
        case .matchTooLong(let route):
            diagnostics.error(routePlace(route), "the match names more members than route_by has")
        case .noUpstream(let route, let side):
            diagnostics.error(
                routePlace(route),
                "the route is served by \(side == .legacy ? "legacy" : "unified"), which has no upstream")
        case .unknownDefaultRoute(let name):
            diagnostics.error(unified?["default_route"] ?? root, "there is no route \(Excerpt.quoted(name))")
        case .unsafe(let upstream, let reason):
            diagnostics.error(upstreamPlace(upstream), "unsafe settings", advice: reason)
        case .badRule(let upstream, let reason):
            diagnostics.error(upstreamPlace(upstream), "a reshaping rule cannot work", advice: reason)
        case .badEndpointRule(let route, let reason):
            let place = routePlace(route)
            diagnostics.error(
                place["legacy"]?["to_legacy"] ?? place, "a to_legacy rule cannot work", advice: reason)
        case .samePath(let route, let path, let name):
            diagnostics.error(
                routePlace(route), "the path \(Excerpt.quoted(path)) is that of \(name) too",
                advice: "every path must mean one endpoint")
        }
    }
}
