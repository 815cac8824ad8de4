import Glibc
import NIOCore
import ShuntCore

/// One upstream connection in the making: name and TCP within the upstream's `connect_timeout`, then the opening handshake
/// within its `handshake_timeout`. It ends in exactly one of: the worker's `connected(upstream:)`, its `failed`, or
/// nothing at all where it was cancelled.
final class Dial {
    let id: ConnectionID
    let order: DialOrder
    /// `Sec-WebSocket-Key`.
    private let key: ByteString
    private let worker: Worker

    private enum State {
        /// The host's addresses are asked for. Becomes `connecting` or `over`.
        case resolving
        /// Becomes `shaking` or `over`.
        case connecting
        /// The handshake's answer is awaited. Becomes `over`.
        case shaking
        case over
    }

    private var state = State.resolving
    /// Gives back what it was counted in by, once; nil before, and where somebody else does.
    private var giveBack: (() -> Void)?
    private var timer: Scheduled<Void>?
    private var channel: (any Channel)?
    private var addresses: [SocketAddress] = []
    private var lastFailure = DialFailure.connect

    init(id: ConnectionID, order: DialOrder, key: ByteString, worker: Worker) {
        self.id = id
        self.order = order
        self.key = key
        self.worker = worker
    }

    private var settings: UpstreamSettings { order.upstream.settings }

    func start() {
        let address = settings.address
        // Encryption towards upstreams is not built in yet: never fall back to plain text.
        guard !address.tls else { return fail(.tls) }
        giveBack = count()
        guard giveBack != nil else { return fail(.limit) }
        limit(settings.connectTimeout)
        addresses = worker.process.names.known(host: address.host, port: address.port)
        guard addresses.isEmpty else { return connect() }
        worker.process.names.addresses(host: address.host, port: address.port, on: worker.eventLoop)
            .assumeIsolated().whenComplete { [self] result in
                addresses = (try? result.get()) ?? []
                if addresses.isEmpty { return fail(.nameNotResolved) }
                connect()
            }
    }

    /// Counts the connection in; nil where there is no room for it.
    private func count() -> (() -> Void)? {
        let (process, name) = (worker.process, settings.name)
        guard process.leases.take(settings) else { return nil }
        guard order.takesPlace else { return { process.leases.release(name) } }
        guard process.admission.takePlace() else {
            process.leases.release(name)
            return nil
        }
        return {
            process.leases.release(name)
            process.admission.leavePlace()
        }
    }

    /// From now on it may take that long.
    private func limit(_ time: TimeSpan) {
        timer?.cancel()
        let timeout = TimeAmount.nanoseconds(max(1, time.nanoseconds))
        timer = worker.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in self?.timedOut() }
    }

    /// How a refusal is told whose body did not come in time: without the rest.
    var onTimeout: (() -> Void)?

    private func timedOut() {
        if let onTimeout { return onTimeout() }
        switch state {
        case .resolving: fail(.nameNotResolved)
        case .connecting: fail(.connectTimeout)
        case .shaking: fail(.handshakeTimeout)
        case .over: break
        }
    }

    /// The core wants it no more.
    func cancel() {
        finish()
    }

    /// Tries the next address.
    private func connect() {
        guard state != .over else { return }
        guard !addresses.isEmpty else { return fail(lastFailure) }
        state = .connecting
        let address = addresses.removeFirst()
        var source: SocketAddress?
        if let text = worker.process.sources.next(settings) {
            source = try? SocketAddress(ipAddress: text, port: 0)
            guard source != nil else { return fail(.noLocalAddress) }
        }
        let order = Connector.Order(
            address: address, source: source, timeout: .nanoseconds(max(1, settings.connectTimeout.nanoseconds)),
            eventLoop: worker.eventLoop)
        let dial = NIOLoopBound(self, eventLoop: worker.eventLoop)
        let connection = worker.process.connector.connect(order) { channel in
            channel.eventLoop.makeCompletedFuture { try dial.value.install(in: channel) }
        }
        connection.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel):
                connected(channel)
            case .failure(let error):
                channel = nil
                lastFailure = Self.failure(of: error)
                connect()
            }
        }
    }

    /// TCP is there; the rest has a time of its own.
    private func connected(_ channel: any Channel) {
        guard state == .connecting else { return channel.close(promise: nil) }
        state = .shaking
        limit(settings.handshakeTimeout)
    }

    private static func failure(of error: any Error) -> DialFailure {
        switch error {
        case let error as IOError:
            switch error.errnoCode {
            // Ports, descriptors or memory: ours, not the upstream's.
            case EADDRNOTAVAIL, EADDRINUSE, EMFILE, ENFILE, ENOBUFS, ENOMEM: .noLocalAddress
            case ETIMEDOUT: .connectTimeout
            default: .connect
            }
        case ChannelError.connectTimeout: .connectTimeout
        default: .connect
        }
    }

    private func install(in channel: any Channel) throws {
        guard state != .over else { throw ChannelError.ioOnClosedChannel }
        self.channel = channel
        try DialHandler.install(in: channel, dial: self, key: key)
    }

    // MARK: Ends

    /// The upstream said 101: the channel is a leg from here on, or an end of a byte pipe.
    ///
    /// - Parameter behind: what came behind the answer. It is heard before anything else that the socket says, its end
    ///   included.
    func succeed(_ channel: any Channel, _ reply: UpstreamReply, behind: ByteBuffer) {
        guard state != .over, let giveBack else { return channel.close(promise: nil) }
        // Whoever has the channel does it.
        self.giveBack = nil
        if order.through?.isRaw == true {
            let end = PipeEnd(worker: worker, onEnd: giveBack)
            guard take(end, on: channel, ended: end.cut) else { return }
            worker.connected(RawPipe(worker: worker, connection: id, upstream: end), .answered(reply))
            if behind.readableBytes > 0 { end.take(behind) }
            return
        }
        let leg = Leg(
            worker: worker, isUpstream: true, maxMessage: worker.switchboard.table.definition.limits.message,
            onEnd: giveBack)
        guard take(leg, on: channel, ended: leg.cut) else { return }
        leg.ownsSocket = true
        worker.connected(upstream: leg, id, order.through == nil ? nil : .answered(reply))
        if behind.readableBytes > 0 { leg.read(behind) }
    }

    /// Puts the handler in the place of the handshake's; false where the channel ended meanwhile.
    private func take(
        _ handler: some ChannelHandler & SendableMetatype, on channel: any Channel, ended: () -> Void
    ) -> Bool {
        do {
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .bytes(Self.congestedAbove))
            try channel.pipeline.syncOperations.addHandler(handler, position: .last)
        } catch {
            ended()
            fail(.connect)
            return false
        }
        self.channel = nil
        finish()
        return true
    }

    /// It came to nothing.
    ///
    /// - Parameters:
    ///   - reply: what the upstream said instead of 101.
    ///   - problem: for people, where more is known.
    func fail(_ failure: DialFailure, _ reply: UpstreamReply? = nil, problem: String? = nil) {
        guard state != .over else { return }
        finish()
        let outcome = reply.map { DialOutcome.answered($0) } ?? .failed(failure, problem: problem)
        worker.failed(id, failure, order.through == nil ? nil : outcome, problem: problem)
    }

    /// Bytes waiting for an upstream's socket above which the core sends it nothing more.
    private static let congestedAbove = 1 << 20

    private func finish() {
        guard state != .over else { return }
        state = .over
        timer?.cancel()
        timer = nil
        onTimeout = nil
        giveBack?()
        giveBack = nil
        let ended = channel
        channel = nil
        ended?.close(promise: nil)
    }
}
