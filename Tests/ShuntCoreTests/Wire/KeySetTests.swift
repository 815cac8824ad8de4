import ShuntCore
import ShuntTesting
import Testing

@Suite struct KeySetTests {
    @Test func `each path has a slot, in order, and one that comes twice has one`() {
        let keys = KeySet(["b", "a.x", "b", "a", "a.y"])
        #expect(keys.count == 4)
        #expect(["b", "a.x", "a", "a.y"].map { keys.slot($0) } == [0, 1, 2, 3])
        #expect(keys.slot("x") == nil)
        #expect(keys.slot("") == nil)
        #expect((-1..<5).map { keys.path($0) } == [nil, "b", "a.x", "a", "a.y", nil])
    }

    @Test(arguments: [1, 9, 100, 1000])
    func `each of many keys is found and no other`(count: Int) {
        var random = Dice(seed: UInt64(count))
        var names: [String] = []
        for index in 0..<count {
            // Many names of one length, many of one beginning, some of both.
            let padding = String(repeating: "p", count: random.below(4) * 11)
            names.append(random.chance(1, in: 2) ? "\(index)\(padding)" : "\(padding)\(index)")
        }
        names = Array(Set(names)).sorted()
        let keys = KeySet(names)
        var envelope = Envelope()
        for (slot, name) in names.enumerated() {
            let text = utf8("{\"\(name)\":\(slot),\"\(name)x\":true,\"y\(name)\":true}")
            #expect(envelope.scan(text.span, for: keys, nesting: 1, early: false) == .object)
            for other in names.indices {
                let value = envelope.value(other).map { String(decoding: text[$0.start..<$0.end], as: UTF8.self) }
                let isThere =
                    other == slot || names[other] == "\(name)x" || names[other] == "y\(name)"
                if isThere != (value != nil) { Issue.record("\(names[other]) in \(name)") }
            }
        }
    }

    @Test func `names at the border of eight bytes and of the long row are told apart`() {
        let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 39, 40, 41, 80]
        let names = lengths.map { String(repeating: "n", count: $0) }
        let keys = KeySet(names)
        var envelope = Envelope()
        for (slot, name) in names.enumerated() {
            for place in [name, String(name.dropLast()) + "m", "m" + String(name.dropFirst())] where name != "" {
                let text = utf8("{\"\(place)\":1}")
                _ = envelope.scan(text.span, for: keys, nesting: 1, early: false)
                #expect((envelope.value(slot) != nil) == (place == name))
            }
        }
        let empty = utf8(#"{"":1}"#)
        _ = envelope.scan(empty.span, for: keys, nesting: 1, early: false)
        #expect(envelope.value(0) != nil)
    }

    @Test func `a name that must be escaped is found by its escapes`() {
        let keys = KeySet(["a\"b", "tab\t", "\u{0}"])
        let text = utf8(#"{"a\"b":1,"tab\t":2,"\u0000":3}"#)
        var envelope = Envelope()
        _ = envelope.scan(text.span, for: keys, nesting: 1, early: false)
        #expect((0..<3).map { envelope.value($0)?.start } == [8, 18, 29])
    }
}
