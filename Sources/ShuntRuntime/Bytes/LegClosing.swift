import ShuntCore
import ShuntReactor

extension Leg {
    /// How long a peer has to answer our close frame and to end its side; then the socket is cut.
    static let closeTimeout = TimeSpan.seconds(5)

    /// The core wants this socket closed, and has forgotten it already.
    func close(_ code: CloseCode, reason: String) {
        role = .none
        guard closing.close() else { return }
        appendClose(code, reason: reason)
        // The peer's close frame is to be read, even where the core had stopped reading.
        setReading(true)
        cutLater()
    }

    /// The core wants this socket ended as the other one of its pair was, and has forgotten it already.
    func relay(_ close: PeerClose) {
        role = .none
        if close.isCut {
            // No close frame, but what came before goes out first.
            guard closing.isOpen else { return }
            _ = closing.markViolated()
            return end()
        }
        guard closing.close() else { return }
        var frame: [UInt8] = []
        FrameEncoder.encodeClose(close.code, reason: close.reason, mask: mask(), into: &frame)
        appendBytes(frame)
        setReading(true)
        cutLater()
    }

    /// All is said: ends the TCP connection once the output is written, as far as that is this side's to do.
    func end() {
        role = .none
        setReading(true)
        switch closing.state {
        case .closed where !masks:
            // The server's side ends the connection first (RFC 6455 §7.1.1). Nothing unread can turn that into a reset:
            // nothing follows a close frame.
            worker.reactor.closeWhenSent(socket)
        case .violated:
            // Half closed first, so that the close frame is not lost in a reset.
            worker.reactor.finish(socket)
        case .closed:
            // Towards a server: the end is left to it, and so is the waiting for late segments, which would cost a local
            // port of ours.
            break
        case .open, .closeSent, .cut:
            break
        }
        cutLater()
    }

    /// Cuts the socket if it has not ended by itself in time.
    private func cutLater() { worker.reactor.setDeadline(socket, worker.now() + Self.closeTimeout) }

    func setReading(_ reads: Bool) { worker.reactor.setReading(socket, reads) }
}
