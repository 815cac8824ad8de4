import Glibc
import Logging
import NIOCore
import NIOPosix
import ShuntCore

/// Where clients connect: one listening socket per configured address, whose connections are dealt out to the workers.
struct Listener {
    private let channels: [any Channel]

    static func start(
        _ settings: ListenSettings, group: any EventLoopGroup, workers: Workers, logger: Logger
    ) async throws(ProxyError) -> Listener {
        var channels: [any Channel] = []
        for address in settings.clients {
            do {
                channels.append(try await bind(address, settings, group, workers, logger))
            } catch {
                for channel in channels { try? await channel.close() }
                throw ProxyError.cannotListen(address, reason: reason(error))
            }
        }
        return Listener(channels: channels)
    }

    /// The addresses that are listened on, with the ports that the system chose for port 0.
    var addresses: [ListenAddress] {
        channels.compactMap { channel in
            guard let address = channel.localAddress else { return nil }
            if let path = address.pathname { return .unix(path: path) }
            return .tcp(host: address.ipAddress ?? "", port: address.port ?? 0)
        }
    }

    /// Accepts nobody any more. A Unix socket's file goes with it.
    func stop() async {
        for channel in channels { try? await channel.close() }
    }

    private static func bind(
        _ address: ListenAddress, _ settings: ListenSettings, _ group: any EventLoopGroup, _ workers: Workers,
        _ logger: Logger
    ) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
                }
            }
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let worker = workers.here(channel.eventLoop) else { throw ChannelError.ioOnClosedChannel }
                    try HandshakeHandler.install(in: channel, worker: worker, workers: workers)
                }
            }
        switch address {
        case .tcp(let host, let port):
            let tcp = bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
            let shared =
                settings.reusePort
                ? tcp.serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1) : tcp
            return try await shared.bind(host: host, port: port).get()
        case .unix(let path):
            return try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        switch error.errnoCode {
        case EADDRINUSE: return "the address is in use"
        case EADDRNOTAVAIL: return "the address is not one of this machine's"
        case EACCES: return "not permitted"
        default: return "\(error)"
        }
    }
}
