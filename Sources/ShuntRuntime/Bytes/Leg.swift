import NIOCore
import ShuntCore

/// One WebSocket after its handshake, of a client or of an upstream: frames in from the socket, frames out to it. It
/// decides nothing: messages go to the worker's switchboard, and come from it.
///
/// One handler for both directions of both sides, because RFC 6455 makes them differ in three things only: who masks,
/// who ends the TCP connection, and whose event it is.
final class Leg: ChannelInboundHandler, SocketHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Whose socket it is, by the core's id. `.none` from when the core forgets it.
    enum Role {
        case client(ClientID)
        case upstream(ConnectionID)
        case none
    }

    let worker: Worker
    /// Frames towards an upstream are masked, frames towards a client are not.
    let masks: Bool
    var role = Role.none
    var reader: FrameReader
    var closing = CloseHandshake()
    var hold: SocketHold

    /// What was written since the last flush.
    var output = ByteBuffer()
    /// Bytes of a message that has not come whole.
    var unfinished = 0
    /// Whether the worker looks at what NIO holds from time to time.
    var isWatched = false
    /// More is waiting for the socket than the high watermark says; the core knows.
    var isCongested = false
    /// Nothing but this leg is in the pipeline that changes what is written: it may write to the socket itself.
    var ownsSocket = false
    /// Asked for with the first output.
    var socket: DirectSocket?
    /// The TCP connection ends when what was written is out.
    var endsAfterFlush = false

    private var cutTimer: Scheduled<Void>?

    init(worker: Worker, isUpstream: Bool, maxMessage: Int, onEnd: @escaping () -> Void) {
        self.worker = worker
        masks = isUpstream
        reader = FrameReader(expectsMasked: !isUpstream, maxMessage: maxMessage)
        hold = SocketHold(onEnd: onEnd)
    }

    // MARK: The pipeline's events

    func handlerAdded(context: ChannelHandlerContext) {
        hold.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
        socket = nil
        hold.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hold.isReading { socket?.readOn() }
        read(unwrapInboundIn(data))
    }

    /// Nobody behind this handler wants to know.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelInactive(context: ChannelHandlerContext) {
        ended()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        congestionChanged(isWritable: context.channel.isWritable)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, or a timeout of the kernel: the socket is of no use any more, and there is nobody to tell.
        cut()
    }

    // MARK: The end

    /// Cuts the socket if it has not ended by itself in that time.
    func cut(after delay: TimeAmount) {
        cutTimer?.cancel()
        cutTimer = worker.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.cut() }
    }

    /// Ends the TCP connection now, whatever is still to be written.
    func cut() {
        guard let context = hold.context else { return ended() }
        context.close(promise: nil)
        // An active channel has called `channelInactive` by now; one that was never active does not.
        ended()
    }

    /// The socket is gone. Idempotent.
    private func ended() {
        guard closing.cut() else { return }
        ownsSocket = false
        socket = nil
        cutTimer?.cancel()
        cutTimer = nil
        forgetOutput()
        setUnfinished(0)
        worker.ended(self, .cut)
        giveBack()
    }
}
