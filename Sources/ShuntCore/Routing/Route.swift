/// An upstream of a routing table, with everything about it that can be worked out before the first message.
package final class Upstream: Sendable {
    /// Its place in `RoutingTable.upstreams`.
    package let index: Int
    package let settings: UpstreamSettings

    package init(index: Int, settings: UpstreamSettings) {
        self.index = index
        self.settings = settings
    }
}

/// An addressable agent.
package final class Route: Sendable {
    package let index: Int
    package let name: String
    /// The values of the `routeBy` members, as they are matched.
    package let match: [String]
    package let side: Side
    /// Who serves it now.
    package let upstream: Upstream

    package init(index: Int, name: String, match: [String], side: Side, upstream: Upstream) {
        self.index = index
        self.name = name
        self.match = match
        self.side = side
        self.upstream = upstream
    }
}
