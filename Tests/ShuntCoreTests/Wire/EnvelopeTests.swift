import ShuntCore
import ShuntTesting
import Testing

@Suite struct EnvelopeTests {
    static let keys = ["agent_type", "pillar", "message", "conversation_id", "payload.id", "payload.intent", "type"]

    /// What a scan finds: its result, and the bytes of each key's value.
    private func scan(
        _ text: [UInt8], _ keys: KeySet = KeySet(Self.keys), nesting: Int = 128, early: Bool = false
    ) -> (result: ScanResult, values: [String: String]) {
        var envelope = Envelope()
        let result = envelope.scan(text.span, for: keys, nesting: nesting, early: early)
        var values: [String: String] = [:]
        for slot in 0..<keys.count {
            guard let value = envelope.value(slot), let path = keys.path(slot) else { continue }
            values[path] = String(decoding: text[value.start..<value.end], as: UTF8.self)
        }
        return (result, values)
    }

    private func scan(
        _ text: String, _ keys: KeySet = KeySet(Self.keys), nesting: Int = 128, early: Bool = false
    ) -> (result: ScanResult, values: [String: String]) {
        scan(utf8(text), keys, nesting: nesting, early: early)
    }

    // MARK: Values

    static let found: [(String, [String: String])] = [
        (#"{}"#, [:]),
        (" \t\r\n{ \n} \t\r\n", [:]),
        (#"{"other":1}"#, [:]),
        (#"{"agent_type":"guide"}"#, ["agent_type": #""guide""#]),
        (
            #" { "agent_type" : "guide" , "x" : [1,{"pillar":2}] , "pillar" : null } "#,
            ["agent_type": #""guide""#, "pillar": "null"]
        ),
        (#"{"agent_type":"guide","agent_type":"liaison"}"#, ["agent_type": #""liaison""#]),
        (#"{"agent\u005ftype":"guide"}"#, ["agent_type": #""guide""#]),
        (#"{"\u0061gent_type":"guide","agent_type":"liaison","agent_typ\u0065":7}"#, ["agent_type": "7"]),
        (#"{"agent_type ":1,"Agent_type":2,"agent_typ":3,"agent_types":4}"#, [:]),
        (
            #"{"message":"\"agent_type\":\"x\",","type":true}"#,
            ["message": #""\"agent_type\":\"x\",""#, "type": "true"]
        ),
        (#"{"message":{"agent_type":"x"},"type":false}"#, ["message": #"{"agent_type":"x"}"#, "type": "false"]),
        (#"{"message":-0.5e+7}"#, ["message": "-0.5e+7"]),
        (#"{"message":[[[]],{}]}"#, ["message": "[[[]],{}]"]),
        (#"{"message":"\ud800","type":"\udc00\ud800"}"#, ["message": #""\ud800""#, "type": #""\udc00\ud800""#]),
        (#"{"payload":{"id":1,"intent":"chat","id":2},"id":3}"#, ["payload.id": "2", "payload.intent": #""chat""#]),
        (#"{"payload":{"id":1,"intent":2},"payload":{"intent":3}}"#, ["payload.intent": "3"]),
        (#"{"payload":{"id":1},"payload":7}"#, [:]),
        (#"{"payload":[{"id":1}]}"#, [:]),
        (#"{"payload":{"payload":{"id":1},"x":{"id":2}}}"#, [:]),
        (#"{"p\u0061yload":{"i\u0064":1}}"#, ["payload.id": "1"]),
        (#"{"payload.id":1}"#, [:]),
        ("{\"message\":\"gr\u{FC}\u{DF}e \u{1F600}\"}", ["message": "\"gr\u{FC}\u{DF}e \u{1F600}\""]),
    ]

    @Test func `wanted members are found where they stand, the last duplicate of each`() {
        for (text, values) in Self.found {
            let scanned = scan(text)
            #expect(scanned.result == .object, "\(text)")
            #expect(scanned.values == values, "\(text)")
        }
    }

    @Test(arguments: ["null", "true", "false", "1", "-1.5e7", #""x""#, "[]", #"[{"agent_type":"guide"}]"#, " [1] "])
    func `well-formed JSON that is no object is told apart`(text: String) {
        let scanned = scan(text)
        #expect(scanned.result == .notAnObject)
        #expect(scanned.values.isEmpty)
    }

    static let malformed: [String] = [
        "", " ", "{", "}", "[", "]", "{]", "[}", "{{}}", "{}{}", "{}x", "{} x", "{},", "x", "\"", "\"abc", "'a'",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{,\"a\":1}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}",
        "{\"a\":1;\"b\":2}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1", "{\"a\":[1}", "{\"a\":{\"b\":1]",
        "[1,]", "[,1]", "[1 2]", "[1,,2]", "{\"a\":[1,]}", "{\"a\":tru}", "{\"a\":True}", "{\"a\":nul}",
        "{\"a\":falsee}", "{\"a\":nulll}", "{\"a\":undefined}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":01}",
        "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1.e5}", "{\"a\":1e}", "{\"a\":1e+}",
        "{\"a\":0x10}", "{\"a\":1_000}", "{\"a\":00}", "{\"a\":-01}", "{\"a\":--1}", "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12G4\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\u\"}", "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}", "{\"a\":\"\u{0}\"}", "{\"a\":\"\u{1F}\"}", "{\"a\u{1}\":1}", "{\"\\x\":1}", "\u{FEFF}{}",
        "{\"a\":1}\u{0}", "\u{0}{}", "{\"a\":1}//x", "/**/{}", "{\"a\":1}}", "{\u{A0}}", "{\u{C}}", "{\"a\":\u{B}1}",
        "{\"agent_type\":\"guide\",\"x\":[1,2}", "{\"agent_type\":\"guide\"", "{\"payload\":{\"id\":1,}}",
        "{\"payload\":{\"id\" 1}}", "{\"payload\":{\"id\":1}", "{\"payload\":{id:1}}",
        "{\"message\":\"long enough to be a vector\n\"}",
    ]

    @Test func `what RFC 8259 does not allow is refused, and nothing of it counts`() {
        for text in Self.malformed {
            let scanned = scan(text)
            guard case .malformed(let place) = scanned.result else {
                Issue.record("\(text): \(scanned.result)")
                continue
            }
            #expect(place >= 0 && place <= text.utf8.count, "\(text)")
            #expect(scanned.values.isEmpty, "\(text)")
            #expect(NaiveJSON(utf8(text)) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("{\"a\":1} x", 8), ("{\"a\":01}", 6), ("{\"a\" 1}", 5), ("[1,]", 3), ("{\"a\":\"\\x\"}", 6), ("", 0),
        ("{\"a\":[1,{\"b\" 2}]}", 13), ("{\"a\":1", 6),
    ])
    func `an error says where`(text: String, place: Int) {
        #expect(scan(text).result == .malformed(at: place))
    }

    @Test func `every prefix of a message is malformed`() {
        let text = utf8(#" {"agent_type":"guide","a":[1,-2.5e3,{"b":null}],"payload":{"id":"\u00e9\n"},"t":true} "#)
        #expect(scan(text).result == .object)
        for count in 0..<text.count - 1 {
            guard case .malformed = scan(Array(text[..<count])).result else {
                Issue.record("\(count) bytes are taken for a message")
                continue
            }
        }
    }

    // MARK: Depth

    @Test(arguments: [1, 2, 5, 63, 64, 65, 66, 128, 129, 1000])
    func `nesting is counted from the object itself`(depth: Int) {
        let nested =
            "{\"a\":" + String(repeating: "[", count: depth - 1) + "1" + String(repeating: "]", count: depth - 1) + "}"
        #expect(scan(nested, nesting: depth).result == .object)
        #expect(scan(nested, nesting: depth - 1).result == .tooDeep(at: depth == 1 ? 0 : 3 + depth))
        let objects = String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
        #expect(scan(objects, nesting: depth).result == .object)
        #expect(scan(objects, nesting: depth - 1).result == .tooDeep(at: (depth - 1) * 5))
        let payload =
            "{\"payload\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        if depth > 1 {
            #expect(scan(payload, nesting: depth).result == .object)
            #expect(scan(payload, nesting: depth - 1).result == .tooDeep(at: 9 + depth))
            let array = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(scan(array, nesting: depth).result == .notAnObject)
            #expect(scan(array, nesting: depth - 1).result == .tooDeep(at: depth - 1))
        }
    }

    @Test func `a parent of dotted paths counts as deep as any object`() {
        let text = #"{"payload":{"id":{"x":[]}}}"#
        #expect(scan(text, nesting: 4).result == .object)
        #expect(scan(text, nesting: 3).result == .tooDeep(at: 22))
        #expect(scan(text, nesting: 2).result == .tooDeep(at: 17))
        #expect(scan(text, nesting: 1).result == .tooDeep(at: 11))
    }

    @Test func `ten million brackets cost no stack`() {
        let count = 10_000_000
        let open = utf8("{\"a\":") + [UInt8](repeating: UInt8(ascii: "["), count: count)
        #expect(scan(open).result == .tooDeep(at: 132))
        let million = Array(open[..<1_000_000])
        #expect(scan(million, nesting: .max).result == .malformed(at: million.count))
        let whole = million + [UInt8](repeating: UInt8(ascii: "]"), count: million.count - 5) + utf8("}")
        #expect(scan(whole, nesting: .max).result == .object)
        let alternating = utf8(
            String(repeating: "{\"a\":[", count: 100_000) + "1" + String(repeating: "]}", count: 100_000))
        #expect(scan(alternating, nesting: .max).result == .object)
        #expect(scan(Array(alternating.dropLast()), nesting: .max).result == .malformed(at: alternating.count - 1))
    }

    // MARK: Early

    @Test func `an early scan stops when all keys are seen and looks at the end`() {
        let keys = KeySet(["type", "id"])
        #expect(scan(#"{"type":1,"id":2,"x":[}} "#, keys, early: true).result == .object)
        #expect(scan(#"{"type":1,"id":2,"x":[}} "#, keys, early: true).values == ["type": "1", "id": "2"])
        #expect(scan(#"{"type":1,"id":2,"x":3"#, keys, early: true).result == .malformed(at: 21))
        #expect(scan(#"{"type":1,"x":[},"id":2}"#, keys, early: true).result == .malformed(at: 15))
        #expect(scan(#"{"type":1,"id":2}x"#, keys, early: true).result == .malformed(at: 17))
        #expect(scan(#"[{"type":1,"id":2}]"#, keys, early: true).result == .notAnObject)
        #expect(scan(#"x{"type":1,"id":2}"#, keys, early: true).result == .malformed(at: 0))
        #expect(scan(#"{"type":1,"type":2,"id":3,"type":4}"#, keys, early: true).values == ["type": "2", "id": "3"])
        #expect(scan(#"{"type":1,"type":2,"id":3,"type":4}"#, keys).values == ["type": "4", "id": "3"])
    }

    // MARK: Unwrapping

    @Test func `members of the lifted object count as the top level's`() {
        let keys = KeySet(["type", "message", "data", "meta.x"], unwrap: "data")
        #expect(
            scan(#"{"type":1,"data":{"message":2,"meta":{"x":3}},"z":4}"#, keys).values
                == ["type": "1", "message": "2", "meta.x": "3"])
        #expect(scan(#"{"data":{"type":1},"type":2}"#, keys).values == ["type": "2"])
        #expect(scan(#"{"type":2,"data":{"type":1}}"#, keys).values == ["type": "1"])
        #expect(scan(#"{"data":{"data":{"type":1}}}"#, keys).values == ["data": #"{"type":1}"#])
        #expect(scan(#"{"data":[{"type":1}]}"#, keys).values == ["data": #"[{"type":1}]"#])
        #expect(scan(#"{"data":{}}"#, keys).values == [:])
        #expect(scan(#"{"data":{"type":1,}}"#, keys).result == .malformed(at: 18))
        #expect(scan(#"{"data":{"type":[]}}"#, keys, nesting: 2).result == .tooDeep(at: 16))
        #expect(scan(#"{"data":{}}"#, keys, nesting: 1).result == .tooDeep(at: 8))
    }

    // MARK: Against another reader

    @Test(arguments: 0..<20)
    func `random objects are read as a plain recursive reader reads them`(seed: Int) {
        let names = [
            "a", "b", "agent_type", "payload", "id", "long_name_of_a_member_that_is_longer_than_forty_bytes", "é",
        ]
        let paths = ["a", "agent_type", "payload", "payload.id", "payload.a", names[5], "é"]
        let keys = KeySet(paths)
        var generator = JSONGenerator(random: Dice(seed: UInt64(seed)), names: names)
        for _ in 0..<300 {
            var text = utf8(generator.space() + generator.object(4, members: 6) + generator.space())
            if generator.random.chance(1, in: 2) {
                // Break it somewhere, or perhaps not.
                let place = generator.random.below(text.count)
                switch generator.random.below(3) {
                case 0: text.remove(at: place)
                case 1:
                    text[place] =
                        [0x22, 0x2C, 0x7B, 0x7D, 0x5B, 0x5D, 0x3A, 0x5C, 0x20, 0x31][generator.random.below(10)]
                default: text.insert(text[generator.random.below(text.count)], at: place)
                }
            }
            guard String(validating: text, as: UTF8.self) != nil else { continue }
            let shown = String(decoding: text, as: UTF8.self)
            let scanned = scan(text, keys, nesting: 6)
            guard let naive = NaiveJSON(text) else {
                if case .malformed = scanned.result { continue }
                if case .tooDeep = scanned.result { continue }
                Issue.record("\(shown): \(scanned.result)")
                continue
            }
            if naive.depth > 6 {
                guard case .tooDeep = scanned.result else {
                    Issue.record("\(shown): \(scanned.result)")
                    continue
                }
                continue
            }
            guard let members = naive.members else {
                #expect(scanned.result == .notAnObject, "\(shown)")
                continue
            }
            #expect(scanned.result == .object, "\(shown)")
            var expected: [String: String] = [:]
            for path in paths {
                let parts = path.split(separator: ".").map { Array($0.utf16) }
                var member = members.last { $0.name == parts[0] }
                if parts.count == 2 { member = member?.value.members?.last { $0.name == parts[1] } }
                expected[path] = member.map { String(decoding: $0.raw, as: UTF8.self) }
            }
            #expect(scanned.values == expected, "\(shown)")
        }
    }

    // MARK: Reuse and bounds

    @Test func `one envelope serves message after message`() {
        var envelope = Envelope()
        let keys = KeySet(["a", "b"])
        let more = KeySet((0..<100).map { "k\($0)" })
        func values(_ text: String, _ keys: KeySet) -> [Int] {
            let bytes = utf8(text)
            _ = envelope.scan(bytes.span, for: keys, nesting: 9, early: false)
            return (0..<keys.count).filter { envelope.value($0) != nil }
        }
        #expect(values(#"{"a":1,"b":2}"#, keys) == [0, 1])
        #expect(values(#"{"b":2}"#, keys) == [1])
        #expect(values(#"{"k99":1,"k5":2}"#, more) == [5, 99])
        #expect(values(#"{"a":1}"#, keys) == [0])
        #expect(values(#"{"a":1"#, keys) == [])
        #expect(values(#"{}"#, more) == [])
        #expect(envelope.value(-1) == nil)
        #expect(envelope.value(1000) == nil)
    }

    @Test func `more duplicates than any honest message has are refused`() {
        let keys = KeySet(["a"])
        let many = Array(repeating: #""a":1"#, count: Envelope.mostOccurrences).joined(separator: ",")
        #expect(scan("{\(many)}", keys).result == .object)
        #expect(scan("{\(many),\"a\":1}", keys).result == .malformed(at: Envelope.mostOccurrences * 6 + 1))
        #expect(scan("{\(many),\"b\":1}", keys).result == .object)
    }
}
