import ShuntCore

/// What a configuration means, for a person (`text`) or a program (`Codable`). Holds nothing secret: urls without user,
/// password and query, and as they are written where the environment has a part in them.
package struct ConfigSummary: Sendable, Codable, Equatable {
    package struct Route: Sendable, Codable, Equatable {
        package var name: String
        /// `agent_type=liaison pillar=content`.
        package var match: String
        /// `legacy` or `unified`.
        package var servedBy: String
        package var upstream: String
        /// `session` or `client`.
        package var pool: String
        /// `fifo`, or the member that replies are correlated by.
        package var correlation: String
        package var inFlight: Int
        /// Milliseconds.
        package var timeout: Int64
    }

    package var listen: [String]
    package var endpoints: [String]
    package var unifiedUpstream: String?
    package var defaultRoute: String?
    package var routes: [Route]
    /// What is worth knowing at a glance, in words.
    package var limits: [String]

    init(_ settings: ProxySettings, _ draft: TableDraft) {
        let shownURLs = draft.shownURLs
        let definition = settings.table.definition
        listen = settings.listen.clients.map { address in
            switch address {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path)"
            }
        }
        endpoints = definition.addressing.paths
        unifiedUpstream = definition.unified.flatMap { shownURLs.indices.contains($0) ? shownURLs[$0] : nil }
        defaultRoute = definition.addressing.defaultRoute
        routes = zip(definition.routes, draft.shownMatches).map { route, match in
            let index = (route.servedBy.side ?? .legacy) == .legacy ? route.legacy : definition.unified
            let upstream = index.flatMap { definition.upstreams.indices.contains($0) ? definition.upstreams[$0] : nil }
            return Route(
                name: route.name,
                match: zip(definition.addressing.routeBy, match).map { "\($0)=\($1)" }.joined(separator: " "),
                servedBy: route.servedBy.text,
                upstream: index.flatMap { shownURLs.indices.contains($0) ? shownURLs[$0] : nil } ?? "",
                pool: upstream?.mode == .client ? "client" : "session",
                correlation: upstream.map { Self.text($0.correlation) } ?? "",
                inFlight: upstream?.inFlight ?? 1, timeout: upstream?.exchangeTimeout.milliseconds ?? 0)
        }
        let limits = definition.limits
        self.limits = [
            "messages up to \(ByteSize.text(limits.message)), \(limits.messagesPerSecond) a second for each client",
            "\(limits.connections) client connections, \(limits.connectionsPerSession) for each session, "
                + "\(limits.connectionsPerAddress) for each address",
            "\(ByteSize.text(limits.memory)) of memory in all, "
                + "\(ByteSize.text(limits.unreadByClient)) unread by a client",
        ]
    }

    private static func text(_ correlation: Correlation) -> String {
        switch correlation {
        case .fifo: "fifo"
        case .field(let name, _): name
        }
    }

    /// A table for people.
    package var text: String {
        var rows = [["ROUTE", "MATCH", "SERVED BY", "UPSTREAM", "POOL", "REPLIES BY", "TIMEOUT"]]
        for route in routes {
            let timeout = Duration.text(.milliseconds(route.timeout))
            rows.append([
                route.name, route.match, route.servedBy, route.upstream, route.pool, route.correlation, timeout,
            ])
        }
        var lines = ["listens on \(listen.joined(separator: ", ")) for \(endpoints.joined(separator: ", "))", ""]
        lines += Self.table(rows)
        lines.append("")
        if let unifiedUpstream { lines.append("unified upstream: \(unifiedUpstream)") }
        if let defaultRoute { lines.append("messages without an address go to \(defaultRoute)") }
        return (lines + limits).joined(separator: "\n")
    }

    /// Columns as wide as their widest cell, two blanks apart.
    private static func table(_ rows: [[String]]) -> [String] {
        var widths = [Int](repeating: 0, count: rows.first?.count ?? 0)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line
        }
    }
}
