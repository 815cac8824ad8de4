import ShuntCore

/// What can be wrong with routes and upstreams together.
struct TableChecks {
    let draft: TableDraft
    let listen: ListenSettings
    let unified: DocumentNode?
    let root: DocumentNode
    let diagnostics: DiagnosticList

    func run() {
        checkNames()
        checkOverlaps()
        checkDefaultRoute()
        checkLoops()
        checkUnusedUnified()
        checkOneWay()
        ClaimChecks(draft: draft, root: root, diagnostics: diagnostics).run()
        PathChecks(draft: draft, hasUnifiedKey: unified != nil, diagnostics: diagnostics).run()
    }

    private var routes: [RouteSettings] { draft.definition.routes }

    private func line(of route: Int) -> String {
        let position = draft.routePlaces[route].position
        return "line \(position.line), column \(position.column)"
    }

    private func checkNames() {
        var first: [String: Int] = [:]
        for (index, route) in routes.enumerated() {
            guard let earlier = first.updateValue(index, forKey: route.name) else { continue }
            first[route.name] = earlier
            // Names are for people: two that look the same are one.
            let isSame = routes[earlier].name.utf8.elementsEqual(route.name.utf8)
            diagnostics.error(
                draft.routePlaces[index],
                isSame
                    ? "the route \(Excerpt.quoted(route.name)) comes again"
                    : "the name \(Excerpt.quoted(route.name)) differs from another by Unicode normalisation only",
                advice: isSame
                    ? "it stands first at \(line(of: earlier))"
                    : "give the one at \(line(of: earlier)) or this one another name: their match may stay")
        }
    }

    /// Two routes overlap when the match of one is the beginning of the other's, or the same.
    private func checkOverlaps() {
        // By their bytes, as messages are compared.
        var exact: [[[UInt8]]: Int] = [:]
        var beginnings: [[[UInt8]]: Int] = [:]
        for (index, route) in routes.enumerated() {
            let match = route.match.map { Array($0.utf8) }
            var other = exact[match] ?? beginnings[match]
            for length in 1..<max(1, route.match.count) where other == nil {
                other = exact[Array(match.prefix(length))]
            }
            if let other, routes[other].name != route.name {
                let meaning = zip(draft.definition.addressing.routeBy, draft.shownMatches[index]).map { "\($0): \($1)" }
                diagnostics.error(
                    draft.routePlaces[index],
                    "its match {\(Excerpt.of(meaning.joined(separator: ", ")))} overlaps with that of "
                        + "\(Excerpt.quoted(routes[other].name)) (\(line(of: other)))",
                    advice: "a message could mean both: every message must mean one route")
            }
            exact[match] = exact[match] ?? index
            for length in 1..<max(1, route.match.count) {
                let beginning = Array(match.prefix(length))
                beginnings[beginning] = beginnings[beginning] ?? index
            }
        }
    }

    private func checkDefaultRoute() {
        guard let name = draft.definition.addressing.defaultRoute, !draft.hasBrokenRoutes,
            !routes.contains(where: { $0.name == name })
        else { return }
        let node = unified?["default_route"] ?? unified
        guard let node else { return }
        let names = routes.prefix(1000).map(\.name)
        let shown = node.scalar?.shown ?? name
        diagnostics.error(
            node, "there is no route \(Excerpt.quoted(shown))",
            allowed: names.isEmpty || names.count > 20 ? nil : Excerpt.choices(names),
            meant: NearestWord.to(name, among: names))
    }

    /// An upstream that is Shunt itself: every message would come back for ever.
    private func checkLoops() {
        for (index, upstream) in draft.definition.upstreams.enumerated() {
            for case .tcp(let host, let port) in listen.clients where port != 0 && port == upstream.address.port {
                let target = upstream.address.host
                let same = host == target || (IPAddress.isLoopback(host) && IPAddress.isLoopback(target))
                guard same || (IPAddress.isAny(host) && IPAddress.isLoopback(target)) else { continue }
                diagnostics.error(
                    draft.upstreamPlaces[index], "the upstream is the address that Shunt listens on itself",
                    advice: "give the backend's own address; move one of them to another port")
            }
        }
    }

    /// An error about a message that nobody answers would be taken for the reply to another.
    private func checkOneWay() {
        guard let node = unified?["one_way"], !draft.definition.addressing.oneWay.isEmpty else { return }
        let names = draft.definition.upstreams.filter { $0.correlation == .fifo }.map(\.name)
        guard !names.isEmpty else { return }
        let more = names.count > 3 ? " and \(names.count - 3) more" : ""
        diagnostics.warning(
            node,
            "correlation: fifo of \(names.prefix(3).joined(separator: ", "))\(more): whatever such a backend "
                + "answers to one of these types is taken for the reply to another message",
            advice: "make sure that it says nothing to them, not even an error, or set correlation: {field: …}")
    }

    private func checkUnusedUnified() {
        for (index, upstream) in draft.definition.upstreams.enumerated() where index != draft.definition.unified {
            guard let unified = draft.definition.unified else { return }
            let other = draft.definition.upstreams[unified].address
            if other == upstream.address {
                diagnostics.warning(
                    draft.upstreamPlaces[index], "the legacy upstream has the same url as the unified one",
                    advice: "the two speak different shapes; is one of them a copy?")
            }
        }
    }
}
