import NIOCore
import ShuntCore

/// One of the two sockets of a byte pipe: what is read here is written to the other as it is.
final class PipeEnd: ChannelInboundHandler, SocketHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How much may come before the pipe is joined; then the socket is not read.
    private static let mostKept = 64 << 10

    let worker: Worker
    private weak var pipe: RawPipe?
    var hold: SocketHold
    /// Where what is read here goes; nil until the pipe is joined, and when it has ended.
    private(set) var other: PipeEnd?
    /// Of what is read here.
    private(set) var counter = FrameCounter()
    /// The worker knows that this pipe has something to tell, or there is nothing.
    var isCounted = true
    /// Read before there was anywhere to write it.
    private var kept = ByteBuffer()
    /// The pipe has ended: what is still read is thrown away.
    private var isDeaf = false
    private var isFinishing = false
    private(set) var isGone = false
    private var output = PipeOutput()

    init(worker: Worker, onEnd: @escaping () -> Void) {
        self.worker = worker
        hold = SocketHold(onEnd: onEnd)
    }

    // MARK: The pipeline's events

    func handlerAdded(context: ChannelHandlerContext) {
        hold.context = context
        // The end of one direction is told to the other side, not made an end of both.
        try? context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone()
        hold.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hold.isReading { output.socket?.readOn() }
        take(unwrapInboundIn(data))
    }

    /// Nobody behind this handler wants to know.
    func channelReadComplete(context: ChannelHandlerContext) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        account(for: isWritable ? 0 : bytesInNIO)
        other?.setReading(isWritable)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { pipe?.ended(self) }
    }

    func channelInactive(context: ChannelHandlerContext) { gone() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, or a timeout of the kernel.
        cut()
    }

    private func gone() {
        guard !isGone else { return }
        isGone = true
        output.forget()
        account(for: 0)
        pipe?.ended(self)
        giveBack()
        pipe?.gone(self)
    }

    // MARK: Bytes

    /// What was read, or came before this end was there.
    func take(_ bytes: ByteBuffer) {
        if isDeaf { return }
        guard let other else {
            var bytes = bytes
            kept.writeBuffer(&bytes)
            if kept.readableBytes > Self.mostKept { setReading(false) }
            return
        }
        counter.count(bytes.readableBytesUInt8Span)
        // Telling the core with every message cost an eighth of all that is done for it. Asked for before the write, which
        // may end the pipe.
        if isCounted {
            isCounted = false
            pipe?.uncounted()
        }
        other.write(bytes)
    }

    func join(_ other: PipeEnd, pipe: RawPipe) {
        self.other = other
        self.pipe = pipe
    }

    /// Before it is joined: whom to tell that the socket ended.
    func belong(to pipe: RawPipe) { self.pipe = pipe }

    /// Hands over what was read before the pipe was joined.
    func release() {
        guard kept.readableBytes > 0 else { return }
        let bytes = kept
        kept = ByteBuffer()
        setReading(true)
        take(bytes)
    }

    func write(_ bytes: ByteBuffer) {
        if !isFinishing, !isGone { put(bytes) }
    }

    private func put(_ bytes: ByteBuffer) {
        // Seldom: a read that filled its buffer is followed by another one in the same turn.
        if hold.isDirty { send() }
        output.put(bytes)
        guard !hold.isDirty else { return }
        hold.isDirty = true
        worker.flushAtEndOfTurn(self)
    }

    /// The end of the worker's turn.
    func flush() {
        hold.isDirty = false
        send()
    }

    private func send() {
        guard let context = hold.context, let rest = output.send(context) else { return }
        context.writeAndFlush(wrapOutboundOut(rest), promise: nil)
    }

    // MARK: The end

    /// Nothing more will be written: ends this direction when all is out.
    func finish() {
        guard !isFinishing else { return }
        isFinishing = true
        finishOutput()
    }

    private func finishOutput() {
        send()
        guard let context = hold.context else { return }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            self?.hold.context?.close(mode: .output, promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    /// Reads on to find the end, and throws away what comes.
    func deafen() {
        isDeaf = true
        kept = ByteBuffer()
        setReading(true)
    }

    /// Lets go of the other end.
    func part() { other = nil }

    func cut() {
        hold.context?.close(promise: nil)
        gone()
    }
}
