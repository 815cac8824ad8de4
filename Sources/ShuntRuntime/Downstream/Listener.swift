import Glibc
import Logging
import NIOCore
import NIOPosix
import ShuntCore

/// Where clients connect: one listening socket per configured address, whose connections are dealt out to the workers.
struct Listener {
    private struct Socket {
        let channel: any Channel
        /// Of a Unix socket.
        let file: UnixSocketFile?
    }

    private let sockets: [Socket]

    static func start(
        _ settings: ListenSettings, group: any EventLoopGroup, workers: Workers, budget: DoorBudget, logger: Logger
    ) async throws(ProxyError) -> Listener {
        var sockets: [Socket] = []
        for address in settings.clients {
            do {
                sockets.append(try await bind(address, settings, bootstrap(group, workers, budget, logger)))
            } catch {
                await Listener(sockets: sockets).stop()
                throw ProxyError.cannotListen(address, reason: reason(error))
            }
        }
        return Listener(sockets: sockets)
    }

    /// The addresses that are listened on, with the ports that the system chose for port 0.
    var addresses: [ListenAddress] {
        sockets.compactMap { socket in
            if let file = socket.file { return .unix(path: file.path) }
            return socket.channel.localAddress.map { .tcp(host: $0.ipAddress ?? "", port: $0.port ?? 0) }
        }
    }

    /// Accepts nobody any more. A Unix socket's file goes with it, unless another process has put its own there.
    func stop() async {
        for socket in sockets {
            socket.file?.remove()
            try? await socket.channel.close()
        }
    }

    private static func bootstrap(
        _ group: any EventLoopGroup, _ workers: Workers, _ budget: DoorBudget, _ logger: Logger
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: longestQueue)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(budget: budget, logger: logger))
                }
            }
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.recvAllocator, value: ReadSize())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let worker = workers.here(channel.eventLoop) else { throw ChannelError.ioOnClosedChannel }
                    try HandshakeHandler.install(in: channel, worker: worker, workers: workers)
                }
            }
    }

    private static func bind(
        _ address: ListenAddress, _ settings: ListenSettings, _ bootstrap: ServerBootstrap
    ) async throws -> Socket {
        switch address {
        case .tcp(let host, let port):
            let tcp = bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
            let shared =
                settings.reusePort
                ? tcp.serverChannelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1) : tcp
            return Socket(channel: try await shared.bind(host: host, port: port).get(), file: nil)
        case .unix(let path):
            let (descriptor, file) = try UnixSocketFile.listen(at: path, replacing: settings.reusePort)
            do {
                return Socket(channel: try await bootstrap.withBoundSocket(descriptor).get(), file: file)
            } catch {
                file.remove()
                throw error
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        if let failure = error as? UnixSocketFile.Failure { return failure.description }
        guard let error = error as? IOError else { return "\(error)" }
        switch error.errnoCode {
        case EADDRINUSE: return "the address is in use"
        case EADDRNOTAVAIL: return "the address is not one of this machine's"
        case EACCES: return "not permitted"
        default: return "\(error)"
        }
    }
}
