import NIOCore
import ShuntCore

/// The end of a connection that was answered and is not taken: the answer, the end of our side, and what the peer still
/// says read and thrown away until it ends its own. Ended at once, with input unread, the connection would be reset, and
/// a reset may overtake the answer.
///
/// It stands in front of all other handlers: they hear nothing but that the connection is over. `Door` says when the peer
/// has had time enough.
final class LingeringClose: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let worker: Worker
    private let id: Door.ID
    private var answer: ByteBuffer
    private var context: ChannelHandlerContext?

    private init(_ answer: [UInt8], worker: Worker, id: Door.ID) {
        self.answer = ByteBuffer(bytes: answer)
        self.worker = worker
        self.id = id
    }

    /// Answers, and ends the connection in peace.
    ///
    /// - Parameter id: of the handshake, which is over with this; nil where it was over before.
    static func begin(on channel: any Channel, answer: [UInt8], worker: Worker, id: Door.ID? = nil) {
        let close = LingeringClose(answer, worker: worker, id: id ?? worker.enterDoor())
        worker.linger(close, close.id)
        do {
            try channel.pipeline.syncOperations.addHandler(close, position: .first)
        } catch {
            // The channel ended meanwhile.
            worker.leaveDoor(close.id)
            channel.close(promise: nil)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { sayAnswer(context) }
    }

    /// A connection that was just accepted.
    func channelActive(context: ChannelHandlerContext) {
        sayAnswer(context)
    }

    private func sayAnswer(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        answer = ByteBuffer()
        // Behind the answer: NIO shuts down when all is written.
        context.close(mode: .output, promise: nil)
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        worker.leaveDoor(id)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        worker.hear(id)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// It had its time.
    func end() {
        context?.close(promise: nil)
    }
}
