import ShuntCore

extension ConfigSummary {
    /// Tables and sentences for people.
    package var text: String {
        var lines = ["listens on \(listen.joined(separator: ", ")) for \(endpoints.joined(separator: ", "))"]
        if let tls { lines += tls.lines("clients") }
        if proxyProtocol { lines.append("trusted proxies say by the PROXY protocol whom they speak for") }
        lines.append(admin.map { "admin listener on \($0)" } ?? "no admin listener (listen.admin)")
        if let adminTLS { lines += adminTLS.lines("admin listener") }
        lines.append("phase: \(phase)")
        lines += [""] + routeTable
        if !legacyEndpoints.isEmpty { lines += [""] + endpointTable }
        if let deprecation { lines += [""] + Self.lines(deprecation) }
        if !toggleEnds.isEmpty {
            lines += ["", "What ends when a route is served by unified:"]
            lines += toggleEnds.map { "  \(RouteNames.text($0.routes)): \($0.what)" }
        }
        lines.append("")
        if !protocols.isEmpty {
            lines.append("subprotocols of the unified endpoint: \(protocols.joined(separator: ", "))")
        }
        if let unifiedUpstream { lines.append("unified upstream: \(unifiedUpstream)") }
        if let unifiedHeartbeat {
            let every = Duration.text(.milliseconds(unifiedHeartbeat))
            lines.append("clients of the unified endpoint are sent a heartbeat every \(every)")
        }
        if let defaultRoute { lines.append("messages without an address go to \(defaultRoute)") }
        for entry in names {
            let whom = names.count == 1 ? "every upstream" : RouteNames.text(entry.upstreams)
            lines.append("told to \(whom): \(entry.told)")
        }
        if names.contains(where: \.mayDisagree) { lines.append("  (\(UpstreamSettings.namesAdvice))") }
        for entry in upstreamTLS { lines.append("to \(RouteNames.text(entry.upstreams)): \(entry.how)") }
        lines.append("overrides and their audit trail are kept in \(store)")
        return (lines + limits).joined(separator: "\n")
    }

    private var routeTable: [String] {
        var rows = [["ROUTE", "MATCH", "SERVED BY", "BECAUSE OF", "UPSTREAM", "POOL", "REPLIES BY", "TIMEOUT"]]
        for route in routes {
            let timeout = Duration.text(.milliseconds(route.timeout))
            let served = [route.inForce] + route.overrides
            rows.append([
                route.name, route.match, served.joined(separator: ", "), route.why, route.upstream, route.pool,
                route.correlation, timeout,
            ])
        }
        return Self.table(rows)
    }

    private var endpointTable: [String] {
        var rows = [["LEGACY ENDPOINT", "ROUTE", "STATE", "PASSTHROUGH", "HEARTBEAT", "ALSO AT"]]
        for endpoint in legacyEndpoints {
            rows.append([
                endpoint.path, endpoint.isUnlisted ? "other values of \(endpoint.route)" : endpoint.route,
                endpoint.state, endpoint.passthrough,
                endpoint.heartbeat.map { Duration.text(.milliseconds($0)) } ?? "none",
                endpoint.aliases.joined(separator: " "),
            ])
        }
        return Self.table(rows)
    }

    private static func lines(_ deprecation: Deprecation) -> [String] {
        let said = [
            deprecation.deprecatedAt.map { "deprecated at \($0)" }, deprecation.sunset.map { "sunset at \($0)" },
            deprecation.successor.map { "successor \($0)" }, deprecation.link.map { "see \($0)" },
            deprecation.notice ? "clients are told in-band" : nil,
        ]
        return ["Legacy endpoints, in phases deprecate and complete: " + said.compactMap { $0 }.joined(separator: ", ")]
            + deprecation.brownouts.map {
                "  brownout of \($0.routes.joined(separator: " ")): \($0.share) of the sessions, "
                    + "from \($0.from) until \($0.until)"
            }
    }

    /// Columns as wide as their widest cell, two blanks apart.
    private static func table(_ rows: [[String]]) -> [String] {
        var widths = [Int](repeating: 0, count: rows.first?.count ?? 0)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        return rows.map { row in
            var line = ""
            let last = row.lastIndex { !$0.isEmpty } ?? 0
            for (column, cell) in row.enumerated() where column <= last {
                line += cell
                if column < last { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line
        }
    }
}
