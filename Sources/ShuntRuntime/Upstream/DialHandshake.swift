import ShuntCore

/// The opening handshake of an upstream connection, on bytes: the request, and what came of it.
struct DialHandshake {
    /// What is known after a read.
    enum Step {
        case needsMore
        /// It is a WebSocket. What came behind the answer begins at that byte of the read.
        case upgraded(UpstreamReply, behind: Int)
        /// It said no, and whoever arrives with it is to hear that: as much of it as came, so far.
        case refusing
        case refused(UpstreamReply)
        /// - Parameter problem: for people, where more is known.
        case failed(DialFailure, problem: String?)
    }

    private let order: DialOrder
    /// `Sec-WebSocket-Key`.
    private let key: ByteString
    /// By which compression is offered; nil where it is not.
    private let compression: CompressionSettings?
    /// How messages are compressed, once it is a WebSocket.
    private(set) var agreement: DeflateAgreement?
    private var reader = AnswerReader()
    /// A refusal whose body is awaited.
    private var refusal: UpstreamReply?
    private var body: AnswerBody?

    init(_ order: DialOrder, key: ByteString, compression: CompressionSettings? = nil) {
        self.order = order
        self.key = key
        self.compression = compression
    }

    /// The request; nil where it cannot be written.
    var request: [UInt8]? {
        var keyField = HeaderFields()
        keyField.append("Sec-WebSocket-Key", key)
        if let compression {
            keyField.append("Sec-WebSocket-Extensions", ByteString(DeflateAgreement.offer(by: compression)))
        }
        return HeadWriter.request(target: order.request.target, order.request.headers, Self.upgrade, keyField)
    }

    private static let upgrade = HeaderFields([
        Handshake.Field(name: "Upgrade", value: "websocket"), Handshake.Field(name: "Connection", value: "Upgrade"),
        Handshake.Field(name: "Sec-WebSocket-Version", value: "13"),
    ])

    /// Reads what came next.
    mutating func read(_ bytes: Span<UInt8>) -> Step {
        guard refusal == nil else { return readBody(bytes) }
        var position = 0
        do throws(HeadReader.Problem) {
            guard case .head(let head) = try reader.read(bytes, at: &position) else { return .needsMore }
            return decide(head, bytes, behind: position)
        } catch {
            return .failed(.badHandshake, problem: Self.text(of: error))
        }
    }

    /// The connection is over, or its time is.
    ///
    /// - Returns: a refusal with as much of its body as came; nil where there was no answer.
    var told: UpstreamReply? {
        guard var reply = refusal else { return nil }
        reply.body = body?.bytes ?? []
        return reply
    }

    private static func text(of problem: HeadReader.Problem) -> String {
        switch problem {
        case .malformed: "no HTTP/1.1"
        case .tooLarge: "the head of the answer is too large"
        case .tooManyInterim: "more than \(AnswerReader.mostInterim) interim answers (1xx)"
        }
    }

    private mutating func decide(_ head: AnswerHead, _ bytes: Span<UInt8>, behind: Int) -> Step {
        let answer = UpstreamAnswer(
            head, acceptKey: SecWebSocket.acceptKey(for: key), offered: order,
            compression: compression)
        agreement = answer.compression
        switch answer.failure {
        case nil:
            return .upgraded(UpstreamReply(head), behind: behind)
        case .refused where order.through != nil:
            body = AnswerBody(of: head, most: UpstreamReply.longestBody)
            guard body != nil else { return .failed(.badHandshake, problem: "a Content-Length that is none") }
            refusal = UpstreamReply(head)
            return readBody(bytes.extracting(min(behind, bytes.count)...))
        case .some(let failure):
            return .failed(failure, problem: answer.problem)
        }
    }

    private mutating func readBody(_ bytes: Span<UInt8>) -> Step {
        switch body?.read(bytes) {
        case .needsMore: return .refusing
        case .whole, .malformed, nil: return told.map { .refused($0) } ?? .needsMore
        }
    }
}
