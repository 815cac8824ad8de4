import ShuntCore
import ShuntTesting
import Testing

@Suite struct `Header fields` {
    @Test func `a field is found by its kind as by its name, whatever its case`() {
        let names = [
            "Host", "uPGRADE", "connection", "Content-Length", "Transfer-Encoding", "ORIGIN", "Cookie", "User-Agent",
            "X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PORT", "X-Forwarded-Proto", "Sec-WebSocket-Key",
            "sec-websocket-version", "Sec-Websocket-Protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Accept",
            "Forwarded",
        ]
        let kinds: [HeaderFields.Kind] = [
            .host, .upgrade, .connection, .contentLength, .transferEncoding, .origin, .cookie, .userAgent,
            .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedProto, .secWebSocketKey, .secWebSocketVersion,
            .secWebSocketProtocol, .secWebSocketExtensions, .secWebSocketAccept, .forwarded,
        ]
        let read = HeaderFields(
            ([""] + names + ["X-Host", "Hosts", "Sec-WebSocke", "TE", "Proxy-Authorization", "sec-websocket-kez"]
                + ["X-Forwarded-Prefix"]).map {
                    Handshake.Field(name: $0, value: "v-" + $0)
                })
        #expect(Set(kinds) == Set(HeaderFields.Kind.allCases).subtracting([.other, .hop, .xForwardedOther]))
        for (name, kind) in zip(names, kinds) {
            #expect(read.values(kind).map { ByteString($0) } == [ByteString("v-" + name)])
            #expect(read.values(of: name) == [ByteString("v-" + name)])
        }
        #expect([.other, .hop, .xForwardedOther].map { read.count(of: $0) } == [4, 3, 1])
    }

    @Test func `fields stay in order and as they stood`() {
        let written = fields(["A": " b ", "": "", "a": "c", "X-Long": String(repeating: "x", count: 5000)])
        let read = HeaderFields(written)
        #expect(Array(read) == written)
        #expect(Array(HeaderFields(compacting: read)) == written)
        #expect(HeaderFields(compacting: read) == read)
        #expect(read.values(of: "a") == [" b ", "c"])
    }

    @Test func `fields are taken over and out as they stand, with their kinds`() {
        let written = fields(["Host": "h", "A": " b ", "Cookie": "x=y", "a": "c", "X-Forwarded-For": "1"])
        var read = HeaderFields(written)
        var taken = HeaderFields(fields(["First": "1"]))
        taken.append(read) { kind, name in kind == .cookie || name.elementsEqual("A".utf8) }
        #expect(Array(taken) == fields(["First": "1", "A": " b ", "Cookie": "x=y"]))
        #expect(taken.first(.cookie).map { ByteString($0) } == "x=y")
        taken.append(read)
        #expect(Array(taken.dropFirst(3)) == written)
        #expect(taken.count(of: .cookie) == 2 && taken.count(of: .host) == 1)
        read.removeAll { kind, name in kind == .host || name.elementsEqual("a".utf8) }
        #expect(Array(read) == fields(["A": " b ", "Cookie": "x=y", "X-Forwarded-For": "1"]))
        #expect(read.first(.xForwardedFor).map { ByteString($0) } == "1")
    }

    @Test func `a name is made of the bytes of RFC 9110 and no others`() {
        let marks = "!#$%&'*+-.^_`|~".utf8
        for byte in UInt8.min...UInt8.max {
            let isAlphanumeric =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            var head = Array("GET / HTTP/1.1\r\nA".utf8)
            head.append(byte)
            head += "B: c\r\n\r\n".utf8
            let reads = RequestReading(head).head != nil
            // A colon ends the name before.
            #expect(reads == (isAlphanumeric || marks.contains(byte) || byte == 0x3A), "\(byte)")
        }
    }

    @Test(arguments: [
        ("upgrade", true), ("keep-alive, Upgrade", true), (" UPGRADE\t,", true), (",,upgrade", true),
        ("upgrades", false), ("", false), (" , ", false), ("up grade", false), ("keep-alive,upgrad", false),
    ])
    func `a list names a token or does not`(value: String, names: Bool) {
        #expect(HeaderFields(fields(["Connection": value])).lists(.connection, .upgrade) == names)
        #expect(HeaderFields(fields(["Connection": "x", "connection": value])).lists(.connection, .upgrade) == names)
        #expect(
            HeaderFields(fields(["Connection": value])).members(of: .connection).contains { $0 == "upgrade" }
                == (names && !value.contains("U")))
    }

    /// The quick way to a value and the whole query are the same reading.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a value is found in a query as among all of its parameters`(seed: UInt64) {
        var random = Dice(seed: seed)
        let pieces = ["t", "%74", "=", "&", "+", "%", "%2", "%FF", "a", "t=", "&t=", ""]
        for _ in 0..<200 {
            let query = ByteString(
                (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                    pieces.randomElement(using: &random) ?? ""
                }.joined())
            let all = QueryString(query).parameters.filter { !$0.raw.isEmpty && $0.name == "t" }.map(\.value)
            #expect(QueryString.values(of: "t", in: query) == all, "\(query)")
        }
    }
}
