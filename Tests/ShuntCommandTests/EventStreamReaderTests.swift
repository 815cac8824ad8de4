import Testing

@testable import shunt

@Suite struct EventStreamReaderTests {
    @Test(arguments: [
        ("data: a\n\n", ["a"]), ("id: 1\ndata: a\n\nid: 2\ndata: b\n\n", ["a", "b"]), (": keep-alive\n\n", []),
        ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]), ("data: a\r\rdata: b\r\r", ["a", "b"]),
        ("data:a\ndata:  b\n\n", ["a\n b"]), ("data: unfinished\n", []), ("event: x\nretry: 5\n\n", []),
        ("data: ü 🧭\n\n", ["ü 🧭"]),
    ])
    func `the data of each event comes out`(stream: String, events: [String]) {
        var reader = EventStreamReader()
        #expect(reader.read(stream.utf8) == events)
    }

    @Test
    func `an event may come in pieces of any size`() {
        let stream = "id: 1\r\ndata: {\"a\":\"ü\"}\r\n\r\n: hi\r\n\r\ndata: b\ndata: c\n\n"
        for size in 1...stream.utf8.count {
            var reader = EventStreamReader()
            var events: [String] = []
            var rest = Array(stream.utf8)[...]
            while !rest.isEmpty {
                events += reader.read(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            #expect(events == ["{\"a\":\"ü\"}", "b\nc"])
        }
    }
}
