import ShuntCore
import ShuntReactor

/// An old client between its request and the answer to it, which waits for its backend's own. It becomes a leg or one
/// end of a byte pipe, or is refused.
final class ArrivingClient {
    private enum State {
        /// Nothing is answered. Becomes `over`.
        case waiting
        /// Admitted, refused or gone. What still comes is for whoever took over.
        case over
    }

    /// How much a client may send before it is answered; then it is not read.
    private static let mostKept = 64 << 10

    let client: AcceptedClient
    let socket: SocketID
    private let worker: Worker
    /// What the core calls it; `.none` until it was told.
    var id = ClientID.none
    /// What its endpoint says of its end, with the answer.
    var announcement: Announcement?
    /// How its messages may be compressed; nil for not at all.
    var compression: CompressionSettings?
    /// Its endpoint's path as configured.
    var endpointPath = ""
    private var state = State.waiting
    /// What came behind the request.
    private var kept: [UInt8]

    /// Has a socket of the worker's reactor from here on.
    init(_ client: AcceptedClient, _ socket: SocketID, worker: Worker, behind: [UInt8]) {
        self.client = client
        self.socket = socket
        self.worker = worker
        kept = behind
        _ = worker.process.budget.keep(kept.count)
        worker.occupants.insert(.arriving(self), for: socket)
    }

    var isWaiting: Bool { state == .waiting }

    // MARK: What the reactor says

    func readable() {
        switch worker.reactor.receive(socket, { keep($0) }) {
        case .bytes, .nothing: break
        case .end, .lost: cut()
        }
    }

    private func keep(_ bytes: Span<UInt8>) {
        let mayKeepMore = worker.process.budget.keep(bytes.count)
        kept += bytes.copied()
        if kept.count > Self.mostKept || !mayKeepMore { worker.reactor.setReading(socket, false) }
    }

    /// The client is no more. Idempotent.
    func cut() {
        guard state == .waiting else { return }
        state = .over
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
        _ = takeKept()
        client.leave(at: worker.now())
        worker.arrivals.remove(id)
        if !id.isNone { worker.feed(.clientClosed(id, .cut)) }
    }

    private func takeKept() -> [UInt8] {
        worker.process.budget.release(kept: kept.count)
        defer { kept = [] }
        return kept
    }

    // MARK: Answers

    /// Makes room for a leg or an end of a pipe.
    ///
    /// - Returns: what the client sent so far, for that.
    func giveWay() -> [UInt8] {
        state = .over
        worker.reactor.setReading(socket, true)
        return takeKept()
    }

    func refuse(_ trouble: HandshakeAnswer.Trouble) {
        refuse(HandshakeAnswer.trouble(trouble), code: trouble.code)
    }

    /// Says no, and ends the connection.
    func refuse(_ answer: [UInt8], code: String) {
        guard state == .waiting else { return }
        state = .over
        client.leave(at: worker.now())
        _ = takeKept()
        worker.countRefusal(code)
        LingeringClose.begin(on: socket, answer: answer, worker: worker)
    }
}
