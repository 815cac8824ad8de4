import ArgumentParser
import ShuntControl

/// `shunt audit`: who changed what, and why.
struct AuditCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show who changed what, when and why, newest first.",
        discussion: CommandFailure.explanation)

    @OptionGroup var options: AdminOptions

    @Option(help: "How many lines at most.")
    var limit = 50

    @Option(help: "Only lines before the one with this id, to page through all of them.")
    var before: Int64?

    func check() throws(CommandFailure) { try Limit.check(limit) }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let page = before.map { "&before=\($0)" } ?? ""
        let answer = try await client.get(AdminPath.audit + "?limit=\(limit)\(page)")
        Output.print(options.json ? answer.text + "\n" : AuditText.text(try answer.decoded(AuditAnswer.self)))
    }
}

enum AuditText {
    static func text(_ answer: AuditAnswer) -> String {
        var table = TextTable("#ID", "AT", "BY", "ACTION", "SUBJECT", "FROM", "TO", "REASON")
        for line in answer.entries {
            table.add(
                "\(line.id)", line.at, line.by, line.action, line.subject.isEmpty ? "-" : line.subject,
                line.from.isEmpty ? "-" : line.from, line.to.isEmpty ? "-" : line.to,
                line.reason.isEmpty ? "no reason given" : line.reason)
        }
        return table.text
    }
}
