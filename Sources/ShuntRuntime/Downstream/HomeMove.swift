import NIOCore
import NIOHTTP1
import ShuntCore

/// Takes a client's connection from the worker that accepted it to the one where its session lives, before its handshake
/// is answered.
///
/// The descriptor is duplicated and the old channel closed, which leaves the TCP connection as it is. Bytes that came
/// with the handshake travel along. The handshake of a session that already lives on this loop never comes here.
struct HomeMove {
    let client: AcceptedClient
    let passage: SocketTransfer.Passage
    let target: any EventLoop
    let workers: Workers

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
        passage.drop()
        channel.close(promise: nil)
        client.leave(on: channel.eventLoop)
    }

    private func arrive(with bytes: ByteBuffer) {
        let (client, passage, target, workers) = (client, passage, target, workers)
        target.execute {
            passage.arrive(target).assumeIsolated().whenComplete { result in
                let worker = workers.here(target)
                guard case .success(let channel) = result, let worker else {
                    worker?.countRefusal(HandshakeAnswer.Trouble.noDescriptors.code)
                    return client.leave(on: target)
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
