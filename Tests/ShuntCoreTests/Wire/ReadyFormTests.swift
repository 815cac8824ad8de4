import ShuntCore
import ShuntTesting
import Testing

/// What is ready made against what a `Reshaper` makes step by step.
@Suite struct `Ready forms` {
    private static let names = ["a", "b", "type", "message", "é"]
    private static let keys = KeySet(names + ["message.a"], folding: "type")

    private func made(_ message: String, _ form: ReadyForm, value: String?) -> String {
        let bytes = utf8(message)
        var envelope = Envelope()
        guard envelope.scan(bytes.span, for: Self.keys, nesting: 128, early: false) == .object else { return "refused" }
        var buffer = SpliceBuffer()
        // What stands in the buffer before it is none of its business.
        for _ in 0..<3 { _ = buffer.splice(form, value: utf8("1"), envelope, bytes.span) }
        let splice =
            value.map { buffer.splice(form, value: utf8($0), envelope, bytes.span) }
            ?? buffer.splice(form, envelope, bytes.span)
        let made = buffer.bytes(of: splice, message: bytes.span)
        return made.count == splice.length ? String(decoding: made, as: UTF8.self) : "a splice of another length"
    }

    @Test(arguments: 0..<12)
    func `make of random messages what edits one by one make of them`(seed: Int) throws {
        var generator = JSONGenerator(random: Dice(seed: UInt64(4000 + seed)), names: Self.names + ["message", "TYPE"])
        for _ in 0..<200 {
            let message = generator.space() + generator.object(2, members: 8) + generator.space()
            let slots = (0..<5).filter { _ in generator.random.chance(1, in: 2) }.shuffled(using: &generator.random)
            let plain = try #require(ReadyForm(slots.map { ($0, nil) }, keys: Self.keys))
            let cut = reshape(message, keys: Self.keys) { reshaper, _ in for slot in slots { reshaper.drop(slot) } }
            #expect(made(message, plain, value: nil) == cut, "\(message) without \(slots)")

            guard let last = slots.last else { continue }
            let members = slots.dropLast().map { (slot: $0, json: generator.random.chance(70) ? utf8("[1]") : nil) }
            let whole = try #require(ReadyForm(members, open: last, keys: Self.keys))
            let value = generator.value(1)
            let tagged = reshape(message, keys: Self.keys) { reshaper, _ in
                for (slot, json) in members {
                    if let json { reshaper.set(slot, json: json) } else { reshaper.drop(slot) }
                }
                reshaper.set(last, json: utf8(value))
            }
            #expect(made(message, whole, value: value) == tagged, "\(message) with \(members), then \(last)")
        }
    }

    @Test func `are none where a bit for each slot does not do`() {
        let many = KeySet((0..<70).map { "m\($0)" })
        #expect(ReadyForm([(63, nil)], keys: many) != nil)
        #expect(ReadyForm([(64, nil)], keys: many) == nil)
        #expect(ReadyForm([(1, nil)], open: 1, keys: many) == nil, "one member twice")
        #expect(ReadyForm([(5, nil)], keys: Self.keys) == nil, "a dotted one")
        #expect(ReadyForm([(-1, nil)], keys: Self.keys) == nil)
        #expect(ReadyForm([(0, nil)], keys: KeySet(["a"], unwrap: "data")) == nil)
    }
}
