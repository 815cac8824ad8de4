/// What the runtime must do after an event, in order. Every entry is one plain thing.
package enum Effect: Sendable, Equatable {
    /// Dial an upstream; `order` indexes `Effects.dials`. Ends in `connectionReady` or `connectionFailed`.
    case dial(ConnectionID, order: Int)
    /// Write a text message to an upstream connection.
    case forward(ConnectionID, Splice)
    /// Write a text message to a client.
    case deliver(ClientID, Splice)
    /// Send a control ping; its pong comes back as `connectionPong` / `clientPong`.
    case pingConnection(ConnectionID)
    case pingClient(ClientID)
    /// Ask the system what TCP hears of the other end; comes back as `connectionInspected` / `clientInspected`.
    case inspectConnection(ConnectionID)
    case inspectClient(ClientID)
    /// Send a close frame, wait a bounded time for the peer's, end the socket. The core has forgotten the id already.
    case closeConnection(ConnectionID, CloseCode)
    case closeClient(ClientID, CloseCode, CloseReason)
    /// Answer a client's handshake: with what the upstream of this connection said in its own, or, for `.none`, with
    /// nothing of anybody. Messages may follow.
    case admit(ClientID, ConnectionID)
    /// Answer a client's handshake as the backend, or the lack of one, did: what the dial came to is known to the runtime
    /// by the connection's id. The core has forgotten both already.
    case reject(ClientID, ConnectionID)
    /// Close a client's socket as its backend closed, or the other way round: `close` indexes `Effects.closes`. The core
    /// has forgotten the id already.
    case relayCloseToClient(ClientID, close: Int)
    case relayCloseToConnection(ConnectionID, close: Int)
    /// Validate the credential that a client is refreshing with; comes back as `credentialJudged`.
    case validate(ClientID)
    /// Stop or resume reading from a client whose own upstream does not take what it sends.
    case stopReadingClient(ClientID)
    case startReadingClient(ClientID)
    /// Stop or resume reading from an upstream whose one client does not read.
    case stopReading(ConnectionID)
    case startReading(ConnectionID)
    /// Something worth a line in the log; never per message.
    case note(LoggedEvent)
}

/// Why the core closes a client's socket: the runtime writes `text` into the close frame.
package enum CloseReason: UInt8, Sendable, Equatable {
    case slowReader, idle, keepalive, tooManyConnections, draining, messageTooBig, endpointClosed, routeRemoved
    case upstreamLost, brownout, sessionExpired, kicked

    package var text: String {
        switch self {
        case .slowReader: "client does not read its messages"
        case .idle: "idle for too long"
        case .keepalive: "ping not answered"
        case .tooManyConnections: "too many connections"
        case .draining: "server is restarting"
        case .messageTooBig: "message too big"
        case .endpointClosed: "this endpoint is closed"
        case .routeRemoved: "this endpoint was removed"
        case .upstreamLost: "backend does not answer"
        case .brownout: "this endpoint is deprecated and switched off for a test"
        case .sessionExpired: "session expired"
        case .kicked: "session ended"
        }
    }
}

/// What happened to a pool, a connection or an upstream, for the log. Trivial on purpose: no text is made here.
package enum LoggedEvent: Sendable, Equatable {
    case connectionRetired(upstream: Int, RetireReason)
    /// `isOwn`: of an old client that is passed through.
    case dialFailed(upstream: Int, DialFailure, isOwn: Bool)
    case breakerOpened(upstream: Int)
    case breakerClosed(upstream: Int)
    case unexpectedReply(upstream: Int)
    /// The backend ended a connection; `close` indexes `Effects.closes`. `isPassed`: it was a client's own, which hears
    /// the same.
    case upstreamClosed(upstream: Int, close: Int, isPassed: Bool)
    /// Messages were dropped because no rule names their types: `text` indexes `Effects.texts`.
    case unlistedType(upstream: Int, text: Int)
}

/// Why a connection takes no new messages.
package enum RetireReason: UInt8, Sendable, Equatable, CaseIterable {
    case timeout, deadAfterError, unansweredPing, unaskedReply, badMessage, replyTooLarge, lifetime, idle, drain
    case configuration, sessionEnded, hostGone, clientGone, refreshed

    /// Whether the backend did something wrong, so that the next dial backs off if it does it again.
    package var isFault: Bool {
        switch self {
        case .timeout, .deadAfterError, .hostGone, .unaskedReply, .badMessage, .replyTooLarge: true
        case .unansweredPing, .lifetime, .idle, .drain, .configuration, .sessionEnded, .clientGone, .refreshed: false
        }
    }
}

/// The effects of one event (or a few), with what they point at. Reused.
package struct Effects: Sendable {
    package var list: [Effect] = []
    package var splices = SpliceBuffer()
    package var dials: [DialOrder] = []
    package var closes: [PeerClose] = []
    package var texts: [String] = []

    package init() {}

    package mutating func reset() {
        // Mostly there is one, and taking it costs a fifth of emptying the array.
        if list.count < 4 {
            while !list.isEmpty { list.removeLast() }
        } else {
            list.removeAll(keepingCapacity: true)
        }
        splices.reset()
        if !dials.isEmpty { dials.removeAll(keepingCapacity: true) }
        if !closes.isEmpty { closes.removeAll(keepingCapacity: true) }
        if !texts.isEmpty { texts.removeAll(keepingCapacity: true) }
    }
}

/// An upstream connection to be made: everything the dialler needs to know.
package struct DialOrder: Sendable {
    package let upstream: Upstream
    /// Request target and headers, ready to be written.
    package let request: UpstreamRequest
    /// For whom messages or bytes are passed through; nil on routed ways.
    package let through: Through?
    /// A socket without a token that said nothing caused it: it takes a client's place in `limits.connections`.
    package let takesPlace: Bool

    /// A client whose own connection it is.
    package struct Through: Sendable, Equatable {
        package let client: ClientID
        package let isRaw: Bool
    }

    package init(
        upstream: Upstream, request: UpstreamRequest, through: Through? = nil, takesPlace: Bool = false
    ) {
        self.upstream = upstream
        self.request = request
        self.through = through
        self.takesPlace = takesPlace
    }
}

/// How a peer ended its WebSocket.
package struct PeerClose: Sendable, Equatable {
    /// nil for a close frame without one, and for a socket that was cut.
    package var code: CloseCode?
    /// At most 123 bytes of UTF-8.
    package var reason: [UInt8]
    /// There was no close frame.
    package var isCut: Bool

    package init(code: CloseCode?, reason: [UInt8] = []) {
        self.code = code
        self.reason = reason
        isCut = false
    }

    private init() {
        code = nil
        reason = []
        isCut = true
    }

    package static let cut = PeerClose()

    /// The close as it may be told in a log: a reason that shows the credential, or how it begins, is left out.
    package func withheld(_ credential: Credential?) -> PeerClose {
        guard let token = credential?.token, !token.isEmpty, !reason.isEmpty else { return self }
        let start = token.bytes.prefix(Self.telling)
        guard reason.count >= start.count,
            (0...(reason.count - start.count)).contains(where: { reason[$0...].starts(with: start) })
        else { return self }
        var close = self
        close.reason = Array("(left out: it shows the token)".utf8)
        return close
    }

    /// So many bytes of a token tell something of it.
    private static let telling = 8

    /// Whether the peer's process goes, or is gone, as opposed to having something to say to this one socket.
    package var isDeparture: Bool { isCut || code == .goingAway || code == .serviceRestart }
}

/// Why a dial came to nothing.
package enum DialFailure: Sendable, Equatable {
    /// Refused, unreachable or reset: the upstream's fault, as the next three are.
    case connect
    /// The host's name has no address, or was not found out within `connect_timeout`.
    case nameNotResolved
    /// No TCP connection within `connect_timeout`.
    case connectTimeout
    /// A TCP connection, and no answer to the opening handshake within `handshake_timeout`.
    case handshakeTimeout
    /// No local address or port left (EADDRNOTAVAIL): ours.
    case noLocalAddress
    /// `max_connections` of the upstream is reached.
    case limit
    /// An answer other than 101, by its status; 5xx is the upstream's fault, the rest this session's.
    case refused(status: Int)
    /// The connection was made and ended without an answer: the upstream's fault, told as `badHandshake`.
    case unanswered
    /// 101 with a wrong accept key, an extension or subprotocol that nobody asked for, or no HTTP at all.
    case badHandshake
    /// The TLS handshake failed.
    case tls
    /// The backend did not greet as `ready` says, or did not answer `on_open` as it should.
    case opening
}
