import ArgumentParser
import ShuntControl

/// `shunt kick SESSION`: ends a session, or all of a user.
struct KickCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "kick", abstract: "End a session, or all sessions of a user.",
        discussion: """
            Their sockets close (1008, or the endpoint's own code), what is under way ends with session_expired, and \
            what is kept for them is dropped. Verdicts on their tokens are forgotten, so that these are looked at again. \
            A session's name is the one of shunt sessions; users are those of validated tokens.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(help: "The session's name, as shunt sessions shows it.")
    var session: String?

    @Option(help: "End all sessions of this user instead, as a validated token names it.")
    var user: String?

    @Option(help: "For so many seconds let only tokens in that were issued after this. Not kept over a restart.")
    var block = 0

    func check() throws(CommandFailure) {
        guard (session == nil) != (user == nil) else {
            throw CommandFailure(.usage, "Name a session, or a user with --user.")
        }
        guard (0...86_400).contains(block) else {
            throw CommandFailure(.usage, "--block is a number of seconds from 0 to 86400.")
        }
    }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let request = KickRequest(
            kind: user == nil ? "session" : "user", name: user ?? session ?? "", block: block == 0 ? nil : "\(block)",
            reason: reason.given)
        let answer = try await client.change(.post, AdminPath.kick, request)
        Output.print(options.json ? answer.text + "\n" : ChangeText.text(try answer.decoded(ChangeAnswer.self)))
    }
}
