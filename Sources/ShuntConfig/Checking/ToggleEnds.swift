import ShuntCore

/// What ends for clients when a route goes from its legacy upstream to the unified one: what configuration alone can
/// tell. (Members of replies that no `to_legacy` rule brings back cannot be known from it.)
struct ToggleEnds {
    let definition: TableDefinition

    /// One entry for all routes that it is true of, in the order of the file. Empty where there is nothing to go to.
    func list() -> [ConfigSummary.Ending] {
        guard definition.unified != nil else { return [] }
        var endings: [ConfigSummary.Ending] = []
        var places: [String: Int] = [:]
        func add(_ route: String, _ what: String) {
            if let place = places[what] {
                endings[place].routes.append(route)
            } else {
                places[what] = endings.count
                endings.append(ConfigSummary.Ending(routes: [route], what: what))
            }
        }
        for route in definition.routes where route.legacy != nil {
            for what in ends(of: route) { add(route.name, what) }
        }
        for unlisted in definition.unlisted {
            add(
                unlisted.name,
                "values that are not listed stay with the legacy backend, whatever the share: \(unlisted.path)")
        }
        return endings
    }

    private func ends(of route: RouteSettings) -> [String] {
        var ends: [String] = []
        let pushes = forwardedPushes(of: route)
        if !pushes.isEmpty {
            ends.append(
                "messages that only the legacy backend sends by itself: \(Excerpt.of(pushes.joined(separator: ", ")))"
                    + (route.endpoint == nil ? "" : " (greet can replace them)"))
        }
        guard let endpoint = route.endpoint else { return ends }
        if endpoint.passthrough == .raw {
            ends.append("raw sockets that are open stay with the legacy backend for as long as they live")
        } else {
            ends.append("binary messages of old clients: the unified way carries text")
        }
        return ends
    }

    /// The types that the legacy upstream's pushes are forwarded for and that no `greet` message has.
    private func forwardedPushes(of route: RouteSettings) -> [String] {
        guard let index = route.legacy, definition.upstreams.indices.contains(index) else { return [] }
        let pushes = definition.upstreams[index].pushes
        if pushes.isEmpty { return [] }
        let replaced = Set((route.endpoint?.greet ?? []).map { JSONText.type(of: $0) ?? "" })
        let ending = pushes.filter { type, action in
            (action == .forward || action == .greeting) && !replaced.contains(type)
        }
        return ending.keys.sorted().map { $0.isEmpty ? "those without a type" : $0 }
    }
}
