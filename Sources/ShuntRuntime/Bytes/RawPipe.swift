import ShuntCore

/// Two sockets of which each is written what the other one says, byte for byte: frames, extensions and pings are between
/// client and backend. It looks at the headers of frames, to count messages and to know where one ends.
final class RawPipe {
    /// How long the other socket may take to end once one has.
    private static let patience = TimeSpan.seconds(5)

    private let worker: Worker
    let connection: ConnectionID
    private(set) var client = ClientID.none
    private let upstreamEnd: PipeEnd
    private var clientEnd: PipeEnd?

    private enum State {
        /// The backend said 101, the client is not answered. Becomes `open` or `ending`.
        case waiting
        case open
        /// One side ended, or both are to. Becomes `over` when both are gone.
        case ending
        case over
    }

    private var state = State.waiting
    private var told = (up: 0, down: 0)
    private var toldBytes = (up: 0, down: 0)
    private var isLimited = false

    init(worker: Worker, connection: ConnectionID, upstream: PipeEnd) {
        self.worker = worker
        self.connection = connection
        upstreamEnd = upstream
        upstream.belong(to: self)
    }

    /// The client is admitted: `answer` is written to it, then whatever comes.
    func join(_ client: ClientID, _ end: PipeEnd, answer: [UInt8], behind: [UInt8]) {
        guard state == .waiting else { return end.cut() }
        state = .open
        self.client = client
        clientEnd = end
        end.join(upstreamEnd, pipe: self)
        upstreamEnd.join(end, pipe: self)
        end.write(answer.span)
        upstreamEnd.release()
        if !behind.isEmpty { end.take(behind.span) }
    }

    /// Bytes passed that the core was not told of: the worker asks for them.
    func uncounted() { worker.uncountedPipes.append(self) }

    /// Tells the core of the messages that passed since it was told last. Not to be called while the core is asked
    /// something.
    func tellCore() {
        guard let clientEnd else { return }
        clientEnd.isCounted = true
        upstreamEnd.isCounted = true
        let (up, down) = (clientEnd.counter.messages &- told.up, upstreamEnd.counter.messages &- told.down)
        guard up > 0 || down > 0 else { return }
        // What belongs to a message that is under way counts with it.
        let bytes = (
            up: up > 0 ? clientEnd.counter.payload : toldBytes.up,
            down: down > 0 ? upstreamEnd.counter.payload : toldBytes.down
        )
        told = (told.up &+ up, told.down &+ down)
        worker.switchboard.rawPassed(
            client, up: up, down: down, bytesUp: bytes.up &- toldBytes.up, bytesDown: bytes.down &- toldBytes.down,
            now: worker.now())
        toldBytes = bytes
    }

    // MARK: The end

    /// A socket said all it has to say, or is gone: so does the other, after what was said.
    func ended(_ end: PipeEnd) {
        guard state == .open || state == .waiting else {
            if state == .ending { other(of: end)?.finish() }
            return
        }
        state = .ending
        if let other = other(of: end) {
            other.finish()
            limit()
        } else {
            end.cut()
        }
        // Both ids: the core ends the other one, which is under way already.
        worker.pipes.remove(client)
        worker.pipedConnections.remove(connection)
        if end === clientEnd {
            worker.feed(.clientClosed(client, .cut))
        } else {
            worker.feed(.connectionClosed(connection, .cut))
        }
    }

    /// The core ends it, and has forgotten both already. The client is told why if nothing is half said to it.
    func end(_ code: CloseCode? = nil, reason: String = "") {
        guard state == .open || state == .waiting else { return }
        if state == .open, let clientEnd, let code, upstreamEnd.counter.isBetweenFrames {
            var frame: [UInt8] = []
            FrameEncoder.encodeClose(code, reason: Array(reason.utf8), mask: nil, into: &frame)
            clientEnd.write(frame.span)
        }
        state = .ending
        worker.pipes.remove(client)
        worker.pipedConnections.remove(connection)
        for end in [clientEnd, upstreamEnd].compactMap({ $0 }) {
            end.deafen()
            end.finish()
        }
        limit()
    }

    /// Ends both sockets now.
    func cut() {
        clientEnd?.cut()
        upstreamEnd.cut()
    }

    /// A socket is gone.
    func gone(_ end: PipeEnd) {
        end.part()
        // What it still says is for nobody: it is read to its end, which may have waited for the one that is gone.
        other(of: end)?.deafen()
        guard upstreamEnd.isGone, clientEnd?.isGone ?? true, state != .over else { return }
        state = .over
    }

    private func limit() {
        guard !isLimited else { return }
        isLimited = true
        for end in [clientEnd, upstreamEnd].compactMap({ $0 }) { end.limit(worker.now() + Self.patience) }
    }

    private func other(of end: PipeEnd) -> PipeEnd? { end === upstreamEnd ? clientEnd : upstreamEnd }
}
