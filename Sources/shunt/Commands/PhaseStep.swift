import ArgumentParser
import ShuntControl
import ShuntCore

/// `shunt phase [PHASE]`: where the whole migration stands, and its next step.
struct PhaseCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "phase", abstract: "Show the phase of the migration, or move to another.",
        discussion: """
            parallel: all is served by the legacy upstreams. migrate: each route as it says. deprecate: all is served \
            by the unified upstream, legacy endpoints are deprecated. complete: legacy endpoints are closed.

            Before it moves, it shows which routes change, which stay and why, and asks. Without a terminal it needs \
            --yes. If somebody changes something between the question and the answer, nothing is done.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(
        help: "parallel, migrate, deprecate or complete.", completion: .list(Phase.allCases.map(\.rawValue)))
    var phase: String?

    @Flag(help: "Let the file say the phase again.")
    var unset = false

    @Flag(name: [.short, .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Only show what would happen.")
    var dryRun = false

    func check() throws(CommandFailure) {
        if let phase, Phase(rawValue: phase) == nil {
            let allowed = Phase.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(.usage, "'\(Printable.text(phase))' is no phase: there are \(allowed).")
        }
        if unset, phase != nil { throw CommandFailure(.usage, "Give a phase or --unset, not both.") }
        if phase == nil, !unset, yes || dryRun || reason.given != nil {
            throw CommandFailure(.usage, "To which phase? Name one, or --unset.")
        }
    }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        try await perform(client, confirmation: .terminal)
    }

    func perform(_ client: AdminClient, confirmation: Confirmation) async throws(CommandFailure) {
        let now = try await client.get(AdminPath.phase)
        let state = try now.decoded(PhaseAnswer.self)
        guard let target = Phase(rawValue: unset ? state.fileSays : phase ?? "") else {
            return Output.print(options.json ? now.text + "\n" : PhaseText.text(state))
        }
        let answer = try await client.get(AdminPath.phase(to: target))
        let preview = try answer.decoded(PhaseAnswer.self)
        if dryRun { return Output.print(options.json ? answer.text + "\n" : PhaseText.preview(preview)) }
        // With --json the output is for a program, the question for a person.
        let text = PhaseText.preview(preview)
        if options.json { Output.complain(text, end: "") } else { Output.print(text) }
        try confirmation.ask(unset ? "Let the file decide?" : "Move to \(target.rawValue)?", isGiven: yes)
        let done =
            unset
            ? try await client.change(
                .delete, AdminPath.phase, ReasonRequest(reason: reason.given), tag: answer.tag)
            : try await client.change(
                .put, AdminPath.phase, PhaseRequest(phase: target.rawValue, reason: reason.given), tag: answer.tag)
        Output.print(options.json ? done.text + "\n" : ChangeText.text(try done.decoded(ChangeAnswer.self)))
    }
}

enum PhaseText {
    /// The phase alone in the first line, for scripts too.
    static func text(_ answer: PhaseAnswer) -> String {
        let origin = answer.isOverride ? "set here; the file says \(answer.fileSays)" : "as the file says"
        return Printable.text(answer.phase) + "\n" + Printable.text(origin) + "\n"
    }

    /// What would move, what would not and why, what else happens.
    static func preview(_ answer: PhaseAnswer) -> String {
        guard let preview = answer.preview else { return "" }
        var text = preview.from == preview.to ? "stays \(preview.to)\n" : "\(preview.from) -> \(preview.to)\n"
        if preview.moves.isEmpty {
            text += "\nNo route changes.\n"
        } else {
            text += "\nRoutes that change (\(preview.moves.count)):\n" + table(preview.moves)
        }
        if !preview.stays.isEmpty {
            text += "\nRoutes that stay as they are (\(preview.stays.count)):\n" + table(preview.stays)
        }
        if !preview.notes.isEmpty { text += "\n" + preview.notes.map { Printable.text($0) + "\n" }.joined() }
        return text + "\n"
    }

    private static func table(_ lines: [PreviewAnswer.Line]) -> String {
        var table = TextTable("ROUTE", "NOW", "THEN", "BECAUSE OF")
        for line in lines {
            table.add(line.route, line.servedBy, line.wouldBeServedBy, line.wouldBeDecidedBy)
        }
        return table.text
    }
}
