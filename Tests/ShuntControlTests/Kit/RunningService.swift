import Logging
import NIOCore
import ServiceLifecycle
import ShuntControl
import ShuntCore
import ShuntTesting

/// Runs the service on a free port for as long as a test needs it.
enum RunningService {
    static func with<Result: Sendable>(
        _ control: FakeControl, settings: AdminSettings? = nil, limits: AdminLimits = AdminLimits(),
        extra: [AdminOperation] = [], tls: AdminTLS = AdminTLS(),
        _ body: @escaping @Sendable (Int, ServiceGroup) async throws -> Result
    ) async throws -> Result {
        var used = AdminSettings()
        used.address = .tcp(host: "127.0.0.1", port: 0)
        let (ports, source) = AsyncStream.makeStream(of: Int.self)
        let service = ControlService(
            settings: settings ?? used, control: control, logger: quiet, extra: extra, limits: limits, tls: tls,
            onListening: { address in source.yield(address?.port ?? 0) })
        let group = ServiceGroup(services: [service], logger: quiet)
        async let ended: Void = {
            defer { source.finish() }
            try await group.run()
        }()
        guard let port = await ports.first(where: { _ in true }) else {
            try await ended
            throw NeverListened()
        }
        do {
            let result = try await body(port, group)
            await group.triggerGracefulShutdown()
            try await ended
            return result
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
    }

    struct NeverListened: Error {}

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
}
