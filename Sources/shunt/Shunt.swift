import ArgumentParser

/// The command line: a WebSocket proxy that moves a product from many per-agent sockets to one.
@main
struct Shunt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shunt",
        abstract: "A WebSocket migration proxy: one socket in front, the backends that exist behind it.",
        version: shuntVersion,
        subcommands: [ServeCommand.self, CheckCommand.self, LoadCommand.self, EchoCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Watching",
                subcommands: [
                    StatusCommand.self, RoutesCommand.self, PoolsCommand.self, SessionsCommand.self,
                    EventsCommand.self, AuditCommand.self, UsageCommand.self,
                ]),
            CommandGroup(
                name: "Changing",
                subcommands: [
                    SetCommand.self, UnsetCommand.self, PhaseCommand.self, PauseCommand.self, ResumeCommand.self,
                    ReconnectCommand.self, KickCommand.self, ReloadCommand.self, DrainCommand.self,
                ]),
        ]
    )
}

/// The version that `--version` and the logs name.
let shuntVersion = "0.1.0"
