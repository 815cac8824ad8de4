import ShuntCore
import Testing

@Suite struct `Queries and escapes` {
    @Test(arguments: [
        ("", []), ("a=1&b=2", ["a=1", "b=2"]), ("&&a", ["=", "=", "a="]), ("=x", ["=x"]), ("a=b=c", ["a=b=c"]),
        ("a%20b=%C3%A9+", ["a b=é "]), ("%", ["%="]), ("%4", ["%4="]), ("a=%C3%28", [#"a=\xC3("#]),
    ])
    func `parameters are what form decoding sees`(query: String, parameters: [String]) {
        #expect(QueryString(ByteString(query)).parameters.map { "\($0.name)=\($0.value)" } == parameters)
    }

    @Test(arguments: ["", "a", "a=1&&b=%zz&c=+", "&", "=&="])
    func `a query can be put together again`(query: String) {
        let query = ByteString(query)
        #expect(QueryString(query).parameters.map(\.raw).joined(separator: "&") == query)
    }

    @Test func `bytes that are no UTF-8 are told apart`() {
        #expect(QueryString("a=%FF%41").parameters.map(\.value) == [ByteString([0xFF, 0x41])])
        let raw = ByteString(Array("a=M".utf8) + [0xFC])
        #expect(QueryString(raw).parameters.map(\.value) == [ByteString([0x4D, 0xFC])])
    }

    @Test(arguments: ["", "plain", "a b&c=d%", "é€😀", "\u{0}\r\n", "e\u{301}"])
    func `what is encoded decodes to itself, byte for byte`(text: String) {
        let encoded = PercentCoding.encoded(text)
        #expect(encoded.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x26 && $0 != 0x2B })
        #expect(PercentCoding.decoded(encoded, plusIsSpace: true).map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test func `plus is a space only where forms are meant`() {
        #expect(PercentCoding.decoded("a+b", plusIsSpace: true) == "a b")
        #expect(PercentCoding.decoded("a+b", plusIsSpace: false) == "a+b")
        #expect(PercentCoding.decoded("%C3", plusIsSpace: false) == nil)
    }
}
