import ArgumentParser
import ShuntControl
import ShuntCore

/// `shunt sessions`: who is connected.
struct SessionsCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "Show the sessions with most sockets.",
        discussion: """
            A session's name is a short keyed hash of its token, never the token.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions

    @Option(help: "How many at most.")
    var limit = 50

    @Option(help: "Only those of this user, as a validated token names it.")
    var user: String?

    func check() throws(CommandFailure) { try Limit.check(limit) }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let answer = try await client.get(
            AdminPath.sessions + "?limit=\(limit)" + (user.map { "&user=" + PercentCoding.encoded($0) } ?? ""))
        Output.print(options.json ? answer.text + "\n" : SessionsText.text(try answer.decoded(SessionsAnswer.self)))
    }
}

/// `--limit`, as the API takes it.
enum Limit {
    static func check(_ limit: Int) throws(CommandFailure) {
        guard (1...1000).contains(limit) else { throw CommandFailure(.usage, "--limit is a number from 1 to 1000.") }
    }
}

enum SessionsText {
    static func text(_ answer: SessionsAnswer) -> String {
        var table = TextTable("SESSION", "TOKEN", "#WORKER", "#SOCKETS", "#OPEN", "#PARKED", "APPS")
        for session in answer.sessions {
            table.add(
                session.name, session.hasToken ? "yes" : "no", "\(session.worker)", "\(session.sockets)",
                "\(session.open)", "\(session.parked)", session.apps.joined(separator: ", "))
        }
        return table.text
    }
}
