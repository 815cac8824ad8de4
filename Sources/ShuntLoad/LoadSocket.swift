import ShuntCore
import ShuntReactor

/// One WebSocket of a load test.
struct LoadSocket {
    enum State {
        /// Not dialled yet, or its connection is on its way. Becomes `shaking` or `over`.
        case dialling
        /// The answer to the opening handshake is awaited. Becomes `open` or `over`.
        case shaking(AnswerReader, acceptKey: ByteString)
        case open
        /// We said that we close. Becomes `over`.
        case closing
        case over
    }

    let user: Int
    /// Of a socket that talks with one agent only.
    let agent: Int?
    var id = SocketID.none
    var state = State.dialling
    var reader: FrameReader
    var dialledAt = Instant.zero
    /// Messages sent, which says whose turn it is.
    var turn = 0

    init(user: Int, agent: Int?) {
        self.user = user
        self.agent = agent
        reader = FrameReader(expectsMasked: false, maxMessage: 64 << 20)
    }

    var isOpen: Bool { if case .open = state { true } else { false } }
    var isOver: Bool { if case .over = state { true } else { false } }
}
