import Logging
import NIOCore

/// Lets a listening socket rest when a connection cannot be accepted, which is when the process is out of descriptors or
/// memory: neither is it closed, nor does the loop spin over the connection that waits.
///
/// NIO's own `AcceptBackoffHandler` holds back the next read only; the read in progress stays registered, and the loop
/// comes back for it at once.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let rest = TimeAmount.milliseconds(250)
    private static let saidEvery = TimeAmount.seconds(5)

    private let logger: Logger
    private var isResting = false
    private var saidAt: NIODeadline?

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isResting else { return }
        isResting = true
        let now = context.eventLoop.now
        if saidAt.map({ now - $0 >= Self.saidEvery }) ?? true {
            saidAt = now
            logger.error("cannot accept connections", metadata: ["error": "\(error)"])
        }
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.rest) { [self] in
            isResting = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
