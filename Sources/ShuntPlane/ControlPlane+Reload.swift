import Logging
import ShuntConfig
import ShuntCore

/// The file is read again: checked whole, compared, put in force. A bad file changes nothing.
extension ControlPlane {
    func reload(_ outcome: ConfigOutcome, _ author: ChangeAuthor) async throws(ControlProblem) -> ChangeReport {
        guard let settings = outcome.settings else {
            let problems = outcome.diagnostics.filter { $0.severity == .error }.map(\.description)
            failed(problems)
            throw .badFile(problems)
        }
        var next = inForce
        next.settings = settings
        let names = Set(settings.table.routes.map(\.name))
        next.paused.formIntersection(names)
        let table: RoutingTable
        do throws(ControlProblem) {
            table = try next.table()
        } catch {
            let text = if case .notPossible(let text) = error { text } else { "\(error)" }
            failed(["with the overrides in force the file is not possible: \(text)"])
            throw error
        }
        let diff = ConfigDiff.changes(from: inForce.settings, to: settings)
        let notes =
            diff.restart.map { "needs a restart: \($0)" } + shadowed(next)
            + outcome.diagnostics.map(\.description)
        await bring(next, table)
        applied(settings)
        reloads.done += 1
        let changed = diff.live
        lastReload = ReloadStatus(
            at: .now, succeeded: true, lines: changed.isEmpty ? ["nothing changed"] : changed + notes)
        return await told(
            .reload, "", author, changed.isEmpty ? ["the file was read again: nothing changed"] : changed, notes)
    }

    private func failed(_ problems: [String]) {
        reloads.failed += 1
        lastReload = ReloadStatus(at: .now, succeeded: false, lines: problems)
        log.add("reload_failed", level: "error", problems.first ?? "the file cannot be read")
        logger.error(
            "reload refused: nothing was changed", metadata: ["problems": "\(problems.joined(separator: " | "))"])
    }

    /// What the file says and an override hides.
    private func shadowed(_ next: InForce) -> [String] {
        let before = inForce.settings.table.definition
        let known = Dictionary(before.routes.map { ($0.name, $0.servedBy) }, uniquingKeysWith: { first, _ in first })
        var notes = next.settings.table.definition.routes.compactMap { route -> String? in
            guard let override = next.overrides[.route(route.name)], let was = known[route.name], was != route.servedBy
            else { return nil }
            return "\(route.name): served_by \(route.servedBy.text) is shadowed by the override of \(override.by)"
        }
        let phase = next.settings.table.definition.phase
        if phase != before.phase, let override = next.overrides[.phase] {
            notes.append("phase: \(phase.rawValue) is shadowed by the override of \(override.by)")
        }
        return notes
    }
}
