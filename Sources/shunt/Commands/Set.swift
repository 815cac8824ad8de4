import ArgumentParser
import ShuntControl
import ShuntCore

/// `shunt set ROUTE SHARE`: an override above what the file says.
struct SetCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Say which side serves a route, above what the file says.",
        discussion: """
            shunt set guide 25% --reason "first quarter"
            shunt set 'liaison/*' unified --reason "all well for a week"

            The override is stored, survives a restart, and stands above hold, phase and served_by until 'shunt unset' \
            removes it. With a pattern each route is changed in turn, and --json prints one answer a line.

            \(CommandFailure.explanation)
            """)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(help: "The route's name, or a pattern: * stands for any run of characters.")
    var route: String

    @Argument(
        help: "legacy, unified, or the share that the unified upstream serves, such as 25%.",
        completion: .list(["legacy", "unified", "1%", "5%", "25%", "50%"]))
    var share: String

    func check() throws(CommandFailure) { _ = try rollout() }

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let share = try rollout().text
        let change = RouteChange(
            selection: RouteSelection(route), method: .put, path: AdminPath.override(of:),
            isNeeded: { $0.override?.value != share })
        try await change.perform(
            client, OverrideRequest(servedBy: share, reason: reason.given), json: options.json)
    }

    private func rollout() throws(CommandFailure) -> Rollout {
        if let rollout = Rollout(text: share) { return rollout }
        let meant = Rollout(text: share + "%").map { " Did you mean \($0.text)?" } ?? ""
        throw CommandFailure(
            .usage,
            """
            '\(Printable.text(share))' is no share: legacy, unified, or a percentage from 0% to 100% with at most two \
            decimals.\(meant)
            """)
    }
}

/// `shunt unset ROUTE`: the file counts again.
struct UnsetCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset", abstract: "Remove a route's override: the file counts again.",
        discussion: CommandFailure.explanation)

    @OptionGroup var options: AdminOptions
    @OptionGroup var reason: ReasonOption

    @Argument(help: "The route's name, or a pattern: * stands for any run of characters.")
    var route: String

    func perform(_ client: AdminClient) async throws(CommandFailure) {
        let change = RouteChange(
            selection: RouteSelection(route), method: .delete, path: AdminPath.override(of:),
            isNeeded: { $0.override != nil })
        try await change.perform(client, ReasonRequest(reason: reason.given), json: options.json)
    }
}
