import ShuntTesting
import Testing

@testable import ShuntCore

/// Scans that remember names against scans that do not: all that is known of a message afterwards is the same.
@Suite struct `Names of earlier messages` {
    private static let names = [
        "a", "b", "id", "type", "agent_type", "conversation_id", "a_name_of_thirty_two_bytes___",
        "a_name_of_more_than_forty_bytes_in_one_row",
        "data", "é", "TYPE", "typ\u{17F}e", "",
    ]
    private static let paths = Array(names.prefix(8)) + ["data.id", "data.a.b"]
    private static let keySets = [
        KeySet(paths), KeySet(paths.reversed()), KeySet(paths, folding: "type"), KeySet(["a", "b"]),
        KeySet(paths, unwrap: "data"), KeySet(["type"]), KeySet([]),
    ]

    /// The result of a scan with all that it leaves, as text.
    private func told(_ envelope: inout Envelope, _ bytes: [UInt8], _ keys: KeySet, early: Bool, nesting: Int) -> String
    {
        let result = envelope.scan(bytes.span, for: keys, nesting: nesting, early: early)
        var told = "\(result) \(envelope.oddities) \(envelope.memberCount) \(envelope.closeBrace)"
        if result == .object {
            for index in 0..<envelope.occurrenceCount { told += "\n\(envelope[index]) \(envelope.counts(index))" }
        }
        for slot in 0..<keys.count { told += "\n\(slot): \(String(describing: envelope.value(slot)))" }
        return told
    }

    @Test(arguments: 0..<12)
    func `change nothing of how random messages are read`(seed: Int) {
        var generator = JSONGenerator(random: Dice(seed: UInt64(7000 + seed)), names: Self.names)
        var warm = Envelope(remembers: true)
        var shapes: [[UInt8]] = []
        for round in 0..<400 {
            if shapes.count < 6 || generator.random.chance(20) {
                shapes.append(utf8(generator.space() + generator.object(3, members: 8) + generator.space()))
            }
            var bytes = shapes[generator.random.below(shapes.count)]
            // One byte of a message that came before is another, or the message ends there.
            if generator.random.chance(50) {
                let place = generator.random.below(bytes.count)
                switch generator.random.below(4) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.random.next())
                case 1: bytes.removeSubrange(place...)
                case 2: bytes.insert(generator.random.pick(utf8(#" "\,:}{a"#)), at: place)
                default: bytes.remove(at: place)
                }
            }
            let keys = Self.keySets[generator.random.below(round < 100 ? 2 : Self.keySets.count)]
            let (early, nesting) = (generator.random.chance(20), generator.random.chance(10) ? 2 : 128)
            var cold = Envelope()
            let expected = told(&cold, bytes, keys, early: early, nesting: nesting)
            let found = told(&warm, bytes, keys, early: early, nesting: nesting)
            #expect(found == expected, "\(String(decoding: bytes, as: UTF8.self)), early: \(early)")
        }
    }

    @Test func `are compared whole, with their quotes and colon`() {
        let keys = KeySet(["type", "a_name_of_thirty_two_bytes___"])
        var warm = Envelope(remembers: true)
        let known = utf8(#"{"type":"x","a_name_of_thirty_two_bytes___":"y","c":"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}"#)
        for _ in 0..<3 { _ = told(&warm, known, keys, early: false, nesting: 9) }
        for place in known.indices {
            for byte in utf8("x\" \\:,}\u{0}") {
                var other = known
                other[place] = byte
                var cold = Envelope()
                let expected = told(&cold, other, keys, early: false, nesting: 9)
                #expect(told(&warm, other, keys, early: false, nesting: 9) == expected)
                _ = told(&warm, known, keys, early: false, nesting: 9)
            }
        }
    }

    @Test func `are forgotten when more key sets come than there is room for`() {
        var warm = Envelope(remembers: true)
        let bytes = utf8(#"{"type":"x","b":"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"}"#)
        for _ in 0..<300 {
            // Each is freed before the next one is made, which may come to lie in its place.
            for paths in [["type"], ["b"], ["b", "type"], ["a", "b"], ["type", "a"], ["c"]] {
                let keys = KeySet(paths)
                for _ in 0..<2 { _ = warm.scan(bytes.span, for: keys, nesting: 9, early: false) }
                #expect(paths.indices.map { warm.value($0) != nil } == paths.map { ["type", "b"].contains($0) })
            }
        }
    }
}
