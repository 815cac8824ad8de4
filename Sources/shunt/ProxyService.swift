import Foundation
import Logging
import ServiceLifecycle
import ShuntCore
import ShuntPlane
import ShuntRuntime
import UnixSignals

/// The proxy as a service: listens, waits for the stop, drains.
struct ProxyService: Service {
    let proxy: Proxy
    let plane: ControlPlane
    let table: RoutingTable
    let logger: Logger
    /// Says once that the admin listener listens; nil where there is none.
    let adminListens: AsyncStream<Void>?
    /// Told where the proxy really listens, once it does.
    let onListening: @Sendable ([ListenAddress]) -> Void

    func run() async throws {
        do {
            onListening(try await proxy.start())
            await plane.beginService()
        } catch {
            await proxy.stop()
            throw error
        }
        if await isWhole() {
            logger.notice(
                "ready",
                metadata: [
                    "version": "\(shuntVersion)", "routes": "\(table.routes.count)",
                    "upstreams": "\(table.upstreams.count)", "phase": "\(table.definition.phase.rawValue)",
                ])
        }
        try? await gracefulShutdown()
        await plane.beginDrain()
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

extension ProxyService {
    /// Waits for the other listener; false where the stop comes first.
    private func isWhole() async -> Bool {
        guard let adminListens else { return true }
        for await _ in adminListens.cancelOnGracefulShutdown() { return true }
        return false
    }
}
