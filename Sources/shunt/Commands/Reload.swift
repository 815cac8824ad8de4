import ArgumentParser
import ShuntControl

/// `shunt reload`: the file is read again.
struct ReloadCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Read the configuration file again.",
        discussion: """
            Says what changed, what needs a restart, and what an override shadows. A file with errors changes nothing.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let answer = try await client.change(.post, AdminPath.reload, ReasonRequest(reason: reason.given))
        Output.print(options.json ? answer.text + "\n" : ChangeText.text(try answer.decoded(ChangeAnswer.self)))
    }
}

/// `shunt drain`: the proxy stops gracefully.
struct DrainCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Stop the proxy gracefully, as SIGTERM does.",
        discussion: """
            Exchanges in flight finish, then sockets close with 1012, spread over drain.spread. Returns at once.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let answer = try await client.change(.post, AdminPath.drain, ReasonRequest(reason: reason.given))
        Output.print(options.json ? answer.text + "\n" : ChangeText.text(try answer.decoded(ChangeAnswer.self)))
    }
}
