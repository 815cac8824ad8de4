import NIOCore
import NIOHTTP1
import ShuntCore

/// A client's connection until it is a WebSocket: reads one request behind NIO's HTTP decoder, answers it, and either
/// makes room for the client's leg or ends the connection. Bounded in time and in bytes.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// The request is not complete. Becomes `accepted` or `over`.
        case reading
        /// The request is fine; its end, and with it the border to what follows, is awaited. Becomes `over`.
        case accepted(HandshakeVerdict.Accepted)
        /// The connection is a leg, moved to its home worker, answered otherwise, or gone.
        case over
    }

    private let worker: Worker
    private let workers: Workers
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var state = State.reading
    /// What the door calls it; nil when the handshake is over.
    private var id: Door.ID?
    private var context: ChannelHandlerContext?

    init(worker: Worker, workers: Workers, decoder: ByteToMessageHandler<HTTPRequestDecoder>) {
        self.worker = worker
        self.workers = workers
        self.decoder = decoder
    }

    /// Puts decoder and handler into a fresh connection's pipeline.
    static func install(in channel: any Channel, worker: Worker, workers: Workers) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 << 10
        limits.maxHeaderFieldCount = 100
        limits.maxHeaderListSize = 64 << 10
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
            maximumBufferSize: 128 << 10)
        let handler = HandshakeHandler(worker: worker, workers: workers, decoder: decoder)
        try channel.pipeline.syncOperations.addHandlers([decoder, handler])
    }

    // MARK: The pipeline's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let id = worker.enterDoor()
        self.id = id
        worker.handshakes[id] = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finished()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finished()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .reading): decide(head, context)
        case (.end, .accepted(let accepted)): accept(accepted, context)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow, is ByteToMessageDecoderError: refuse(.headTooLarge)
        case is HTTPParserError: refuse(.malformed)
        // A reset, and the like.
        default: context.close(promise: nil)
        }
    }

    // MARK: Answers

    private func decide(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = HandshakeRequest(
            method: head.method.rawValue, target: head.uri, versionMajor: head.version.major,
            versionMinor: head.version.minor,
            headers: head.headers.map { Handshake.Field(name: $0.name, value: $0.value) },
            remoteHost: context.remoteAddress?.ipAddress ?? "", remotePort: context.remoteAddress?.port ?? 0)
        let verdict = HandshakeCheck.verdict(
            of: request, table: worker.switchboard.table, listen: worker.process.listen, at: worker.wallTime)
        switch verdict {
        case .accept(let accepted):
            state = .accepted(accepted)
        case .refuse(let refusal):
            if refusal.code == HandshakeVerdict.Refusal.brownoutCode { worker.switchboard.refusedInBrownout() }
            worker.log.refused(
                refusal, path: String(head.uri.prefix { $0 != "?" }), remote: request.remoteHost, now: worker.now())
            worker.countRefusal(refusal.code)
            answer(HandshakeAnswer.refusal(refusal))
        case .health:
            answer(HandshakeAnswer.health(withBody: head.method != .HEAD))
        }
    }

    func refuse(_ trouble: HandshakeAnswer.Trouble) {
        if case .over = state { return }
        worker.countRefusal(trouble.code)
        answer(HandshakeAnswer.trouble(trouble))
    }

    private func answer(_ bytes: [UInt8]) {
        guard let context, let id else { return }
        if case .over = state { return }
        state = .over
        self.id = nil
        LingeringClose.begin(on: context.channel, answer: bytes, worker: worker, id: id)
    }

    /// Whether the client waits for us, not we for it.
    var hasUnreadInput: Bool { context?.channel.hasUnreadInput ?? false }

    /// A stop: whoever has not got through by now tries again elsewhere.
    func drain() {
        refuse(.draining)
    }

    // MARK: Acceptance

    private func accept(_ accepted: HandshakeVerdict.Accepted, _ context: ChannelHandlerContext) {
        let process = worker.process
        let address = accepted.handshake.remoteHost
        guard !worker.isDraining else { return refuse(.draining) }
        switch process.admission.enter(from: address) {
        case .full: return refuse(.full)
        case .tooManyFromAddress: return refuse(.tooManyFromAddress)
        case .admitted: break
        }
        var token: String?
        if case .session(let text) = accepted.identity { token = text }
        let client = AcceptedClient(
            handshake: accepted.handshake, token: token, acceptKey: accepted.acceptKey, process: process,
            isLegacy: accepted.endpoint != nil)
        let home = token.map { process.sessions.enter($0, at: worker.index, now: worker.now()) } ?? worker.index
        if home != worker.index, let target = workers.eventLoop(of: home) {
            switch process.transfer.depart(context.channel) {
            case .ready(let passage):
                state = .over
                let move = HomeMove(client: client, passage: passage, target: target, workers: workers)
                return move.start(context, self, decoder)
            case .failed:
                client.leave(on: worker.eventLoop)
                return refuse(.noDescriptors)
            case .notPossible:
                // No descriptor to move (an embedded channel): the session has a second home here.
                break
            }
        }
        state = .over
        client.settle(on: context.channel, worker: worker)
        // The decoder hands over what came behind the request once it is out of the way.
        context.pipeline.syncOperations.removeHandler(decoder, promise: nil)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    private func finished() {
        state = .over
        if let id { worker.leaveDoor(id) }
        id = nil
    }
}
