import ShuntCore
import Testing

@Suite struct `Heads that are written` {
    @Test func `they are read as what was meant`() throws {
        let sent =
            fields(["Host": "x", "A": "", "b": "c, d"]) + [.init(name: "L", value: ByteString([0xFC, 0x09, 0x2E]))]
        let target = ByteString([0x2F, 0xF6])
        let request = try #require(HeadWriter.request(target: target, HeaderFields(sent)))
        let head = try #require(RequestReading(request).head)
        #expect((head.method, head.target, head.minorVersion) == ("GET", target, 1))
        #expect(Array(head.fields) == sent)
        let answer = try #require(HeadWriter.answer(status: 403, reason: ByteString([0xE9]), HeaderFields(sent)))
        #expect(AnswerReading(answer).head.map { Array($0.fields) } == sent)
        #expect(answer.starts(with: latin1("HTTP/1.1 403 \u{E9}\r\nHost: x\r\n")))
    }

    @Test(arguments: ["a\r\nb", "a\nb", "a\u{0}b", "\r", "a\r\nX: y"])
    func `what could end a field is not written`(value: String) {
        #expect(HeadWriter.request(target: "/", HeaderFields(fields(["X": value]))) == nil)
        #expect(HeadWriter.answer(status: 101, reason: "x", HeaderFields(fields(["X": value]))) == nil)
        #expect(HeadWriter.answer(status: 101, reason: ByteString(value)) == nil)
        #expect(HeadWriter.request(target: ByteString("/" + value)) == nil)
    }

    @Test(arguments: ["", "A B", "A:", "A\r\nB", "\u{E9}", "(", "A\u{0}"])
    func `what is no name is not written`(name: String) {
        #expect(HeadWriter.request(target: "/", HeaderFields(fields([name: "x"]))) == nil)
        #expect(HeadWriter.answer(status: 101, reason: "x", HeaderFields(fields([name: "x"]))) == nil)
    }

    @Test(arguments: ["", "/a b", "/\u{7F}", "/\t"])
    func `what would end a request line is not written`(target: String) {
        #expect(HeadWriter.request(target: ByteString(target)) == nil)
    }
}
