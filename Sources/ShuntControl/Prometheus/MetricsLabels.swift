import ShuntCore
import Synchronization

/// The labels of many things of one kind, as they stand between a sample's name and its value: one after the other in one
/// array, so that writing a line of each counts no references.
package struct LabelColumn: Sendable {
    let bytes: [UInt8]
    /// Where the labels of each end; the first begin at 0.
    let ends: [Int]

    /// - Parameter labels: nil for what has none, and so no sample.
    init(_ labels: some Sequence<MetricsWriter.Labels?>) {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for labels in labels {
            if let labels { bytes.append(contentsOf: MetricsWriter.rendered(labels)) }
            ends.append(bytes.count)
        }
        self.bytes = bytes
        self.ends = ends
    }

    var count: Int { ends.count }

    /// Of one thing; empty where it has none or does not exist.
    subscript(_ place: Int) -> [UInt8] {
        guard ends.indices.contains(place) else { return [] }
        return Array(bytes[(place == 0 ? 0 : ends[place - 1])..<ends[place]])
    }
}

/// The labels of everything that a table names, written once for a table instead of with every sample of every scrape.
struct MetricsLabels: Sendable {
    /// Of one side of all routes, by `Route.index`.
    struct OfSide: Sendable {
        var plain: LabelColumn
        var replies: LabelColumn
        var errors: LabelColumn
        /// With the name of the upstream; empty where nobody can serve that side.
        var upstream: LabelColumn
        var isServed: [Bool]

        init(_ side: Side, _ table: RoutingTable) {
            let routes = table.routes
            let upstreams = routes.map { side == .legacy ? $0.legacy : $0.unified }
            plain = LabelColumn(routes.map { ["route": $0.name, "side": side.text] })
            replies = LabelColumn(routes.map { ["route": $0.name, "side": side.text, "outcome": "reply"] })
            errors = LabelColumn(routes.map { ["route": $0.name, "side": side.text, "outcome": "error"] })
            upstream = LabelColumn(
                zip(routes, upstreams).map { route, upstream in
                    upstream.map { ["route": route.name, "side": side.text, "upstream": $0.settings.name] }
                })
            isServed = upstreams.map { $0 != nil }
        }
    }

    /// Of endpoints that clients connect to.
    struct OfEndpoints: Sendable {
        /// By which `Route.index` each is found.
        var places: [Int]
        var isRaw: [Bool]
        var plain: LabelColumn
        var passthrough: LabelColumn
        var collapse: LabelColumn
        var raw: LabelColumn

        init(_ endpoints: [(path: String, place: Int, isRaw: Bool)]) {
            places = endpoints.map(\.place)
            isRaw = endpoints.map(\.isRaw)
            plain = LabelColumn(endpoints.map { ["endpoint": $0.path] })
            passthrough = LabelColumn(endpoints.map { ["endpoint": $0.path, "way": "passthrough"] })
            collapse = LabelColumn(endpoints.map { ["endpoint": $0.path, "way": "collapse"] })
            raw = LabelColumn(endpoints.map { ["endpoint": $0.path, "way": "raw"] })
        }
    }

    let table: RoutingTable
    let routes: LabelColumn
    /// By `Side.rawValue`.
    let sides: [OfSide]
    let legacy: OfEndpoints
    /// Of values that no template lists: one at most.
    let unlisted: OfEndpoints
    let upstreams: LabelColumn
    let dialling: LabelColumn
    let ready: LabelColumn
    let retired: LabelColumn
    /// How many bytes the page that was written last had.
    var expected = 1 << 14

    init(_ table: RoutingTable) {
        self.table = table
        routes = LabelColumn(table.routes.map { ["route": $0.name] })
        sides = Side.allCases.map { OfSide($0, table) }
        legacy = OfEndpoints(
            table.endpoints.byRoute.enumerated().compactMap { place, endpoint in
                endpoint.map { ($0.path, place, $0.mode == .raw) }
            })
        unlisted = OfEndpoints(table.endpoints.unlisted.isEmpty ? [] : [("unlisted", 0, false)])
        let names = table.upstreams.map(\.settings.name)
        upstreams = LabelColumn(names.map { ["upstream": $0] })
        dialling = LabelColumn(names.map { ["upstream": $0, "state": "dialling"] })
        ready = LabelColumn(names.map { ["upstream": $0, "state": "ready"] })
        retired = LabelColumn(names.map { ["upstream": $0, "state": "retired"] })
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
