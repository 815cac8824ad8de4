import ArgumentParser
import ShuntControl

/// `shunt status`: the proxy at a glance.
struct StatusCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the proxy at a glance.", discussion: CommandFailure.explanation)

    @OptionGroup var options: AdminOptions

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let answer = try await client.get(AdminPath.status)
        Output.print(options.json ? answer.text + "\n" : StatusText.text(try answer.decoded(StatusAnswer.self)))
    }
}

/// One line for each thing that is to be known.
enum StatusText {
    static func text(_ status: StatusAnswer) -> String {
        var lines: [(String, String)] = [
            ("version", status.version),
            ("running since", status.startedAt),
            ("revision", "\(status.revision)"),
            (
                "phase",
                status.phaseIsOverride
                    ? "\(status.phase) (set here; the file says \(status.phaseOfFile))" : status.phase
            ),
            ("state", status.draining ? "draining" : "serving"),
            ("workers", "\(status.workers)"),
            ("clients", "\(status.now.clients) of \(status.now.sessions) sessions"),
            ("connections", "\(status.now.connections) in \(status.now.pools) pools"),
            ("exchanges", "\(status.now.exchanges) under way, \(status.now.heldBytes) bytes held"),
            ("parked replies", "\(status.now.parkedReplies), \(status.now.parkedBytes) bytes"),
            (
                "messages",
                """
                \(status.total.messages) from clients, \(status.total.forwarded) forwarded, \
                \(status.total.delivered) replies delivered
                """
            ),
            ("errors", "\(status.total.errors) told to clients, \(status.total.refused) refused"),
            ("dials", "\(status.total.dials), \(status.total.dialsFailed) failed"),
            ("last reload", reload(status.lastReload)),
            ("store", status.storeProblem ?? "works"),
        ]
        if let first = status.certificates?.first {
            lines.append(("next certificate to expire", "\(first.file), at \(first.expiresAt)"))
        }
        if let reload = status.lastReload, !reload.succeeded { lines += reload.lines.map { ("", $0) } }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2) + Printable.text(value) + "\n"
        }.joined()
    }

    private static func reload(_ reload: StatusAnswer.Reload?) -> String {
        guard let reload else { return "none" }
        return reload.succeeded ? reload.at : "\(reload.at) FAILED: the configuration before it is in force"
    }
}
