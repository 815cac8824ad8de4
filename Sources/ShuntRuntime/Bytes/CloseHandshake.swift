import ShuntCore

/// Where a socket stands in the closing handshake of RFC 6455 §7.1.
struct CloseHandshake {
    enum State: Equatable {
        /// Messages flow. Becomes `closeSent`, `closed` or `cut`.
        case open
        /// Our close frame is out; the peer's is awaited for a bounded time. Becomes `closed` or `cut`.
        case closeSent
        /// Both close frames are said. The server's side ends the TCP connection, the client's waits for that.
        /// Becomes `cut`.
        case closed
        /// The peer broke the protocol and was told so; what it still sends is thrown away. Becomes `cut`.
        case violated
        /// The socket is ended.
        case cut
    }

    private(set) var state = State.open

    var isOpen: Bool { state == .open }
    /// Whether anything that the peer still sends matters.
    var listens: Bool { state != .violated && state != .cut }

    /// We want to close. Whether a close frame is to be sent now.
    mutating func close() -> Bool {
        guard state == .open else { return false }
        state = .closeSent
        return true
    }

    enum PeerClose: Equatable {
        /// Echo its code and end.
        case answer
        /// It answered ours: end.
        case end
        case nothing
    }

    /// The peer's close frame was read.
    mutating func peerClosed() -> PeerClose {
        switch state {
        case .open:
            state = .closed
            return .answer
        case .closeSent:
            state = .closed
            return .end
        case .closed, .violated, .cut:
            return .nothing
        }
    }

    /// The peer broke the protocol. Whether it is to be told: not if a close frame was sent before.
    mutating func markViolated() -> Bool {
        let isFirst = state == .open
        if state != .cut { state = .violated }
        return isFirst
    }

    /// The socket ends. Whether it had not ended before.
    mutating func cut() -> Bool {
        guard state != .cut else { return false }
        state = .cut
        return true
    }
}
