import ShuntCore
import ShuntReactor

/// The end of a connection that was answered and is not taken: the answer, the end of our side, and what the peer still
/// says read and thrown away until it ends its own. Ended at once, with input unread, the connection would be reset, and
/// a reset may overtake the answer. `Door` says when the peer has had time enough.
final class LingeringClose {
    private let worker: Worker
    private let socket: SocketID
    private let id: Door.ID

    private init(_ socket: SocketID, worker: Worker, id: Door.ID) {
        self.socket = socket
        self.worker = worker
        self.id = id
    }

    /// Answers, and ends the connection in peace.
    ///
    /// - Parameter id: of the handshake, which is over with this; nil where it was over before.
    static func begin(on socket: SocketID, answer: [UInt8], worker: Worker, id: Door.ID? = nil) {
        let close = LingeringClose(socket, worker: worker, id: id ?? worker.enterDoor())
        worker.linger(close, close.id)
        worker.occupants.insert(.lingering(close), for: socket)
        let reactor = worker.reactor
        reactor.append(to: socket, answer)
        reactor.finish(socket)
        reactor.setReading(socket, true)
    }

    func readable() {
        switch worker.reactor.receive(socket, { _ in }) {
        case .bytes: worker.hear(id)
        case .nothing: break
        // It may have said all that it has to say, and still read.
        case .end: worker.reactor.closeWhenSent(socket)
        case .lost: end()
        }
    }

    /// It had its time, or is gone.
    func end() {
        worker.occupants.remove(socket)
        worker.reactor.close(socket)
        worker.leaveDoor(id)
    }
}
