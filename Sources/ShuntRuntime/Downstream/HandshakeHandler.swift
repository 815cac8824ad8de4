import NIOCore
import ShuntCore

/// A client's connection until it is a WebSocket: reads one request, answers it, and either
/// makes room for the client's leg or ends the connection. Bounded in time and in bytes.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Finds out what is known of a candidate's credential, and says so on the handler's loop: at once or later, at most
    /// once.
    typealias Validate = (Candidate, _ answer: @escaping (Claims) -> Void) -> Void

    private enum State {
        /// The request is not complete. Becomes `validating` or `over`.
        case reading
        /// The validator is asked. What came behind the request is kept, and no more is read; the door's time and a stop
        /// count on. Becomes `over`.
        case validating(Candidate, behind: ByteBuffer)
        /// The connection is a leg, moved to its home worker, answered otherwise, or gone.
        case over
    }

    private let worker: Worker
    private let workers: Workers
    private let validate: Validate
    private var reader = HeadReader(.request)
    private var state = State.reading
    private var isReadingStopped = false
    /// Bytes of the client so far.
    private var held = 0
    /// What the door calls it; nil when the handshake is over.
    private var id: Door.ID?
    private var context: ChannelHandlerContext?

    init(worker: Worker, workers: Workers, validate: @escaping Validate) {
        self.worker = worker
        self.workers = workers
        self.validate = validate
    }

    /// Puts the handler into a fresh connection's pipeline.
    ///
    /// - Parameter validate: asks nobody by default: the token is the identity.
    static func install(
        in channel: any Channel, worker: Worker, workers: Workers,
        validate: @escaping Validate = { _, answer in answer(.none) }
    ) throws {
        try channel.pipeline.syncOperations.addHandler(
            HandshakeHandler(worker: worker, workers: workers, validate: validate))
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
        var bytes = unwrapInboundIn(data)
        switch state {
        case .reading: break
        case .validating(let candidate, var behind):
            hold(bytes.readableBytes)
            behind.writeBuffer(&bytes)
            state = .validating(candidate, behind: behind)
            return
        case .over: return
        }
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
        read(head, behind: bytes, context)
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
    private func read(_ head: RequestHead, behind: ByteBuffer, _ context: ChannelHandlerContext) {
        let request = HandshakeRequest(
            head, remoteHost: context.remoteAddress?.ipAddress ?? "", remotePort: context.remoteAddress?.port ?? 0)
        switch HandshakeCheck.candidate(
            of: request, table: worker.switchboard.table, listen: worker.process.listen)
        {
        case .candidate(let candidate):
            state = .validating(candidate, behind: behind)
            validate(candidate) { [weak self] claims in self?.validated(claims) }
            guard case .validating = state else { return }
            hold(behind.readableBytes)
            setReading(false)
        case .refuse(let refusal):
            refuse(refusal, path: ByteString(head.target.bytes.prefix { $0 != 0x3F }), remote: request.remoteHost)
        case .health:
            answer(HandshakeAnswer.health(withBody: head.method != "HEAD"))
        }
    }

    /// The validator's answer. One that comes when the client is refused or gone, or a second time, changes nothing.
    private func validated(_ claims: Claims) {
        if case .validating = state { setReading(true) }
        guard case .validating(let candidate, let behind) = state, let context else { return }
        switch HandshakeCheck.admit(candidate, claims, at: worker.wallTime) {
        case .admit(let identity):
            admit(candidate, as: identity, behind: behind, context)
        case .refuse(let refusal):
            refuse(refusal, path: candidate.handshake.path, remote: candidate.handshake.remoteHost)
        }
    }

    /// - Parameter path: without the query.
    private func refuse(_ refusal: HandshakeVerdict.Refusal, path: ByteString, remote: String) {
        if refusal.code == HandshakeVerdict.Refusal.brownoutCode { worker.switchboard.refusedInBrownout() }
        worker.log.refused(refusal, path: path.description, remote: remote, now: worker.now())
        worker.countRefusal(refusal.code)
        answer(HandshakeAnswer.refusal(refusal))
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

    private func setReading(_ reads: Bool) {
        guard isReadingStopped == reads else { return }
        isReadingStopped = !reads
        try? context?.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    /// Whether the client waits for us, not we for it. What is left unread on purpose is no reason to give it more time.
    var hasUnreadInput: Bool { !isReadingStopped && context?.channel.hasUnreadInput ?? false }

    /// A stop: whoever has not got through by now tries again elsewhere.
    func drain() {
        refuse(.draining)
    }

    // MARK: Admission

    private func admit(
        _ candidate: Candidate, as identity: ClientIdentity?, behind: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        let process = worker.process
        guard !worker.isDraining else { return refuse(.draining) }
        switch process.admission.enter(from: candidate.handshake.remoteHost) {
        case .full: return refuse(.full)
        case .tooManyFromAddress: return refuse(.tooManyFromAddress)
        case .admitted: break
        }
        let client = AcceptedClient(candidate: candidate, identity: identity, process: process)
        let home =
            identity.map { process.sessions.enter($0.key, at: worker.index, now: worker.now()) } ?? worker.index
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
        client.install(on: channel, worker: worker, behind: behind)
    }

    private func finished() {
        state = .over
        if let id { worker.leaveDoor(id) }
        id = nil
    }
}
