import ArgumentParser
import ShuntControl

/// `shunt pause ROUTE`: its messages wait while its backend moves.
struct PauseCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let a route's messages wait, bounded, while its backend moves.",
        discussion: """
            Clients stay connected. What waits is bounded by the route's queue; a restart of the proxy ends the pause.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(help: "The route's name, or a pattern: * stands for any run of characters.")
    var route: String

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let change = RouteChange(
            selection: RouteSelection(route), method: .post, path: AdminPath.pause, isNeeded: { !$0.paused })
        try await change.perform(client, ReasonRequest(reason: reason.given), json: options.json)
    }
}

/// `shunt resume ROUTE`: what waits goes on.
struct ResumeCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused route's messages go on.",
        discussion: CommandFailure.explanation)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(help: "The route's name, or a pattern: * stands for any run of characters.")
    var route: String

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let change = RouteChange(
            selection: RouteSelection(route), method: .post, path: AdminPath.resume, isNeeded: { $0.paused })
        try await change.perform(client, ReasonRequest(reason: reason.given), json: options.json)
    }
}

/// `shunt reconnect ROUTE`: new upstream connections, without a lost exchange.
struct ReconnectCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconnect", abstract: "Replace a route's upstream connections as they become idle.",
        discussion: CommandFailure.explanation)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(help: "The route's name, or a pattern: * stands for any run of characters.")
    var route: String

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let change = RouteChange(selection: RouteSelection(route), method: .post, path: AdminPath.reconnect)
        try await change.perform(client, ReasonRequest(reason: reason.given), json: options.json)
    }
}
