import ShuntCore

/// Each route: who serves it, and how well either side does.
extension MetricsPage {
    mutating func addRoutes() {
        let (routes, tallies) = (table.routes, sum.routes)
        writer.gauge(
            "shunt_route_unified_ratio",
            "The share of a route's sessions that the unified upstream serves, from 0 to 1.")
        writer.samples(labels.routes) { place in
            switch routes[place].decision.rollout {
            case .legacy: 0
            case .unified: 1
            default: nil
            }
        }
        for route in routes where route.decision.rollout != .legacy && route.decision.rollout != .unified {
            let steps = Double(route.decision.rollout.steps)
            writer.sample(steps / Double(Rollout.whole), labels.routes[route.index])
        }
        writer.gauge("shunt_route_overridden", "1 where an override stands above the file.")
        writer.samples(labels.routes) { routes[$0].decision.origin == .override ? 1 : 0 }
        writer.gauge("shunt_route_paused", "1 where a route's messages are held.")
        writer.samples(labels.routes) { routes[$0].isPaused ? 1 : 0 }
        writer.gauge(
            "shunt_route_upstream_info",
            "Which upstream can serve a side of a route; always 1. Join it with other metrics by route and side.")
        for side in labels.sides { writer.samples(side.upstream) { _ in 1 } }
        writer.gauge(
            "shunt_route_messages_waiting", "Messages that wait for a route's resume, or for the side that it leaves.")
        writer.samples(labels.routes) { tallies[$0].waiting }
        addExchanges(tallies)
        addErrors()
        addLatencies()
    }

    /// A sample for each route and side; a side that nobody can serve has none, unless something was counted.
    private mutating func addExchanges(_ tallies: [RouteTally]) {
        let (legacy, unified) = (labels.sides[0], labels.sides[1])
        func told(_ count: Int, _ isServed: Bool) -> Int? { count > 0 || isServed ? count : nil }
        writer.counter("shunt_messages_forwarded", "Messages sent to upstreams, on whatever way.")
        writer.samples(legacy.plain) { told(tallies[$0].byLegacy, legacy.isServed[$0]) }
        writer.samples(unified.plain) { told(tallies[$0].byUnified, unified.isServed[$0]) }
        writer.counter(
            "shunt_messages_forwarded_bytes",
            "Bytes of messages sent to upstreams, without their frames (raw sockets: with them).")
        writer.samples(legacy.plain) { told(tallies[$0].bytesToLegacy, legacy.isServed[$0]) }
        writer.samples(unified.plain) { told(tallies[$0].bytesToUnified, unified.isServed[$0]) }
        writer.counter(
            "shunt_replies_bytes",
            "Bytes of replies for clients, and of all else that sockets that are passed through are told; without their frames (raw sockets: with them)."
        )
        writer.samples(legacy.plain) { told(tallies[$0].bytesFromLegacy, legacy.isServed[$0]) }
        writer.samples(unified.plain) { told(tallies[$0].bytesFromUnified, unified.isServed[$0]) }
        writer.counter(
            "shunt_exchanges",
            "Accepted messages that ended, by the side that they were for: in a reply or in an error of Shunt's.")
        writer.samples(legacy.replies) { told(tallies[$0].repliesByLegacy, legacy.isServed[$0]) }
        writer.samples(unified.replies) { told(tallies[$0].repliesByUnified, unified.isServed[$0]) }
        writer.samples(legacy.errors) { told(tallies[$0].errorsByLegacy, legacy.isServed[$0]) }
        writer.samples(unified.errors) { told(tallies[$0].errorsByUnified, unified.isServed[$0]) }
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
        // None before its first observation: nineteen lines each would be most of a page of many routes.
        for place in table.routes.indices {
            for side in Side.allCases {
                guard let counts = firstReplies[Meter.place(of: place, side)] else { continue }
                writer.sample(counts, labels.sides[Int(side.rawValue)].plain[place])
            }
        }
    }
}
