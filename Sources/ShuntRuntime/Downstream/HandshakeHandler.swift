import NIOCore
import ShuntCore

/// A client's connection until it is a WebSocket: reads one request, answers it, and either
/// makes room for the client's leg or ends the connection. Bounded in time and in bytes.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        /// The request is not complete. Becomes `over`.
        case reading
        /// The connection is a leg, moved to its home worker, answered otherwise, or gone.
        case over
    }

    private let worker: Worker
    private let workers: Workers
    private var reader = HeadReader(.request)
    private var state = State.reading
    /// Bytes of the request so far.
    private var held = 0
    /// What the door calls it; nil when the handshake is over.
    private var id: Door.ID?
    private var context: ChannelHandlerContext?

    init(worker: Worker, workers: Workers) {
        self.worker = worker
        self.workers = workers
    }

    /// Puts the handler into a fresh connection's pipeline.
    static func install(in channel: any Channel, worker: Worker, workers: Workers) throws {
        try channel.pipeline.syncOperations.addHandler(HandshakeHandler(worker: worker, workers: workers))
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
        guard case .reading = state else { return }
        var bytes = unwrapInboundIn(data)
        var position = 0
        do throws(HeadReader.Problem) {
            guard try reader.read(bytes.readableBytesUInt8Span, at: &position) == .whole else {
                return hold(position)
            }
        } catch {
            return refuse(error == .tooLarge ? .headTooLarge : .malformed)
        }
        guard let head = RequestHead(reader) else { return refuse(.malformed) }
        bytes.moveReaderIndex(forwardBy: position)
        decide(head, behind: bytes, context)
    }

    /// There is more to come.
    private func hold(_ more: Int) {
        held += more
        if let id { worker.hold(held, of: id) }
    }

    /// A reset, and the like.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: Answers

    /// - Parameter behind: what came behind the request.
    private func decide(_ head: RequestHead, behind: ByteBuffer, _ context: ChannelHandlerContext) {
        let request = HandshakeRequest(
            head, remoteHost: context.remoteAddress?.ipAddress ?? "", remotePort: context.remoteAddress?.port ?? 0)
        let verdict = HandshakeCheck.verdict(
            of: request, table: worker.switchboard.table, listen: worker.process.listen, at: worker.wallTime)
        switch verdict {
        case .accept(let accepted):
            accept(accepted, behind: behind, context)
        case .refuse(let refusal):
            if refusal.code == HandshakeVerdict.Refusal.brownoutCode { worker.switchboard.refusedInBrownout() }
            worker.log.refused(
                refusal, path: ByteString(head.target.bytes.prefix { $0 != 0x3F }).description,
                remote: request.remoteHost, now: worker.now())
            worker.countRefusal(refusal.code)
            answer(HandshakeAnswer.refusal(refusal))
        case .health:
            answer(HandshakeAnswer.health(withBody: head.method != "HEAD"))
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

    private func accept(
        _ accepted: HandshakeVerdict.Accepted, behind: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        let process = worker.process
        let address = accepted.handshake.remoteHost
        guard !worker.isDraining else { return refuse(.draining) }
        switch process.admission.enter(from: address) {
        case .full: return refuse(.full)
        case .tooManyFromAddress: return refuse(.tooManyFromAddress)
        case .admitted: break
        }
        var token: ByteString?
        if case .session(let found) = accepted.identity { token = found }
        let client = AcceptedClient(
            handshake: accepted.handshake, token: token, acceptKey: accepted.acceptKey, process: process,
            isLegacy: accepted.endpoint != nil)
        let home = token.map { process.sessions.enter($0, at: worker.index, now: worker.now()) } ?? worker.index
        if home != worker.index, let target = workers.eventLoop(of: home) {
            switch process.transfer.depart(context.channel) {
            case .ready(let passage):
                state = .over
                let move = HomeMove(client: client, passage: passage, target: target, workers: workers)
                return move.start(context.channel, behind: behind)
            case .failed:
                client.leave(on: worker.eventLoop)
                return refuse(.noDescriptors)
            case .notPossible:
                // No descriptor to move (an embedded channel): the session has a second home here.
                break
            }
        }
        // Out of the way first: what came behind the request, and whatever comes next, is for the client's own handler.
        let channel = context.channel
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
        client.settle(on: channel, worker: worker, behind: behind)
    }

    private func finished() {
        state = .over
        if let id { worker.leaveDoor(id) }
        id = nil
    }
}
