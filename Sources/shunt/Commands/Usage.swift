import ArgumentParser
import ShuntControl
import ShuntCore

/// `shunt usage`: who still uses what.
struct UsageCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage", abstract: "Show who uses which endpoint, and which one is safe to remove.",
        discussion: """
            Days are those of UTC. A socket counts on each day on which it says something. Beyond 128 the number of \
            sessions is an estimate, 19 of 20 times within 6.5 %.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions

    @Option(help: "The first day, such as 2026-11-22, or how many days before today, such as 30d.")
    var since = "30d"

    @Option(help: "Only this endpoint, by its path.")
    var endpoint: String?

    @Option(help: "What rows are told apart by: route, app, version, tenant, origin, day; several with commas.")
    var by = "app,version"

    @Flag(help: "Print the rows as comma-separated values (RFC 4180).")
    var csv = false

    func check() throws(CommandFailure) {
        if csv, options.json { throw CommandFailure(.usage, "Choose one of --json and --csv.") }
    }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        var query = "?since=\(PercentCoding.encoded(since))&by=\(PercentCoding.encoded(by))"
        if let endpoint { query += "&endpoint=\(PercentCoding.encoded(endpoint))" }
        if csv { query += "&format=csv" }
        let answer = try await client.get(AdminPath.usage + query)
        if csv { return Output.print(answer.text) }
        Output.print(options.json ? answer.text + "\n" : UsageText.text(try answer.decoded(UsageAnswer.self)))
    }
}

enum UsageText {
    static func text(_ answer: UsageAnswer) -> String {
        var parts = ["\(answer.since) to \(answer.through), by UTC day\n\n" + rows(answer)]
        if !answer.endpoints.isEmpty { parts.append(verdicts(answer.endpoints)) }
        if let problem = answer.problem { parts.append("The ledger is not written: \(Printable.text(problem))\n") }
        return parts.joined(separator: "\n")
    }

    private static func rows(_ answer: UsageAnswer) -> String {
        if answer.rows.isEmpty { return "Nobody used anything.\n" }
        let names = (answer.by.contains("day") ? ["day"] : []) + ["endpoint"] + answer.by.filter { $0 != "day" }
        var table = TextTable()
        table.columns =
            names.map { TextTable.Column(title: $0.uppercased()) }
            + ["SESSIONS", "SOCKETS", "MESSAGES", "ERRORS"].map { TextTable.Column(title: $0, isNumber: true) }
            + [TextTable.Column(title: "LAST SEEN")]
        for row in answer.rows {
            let values: [String: String?] = [
                "day": row.day, "endpoint": row.endpoint, "route": row.route, "app": row.app, "version": row.version,
                "tenant": row.tenant, "origin": row.origin,
            ]
            table.rows.append(
                names.map { name in values[name].flatMap(\.self).flatMap { $0.isEmpty ? nil : $0 } ?? "-" } + [
                    (row.sessionsExact ? "" : "~") + "\(row.sessions)", "\(row.sockets)", "\(row.messages)",
                    "\(row.errors)", row.lastSeen ?? "-",
                ])
        }
        return table.text
    }

    private static func verdicts(_ verdicts: [VerdictAnswer]) -> String {
        var table = TextTable("LEGACY ENDPOINT", "VERDICT", "LAST SEEN", "LAST BY", "BECAUSE", "TREND")
        for verdict in verdicts {
            let since = verdict.verdict == "quiet" ? verdict.quietSince.map { " since \($0)" } ?? "" : ""
            table.add(
                verdict.endpoint, verdict.verdict + since, verdict.lastSeen ?? "never",
                verdict.users.first.map { user in
                    [user.app.isEmpty ? "unnamed" : user.app, user.version].filter { !$0.isEmpty }
                        .joined(separator: " ")
                } ?? "-", verdict.because, trend(verdict.trend))
        }
        return table.text
    }

    private static func trend(_ trend: TrendAnswer) -> String {
        guard let ends = trend.ends, let earliest = trend.earliest, let latest = trend.latest else {
            return trend.kind
        }
        return "ends \(ends) (95 %: \(earliest) to \(latest))"
    }
}
