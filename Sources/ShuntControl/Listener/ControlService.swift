import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
package import ShuntCore
import Synchronization

/// The admin listener as a service: JSON API, health, and what else is handed in.
///
/// It fails when it cannot start. Once it has run it never fails again: when the listener breaks, it is opened anew, and
/// the proxy goes on in the meantime.
package struct ControlService: Service {
    private let settings: AdminSettings
    private let control: any ProxyControl
    private let logger: Logger
    private let extra: [AdminOperation]
    private let limits: AdminLimits
    private let tls: AdminTLS
    private let onListening: @Sendable (SocketAddress?) async -> Void

    /// - Parameters:
    ///   - extra: operations of other rooms.
    ///   - tls: by it the listener's certificate can be replaced; used where the settings have one.
    ///   - onListening: told the bound address, each time that the listener is opened.
    package init(
        settings: AdminSettings, control: any ProxyControl, logger: Logger, extra: [AdminOperation] = [],
        limits: AdminLimits = AdminLimits(), tls: AdminTLS = AdminTLS(),
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) {
        self.settings = settings
        self.control = control
        self.logger = logger
        self.extra = extra
        self.limits = limits
        self.tls = tls
        self.onListening = onListening
    }

    package func run() async throws {
        guard let address = settings.address else {
            try? await gracefulShutdown()
            return
        }
        guard !settings.isOpenToOthers else { throw ControlStartError.openToOthers(address) }
        if let secured = settings.tls { try tls.load(secured) }
        try await serve(on: address, Self.group)
    }

    /// One thread for the life of the process: the server lets go of its last helpers some time after it has ended, and
    /// they still want their loop then.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

extension ControlService {
    private func serve(on address: ListenAddress, _ group: any EventLoopGroup) async throws {
        let isUp = Mark()
        while true {
            do {
                try await application(on: address, group, isUp).run()
            } catch {
                guard isUp.isSet else { throw ControlStartError.cannotListen(address, "\(error)") }
                logger.error("the admin listener broke and is opened anew", metadata: ["error": "\(error)"])
            }
            if Self.isEnding { return }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
            if Self.isEnding { return }
        }
    }

    private static var isEnding: Bool { Task.isShuttingDownGracefully || Task.isCancelled }

    private func application(
        on address: ListenAddress, _ group: any EventLoopGroup, _ isUp: Mark
    ) -> Application<AdminResponder> {
        let limits = limits
        let http = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(limits)], idleTimeout: limits.idle,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 64))
        // Hummingbird tells each start at a level that is ours.
        var quiet = logger
        quiet.logLevel = max(.notice, logger.logLevel)
        return Application(
            responder: AdminResponder(settings: settings, control: control, extra: extra, limits: limits),
            server: settings.tls == nil
                ? .http1(configuration: http)
                : HTTPServerBuilder { [tls] responder in
                    SecuredChannel(plain: HTTP1Channel(responder: responder, configuration: http), tls: tls)
                },
            configuration: ApplicationConfiguration(
                address: address.toBind,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: { [settings, logger, onListening] channel in
                do throws(ControlStartError) {
                    try address.putInPlace()
                } catch {
                    logger.error("the admin socket could not be moved to its path", metadata: ["error": "\(error)"])
                }
                isUp.set()
                logger.notice(
                    "admin listening",
                    metadata: ["address": "\(address.text)", "tls": "\(settings.tls == nil ? "off" : "on")"])
                await onListening(channel.localAddress)
            },
            eventLoopGroupProvider: .shared(group),
            logger: quiet
        )
    }
}

/// Set once.
private final class Mark: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
