import NIOCore
import NIOEmbedded
import NIOHTTP1
import ShuntCore
import ShuntTesting
import Testing

/// Heads made of pieces that parsers stumble over, read by our reader and by NIO's: what ours takes NIO takes too, and as
/// the same; what only NIO takes is told by why ours does not.
@Suite struct HeadDifferenceTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a request is read as NIO reads it, or refused`(seed: UInt64) throws {
        var pieces = Pieces(seed: seed)
        for _ in 0..<100 {
            let bytes = pieces.request()
            let theirs = NIOReading.request(bytes)
            switch (Self.request(bytes), theirs) {
            case (let ours?, let theirs?): #expect(ours.agrees(with: theirs), "\(ByteString(bytes)): \(theirs)")
            case (nil, nil): break
            // Whether there is a body is for the handshake check, which refuses any; and a target is bytes.
            case (let ours?, nil):
                #expect(ours.framesBody || ours.hasOddTarget, "only ours takes \(ByteString(bytes))")
            case (nil, _?): #expect(pieces.isOdd, "only NIO takes \(ByteString(bytes))")
            }
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `an answer and its body are read as NIO reads them, or refused`(seed: UInt64) throws {
        var pieces = Pieces(seed: seed)
        for _ in 0..<100 {
            let bytes = pieces.answer()
            let theirs = NIOReading.answer(bytes)
            switch (Self.answer(bytes), theirs) {
            case (let ours?, let theirs?): #expect(ours.agrees(with: theirs), "\(ByteString(bytes)): \(theirs)")
            case (nil, nil): break
            case (let ours?, nil): #expect(ours.isCut || ours.framesBody, "only ours takes \(ByteString(bytes))")
            case (nil, _?): #expect(pieces.isOdd, "only NIO takes \(ByteString(bytes))")
            }
        }
    }

    private static func request(_ bytes: [UInt8]) -> HeadReading? {
        var reader = HeadReader(.request)
        var position = 0
        guard (try? reader.read(bytes.span, at: &position)) == .whole, let head = RequestHead(reader) else {
            return nil
        }
        return HeadReading(
            start: "\(head.method) \(repaired(head.target)) 1.\(head.minorVersion)", fields: head.fields, body: [])
    }

    private static func answer(_ bytes: [UInt8]) -> HeadReading? {
        var reader = AnswerReader()
        var position = 0
        guard case .head(let head) = try? reader.read(bytes.span, at: &position) else { return nil }
        // NIO has reasons of its own.
        let start = "\(head.status)"
        if head.status == 101 { return HeadReading(start: start, fields: head.fields, body: []) }
        guard var body = AnswerBody(of: head, most: .max) else { return nil }
        let progress = body.read(bytes.span.extracting(position..<bytes.count))
        var reading = HeadReading(start: start, fields: head.fields, body: body.bytes)
        reading.isCut = progress == .malformed
        return reading
    }

    fileprivate static func repaired(_ value: ByteString) -> String { String(decoding: value.bytes, as: UTF8.self) }
}

/// A head as both readers can tell it: NIO repairs what is no UTF-8.
private struct HeadReading {
    var start: String
    var names: [String]
    var values: [String]
    var body: [UInt8]
    /// The body ended where it could not.
    var isCut = false

    init(start: String, fields: HeaderFields, body: [UInt8]) {
        self.init(
            start: start, fields: fields.map { ($0.name, HeadDifferenceTests.repaired($0.value)) }, body: body)
    }

    init(start: String, fields: [(String, String)], body: [UInt8]) {
        self.start = start
        names = fields.map(\.0)
        // NIO leaves white space behind a value that ends with a tab, which RFC 9112 §5.1 does not.
        values = fields.map { String(decoding: FieldText.trimmed(ByteString($0.1)).bytes, as: UTF8.self) }
        self.body = body
    }

    /// Whether there are bytes beyond ASCII in the first line.
    var hasOddTarget: Bool { start.utf8.contains { $0 >= 0x80 } }

    func agrees(with other: HeadReading) -> Bool {
        start == other.start && names == other.names && values == other.values && (isCut || body == other.body)
    }

    /// Whether its fields say anything about a body: NIO refuses what contradicts itself, or is no length.
    var framesBody: Bool {
        names.contains { ["content-length", "transfer-encoding"].contains($0.lowercased()) }
    }
}

private enum NIOReading {
    /// Nil where NIO refuses it or waits for more.
    static func request(_ bytes: [UInt8]) -> HeadReading? {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        guard (try? channel.pipeline.syncOperations.addHandler(decoder)) != nil else { return nil }
        // An error about what follows the head comes after the head.
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        guard case .head(let head)? = try? channel.readInbound(as: HTTPServerRequestPart.self) else { return nil }
        return HeadReading(
            start: "\(head.method.rawValue) \(head.uri) \(head.version.major).\(head.version.minor)",
            fields: head.headers.map { ($0.name, $0.value) }, body: [])
    }

    static func answer(_ bytes: [UInt8]) -> HeadReading? {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
        guard (try? channel.pipeline.syncOperations.addHandlers([HTTPRequestEncoder(), decoder])) != nil else {
            return nil
        }
        let asked = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Upgrade": "websocket"])
        _ = try? channel.writeOutbound(HTTPClientRequestPart.head(asked))
        _ = try? channel.writeOutbound(HTTPClientRequestPart.end(nil))
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        guard case .head(let head)? = try? channel.readInbound(as: HTTPClientResponsePart.self) else { return nil }
        var body: [UInt8] = []
        while case .body(let part)? = try? channel.readInbound(as: HTTPClientResponsePart.self) {
            body += part.readableBytesView
        }
        return HeadReading(
            start: "\(head.status.code)",
            fields: head.headers.map { ($0.name, $0.value) }, body: head.status == .switchingProtocols ? [] : body)
    }
}

/// Puts heads together: mostly good ones.
private struct Pieces {
    private var dice: Dice
    /// The last one has something in it that a lenient reader lets pass.
    private(set) var isOdd = false

    init(seed: UInt64) { dice = Dice(seed: seed) }

    private mutating func odd(_ text: String) -> String {
        isOdd = true
        return text
    }

    mutating func request() -> [UInt8] {
        isOdd = false
        let method = dice.pick(["GET", "GET", "GET", "POST", "OPTIONS", "HEAD"])
        let target = dice.pick(["/", "/api/ws/agent?session_token=t&x", "/\u{FC}?\u{FF}", "http://a.b:1/c", "/a%FF#"])
        let version = dice.pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"])
        var start = "\(method) \(target) \(version)"
        if dice.chance(8) {
            start = odd(
                dice.pick([
                    "\(method)  \(target) \(version)", "\(method) \(target)  \(version)", "\(start) ",
                    "\(method) \(target) HTTP/2.0", "\(method) \(target)", "\(method) \(target) HTTP/0.9",
                    "GET/ HTTP/1.1",
                    "\r\n\r\n\(start)", "\u{0}", "\(method) /a b \(version)", "\(method) /\u{7F} \(version)",
                    "\(method) /\t \(version)",
                ]))
        } else if dice.chance(8) {
            start = "\r\n" + start
        }
        return head(start) + latin1(dice.pick(["", "", "\u{81}\u{80}", "GET / HTTP/1.1\r\n\r\n"]))
    }

    mutating func answer() -> [UInt8] {
        isOdd = false
        var bytes: [UInt8] = []
        for _ in 0..<(dice.chance(20) ? dice.within(1...4) : 0) {
            bytes += head("HTTP/1.1 \(dice.pick(["100 Continue", "103 Early Hints", "102"]))", framed: false)
        }
        var start =
            "HTTP/1.\(dice.pick(["1", "1", "0"])) "
            + dice.pick([
                "101 Switching Protocols", "101", "403 Forbidden", "403 ", "403", "200 OK", "503 Zut\u{E9}", "204 None",
            ])
        if dice.chance(8) {
            start = odd(
                dice.pick([
                    "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/2.0 200 OK", "HTTP/1.1 abc",
                    "ICY 200 OK",
                    "HTTP/1.1 099 x", "\r\n\(start)", "HTTP/1.1\t200 OK", "220 smtp",
                ]))
        }
        bytes += head(start)
        let body = dice.pick([
            "", "abc", "0123456789", "3\r\nabc\r\n0\r\n\r\n", "a;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n", "5\r\nab",
            "0\r\n\r\n",
        ])
        return bytes + latin1(body)
    }

    private mutating func head(_ start: String, framed: Bool = true) -> [UInt8] {
        var lines = [start]
        for _ in 0..<dice.below(5) { lines.append(field()) }
        if framed, dice.chance(40) {
            lines.append(
                dice.pick([
                    "Content-Length: 3", "content-length: 0", "Transfer-Encoding: chunked", "Content-Length: 10",
                    "Content-Length: 3\r\nContent-Length: 3", "Content-Length: x",
                    "Content-Length: 3\r\nContent-Length: 4",
                    "Transfer-Encoding: chunked\r\nContent-Length: 3", "Content-Length: -1", "Content-Length: 3, 3",
                ]))
        }
        let end = dice.chance(4) ? odd("\n") : "\r\n"
        return latin1(lines.map { $0 + end }.joined() + end)
    }

    private mutating func field() -> String {
        if dice.chance(5) {
            return odd(
                dice.pick([
                    "X-A : b", " X-A: b", "X-A: b\r\n c", "X A: b", "X-A", ": b", "X-A: \u{0}", "X-A: a\u{1}b",
                    "X-A: b\rc", "X-A: b\nc: d",
                    "X\u{E9}: a", "X-A: \u{7F}",
                ]))
        }
        return dice.pick([
            "Host: x", "X-Name: M\u{FC}ller", "X-Name: M\u{F6}ller", "Upgrade: websocket",
            "Connection: Upgrade, keep-alive",
            "X-Empty:", "X-Wide: \t a  b \t", "Cookie: a=\u{FF}\u{80}; b=c", "x-name: \u{C3}\u{BC}",
            "!#$%&'*+-.^_`|~: :",
        ])
    }

    private func latin1(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
}
