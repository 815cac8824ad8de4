import ShuntCore
import Testing

@Suite struct `Bodies of answers` {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var status = 403
        var fields: [String]
        var bytes: String
        var body: String
        var progress: AnswerBody.Progress

        init(
            _ description: String, status: Int = 403, _ fields: [String], _ bytes: String, _ body: String,
            _ progress: AnswerBody.Progress = .whole
        ) {
            (testDescription, self.status, self.fields) = (description, status, fields)
            (self.bytes, self.body, self.progress) = (bytes, body, progress)
        }
    }

    private static let chunked = ["Transfer-Encoding: chunked"]

    @Test(arguments: [
        Case("a length", ["Content-Length: 3"], "abcdef", "abc"),
        Case("not all of it", ["Content-Length: 3"], "ab", "ab", .needsMore),
        Case("none", ["Content-Length: 0"], "abc", ""),
        Case("the same length twice", ["Content-Length: 3, 3", "content-length: 3"], "abcd", "abc"),
        Case("to the end", [], "abc", "abc", .needsMore),
        Case("no body at all", status: 204, ["Content-Length: 3"], "abc", ""),
        Case("nothing new", status: 304, chunked, "3\r\nabc\r\n0\r\n\r\n", ""),
        Case("chunks", chunked, "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\nrest", "abcd"),
        Case("chunks, sizes in hexadecimal", chunked, "0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", "0123456789"),
        Case("chunks, and a length that does not count", chunked + ["Content-Length: 1"], "2\r\nab\r\n0\r\n\r\n", "ab"),
        Case("another coding", ["Transfer-Encoding: gzip"], "abc", "abc", .needsMore),
        Case("another coding in chunks", ["Transfer-Encoding: gzip, Chunked"], "1\r\na\r\n0\r\n\r\n", "a"),
        Case("half a chunk", chunked, "5\r\nabc", "abc", .needsMore),
        Case("the last chunk only", chunked, "0\r\n\r\n", ""),
        Case("no size", chunked, "x\r\n", "", .malformed),
        Case("an empty size", chunked, "\r\n", "", .malformed),
        Case("a huge size", chunked, "fffffffffffffffff\r\n", "", .malformed),
        Case("the largest size", chunked, "fffffffffffffff\r\nabc", "abc", .needsMore),
        Case("a chunk that is longer than it says", chunked, "1\r\nab\r\n", "a", .malformed),
        Case("a bare LF", chunked, "1\na\n0\n\n", "", .malformed),
        Case("an endless line", chunked, "1;" + String(repeating: "x", count: 5000), "", .malformed),
        Case(
            "more than is asked for", ["Content-Length: 100"], String(repeating: "x", count: 99),
            String(repeating: "x", count: 50)),
        Case(
            "more than is asked for, to the end", [], String(repeating: "x", count: 99),
            String(repeating: "x", count: 50)),
        Case(
            "more than is asked for, in chunks", chunked, "63\r\n" + String(repeating: "x", count: 99),
            String(repeating: "x", count: 50)),
    ])
    func `a body ends where its head says`(row: Case) throws {
        let text = "HTTP/1.1 \(row.status) x\r\n" + row.fields.map { $0 + "\r\n" }.joined() + "\r\n"
        let head = try #require(AnswerReading(Array(text.utf8)).head)
        let bytes = Array(row.bytes.utf8)
        for piece in [1, 2, 3, 1000] {
            var body = try #require(AnswerBody(of: head, most: 50))
            var progress = body.read(Span())
            var start = 0
            while progress == .needsMore, start < bytes.count {
                let end = start + min(piece, bytes.count - start)
                progress = body.read(bytes.span.extracting(start..<end))
                start = end
            }
            #expect(body.bytes == Array(row.body.utf8))
            #expect(progress == row.progress)
        }
    }

    @Test(arguments: ["3, 4", "-1", "+3", "abc", "0x3", "99999999999999999999", "3 4"])
    func `a length that is none is no head of an answer`(length: String) throws {
        let head = try #require(AnswerReading(Array("HTTP/1.1 403 x\r\nContent-Length: \(length)\r\n\r\n".utf8)).head)
        #expect(AnswerBody(of: head, most: 50) == nil)
    }
}
