import NIOCore
import ShuntCore

/// An old client between its request and the answer to it, which waits for its backend's own. It becomes a leg or one
/// end of a byte pipe, or is refused.
final class ArrivingClient: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// Nothing is answered. Becomes `over`.
        case waiting
        /// Admitted, refused or gone. What still comes is for whoever took over.
        case over
    }

    /// How much a client may send before it is answered; then it is not read.
    private static let mostKept = 64 << 10

    let client: AcceptedClient
    private let worker: Worker
    /// What the core calls it; `.none` until it was told.
    var id = ClientID.none
    /// What its endpoint says of its end, with the answer.
    var announcement: Announcement?
    private var state = State.waiting
    /// What came behind the request.
    private var kept: ByteBuffer
    private var context: ChannelHandlerContext?

    init(_ client: AcceptedClient, worker: Worker, behind: ByteBuffer) {
        self.client = client
        self.worker = worker
        kept = behind
        _ = worker.process.budget.keep(kept.readableBytes)
    }

    var isWaiting: Bool { state == .waiting }
    var channel: (any Channel)? { context?.channel }

    // MARK: The pipeline's events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .waiting:
            var more = unwrapInboundIn(data)
            let mayKeepMore = worker.process.budget.keep(more.readableBytes)
            kept.writeBuffer(&more)
            if kept.readableBytes > Self.mostKept || !mayKeepMore { setReading(false) }
        case .over:
            context.fireChannelRead(data)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard state != .over else { return context.fireErrorCaught(error) }
        context.close(promise: nil)
    }

    /// The client is no more, or nobody's any more.
    private func gone() {
        guard state == .waiting else { return }
        state = .over
        _ = takeKept()
        client.leave(on: worker.eventLoop)
        worker.arrivals.remove(id)
        if !id.isNone { worker.feed(.clientClosed(id, .cut)) }
    }

    private func takeKept() -> ByteBuffer {
        worker.process.budget.release(kept: kept.readableBytes)
        defer { kept = ByteBuffer() }
        return kept
    }

    private func setReading(_ reads: Bool) {
        try? context?.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    // MARK: Answers

    /// Makes room for the handler of a WebSocket.
    ///
    /// - Returns: what the client sent so far, for that handler.
    func giveWay(to handler: some ChannelHandler & SendableMetatype, unread limit: Int) throws -> ByteBuffer {
        guard state == .waiting, let context else { throw ChannelError.ioOnClosedChannel }
        let pipeline = context.channel.pipeline.syncOperations
        try context.channel.syncOptions?.setOption(.writeBufferWaterMark, value: .bytes(limit))
        try pipeline.addHandler(handler, position: .last)
        state = .over
        let behind = takeKept()
        setReading(true)
        pipeline.removeHandler(self, promise: nil)
        return behind
    }

    func refuse(_ trouble: HandshakeAnswer.Trouble) {
        refuse(HandshakeAnswer.trouble(trouble), code: trouble.code)
    }

    /// Says no, and ends the connection.
    func refuse(_ answer: [UInt8], code: String) {
        guard state == .waiting, let context else { return }
        state = .over
        client.leave(on: worker.eventLoop)
        _ = takeKept()
        worker.countRefusal(code)
        LingeringClose.begin(on: context.channel, answer: answer, worker: worker)
    }

    func cut() {
        context?.close(promise: nil)
        gone()
    }
}
