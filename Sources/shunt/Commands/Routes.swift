import ArgumentParser
import ShuntControl

/// `shunt routes`: every route, what is in force, and what made it so.
struct RoutesCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "Show what serves each route, and what made it so.",
        discussion: """
            BY LEGACY and BY UNIFIED are messages that each side was sent since the proxy began, with their share; \
            ERRORS are error replies of legacy + unified. BECAUSE OF names what is in force: an override, a hold, the \
            phase, or the file, with the line of the file. ENDPOINT says whether old clients can still connect.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions

    @Argument(help: "Only these routes; * stands for any run of characters.")
    var pattern: String?

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let answer = try await client.get(AdminPath.routes)
        if options.json, pattern == nil { return Output.print(answer.text + "\n") }
        var routes = try answer.decoded(RoutesAnswer.self)
        if let pattern { routes.routes = try RouteSelection(pattern).chosen(from: routes.routes) }
        Output.print(options.json ? try JSONLine.text(routes) : RoutesText.text(routes))
    }
}

enum RoutesText {
    static func text(_ answer: RoutesAnswer) -> String {
        var table = TextTable(
            "ROUTE", "IN FORCE", "ENDPOINT", "#BY LEGACY", "#BY UNIFIED", "#ERRORS", "PAUSED", "LEGACY UPSTREAM",
            "UNIFIED UPSTREAM", "BECAUSE OF")
        for route in answer.routes {
            let counts = route.counts
            let sum = counts.byLegacy.addingReportingOverflow(counts.byUnified).partialValue
            table.add(
                route.name, route.servedBy, life(route.life), share(counts.byLegacy, of: sum),
                share(counts.byUnified, of: sum),
                "\(counts.errorsByLegacy)+\(counts.errorsByUnified)",
                route.paused ? "paused, \(counts.waiting) waiting" : "no", route.legacyUpstream ?? "-",
                route.unifiedUpstream ?? "-", reason(route))
        }
        return table.text
    }

    /// `open`, `deprecated since 2026-12-01, sunset 2027-03-01, brownout 2027-02-01T10:00Z`, `closed`.
    static func life(_ life: EndpointLifeAnswer?) -> String {
        guard let life else { return "-" }
        guard life.state == "deprecated" else { return life.state }
        var parts = ["deprecated" + (life.deprecatedAt.map { " since \($0.prefix(10))" } ?? "")]
        if let sunset = life.sunset { parts.append("sunset \(sunset.prefix(10))") }
        if let brownout = life.brownout {
            let share = brownout.share == "100%" ? "" : " (\(brownout.share))"
            parts.append("brownout \(brownout.from.prefix(16))Z\(share)")
        }
        return parts.joined(separator: ", ")
    }

    /// `120 (75%)`; without a share where nothing was sent.
    static func share(_ part: Int, of sum: Int) -> String {
        guard sum > 0 else { return "\(part)" }
        let percent = Double(part) / Double(sum) * 100
        // Neither "0%" for a few nor "100%" for nearly all: those two words are what people wait for.
        if part > 0, percent < 1 { return "\(part) (<1%)" }
        if part < sum, percent > 99 { return "\(part) (>99%)" }
        return "\(part) (\(Int(percent.rounded()))%)"
    }

    /// What made it so, and what the file says where that is something else.
    static func reason(_ route: RouteAnswer) -> String {
        let line = route.line.map { "line \($0)" }
        switch route.decidedBy {
        case "override":
            guard let override = route.override else { return "override" }
            let why = override.reason.isEmpty ? "no reason given" : override.reason
            let drift = override.value == route.fileSays ? "" : " (the file says \(route.fileSays))"
            return "override by \(override.by): \(why)\(drift)"
        case "file": return line.map { "file \($0)" } ?? "file, by default"
        default: return [route.decidedBy, line].compactMap { $0 }.joined(separator: ", ")
        }
    }
}
