import DemoBackends
import Logging
import ServiceLifecycle
import ShuntCore

/// The demo agents as a service, on the first addresses that the configuration names.
struct DemoService: Service {
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
}
