import NIOCore
import ShuntCore

/// One WebSocket after its handshake, of a client or of an upstream: frames in from the socket, frames out to it. It
/// decides nothing: messages go to the worker's switchboard, and come from it.
///
/// One handler for both directions of both sides, because RFC 6455 makes them differ in three things only: who masks,
/// who ends the TCP connection, and whose event it is.
final class Leg: ChannelInboundHandler {
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
    var context: ChannelHandlerContext?

    /// What was written since the last flush.
    var output = ByteBuffer()
    /// Bytes that NIO holds because the socket did not take them; exact after a flush, else an upper bound.
    var pending = 0
    /// Bytes of a message that has not come whole.
    var unfinished = 0
    /// Whether the worker's list of legs to flush has it.
    var isDirty = false
    /// Whether the worker looks at `pending` from time to time.
    var isWatched = false
    /// More is waiting for the socket than the high watermark says; the core knows.
    var isCongested = false
    /// The socket is read as it comes. Where it is, this handler asks for the next read itself, before it works on this
    /// one: NIO would do so after it, by a longer way.
    private var isReading = true
    /// Nothing but this leg is in the pipeline that changes what is written: it may write to the socket itself.
    var ownsSocket = false
    /// Asked for with the first output.
    var socket: DirectSocket?
    /// The TCP connection ends when what was written is out.
    var endsAfterFlush = false

    private var cutTimer: Scheduled<Void>?
    /// What is given back when the socket ends: counts and leases. Called once.
    private var onEnd: (() -> Void)?

    init(worker: Worker, isUpstream: Bool, maxMessage: Int, onEnd: @escaping () -> Void) {
        self.worker = worker
        masks = isUpstream
        reader = FrameReader(expectsMasked: !isUpstream, maxMessage: maxMessage)
        self.onEnd = onEnd
    }

    // MARK: The pipeline's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
        socket = nil
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isReading { socket?.readOn() }
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

    func setReading(_ reads: Bool) {
        guard let context else { return }
        isReading = reads
        try? context.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    // MARK: The end

    /// Cuts the socket if it has not ended by itself in that time.
    func cut(after delay: TimeAmount) {
        cutTimer?.cancel()
        cutTimer = worker.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.cut() }
    }

    /// Ends the TCP connection now, whatever is still to be written.
    func cut() {
        guard let context else { return ended() }
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
        onEnd?()
        onEnd = nil
    }
}
