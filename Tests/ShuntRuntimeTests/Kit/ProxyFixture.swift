import Logging
import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// A proxy with one route, `guide`, towards one backend.
struct ProxyFixture {
    var table = TableDefinition()
    var listen = ListenSettings()
    var drain = DrainSettings()
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(backendPort: Int, workers: Int = 1) {
        var upstream = UpstreamSettings(
            name: "guide", address: UpstreamAddress(host: "127.0.0.1", port: backendPort, path: "/api/ws/guide"))
        // Longer than a busy machine may stand still; a test of the timeout itself sets its own.
        upstream.queue.timeout = .seconds(40)
        upstream.connectTimeout = .seconds(40)
        upstream.handshakeTimeout = .seconds(40)
        table.addRoute(to: upstream)
        table.addressing.defaultRoute = "guide"
        listen.clients = [.tcp(host: "127.0.0.1", port: 0)]
        listen.workers = workers
        drain.exchanges = .seconds(40)
        drain.spread = .zero
        drain.limit = .seconds(3)
    }

    /// A further route, towards an upstream of its own with the usual settings.
    mutating func addRoute(_ name: String, backendPort: Int) {
        table.addRoute(
            to: UpstreamSettings(
                name: name, address: UpstreamAddress(host: "127.0.0.1", port: backendPort, path: "/api/ws/\(name)")))
    }

    var settings: ProxySettings {
        get throws {
            var settings = ProxySettings(table: try RoutingTable(table))
            settings.listen = listen
            settings.drain = drain
            return settings
        }
    }

    /// Runs the proxy around a body that is told its port, and stops it.
    func run<Result>(_ body: (_ port: Int) async throws -> Result) async throws -> Result {
        try await run { port, _ in try await body(port) }
    }

    func run<Result>(_ body: (_ port: Int, _ proxy: Proxy) async throws -> Result) async throws -> Result {
        let proxy = Proxy(settings: try settings, logger: logger)
        let addresses = try await proxy.start()
        guard case .tcp(_, let port) = addresses.first else {
            throw BlockingSocket.Failure(description: "no address: \(addresses)")
        }
        do {
            let result = try await body(port, proxy)
            await proxy.stop()
            return result
        } catch {
            await proxy.stop()
            throw error
        }
    }
}
