/// What a server has at its paths.
protocol Endpoints: Sendable {
    /// The agent that serves the path; nil refuses the handshake with 403. A trailing slash is another path.
    func agent(at path: String) -> (any Agent)?
}

/// One side of a conversation: what is said on connect, and to each message.
protocol Agent: Sendable {
    /// What is done once the socket is open.
    func greeting(_ visitor: Visitor) -> [Step]
    /// What is done about a text message.
    func answer(_ text: String, _ visitor: Visitor) -> [Step]
    /// What is done about a binary message; the field's servers only take text.
    func answerBinary(_ visitor: Visitor) -> [Step]
    /// What is sent every 30 s, if anything.
    func heartbeat(_ visitor: Visitor) -> String?
    /// The socket is gone.
    func left(_ visitor: Visitor)
}

extension Agent {
    func heartbeat(_ visitor: Visitor) -> String? { nil }
    func left(_ visitor: Visitor) {}
}

/// One thing that an agent does. A socket works its steps off one after the other, and the next message waits.
enum Step: Sendable, Equatable {
    case send(String)
    case sendBinary([UInt8])
    case wait(milliseconds: Int64)
    case close(code: UInt16, reason: String)
    /// The loop of this socket is dead: it stays open, control pings are answered, messages never again.
    case die
}

/// Who is connected, as the backend sees it.
struct Visitor: Sendable {
    let target: RequestTarget
    let headers: [(name: String, value: String)]
    let token: String
    /// Tells the socket from the others of the token.
    let id: String

    init(target: RequestTarget, headers: [(name: String, value: String)]) {
        self.target = target
        self.headers = headers
        // The token is read from the query alone; without one the visitor is everybody's namesake.
        token = target.parameter("session_token") ?? "anonymous"
        id = hexadecimal(UInt64.random(in: 0 ... .max), digits: 8)
    }
}

func hexadecimal(_ number: UInt64, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String((String(repeating: "0", count: digits) + text).suffix(digits))
}
