import ShuntCore

/// Each route: who serves it, and how well either side does.
extension MetricsPage {
    mutating func addRoutes() {
        let table = table
        writer.gauge(
            "shunt_route_unified_ratio",
            "The share of a route's sessions that the unified upstream serves, from 0 to 1.")
        for (route, labels) in zip(table.routes, labels.routes) {
            let steps = route.decision.rollout.steps
            if steps == 0 || steps == Rollout.whole {
                writer.sample(steps == 0 ? 0 : 1, labels.route)
            } else {
                writer.sample(Double(steps) / Double(Rollout.whole), labels.route)
            }
        }
        writer.gauge("shunt_route_overridden", "1 where an override stands above the file.")
        for (route, labels) in zip(table.routes, labels.routes) {
            writer.sample(route.decision.origin == .override ? 1 : 0, labels.route)
        }
        writer.gauge("shunt_route_paused", "1 where a route's messages are held.")
        for (route, labels) in zip(table.routes, labels.routes) {
            writer.sample(route.isPaused ? 1 : 0, labels.route)
        }
        writer.gauge(
            "shunt_route_upstream_info",
            "Which upstream can serve a side of a route; always 1. Join it with other metrics by route and side.")
        for labels in labels.routes {
            for upstream in labels.upstreams where !upstream.isEmpty { writer.sample(1, upstream) }
        }
        writer.gauge(
            "shunt_route_messages_waiting", "Messages that wait for a route's resume, or for the side that it leaves.")
        for (tally, labels) in zip(sum.routes, labels.routes) { writer.sample(tally.waiting, labels.route) }
        addExchanges()
        addErrors()
        addLatencies()
    }

    private mutating func addExchanges() {
        writer.counter("shunt_messages_forwarded", "Messages sent to upstreams, on whatever way.")
        add(\.sides, { $0.byLegacy }, { $0.byUnified })
        writer.counter(
            "shunt_messages_forwarded_bytes",
            "Bytes of messages sent to upstreams, without their frames (raw sockets: with them).")
        add(\.sides, { $0.bytesToLegacy }, { $0.bytesToUnified })
        writer.counter(
            "shunt_replies_bytes",
            "Bytes of replies for clients, and of all else that sockets that are passed through are told; without their frames (raw sockets: with them)."
        )
        add(\.sides, { $0.bytesFromLegacy }, { $0.bytesFromUnified })
        writer.counter(
            "shunt_exchanges",
            "Accepted messages that ended, by the side that they were for: in a reply or in an error of Shunt's.")
        add(\.replies, { $0.repliesByLegacy }, { $0.repliesByUnified })
        add(\.errors, { $0.errorsByLegacy }, { $0.errorsByUnified })
    }

    /// A sample for each route and side; a side that nobody can serve has none, unless something was counted.
    private mutating func add(
        _ rendered: (MetricsLabels.OfRoute) -> [MetricsLabels.Rendered], _ legacy: (RouteTally) -> Int,
        _ unified: (RouteTally) -> Int
    ) {
        for (tally, labels) in zip(sum.routes, labels.routes) {
            let sides = rendered(labels)
            let (byLegacy, byUnified) = (legacy(tally), unified(tally))
            if byLegacy > 0 || !labels.upstreams[0].isEmpty { writer.sample(byLegacy, sides[0]) }
            if byUnified > 0 || !labels.upstreams[1].isEmpty { writer.sample(byUnified, sides[1]) }
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
        let firstReplies = sum.meter.firstReplies
        for (place, labels) in labels.routes.enumerated() {
            for side in Side.allCases {
                // None before its first observation: seventeen series each would be most of a page of many routes.
                guard let counts = firstReplies[Meter.place(of: place, side)] else { continue }
                writer.sample(counts, labels.sides[Int(side.rawValue)])
            }
        }
    }
}
