import ShuntCore
import Testing

@Suite struct `Heads of requests` {
    static let plain = "GET /a?b HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nx-wide:  a b \t\r\n\r\n"

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `a head is read as it stands, however it comes`(piece: Int) throws {
        let reading = RequestReading(Array(Self.plain.utf8) + [0x81, 0x80], piece: piece)
        let head = try #require(reading.head)
        #expect(head.method == "GET")
        #expect(head.target == "/a?b")
        #expect(head.minorVersion == 1)
        #expect(Array(head.fields) == fields(["Host": "x", "X-Empty": "", "x-wide": "a b"]))
        #expect(reading == .head(head, behind: 2))
    }

    @Test func `values and targets are bytes`() throws {
        let head = try #require(
            RequestReading(latin1("GET /\u{FC} HTTP/1.1\r\nX: M\u{F6}ller\r\nY: \u{FF}\u{80}\t.\r\n\r\n")).head)
        #expect(head.target == ByteString([0x2F, 0xFC]))
        #expect(head.fields.values(of: "x") == [ByteString(latin1("M\u{F6}ller"))])
        #expect(head.fields.values(of: "y") == [ByteString([0xFF, 0x80, 0x09, 0x2E])])
    }

    @Test(arguments: [
        "\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.9\r\n\r\n", "M-SEARCH * HTTP/1.1\r\n\r\n",
        "GET http://x/ HTTP/1.1\r\nA:b\r\na: c\r\n\r\n", "GET / HTTP/1.1\r\nA: :\r\n!#$%&'*+-.^_`|~1: x\r\n\r\n",
    ])
    func `what RFC 9112 allows is read`(text: String) {
        #expect(RequestReading(Array(text.utf8)).head != nil)
    }

    @Test(arguments: [
        // Lines end with CRLF.
        "GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nHost: x\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
        "GET / HTTP/1.1\rHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\n",
        // Nothing is folded, nor hidden before a colon.
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n",
        "GET / HTTP/1.1\r\n A: b\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\nA\t: b\r\n\r\n",
        // Names are tokens.
        "GET / HTTP/1.1\r\n: b\r\n\r\n", "GET / HTTP/1.1\r\nA B: b\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nA(: b\r\n\r\n", "GET / HTTP/1.1\r\n\u{E9}: b\r\n\r\n",
        // No control characters.
        "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n", "GET / HTTP/1.1\r\nA: b\u{7F}\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \u{1}\r\n\r\n",
        "GET /\u{0} HTTP/1.1\r\n\r\n", "GET\t/ HTTP/1.1\r\n\r\n", "GET /\ta HTTP/1.1\r\n\r\n",
        // Three words, one space between them.
        "GET  / HTTP/1.1\r\n\r\n", "GET /  HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
        "GET / a HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "GET\r\n\r\n", "GET / \r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
        "G(T / HTTP/1.1\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        // A version of HTTP/1.
        "GET / HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "GET / HTTP/1.10\r\n\r\n",
        "GET / HTTP/1\r\n\r\n", "GET / http/1.1\r\n\r\n", "GET / HTTP/11\r\n\r\n", "GET / HTTP/1.x\r\n\r\n",
        "GET / XTTP/1.1\r\n\r\n",
    ])
    func `what is no head is refused`(text: String) {
        for piece in [1, 1000] { #expect(RequestReading(Array(text.utf8), piece: piece) == .malformed) }
    }

    @Test(arguments: [[0x16, 0x03, 0x01], [0x00], Array("GE\u{0}".utf8), Array("[{\"a\"".utf8)])
    func `another protocol is refused before a line of it is over`(bytes: [UInt8]) {
        #expect(RequestReading(bytes) == .malformed)
    }

    private static func request(target: Int = 1, fields: Int = 0, name: Int = 1, value: Int = 1) -> [UInt8] {
        let field = String(repeating: "n", count: name) + ": " + String(repeating: "v", count: value) + "\r\n"
        return Array(
            ("GET " + String(repeating: "/", count: target) + " HTTP/1.1\r\n" + String(repeating: field, count: fields)
                + "\r\n").utf8)
    }

    @Test func `a head has its bounds`() {
        #expect(RequestReading(Self.request(target: 16 << 10)).head != nil)
        #expect(RequestReading(Self.request(target: 16 << 10 | 1)) == .tooLarge)
        #expect(RequestReading(Self.request(fields: 1, value: 16 << 10 - 1)).head != nil)
        #expect(RequestReading(Self.request(fields: 1, value: 16 << 10)) == .tooLarge, "with the space before it")
        #expect(RequestReading(Self.request(fields: 1, name: 16 << 10 | 1)) == .tooLarge)
        #expect(RequestReading(Self.request(fields: 100)).head?.fields.count == 100)
        #expect(RequestReading(Self.request(fields: 101)) == .tooLarge)
        #expect(RequestReading(Self.request(fields: 7, value: 9000)).head != nil)
        #expect(RequestReading(Self.request(fields: 8, value: 9000)) == .tooLarge)
        #expect(RequestReading(Array("GET /".utf8) + [UInt8](repeating: 0x61, count: 300_000)) == .tooLarge)
    }
}

@Suite struct `Heads of answers` {
    @Test(arguments: [
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 101, "Switching Protocols"),
        ("HTTP/1.1 403 Access denied\r\n\r\n", 403, "Access denied"), ("HTTP/1.1 403 \r\n\r\n", 403, ""),
        ("HTTP/1.1 403\r\n\r\n", 403, ""), ("HTTP/1.0 200 OK\r\n\r\n", 200, "OK"),
        ("HTTP/1.1 999 a  b \r\n\r\n", 999, "a  b "),
        ("HTTP/1.1 200 a\tb\r\n\r\n", 200, "a\tb"),
    ])
    func `what servers of the field say is read`(text: String, status: Int, reason: String) throws {
        for piece in [1, 5, 1000] {
            let head = try #require(AnswerReading(Array(text.utf8), piece: piece).head)
            #expect(head.status == status)
            #expect(head.reason == ByteString(reason))
        }
    }

    @Test func `reasons and values are bytes`() throws {
        let head = try #require(AnswerReading(latin1("HTTP/1.1 403 Zut\u{E9}\r\nX: \u{E9}\r\n\r\n")).head)
        #expect(head.reason == ByteString(latin1("Zut\u{E9}")))
        #expect(head.fields.values(of: "x") == [ByteString([0xE9])])
    }

    @Test(arguments: [
        "220 smtp.example.com ready\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 20x OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nA: b\n\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 101\u{0}\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
    ])
    func `what is no answer is refused`(text: String) {
        for piece in [1, 1000] { #expect(AnswerReading(Array(text.utf8), piece: piece) == .malformed) }
    }

    @Test(arguments: [1, 3, 1000])
    func `up to four interim answers are passed over`(piece: Int) throws {
        let interim = "HTTP/1.1 100 Continue\r\n\r\n", early = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
        let last = "HTTP/1.1 101 x\r\nA: b\r\n\r\n.."
        func reading(_ count: Int) -> AnswerReading {
            let before = (0..<count).map { $0 % 2 == 0 ? interim : early }.joined()
            return AnswerReading(Array((before + last).utf8), piece: piece)
        }
        for count in 0...4 {
            let head = try #require(reading(count).head)
            #expect(head.status == 101)
            #expect(Array(head.fields) == fields(["A": "b"]))
            #expect(reading(count) == .head(head, behind: 2))
        }
        #expect(reading(5) == .tooManyInterim)
    }
}
