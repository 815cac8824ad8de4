import ShuntCore
import ShuntReactor

/// One of the two sockets of a byte pipe: what is read here is written to the other as it is.
final class PipeEnd {
    /// How much may come before the pipe is joined; then the socket is not read.
    private static let mostKept = 64 << 10

    private let worker: Worker
    private let socket: SocketID
    private let lease: SocketLease
    /// Kept by its ends, each until it is gone: the worker forgets a pipe that ends before its sockets do.
    private var pipe: RawPipe?
    /// Where what is read here goes; nil until the pipe is joined, and when it has ended.
    private(set) var other: PipeEnd?
    /// Of what is read here.
    private(set) var counter = FrameCounter()
    /// The worker knows that this pipe has something to tell, or there is nothing.
    var isCounted = true
    /// Read before there was anywhere to write it.
    private var kept: [UInt8] = []
    /// The pipe has ended: what is still read is thrown away.
    private var isDeaf = false
    private var isFinishing = false
    /// Our direction is ended.
    private var isFinished = false
    /// The peer's direction is ended.
    private var hasEnded = false
    private(set) var isGone = false

    /// Has a socket of the worker's reactor from here on.
    ///
    /// - Parameters:
    ///   - lease: given back when the socket ends.
    ///   - marks: when what waits for the socket is too much.
    init(_ socket: SocketID, worker: Worker, lease: SocketLease, marks: WaterMarks) {
        self.worker = worker
        self.socket = socket
        self.lease = lease
        worker.reactor.setMarks(socket, marks)
        worker.occupants.insert(.pipe(self), for: socket)
    }

    // MARK: What the reactor says

    func readable() {
        switch worker.reactor.receive(socket, { take($0) }) {
        case .bytes, .nothing: break
        case .end:
            // The end of one direction is told to the other side, not made an end of both.
            hasEnded = true
            pipe?.ended(self)
            if isFinished { cut() } else if isFinishing { worker.reactor.closeWhenSent(socket) }
        case .lost: cut()
        }
    }

    /// Our direction is ended, after all that was written.
    func finished() {
        isFinished = true
        if hasEnded { cut() }
    }

    /// What waits for the socket has passed one of its marks.
    func congestionChanged(_ isCongested: Bool) { other?.setReading(!isCongested) }

    /// The pipe has had its time.
    func deadlineReached() { pipe?.cut() }

    /// The connection is over. Idempotent.
    func cut() {
        guard !isGone else { return }
        isGone = true
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
        pipe?.ended(self)
        lease.giveBack(to: worker.process, now: worker.now())
        pipe?.gone(self)
        pipe = nil
    }

    // MARK: Bytes

    /// What was read, or came before this end was there.
    func take(_ bytes: Span<UInt8>) {
        if isDeaf { return }
        guard let other else { return keep(bytes) }
        counter.count(bytes)
        // Telling the core with every message cost an eighth of all that is done for it. Asked for before the write, which
        // may end the pipe.
        if isCounted {
            isCounted = false
            pipe?.uncounted()
        }
        other.write(bytes)
    }

    private func keep(_ bytes: Span<UInt8>) {
        kept += bytes.copied()
        if kept.count > Self.mostKept { setReading(false) }
    }

    func join(_ other: PipeEnd, pipe: RawPipe) {
        self.other = other
        self.pipe = pipe
    }

    /// Before it is joined: whom to tell that the socket ended.
    func belong(to pipe: RawPipe) { self.pipe = pipe }

    /// Hands over what was read before the pipe was joined.
    func release() {
        guard !kept.isEmpty else { return }
        let bytes = kept
        kept = []
        setReading(true)
        take(bytes.span)
    }

    /// Writes at the end of the worker's turn.
    func write(_ bytes: Span<UInt8>) {
        if !isFinishing, !isGone { worker.reactor.append(to: socket, bytes) }
    }

    private func setReading(_ reads: Bool) { worker.reactor.setReading(socket, reads) }

    // MARK: The end

    /// Nothing more will be written: ends this direction when all is out, and with it the connection if the peer's is ended.
    func finish() {
        guard !isFinishing, !isGone else { return }
        isFinishing = true
        if hasEnded { worker.reactor.closeWhenSent(socket) } else { worker.reactor.finish(socket) }
    }

    /// Reads on to find the end, and throws away what comes.
    func deafen() {
        isDeaf = true
        kept = []
        setReading(true)
    }

    /// The pipe ends then, whatever is still to be said.
    func limit(_ deadline: Instant) { worker.reactor.setDeadline(socket, deadline) }

    /// Lets go of the other end.
    func part() { other = nil }
}
