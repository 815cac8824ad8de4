import ShuntCore
import Testing

@Suite struct ByteMapTests {
    private func find(_ map: ByteMap, _ json: String) -> Int? {
        let bytes = utf8("{\"v\":\(json)}")
        var envelope = Envelope()
        _ = envelope.scan(bytes.span, for: KeySet(["v"]), nesting: 9, early: false)
        guard let value = envelope.value(0) else { return nil }
        return map.find(bytes.span, value)
    }

    @Test func `a key is found by what the string means`() {
        let map = ByteMap(["guide", "é", "", "a\"b", "guide", "eightbyt", "sixteen bytes!!!", "sixteen bytes!!?"])
        #expect(find(map, #""guide""#) == 0)
        #expect(find(map, #""gu\u0069de""#) == 0)
        #expect(find(map, #""é""#) == 1)
        #expect(find(map, #""\u00e9""#) == 1)
        #expect(find(map, #""""#) == 2)
        #expect(find(map, #""a\"b""#) == 3)
        #expect(find(map, #""eightbyt""#) == 5)
        #expect(find(map, #""sixteen bytes!!?""#) == 7)
        for other in [#""guid""#, #""guide ""#, #""Guide""#, "17", "null", "{}", #""sixteen bytes!!""#] {
            #expect(find(map, other) == nil, "\(other)")
        }
    }

    @Test(arguments: [0, 1, 5, 10_000, 20_000])
    func `each of many keys has its index and no other string has one`(count: Int) {
        let names = (0..<count).map { "agent-\($0 &* 2_654_435_761 % 1_000_003)-\($0)" }
        let map = ByteMap(names)
        for (index, name) in names.enumerated() {
            if map.find(utf8(name)) != index { Issue.record("\(name)") }
            if map.find(utf8(name + "x")) != nil { Issue.record("\(name)x") }
        }
        #expect(map.find([]) == nil)
    }

    @Test func `a value that is not in its bytes is not found`() {
        let map = ByteMap(["a"])
        let bytes = utf8(#""a""#)
        for (start, end) in [(-1, 3), (0, 4), (2, 1), (Int.min, Int.max)] {
            let found = map.find(bytes.span, JSONValue(kind: .string, start: start, end: end))
            #expect(found == nil)
        }
    }
}
