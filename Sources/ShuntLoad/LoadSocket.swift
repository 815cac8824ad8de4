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
        /// We said that we close. Becomes `over`, or `dialling` where a test is about handshakes.
        case closing
        /// Becomes `dialling` where a test is about handshakes.
        case over
    }

    let user: Int
    /// Of a socket that talks with one agent only.
    let agent: Int?
    var id = SocketID.none
    var state = State.dialling
    var reader: FrameReader
    /// What asks for the upgrade and what proves the answer, made once.
    var request: (head: [UInt8], acceptKey: ByteString)?
    var dialledAt = Instant.zero
    /// Messages sent, which says whose turn it is.
    var turn = 0

    init(user: Int, agent: Int?) {
        self.user = user
        self.agent = agent
        reader = Self.freshReader
    }

    private static var freshReader: FrameReader { FrameReader(expectsMasked: false, maxMessage: 64 << 20) }

    /// Dials, after an earlier connection or for the first time.
    mutating func dial(_ id: SocketID, at moment: Instant) {
        self.id = id
        state = .dialling
        reader = Self.freshReader
        dialledAt = moment
    }

    var isOpen: Bool { if case .open = state { true } else { false } }
    var isOver: Bool { if case .over = state { true } else { false } }
}
