import Foundation
import Logging
import ServiceLifecycle
import ShuntCore
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

/// Reads the configuration again when its file changes, or on SIGHUP.
struct ReloadService: Service {
    let path: String
    let plane: ControlPlane
    let logger: Logger

    /// How often the file is looked at. A change counts when the file then stays as it is for as long.
    private static let every = Duration.seconds(1)

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { await watch() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
                    if await !reload("SIGHUP") { logger.notice("not reloaded: another reload is under way") }
                }
            }
        }
    }

    private func watch() async {
        var seen = FileState(path)
        var changed = seen
        let looks = AsyncStream<Void> {
            try? await Task.sleep(for: Self.every)
            return Task.isCancelled ? nil : ()
        }
        for await _ in looks.cancelOnGracefulShutdown() {
            let now = FileState(path)
            // A file that is being written, or replaced, is read when that is over.
            // While another reload is under way, which may have read what was there before, it stays unseen.
            if now != seen, now == changed, now.exists, await reload("file") { seen = now }
            changed = now
        }
    }

    /// Returns false where another reload is under way.
    private func reload(_ cause: String) async -> Bool {
        do throws(ControlProblem) {
            let report = try await plane.perform(.reload, by: ChangeAuthor(name: cause, reason: ""), revision: nil)
            logger.notice("reloaded", metadata: ["changed": "\(report.changed)", "notes": "\(report.notes)"])
        } catch {
            switch error {
            case .badFile: break  // The plane has said where and what.
            case .busy: return false
            default: logger.error("not reloaded", metadata: ["problem": "\(error)"])
            }
        }
        return true
    }
}
