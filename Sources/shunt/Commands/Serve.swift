import ArgumentParser
import DemoBackends
import Foundation
import Logging
import ServiceLifecycle
import ShuntConfig
import ShuntCore
import ShuntRuntime
import Synchronization
import UnixSignals

/// `shunt serve`: runs the proxy until it is told to stop.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the proxy.",
        discussion: """
            SIGTERM or SIGINT stops it gracefully: exchanges in flight finish, then sockets close with 1012, spread \
            over drain.spread. A second signal cuts everything at once.
            """
    )

    @Option(name: [.short, .long], help: "The configuration file.")
    var config = "config.yaml"

    @Flag(help: "Also start the demo agents, on the addresses that the configuration names as upstreams.")
    var demo = false

    mutating func run() throws {
        let settings = try ConfigFile.load(config)
        let secrets = settings.table.secretNames
        let logSettings = settings.log
        LoggingSystem.bootstrap { label in
            LineLogHandler(
                label: label, format: logSettings.format, logLevel: .init(rawValue: logSettings.level) ?? .info,
                secrets: secrets)
        }
        let logger = Logger(label: "shunt")
        ProcessLimits.prepare(logger: logger)
        var services: [any Service] = []
        if demo { services.append(DemoService(settings: settings, logger: logger)) }
        services.append(ProxyService(settings: settings, logger: logger))
        // Stopped in reverse order: the proxy drains while the demo agents still answer.
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        guard Self.wait(for: group, logger: logger) else { throw ExitCode.failure }
    }

    /// Holds the main thread until the services have ended. An asynchronous `main` would give that thread up, and tools
    /// that look into a process (profilers, debuggers) lose their way without it.
    private static func wait(for group: ServiceGroup, logger: Logger) -> Bool {
        let ended = DispatchSemaphore(value: 0)
        let isGood = Mutex(true)
        let run = Task {
            do {
                try await group.run()
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

/// The proxy as a service: listens, waits for the stop, drains.
private struct ProxyService: Service {
    let settings: ProxySettings
    let logger: Logger

    func run() async throws {
        let proxy = Proxy(settings: settings, logger: logger)
        do {
            _ = try await proxy.start()
        } catch {
            await proxy.stop()
            throw error
        }
        logger.notice(
            "ready",
            metadata: [
                "version": "\(shuntVersion)", "routes": "\(settings.table.routes.count)",
                "upstreams": "\(settings.table.upstreams.count)",
            ])
        try? await gracefulShutdown()
        let impatience = Task {
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                logger.warning("second signal: cut")
                exit(1)
            }
        }
        await proxy.stop()
        impatience.cancel()
    }
}

/// The demo agents as a service, on the first addresses that the configuration names.
private struct DemoService: Service {
    let settings: ProxySettings
    let logger: Logger

    func run() async throws {
        let addresses = settings.table.demoAddresses
        let demo = DemoBackends(legacy: addresses.legacy, unified: addresses.unified)
        let bound: DemoAddresses
        do {
            bound = try await demo.start()
        } catch {
            logger.critical(
                "the demo agents cannot listen; is one running already?",
                metadata: [
                    "legacy": "\(addresses.legacy.host):\(addresses.legacy.port)",
                    "unified": "\(addresses.unified.host):\(addresses.unified.port)", "error": "\(error)",
                ])
            throw error
        }
        logger.notice(
            "demo agents listening",
            metadata: [
                "legacy": "\(bound.legacy.host):\(bound.legacy.port)",
                "unified": "\(bound.unified.host):\(bound.unified.port)",
            ])
        try? await gracefulShutdown()
        await demo.stop()
    }
}

extension RoutingTable {
    /// Where the demo agents stand in for the upstreams; ports of their own where the file names none.
    fileprivate var demoAddresses: (legacy: (host: String, port: Int), unified: (host: String, port: Int)) {
        let legacy = definition.routes.lazy.compactMap(\.legacy).first.map { upstreams[$0].settings.address }
        let unified = definition.unified.map { upstreams[$0].settings.address }
        return (
            (legacy?.host ?? "127.0.0.1", legacy?.port ?? 7101), (unified?.host ?? "127.0.0.1", unified?.port ?? 7200)
        )
    }

    /// The names of query fields, header fields and cookies that carry tokens.
    fileprivate var secretNames: [String] {
        var names = Set(["session_token"])
        let credentials = definition.upstreams.compactMap(\.credential)
        for source in definition.session.token + credentials {
            switch source {
            case .query(let name), .cookie(let name), .header(let name): names.insert(name)
            }
        }
        return names.sorted()
    }
}
