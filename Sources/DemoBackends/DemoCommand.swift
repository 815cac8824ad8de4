/// What the text of a message provokes. Commands exist so that a person or a test can see each failure of the field
/// on demand; any other text is simply answered.
enum DemoCommand: Equatable {
    case none
    /// `/slow 500`: answers after that many milliseconds.
    case slow(milliseconds: Int64)
    /// `/crash`: the agent throws; its socket answers "Internal error: …" and then never again.
    case crash
    /// `/fail`: the agent reports that it could not do it; the socket goes on.
    case fail
    /// `/big 100000`: a reply with that many bytes of text.
    case big(bytes: Int)
    /// `/push`: a message of an unlisted type comes before the reply.
    case push
    /// `/close 4001`: closes the socket with that code instead of a reply.
    case close(code: UInt16)
    /// `/silent`: no reply to this message, ever.
    case silent
    /// `/twice`: the reply comes twice.
    case twice
    /// `/binary`: a binary message instead of a reply.
    case binary
    /// `/array`: a JSON array instead of a reply.
    case array
    /// `/whoami`: the reply says which token, path, query and headers the backend saw.
    case whoami
    /// `/raw`: the reply says, as a string, which bytes the backend got.
    case raw

    /// The largest reply that `/big` makes.
    static let mostBytes = 64 << 20
    private static let longestWait: Int64 = 600_000

    init(_ text: String) {
        let words = text.split(separator: " ")
        let number = words.count > 1 ? Int64(words[1]) : nil
        self =
            switch words.first {
            case "/slow": .slow(milliseconds: min(max(number ?? 1000, 0), Self.longestWait))
            case "/crash": .crash
            case "/fail": .fail
            case "/big": .big(bytes: Int(min(max(number ?? 100_000, 0), Int64(Self.mostBytes))))
            case "/push": .push
            case "/close": .close(code: UInt16(exactly: number ?? 1000) ?? 1000)
            case "/silent": .silent
            case "/twice": .twice
            case "/binary": .binary
            case "/array": .array
            case "/whoami": .whoami
            case "/raw": .raw
            default: .none
            }
    }

    /// The steps of one message: `reply` makes the reply with the words that it is to carry, `failure` the agent's own
    /// error; `agentType` goes where the server's internal error names its agent.
    func steps(
        _ text: String, _ original: String, _ visitor: Visitor, internalError: String, failure: () -> String,
        reply: (_ words: String, _ extra: [(String, String)]) -> String
    ) -> [Step] {
        switch self {
        case .none: [.send(reply(text, []))]
        case .slow(let time): [.wait(milliseconds: time), .send(reply(text, []))]
        case .crash: [.send(internalError), .die]
        case .fail: [.send(failure())]
        case .big(let bytes): [.send(reply(text + " " + String(repeating: "x", count: bytes), []))]
        case .push: [.send(#"{"type":"agent_status","status":"thinking"}"#), .send(reply(text, []))]
        case .close(let code): [.close(code: code, reason: "closed on request")]
        case .silent: []
        case .twice: [.send(reply(text, [])), .send(reply(text, []))]
        case .binary: [.sendBinary(Array(text.utf8))]
        case .array: [.send("[1,2,3]")]
        case .whoami: [.send(reply(text, [("whoami", Self.description(of: visitor))]))]
        case .raw: [.send(reply(text, [("received", JSONText.quoted(original))]))]
        }
    }

    private static func description(of visitor: Visitor) -> String {
        var object = JSONText()
        object.add("token", visitor.token)
        object.add("path", visitor.target.path)
        object.add("query", visitor.target.query)
        let headers = visitor.headers.map { JSONText.list([JSONText.quoted($0.name), JSONText.quoted($0.value)]) }
        object.add("headers", raw: JSONText.list(headers))
        return object.text
    }
}
