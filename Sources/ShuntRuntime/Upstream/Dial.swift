import ShuntCore
import ShuntReactor

/// One upstream connection in the making: name, TCP and TLS within the upstream's `connect_timeout`, then the opening
/// handshake within its `handshake_timeout`. It ends in exactly one of: the worker's `connected(upstream:)`, its `failed`, or
/// nothing at all where it was cancelled.
final class Dial {
    let id: ConnectionID
    let order: DialOrder
    private let worker: Worker

    private enum State {
        /// The host's addresses are asked for. Becomes `connecting` or `over`.
        case resolving
        /// TCP, and TLS where it is spoken. Becomes `shaking` or `over`.
        case connecting
        /// The handshake's answer is awaited. Becomes `refused` or `over`.
        case shaking
        /// It is no 101, and a client is to hear it in full: its body is awaited. Becomes `over`.
        case refused
        case over
    }

    /// How long the body of a refusal may take.
    private static let patience = TimeSpan.seconds(5)

    private var state = State.resolving
    private var handshake: DialHandshake
    /// What it is counted in by; nil before, and where somebody else has it.
    private var lease: SocketLease?
    /// What compression is counted in by, where it is offered.
    private var place: CompressionPlace?
    /// When the state it is in has had its time, and when the worker looks at that.
    private var deadline = Instant.distantFuture
    private var armed = Instant.distantFuture
    private var socket = SocketID.none
    private var addresses: [SocketAddress] = []
    private var lastFailure = DialFailure.connect

    init(id: ConnectionID, order: DialOrder, key: ByteString, worker: Worker) {
        self.id = id
        self.order = order
        self.worker = worker
        place = order.through?.isRaw == true ? nil : worker.placeOfCompression(to: order.upstream.settings)
        handshake = DialHandshake(
            order, key: key, compression: place == nil ? nil : order.upstream.settings.compression)
    }

    private var settings: UpstreamSettings { order.upstream.settings }

    func start() {
        let address = settings.address
        lease = take()
        guard lease != nil else { return fail(.limit) }
        limit(settings.connectTimeout)
        if let known = worker.process.names.known(address.host) { return resolved(known) }
        let (workers, index, id) = (worker.workers, worker.index, id)
        worker.process.names.ask(address.host) { found in
            workers.order(index) { $0.dials[id]?.resolved(found) }
        }
    }

    private func resolved(_ found: [SocketAddress]) {
        guard state == .resolving else { return }
        guard let port = UInt16(exactly: settings.address.port), !found.isEmpty else { return fail(.nameNotResolved) }
        addresses = found.map { $0.with(port: port) }
        connect()
    }

    /// Counts the connection in; nil where there is no room for it.
    private func take() -> SocketLease? {
        let (process, name) = (worker.process, settings.name)
        guard process.leases.take(settings) else { return nil }
        guard order.takesPlace else { return .upstream(name, takesPlace: false) }
        guard process.admission.takePlace() else {
            process.leases.release(name)
            return nil
        }
        return .upstream(name, takesPlace: true)
    }

    // MARK: Time

    /// From now on it may take that long.
    private func limit(_ time: TimeSpan) {
        deadline = worker.now() + time
        worker.dialWheel.arm(id, at: deadline, armed: &armed)
    }

    /// The wheel has come to it.
    func lookedAt(_ now: Instant) {
        guard armed <= now, state != .over else { return }
        armed = .distantFuture
        guard deadline <= now else { return worker.dialWheel.arm(id, at: deadline, armed: &armed) }
        switch state {
        case .resolving: fail(.nameNotResolved)
        case .connecting: fail(.connectTimeout)
        case .shaking: fail(.handshakeTimeout)
        case .refused: ended()
        case .over: break
        }
    }

    // MARK: The connection

    /// Tries the next address.
    private func connect() {
        state = .connecting
        var tls: TLSContext?
        if settings.address.tls {
            do throws(TLSProblem) {
                tls = try worker.process.tls.dialling(settings)
            } catch {
                // Never in the clear instead.
                return fail(.tls, problem: error.description)
            }
        }
        while !addresses.isEmpty {
            let address = addresses.removeFirst()
            var source: SocketAddress?
            if let text = worker.process.sources.next(settings) {
                source = SocketAddress(literal: text, port: 0)
                guard source != nil else { return fail(.noLocalAddress) }
            }
            do throws(SystemError) {
                socket = try worker.reactor.connect(to: address, from: source)
                worker.occupants.insert(.dial(self), for: socket)
                if let tls { worker.reactor.secure(socket, with: tls, name: settings.tlsName) }
                return
            } catch {
                lastFailure = Self.failure(of: error)
            }
        }
        fail(lastFailure)
    }

    /// TCP is there.
    func connected() {
        if !settings.address.tls { shake() }
    }

    /// TLS is, too.
    func secured() { shake() }

    /// The rest has a time of its own.
    private func shake() {
        guard let request = handshake.request else {
            return fail(.badHandshake, problem: "the request cannot be written")
        }
        state = .shaking
        limit(settings.handshakeTimeout)
        worker.reactor.append(to: socket, request)
    }

    /// There is no connection, or none any more.
    func lost(_ error: SystemError) {
        guard state == .connecting else { return ended() }
        if let problem = worker.reactor.tlsProblem(of: socket) { return fail(.tls, problem: Self.text(of: problem)) }
        lastFailure = Self.failure(of: error)
        letGo()
        connect()
    }

    private static func text(of problem: TLSProblem) -> String {
        guard problem.kind == .wrongName else { return problem.description }
        return problem.description + "; if it is the right one, say in tls.server_name whom it names"
    }

    private static func failure(of error: SystemError) -> DialFailure {
        if error.isShortage { return .noLocalAddress }
        return error.isTimeout ? .connectTimeout : .connect
    }

    // MARK: The answer

    func readable() {
        switch worker.reactor.receive(socket, { read($0) }) {
        case .bytes, .nothing: break
        case .end, .lost: ended()
        }
    }

    private func read(_ bytes: Span<UInt8>) {
        switch handshake.read(bytes) {
        case .needsMore: break
        case .upgraded(let reply, let behind):
            succeed(reply, behind: bytes.extracting(min(behind, bytes.count)...))
        case .refusing:
            guard state == .shaking else { return }
            state = .refused
            // It is told when the handshake's time is over, or this: what is sooner.
            deadline = min(deadline, worker.now() + Self.patience)
            worker.dialWheel.arm(id, at: deadline, armed: &armed)
        case .refused(let reply): fail(.refused(status: reply.status), reply)
        case .failed(let failure, let problem): fail(failure, problem: problem)
        }
    }

    /// The connection is over, or has had its time.
    private func ended() {
        if let reply = handshake.told { return fail(.refused(status: reply.status), reply) }
        // With TLS 1.3 a peer that does not accept our certificate says so after a handshake that went well.
        if let problem = worker.reactor.tlsProblem(of: socket) { return fail(.tls, problem: problem.description) }
        fail(.unanswered, problem: "the connection ended before an answer")
    }

    // MARK: Ends

    /// The core wants it no more.
    func cancel() { finish() }

    /// The upstream said 101: the socket is a leg's from here on, or an end's of a byte pipe.
    ///
    /// - Parameter behind: what came behind the answer. It is heard before anything else that the socket says, its end
    ///   included.
    private func succeed(_ reply: UpstreamReply, behind: Span<UInt8>) {
        guard state != .over, let lease else { return }
        // Whoever has the socket has it.
        self.lease = nil
        let compression = takeCompression()
        let socket = socket
        self.socket = .none
        finish()
        if order.through?.isRaw == true {
            let end = PipeEnd(socket, worker: worker, lease: lease, marks: worker.upstreamMarks)
            worker.connected(RawPipe(worker: worker, connection: id, upstream: end), .answered(reply))
            if !behind.isEmpty { end.take(behind) }
            return
        }
        let leg = Leg(socket, worker: worker, isUpstream: true, lease: lease, compression: compression)
        worker.connected(upstream: leg, id, order.through == nil ? nil : .answered(reply))
        if !behind.isEmpty { leg.read(behind) }
    }

    /// What was agreed on, for the leg.
    private func takeCompression() -> LegCompression? {
        guard let place, let settings = settings.compression, let agreement = handshake.agreement else { return nil }
        self.place = nil
        return LegCompression(agreement, settings, place)
    }

    /// It came to nothing.
    ///
    /// - Parameters:
    ///   - reply: what the upstream said instead of 101.
    ///   - problem: for people, where more is known.
    private func fail(_ failure: DialFailure, _ reply: UpstreamReply? = nil, problem: String? = nil) {
        guard state != .over else { return }
        finish()
        let outcome = reply.map { DialOutcome.answered($0) } ?? .failed(failure, problem: problem)
        worker.failed(id, failure, order.through == nil ? nil : outcome, problem: problem)
    }

    private func finish() {
        guard state != .over else { return }
        state = .over
        lease?.giveBack(to: worker.process, now: worker.now())
        lease = nil
        if let place { worker.process.compressed.leave(place) }
        place = nil
        letGo()
    }

    private func letGo() {
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
        socket = .none
    }
}
