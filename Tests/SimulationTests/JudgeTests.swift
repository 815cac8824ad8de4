import ShuntCore
import ShuntTesting
import Testing

/// The tools that judge the core are judged here.
@Suite struct JudgeTests {
    @Test(arguments: [
        (#"{}"#, [] as [String]?),
        (#" {"a":1,"b":[1,{"c":2}]} "#, ["a=1", "b=[1,{\"c\":2}]"]),
        (#"{"a":1,"a":"x"}"#, ["a=1", "a=\"x\""]),
        (#"{"\u0061\u005fb":-0.5e+3}"#, ["a_b=-0.5e+3"]),
        (#"{"\ud83d\ude00":"\\\""}"#, ["😀=\"\\\\\\\"\""]),
        (#"{"a":1}x"#, nil), (#"{"a":}"#, nil), (#"{"a":1,}"#, nil), (#"{"a":01}"#, nil), (#"{"a":1.}"#, nil),
        (#"{"a":+1}"#, nil), (#"{a:1}"#, nil), (#"{"a" 1}"#, nil), (#"[1]"#, nil), (#""a""#, nil), (#""#, nil),
        (#"{"a":tru}"#, nil), (#"{"a":"\x"}"#, nil), (#"{"a":"\u12g4"}"#, nil), ("{\"a\":\"\n\"}", nil),
        (#"{"a":[1,]}"#, nil), (#"{"a":"#, nil),
    ])
    func `the reader knows an object's members and what is none`(text: String, expected: [String]?) {
        let members = JSONReader.members(of: Array(text.utf8))
        #expect(members?.map { "\($0.key)=\(String(decoding: $0.value, as: UTF8.self))" } == expected)
    }

    @Test
    func `what the writer writes the reader reads`() {
        var dice = Dice(seed: 7)
        for _ in 0..<200 {
            var writer = JSONWriter()
            for member in 0..<dice.within(0...6) { writer.add("key_\(member)", dice.pick(["", "é\"\\\n", "x y"])) }
            writer.spaced = dice.chance(50)
            if dice.chance(50) { writer.escapedKeys = ["key_1", "key_3"] }
            writer.shuffle(&dice)
            #expect(JSONReader.members(of: writer.bytes) == writer.members)
        }
    }

    @Test
    func `the agenda gives what is due in order of time, then of noting`() {
        var dice = Dice(seed: 3)
        var agenda = Agenda<Int>()
        var noted: [(time: Int64, entry: Int)] = []
        for entry in 0..<500 {
            let time = Int64(dice.below(40))
            agenda.note(entry, at: Instant(nanoseconds: time))
            noted.append((time, entry))
        }
        var order: [Int] = []
        while let entry = agenda.pop() { order.append(entry) }
        #expect(order == noted.sorted { ($0.time, $0.entry) < ($1.time, $1.entry) }.map(\.entry))
        #expect(agenda.isEmpty && agenda.next == .distantFuture)
    }

    @Test(arguments: [
        ("/a?session_token=x", ["x"]), ("/a", []), ("/a?", []), ("/a?session_token=", [""]),
        ("/a?b=1&session_token=t%2F%2B+%3D", ["t/+ ="]), ("/a?session_token=1&session_token=2", ["1", "2"]),
        ("/a?session%5Ftoken=1", ["1"]), ("/a?session_token=%zz", ["%zz"]),
    ])
    func `the query reader finds every value of a parameter`(target: String, expected: [String]) {
        let found = QueryReader.values(of: "session_token", in: ByteString(target))
        #expect(found == expected.map { ByteString($0) })
    }

    @Test
    func `dice are the same for the same seed and spread over their range`() {
        var first = Dice(seed: 11)
        var second = Dice(seed: 11)
        var seen: Set<Int> = []
        for _ in 0..<300 {
            let value = first.within(3...9)
            #expect(value == second.within(3...9))
            seen.insert(value)
        }
        #expect(seen == Set(3...9))
        #expect(first.below(0) == 0)
    }
}
