import ShuntCore
import ShuntReactor

/// A client's connection until it is a WebSocket: reads the head of the PROXY protocol where one is to come, speaks TLS
/// where that is spoken, reads one request, answers it, and either makes room for the client's leg or ends the connection.
/// Bounded in time and in bytes.
final class OpeningHandshake {
    private enum State {
        /// A proxy in front says first whom it speaks for. Becomes `reading` or `over`.
        case proxied(ProxyHeadReader)
        /// The request is not complete. Becomes `validating` or `over`.
        case reading
        /// The validator is asked. What came behind the request is kept, and no more is read; the door's time and a stop
        /// count on. Becomes `over`.
        case validating(Candidate, behind: [UInt8])
        /// The connection is a leg, moved to its home worker, answered otherwise, or gone.
        case over
    }

    private let worker: Worker
    private let socket: SocketID
    /// The client's address: the peer's, or what a proxy in front says.
    private var source: ProxiedSource
    private let isLocal: Bool
    /// TLS is spoken.
    private var isSecured = false
    private var reader = HeadReader(.request)
    private var state: State
    private var isReadingStopped = false
    /// Bytes of the client so far.
    private var held = 0
    /// What the door calls it; nil when the handshake is over.
    private var id: Door.ID?

    private init(_ socket: SocketID, of peer: SocketAddress, worker: Worker) {
        self.socket = socket
        self.worker = worker
        source = ProxiedSource(host: peer.host, port: Int(peer.port))
        isLocal = peer.isUnix
        let listen = worker.process.listen
        state = listen.expectsProxyHead(from: source.host) ? .proxied(ProxyHeadReader()) : .reading
    }

    /// Begins with a fresh connection.
    static func begin(on socket: SocketID, of peer: SocketAddress, worker: Worker) {
        let handshake = OpeningHandshake(socket, of: peer, worker: worker)
        let id = worker.enterDoor()
        handshake.id = id
        worker.handshakes[id] = handshake
        worker.occupants.insert(.handshake(handshake), for: socket)
        if case .reading = handshake.state { handshake.secure(received: []) }
    }

    /// Speaks TLS from here on, where clients do.
    ///
    /// - Parameter received: what came of it already.
    /// - Returns: whether it is spoken.
    @discardableResult
    private func secure(received: [UInt8]) -> Bool {
        // Nobody else hears what passes through a Unix socket.
        guard !isLocal, let context = worker.process.tls.listening else { return false }
        worker.reactor.secure(socket, with: context, received: received)
        isSecured = true
        return true
    }

    // MARK: What the reactor says

    func readable() {
        switch worker.reactor.receive(socket, { read($0) }) {
        case .bytes, .nothing: break
        case .end: cut()
        case .lost: lost()
        }
    }

    /// It said something that is no TLS.
    func speaksPlainText() {
        worker.log.turnedAway("plain text", problem: "no TLS", remote: source.host, now: worker.now())
        refuse(.plainText)
    }

    /// The connection is no more.
    func lost() {
        if let problem = worker.reactor.tlsProblem(of: socket) {
            worker.countRefusal("tls")
            worker.log.turnedAway("TLS", problem: problem.description, remote: source.host, now: worker.now())
        }
        cut()
    }

    /// The client is gone, or everything ends.
    func cut() {
        guard let id else { return }
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
        finished(id)
    }

    private func read(_ bytes: Span<UInt8>) {
        switch state {
        case .proxied(let head): return readHead(head, bytes)
        case .reading: break
        case .validating(let candidate, let behind):
            hold(bytes.count)
            state = .validating(candidate, behind: behind + bytes.copied())
            return
        case .over: return
        }
        var position = 0
        do throws(HeadReader.Problem) {
            guard try reader.read(bytes, at: &position) == .whole else { return hold(position) }
        } catch {
            if bytes.count >= 3, bytes[0] == 0x16, bytes[1] == 3, held == 0 {
                worker.log.turnedAway("TLS", problem: "this port speaks none", remote: source.host, now: worker.now())
            }
            return refuse(error == .tooLarge ? .headTooLarge : .malformed)
        }
        guard let head = RequestHead(reader) else { return refuse(.malformed) }
        read(head, behind: bytes.copied(from: position))
    }

    /// - Parameter head: as far as it was read.
    private func readHead(_ head: ProxyHeadReader, _ bytes: Span<UInt8>) {
        var head = head
        var position = 0
        do throws(ProxyHeadReader.Problem) {
            switch try head.read(bytes, at: &position) {
            case .needsMore:
                state = .proxied(head)
                hold(position)
            case .whole(let source):
                if let source { self.source = source }
                state = .reading
                held = 0
                let behind = bytes.copied(from: position)
                if !secure(received: behind), !behind.isEmpty { read(behind.span) }
            }
        } catch {
            // Who speaks for others has to say so rightly: nobody is let in under its name instead.
            worker.log.turnedAway("PROXY protocol", problem: "\(error)", remote: source.host, now: worker.now())
            refuse(.malformed)
        }
    }

    /// There is more to come.
    private func hold(_ more: Int) {
        held += more
        if let id { worker.hold(held, of: id) }
    }

    // MARK: Answers

    /// - Parameter behind: what came behind the request.
    private func read(_ head: RequestHead, behind: [UInt8]) {
        let request = HandshakeRequest(head, remoteHost: source.host, remotePort: source.port, secure: isSecured)
        switch HandshakeCheck.candidate(
            of: request, table: worker.switchboard.table, listen: worker.process.listen)
        {
        case .candidate(let candidate):
            validate(candidate, behind: behind)
        case .refuse(let refusal):
            refuse(refusal, path: ByteString(head.target.bytes.prefix { $0 != 0x3F }), remote: request.remoteHost)
        case .health:
            answer(HandshakeAnswer.health(withBody: head.method != "HEAD"))
        }
    }

    /// Asks who the client is, where anybody is to be asked.
    private func validate(_ candidate: Candidate, behind: [UInt8]) {
        guard let credential = candidate.credential, let id, worker.switchboard.table.validates(candidate.endpoint),
            let validator = worker.process.validator
        else { return decide(candidate, .unasked, behind: behind) }
        if let known = validator.known(credential, at: worker.wallTime) {
            return decide(candidate, known, behind: behind)
        }
        state = .validating(candidate, behind: behind)
        hold(behind.count)
        setReading(false)
        let (workers, index) = (worker.workers, worker.index)
        validator.validate(credential) { verdict in
            workers.order(index) { $0.handshakes[id]?.validated(verdict) }
        }
    }

    /// The validator's answer. One that comes when the client is refused or gone, or a second time, changes nothing.
    private func validated(_ verdict: CredentialVerdict) {
        guard case .validating(let candidate, let behind) = state else { return }
        setReading(true)
        decide(candidate, verdict, behind: behind)
    }

    private func decide(_ candidate: Candidate, _ verdict: CredentialVerdict, behind: [UInt8]) {
        tell(verdict, of: candidate)
        switch HandshakeCheck.admit(
            candidate, verdict, worker.switchboard.table, at: worker.wallTime, now: worker.now())
        {
        case .admit(let identity?) where isBlocked(identity):
            let refusal = HandshakeCheck.refusal(of: candidate, worker.switchboard.table)
            refuse(refusal, path: candidate.handshake.path, remote: candidate.handshake.remoteHost)
        case .admit(let identity):
            admit(candidate, as: identity, behind: behind)
        case .refuse(let refusal):
            refuse(refusal, path: candidate.handshake.path, remote: candidate.handshake.remoteHost)
        }
    }

    private func isBlocked(_ identity: ClientIdentity) -> Bool {
        worker.process.blocks.refuse(identity, at: worker.wallTime, hashKey: worker.process.hashKey)
    }

    /// The log says what is wrong with credentials, never which they are.
    private func tell(_ verdict: CredentialVerdict, of candidate: Candidate) {
        let problem: String
        switch verdict {
        case .good, .unasked: return
        case .bad(_, let text), .unknown(let text): problem = text
        }
        worker.log.turnedAway("session", problem: problem, remote: candidate.handshake.remoteHost, now: worker.now())
    }

    /// - Parameter path: without the query.
    private func refuse(_ refusal: HandshakeVerdict.Refusal, path: ByteString, remote: String) {
        if refusal.code == HandshakeVerdict.Refusal.brownoutCode { worker.switchboard.refusedInBrownout() }
        worker.log.refused(refusal, path: path.description, remote: remote, now: worker.now())
        worker.countRefusal(refusal.code)
        answer(HandshakeAnswer.refusal(refusal))
    }

    /// The handshake has taken too long: the client, or whoever validates its credential.
    func timeOut() {
        if case .validating = state { refuse(.validationSlow) } else { refuse(.timeout) }
    }

    func refuse(_ trouble: HandshakeAnswer.Trouble) {
        if case .over = state { return }
        worker.countRefusal(trouble.code)
        answer(HandshakeAnswer.trouble(trouble))
    }

    private func answer(_ bytes: [UInt8]) {
        guard let id else { return }
        state = .over
        self.id = nil
        LingeringClose.begin(on: socket, answer: bytes, worker: worker, id: id)
    }

    private func setReading(_ reads: Bool) {
        guard isReadingStopped == reads else { return }
        isReadingStopped = !reads
        worker.reactor.setReading(socket, reads)
    }

    /// Whether the client waits for us, not we for it. What is left unread on purpose is no reason to give it more time.
    var hasUnreadInput: Bool { !isReadingStopped && worker.reactor.unread(socket) > 0 }

    /// A stop: whoever has not got through by now tries again elsewhere.
    func drain() {
        refuse(.draining)
    }

    // MARK: Admission

    private func admit(_ candidate: Candidate, as identity: ClientIdentity?, behind: [UInt8]) {
        let process = worker.process
        guard !worker.isDraining else { return refuse(.draining) }
        guard worker.switchboard.hasRoomForClients else { return refuse(.memoryFull) }
        guard let id else { return }
        switch process.admission.enter(from: candidate.handshake.remoteHost) {
        case .full: return refuse(.full)
        case .tooManyFromAddress: return refuse(.tooManyFromAddress)
        case .admitted: break
        }
        // What came behind the request, and whatever comes next, is for whoever has the socket then.
        finished(id)
        let client = AcceptedClient(candidate: candidate, identity: identity, process: process)
        let home =
            identity.map { process.sessions.enter($0.key, at: worker.index, now: worker.now()) } ?? worker.index
        guard home != worker.index, home < worker.workers.count else {
            return client.install(on: socket, worker: worker, behind: behind)
        }
        worker.occupants.remove(socket)
        guard let detached = worker.reactor.detach(socket),
            worker.workers.order(home, { $0.adopt(client, detached, behind: behind) })
        else {
            worker.reactor.close(socket)
            return client.leave(at: worker.now())
        }
    }

    private func finished(_ id: Door.ID) {
        state = .over
        worker.leaveDoor(id)
        self.id = nil
    }
}
