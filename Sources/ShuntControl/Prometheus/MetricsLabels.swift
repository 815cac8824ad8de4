package import ShuntCore
import Synchronization

/// The labels of everything that a table names, written once for a table instead of with every sample of every scrape.
package struct MetricsLabels: Sendable {
    /// As they stand between a sample's name and its value.
    typealias Rendered = [UInt8]

    /// Of a route.
    struct OfRoute: Sendable {
        var route: Rendered
        /// By `Side.rawValue`.
        var sides: [Rendered]
        var replies: [Rendered]
        var errors: [Rendered]
        /// With the name of the upstream; empty where nobody can serve that side.
        var upstreams: [Rendered]
    }

    /// Of an endpoint that clients connect to.
    struct OfEndpoint: Sendable {
        /// The place of its route; -1 for the unified endpoint and for values that no template lists.
        var place: Int
        var isRaw: Bool
        var endpoint: Rendered
        var passthrough: Rendered
        var raw: Rendered
        var collapse: Rendered

        init(_ path: String, place: Int, isRaw: Bool) {
            self.place = place
            self.isRaw = isRaw
            endpoint = MetricsWriter.rendered(["endpoint": path])
            passthrough = MetricsWriter.rendered(["endpoint": path, "way": "passthrough"])
            raw = MetricsWriter.rendered(["endpoint": path, "way": "raw"])
            collapse = MetricsWriter.rendered(["endpoint": path, "way": "collapse"])
        }
    }

    /// Of an upstream.
    struct OfUpstream: Sendable {
        var upstream: Rendered
        var dialling: Rendered
        var ready: Rendered
        var retired: Rendered
    }

    /// The endpoint of values that no template lists.
    static let unlistedName = "unlisted"

    let table: RoutingTable
    /// By `Route.index`.
    let routes: [OfRoute]
    let unified: OfEndpoint
    let legacy: [OfEndpoint]
    let unlisted: OfEndpoint?
    /// By `Upstream.index`.
    let upstreams: [OfUpstream]
    /// Of the page that was written last, so that the next one grows less often.
    var expected: Int

    package init(_ table: RoutingTable) {
        self.table = table
        routes = table.routes.map { route in
            let name = route.name
            return OfRoute(
                route: MetricsWriter.rendered(["route": name]),
                sides: Side.allCases.map { MetricsWriter.rendered(["route": name, "side": $0.text]) },
                replies: Side.allCases.map {
                    MetricsWriter.rendered(["route": name, "side": $0.text, "outcome": "reply"])
                },
                errors: Side.allCases.map {
                    MetricsWriter.rendered(["route": name, "side": $0.text, "outcome": "error"])
                },
                upstreams: Side.allCases.map { side in
                    let upstream = side == .legacy ? route.legacy : route.unified
                    return upstream.map {
                        MetricsWriter.rendered(["route": name, "side": side.text, "upstream": $0.settings.name])
                    } ?? []
                })
        }
        unified = OfEndpoint(table.definition.addressing.paths.first ?? "", place: -1, isRaw: false)
        legacy = table.endpoints.byRoute.enumerated().compactMap { place, endpoint in
            endpoint.map { OfEndpoint($0.path, place: place, isRaw: $0.mode == .raw) }
        }
        unlisted = table.endpoints.unlisted.isEmpty ? nil : OfEndpoint(Self.unlistedName, place: -1, isRaw: false)
        upstreams = table.upstreams.map { upstream in
            let name = upstream.settings.name
            return OfUpstream(
                upstream: MetricsWriter.rendered(["upstream": name]),
                dialling: MetricsWriter.rendered(["upstream": name, "state": "dialling"]),
                ready: MetricsWriter.rendered(["upstream": name, "state": "ready"]),
                retired: MetricsWriter.rendered(["upstream": name, "state": "retired"]))
        }
        expected = 1 << 14
    }
}

/// Keeps the labels of the table that was told last.
package final class MetricsLabelCache: Sendable {
    private let kept = Mutex<MetricsLabels?>(nil)

    package init() {}

    func labels(of table: RoutingTable) -> MetricsLabels {
        if let known = kept.withLock({ $0 }), known.table === table { return known }
        let made = MetricsLabels(table)
        kept.withLock { $0 = made }
        return made
    }

    /// A page of `table` had so many bytes.
    func wrote(_ count: Int, of table: RoutingTable) {
        kept.withLock { if $0?.table === table { $0?.expected = count } }
    }
}
