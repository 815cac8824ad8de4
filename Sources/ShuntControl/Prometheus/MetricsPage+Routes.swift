import ShuntCore

/// Each route: who serves it, and how well either side does.
extension MetricsPage {
    mutating func addRoutes() {
        writer.gauge(
            "shunt_route_unified_ratio",
            "The share of a route's sessions that the unified upstream serves, from 0 to 1.")
        for route in table.routes {
            writer.sample(Double(route.decision.rollout.steps) / Double(Rollout.whole), ["route": route.name])
        }
        writer.gauge("shunt_route_overridden", "1 where an override stands above the file.")
        for route in table.routes { writer.sample(route.decision.origin == .override ? 1 : 0, ["route": route.name]) }
        writer.gauge("shunt_route_paused", "1 where a route's messages are held.")
        for route in table.routes { writer.sample(route.isPaused ? 1 : 0, ["route": route.name]) }
        writer.gauge(
            "shunt_route_messages_waiting", "Messages that wait for a route's resume, or for the side that it leaves.")
        for (route, tally) in zip(table.routes, sum.routes) { writer.sample(tally.waiting, ["route": route.name]) }
        writer.counter("shunt_messages_forwarded", "Messages sent to upstreams, on whatever way.")
        for (route, tally) in zip(table.routes, sum.routes) {
            add(route, .legacy, tally.byLegacy)
            add(route, .unified, tally.byUnified)
        }
        writer.counter(
            "shunt_exchanges",
            "Accepted messages that ended, by the side that they were for: in a reply or in an error of Shunt's.")
        for (route, tally) in zip(table.routes, sum.routes) {
            add(route, .legacy, tally.repliesByLegacy, "reply")
            add(route, .legacy, tally.errorsByLegacy, "error")
            add(route, .unified, tally.repliesByUnified, "reply")
            add(route, .unified, tally.errorsByUnified, "error")
        }
        addErrors()
        addLatencies()
    }

    /// A side that nobody can serve has no samples.
    private func has(_ route: Route, _ side: Side) -> Bool {
        side == .legacy ? route.legacy != nil : route.unified != nil
    }

    private mutating func add(_ route: Route, _ side: Side, _ count: Int, _ outcome: String? = nil) {
        guard count > 0 || has(route, side) else { return }
        if let outcome {
            writer.sample(count, ["route": route.name, "side": side.text, "outcome": outcome])
        } else {
            writer.sample(count, ["route": route.name, "side": side.text])
        }
    }

    private mutating func addErrors() {
        writer.counter("shunt_errors", "Accepted messages that ended in an error, by its code.")
        let errors = sum.meter.errors.sorted { left, right in
            (left.key.route, left.key.side.rawValue, left.key.code.rawValue)
                < (right.key.route, right.key.side.rawValue, right.key.code.rawValue)
        }
        for (error, count) in errors where table.routes.indices.contains(error.route) {
            writer.sample(
                count, ["route": table.routes[error.route].name, "side": error.side.text, "code": error.code.rawValue])
        }
    }

    private mutating func addLatencies() {
        writer.histogram(
            "shunt_first_reply_duration_seconds",
            "From the writing of a message to an upstream to its first reply. Of messages that are passed through at the same time only the oldest is timed; raw sockets are not."
        )
        for route in table.routes {
            for side in Side.allCases {
                guard let counts = sum.meter.firstReplies[Meter.place(of: route.index, side)] else { continue }
                writer.sample(counts, ["route": route.name, "side": side.text])
            }
        }
    }
}
