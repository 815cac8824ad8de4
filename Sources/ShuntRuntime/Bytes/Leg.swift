import ShuntCore
import ShuntReactor

/// One WebSocket after its handshake, of a client or of an upstream: frames in from the socket, frames out to it. It
/// decides nothing: messages go to the worker's switchboard, and come from it.
///
/// One kind for both directions of both sides, because RFC 6455 makes them differ in three things only: who masks, who
/// ends the TCP connection, and whose event it is.
final class Leg {
    /// Whose socket it is, by the core's id. `.none` from when the core forgets it.
    enum Role {
        case client(ClientID)
        case upstream(ConnectionID)
        case none
    }

    let worker: Worker
    let socket: SocketID
    /// Frames towards an upstream are masked, frames towards a client are not.
    let masks: Bool
    var role = Role.none
    var reader: FrameReader
    var closing = CloseHandshake() { didSet { sendsPlain = closing.isOpen && compression == nil } }
    /// How its messages are compressed; nil where they are not.
    var compression: LegCompression? { didSet { sendsPlain = closing.isOpen && compression == nil } }
    /// Messages go out as they are: one look instead of two, for what every message goes through.
    private(set) var sendsPlain = true
    /// Bytes of a message that has not come whole.
    var unfinished = 0
    /// More is waiting for the socket than the high mark says; the core knows.
    private(set) var isCongested = false
    private let lease: SocketLease

    /// Has a socket of the worker's reactor from here on.
    ///
    /// - Parameters:
    ///   - lease: given back when the socket ends.
    ///   - compression: what the handshake agreed on.
    init(
        _ socket: SocketID, worker: Worker, isUpstream: Bool, lease: SocketLease, compression: LegCompression? = nil
    ) {
        self.worker = worker
        self.socket = socket
        self.lease = lease
        masks = isUpstream
        reader = FrameReader(
            expectsMasked: !isUpstream, maxMessage: worker.switchboard.table.definition.limits.message,
            takesCompressed: compression != nil)
        worker.reactor.setMarks(socket, isUpstream ? worker.upstreamMarks : worker.clientMarks)
        worker.occupants.insert(.leg(self), for: socket)
        if let compression { begin(compression) }
    }

    // MARK: What the reactor says

    func readable() {
        switch worker.reactor.receive(socket, { read($0) }) {
        case .bytes, .nothing: break
        // Whoever ends a WebSocket's TCP connection has no use for what is said to it.
        case .end, .lost: cut()
        }
    }

    /// What waits for the socket has passed one of its marks.
    func congestionChanged(_ isCongested: Bool) {
        self.isCongested = isCongested
        worker.congestionChanged(self)
    }

    // MARK: The end

    /// Ends the TCP connection now, whatever is still to be written. Idempotent.
    func cut() {
        guard closing.cut() else { return }
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
        setUnfinished(0)
        endCompression()
        worker.ended(self, .cut)
        lease.giveBack(to: worker.process, now: worker.now())
    }
}
