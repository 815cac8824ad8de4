import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import ShuntCore

/// Takes a client's connection from the worker that accepted it to the one where its session lives, before its handshake
/// is answered.
///
/// The descriptor is duplicated and the old channel closed, which leaves the TCP connection as it is. Bytes that came
/// with the handshake travel along. The handshake of a session that already lives on this loop never comes here.
struct HomeMove {
    let client: AcceptedClient
    let descriptor: CInt
    let target: any EventLoop
    let workers: Workers

    enum Duplicate {
        case descriptor(CInt)
        /// The process has no descriptor left.
        case failed
        /// The channel is no socket.
        case notPossible
    }

    static func duplicate(_ context: ChannelHandlerContext) -> Duplicate {
        let pipeline = context.pipeline.syncOperations
        let copy = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { handle in
            fcntl(handle, F_DUPFD_CLOEXEC, 0)
        }
        guard let copy else { return .notPossible }
        return copy >= 0 ? .descriptor(copy) : .failed
    }

    func start(
        _ context: ChannelHandlerContext, _ handler: HandshakeHandler,
        _ decoder: ByteToMessageHandler<HTTPRequestDecoder>
    ) {
        let channel = context.channel
        let pipeline = context.pipeline.syncOperations
        let rest = Collector()
        do {
            try channel.syncOptions?.setOption(.autoRead, value: false)
            try pipeline.addHandler(rest, position: .last)
        } catch {
            return giveUp(channel)
        }
        pipeline.removeHandler(handler, promise: nil)
        // Only when the decoder is gone are all bytes in the collector: it hands them over in its own time.
        pipeline.removeHandler(decoder).assumeIsolated().whenComplete { _ in
            guard channel.isActive else { return giveUp(channel) }
            let bytes = rest.bytes
            channel.close(promise: nil)
            arrive(with: bytes)
        }
    }

    private func giveUp(_ channel: any Channel) {
        _ = Glibc.close(descriptor)
        channel.close(promise: nil)
        client.leave()
    }

    private func arrive(with bytes: ByteBuffer) {
        let (client, descriptor, target, workers) = (client, descriptor, target, workers)
        target.execute {
            // NIO owns the descriptor from here on, and closes it where this fails.
            ClientBootstrap(group: target).withConnectedSocket(descriptor).assumeIsolated().whenComplete { result in
                guard case .success(let channel) = result, let worker = workers.here(target) else {
                    return client.leave()
                }
                client.settle(on: channel, worker: worker, behind: bytes)
            }
        }
    }

    /// Keeps what came behind the request until the connection has moved.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var bytes = ByteBuffer()

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var more = unwrapInboundIn(data)
            bytes.writeBuffer(&more)
        }
    }
}
