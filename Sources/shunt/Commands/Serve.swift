import ArgumentParser
import DemoClients
import Foundation
import Logging
import ShuntCore
import Synchronization

/// `shunt serve`: runs the proxy until it is told to stop.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the proxy.",
        discussion: """
            SIGTERM or SIGINT stops it gracefully: exchanges in flight finish, then sockets close with 1012, spread \
            over drain.spread. A second signal cuts everything at once. SIGHUP, and a change of the file, read the \
            configuration again: what changes live changes without closing a socket.
            """
    )

    @Option(name: [.short, .long], help: "The configuration file.")
    var config = "config.yaml"

    @Flag(
        help: """
            Also start the demo agents, on the addresses that the configuration names as upstreams, and a page to chat \
            with them through the proxy.
            """)
    var demo = false

    @Flag(help: "Also start demo clients, old and new ones, that talk through the proxy. Implies --demo.")
    var demoTraffic = false

    @Option(help: "With the demo: the port of its chat page on 127.0.0.1; 0 takes a free one.")
    var chatPort = ChatPage.usualPort

    func validate() throws {
        guard (0...65535).contains(chatPort) else { throw ValidationError("--chat-port is a port, 0 to 65535.") }
    }

    mutating func run() throws {
        let settings = try ConfigFile.load(config)
        let rules = LogRules(settings)
        let format = settings.log.format
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: format, rules: rules) }
        let logger = Logger(label: "shunt")
        ProcessLimits.prepare(logger: logger)
        let assembly = Assembly(
            config: config, settings: settings, demo: demoPlan, rules: rules, logger: logger)
        guard Self.wait(for: assembly, logger: logger) else { throw ExitCode.failure }
    }

    private var demoPlan: DemoPlan? {
        demo || demoTraffic ? DemoPlan(hasTraffic: demoTraffic, chatPort: chatPort) : nil
    }

    /// Holds the main thread until the services have ended. An asynchronous `main` would give that thread up, and tools
    /// that look into a process (profilers, debuggers) lose their way without it.
    private static func wait(for assembly: Assembly, logger: Logger) -> Bool {
        let ended = DispatchSemaphore(value: 0)
        let isGood = Mutex(true)
        let run = Task {
            do {
                try await assembly.run()
            } catch {
                logger.critical("cannot run", metadata: ["error": "\(error)"])
                isGood.withLock { $0 = false }
            }
            ended.signal()
        }
        ended.wait()
        run.cancel()
        return isGood.withLock { $0 }
    }
}
