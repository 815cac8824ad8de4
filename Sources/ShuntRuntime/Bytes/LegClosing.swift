import NIOCore
import ShuntCore

extension Leg {
    /// How long a peer has to answer our close frame and to end its side; then the socket is cut.
    static let closeTimeout = TimeAmount.seconds(5)

    /// The core wants this socket closed, and has forgotten it already.
    func close(_ code: CloseCode, reason: String) {
        role = .none
        guard closing.close() else { return }
        appendClose(code, reason: reason)
        // The peer's close frame is to be read, even where the core had stopped reading.
        setReading(true)
        cut(after: Self.closeTimeout)
    }

    /// The core wants this socket ended as the other one of its pair was, and has forgotten it already.
    func relay(_ close: PeerClose) {
        role = .none
        if close.isCut {
            // No close frame, but what came before goes out first.
            guard closing.isOpen else { return }
            _ = closing.condemn()
            return end()
        }
        guard closing.close() else { return }
        var frame: [UInt8] = []
        FrameEncoder.encodeClose(close.code, reason: close.reason, mask: mask(), into: &frame)
        appendBytes(frame)
        setReading(true)
        cut(after: Self.closeTimeout)
    }

    /// All is said: ends the TCP connection once the output is written.
    func end() {
        role = .none
        endsAfterFlush = true
        setReading(true)
        becomesDirty()
        cut(after: Self.closeTimeout)
    }

    /// What was written is out, or will never be.
    func outputEnded() {
        guard let context = hold.context else { return }
        switch closing.state {
        case .closed where !masks:
            // The server's side ends the connection first (RFC 6455 §7.1.1). Nothing unread can turn that into a reset:
            // nothing follows a close frame.
            cut()
        case .condemned:
            // Half closed first, so that the close frame is not lost in a reset.
            context.close(mode: .output, promise: nil)
        case .closed:
            // Towards a server: the end is left to it, and so is the waiting for late segments, which would cost a local
            // port of ours.
            break
        case .open, .closeSent, .cut:
            break
        }
    }
}
