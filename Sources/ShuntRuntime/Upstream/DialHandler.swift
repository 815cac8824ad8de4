import NIOCore
import ShuntCore

/// The opening handshake of an upstream connection: writes the request, checks the answer, makes room for the leg.
final class DialHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// The answer's head is awaited. Becomes `refused` or `over`.
        case waiting
        /// It is no 101, and a client is to hear it in full: its body is awaited. Becomes `over`.
        case refused(UpstreamReply)
        case over
    }

    /// How long the body of a refusal may take.
    private static let patience = TimeAmount.seconds(5)

    private let dial: Dial
    private let key: ByteString
    private var reader = AnswerReader()
    private var body: AnswerBody?
    private var state = State.waiting
    private var timer: Scheduled<Void>?

    private init(dial: Dial, key: ByteString) {
        self.dial = dial
        self.key = key
    }

    static func install(in channel: any Channel, dial: Dial, key: ByteString) throws {
        try channel.pipeline.syncOperations.addHandler(DialHandler(dial: dial, key: key))
    }

    // MARK: The pipeline's events

    func channelActive(context: ChannelHandlerContext) {
        let request = dial.order.request
        let own = [
            Handshake.Field(name: "Upgrade", value: "websocket"), Handshake.Field(name: "Connection", value: "Upgrade"),
            Handshake.Field(name: "Sec-WebSocket-Version", value: "13"),
            Handshake.Field(name: "Sec-WebSocket-Key", value: key),
        ]
        guard let head = HeadWriter.request(target: request.target, request.headers + own) else {
            return fail(.badHandshake, problem: "the request cannot be written")
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: head)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        switch state {
        case .waiting: readHead(bytes, context)
        case .refused: readBody(bytes)
        case .over: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    // MARK: The answer

    private func readHead(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        var bytes = bytes
        var position = 0
        do throws(HeadReader.Problem) {
            guard case .head(let head) = try reader.read(bytes.readableBytesUInt8Span, at: &position) else { return }
            bytes.moveReaderIndex(forwardBy: position)
            decide(head, behind: bytes, context)
        } catch {
            fail(.badHandshake, problem: Self.text(of: error))
        }
    }

    private static func text(of problem: HeadReader.Problem) -> String {
        switch problem {
        case .malformed: "no HTTP/1.1"
        case .tooLarge: "the head of the answer is too large"
        case .tooManyInterim: "more than \(AnswerReader.mostInterim) interim answers (1xx)"
        }
    }

    private func decide(_ head: AnswerHead, behind: ByteBuffer, _ context: ChannelHandlerContext) {
        let answer = UpstreamAnswer(
            head, acceptKey: SecWebSocket.acceptKey(for: key), offered: dial.order)
        switch answer.failure {
        case nil:
            state = .over
            // Out of the way first: whatever comes is the leg's.
            let channel = context.channel
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            dial.succeed(channel, UpstreamReply(head), behind: behind)
        case .refused where dial.order.through != nil:
            body = AnswerBody(of: head, most: UpstreamReply.longestBody)
            guard body != nil else { return fail(.badHandshake, problem: "a Content-Length that is none") }
            state = .refused(UpstreamReply(head))
            dial.onTimeout = { [weak self] in self?.tellRefusal() }
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { [weak self] in
                self?.tellRefusal()
            }
            readBody(behind)
        case .some(let failure):
            fail(failure, problem: answer.problem)
        }
    }

    private func readBody(_ bytes: ByteBuffer) {
        switch body?.read(bytes.readableBytesUInt8Span) {
        case .needsMore: break
        case .whole, .malformed, nil: tellRefusal()
        }
    }

    /// With as much of its body as came.
    private func tellRefusal() {
        guard case .refused(var reply) = state else { return }
        state = .over
        reply.body = body?.bytes ?? []
        dial.fail(.refused(status: reply.status), reply)
    }

    /// The connection is over.
    private func ended() {
        tellRefusal()
        fail(.unanswered, problem: "the connection ended before an answer")
    }

    private func fail(_ failure: DialFailure, problem: String? = nil) {
        if case .over = state { return }
        state = .over
        dial.fail(failure, problem: problem)
    }
}
