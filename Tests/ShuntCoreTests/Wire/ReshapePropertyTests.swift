import ShuntCore
import ShuntTesting
import Testing

/// Random rules on random messages against a model that works on lists of members.
@Suite struct ReshapePropertyTests {
    static let names = ["a", "b", "type", "message", "data", "agent_type", "é"]

    private func rules(_ generator: inout JSONGenerator) -> ReshapeRules {
        func some() -> [String] {
            Self.names.filter { _ in generator.random.chance(1, in: 5) }.shuffled(using: &generator.random)
        }
        func any() -> String { Self.names[generator.random.below(Self.names.count)] }
        func moves() -> [ReshapeRules.Move] {
            zip(some(), some()).map { ReshapeRules.Move($0, $1) }
        }
        func assignments() -> [ReshapeRules.Assignment] {
            some().map { ReshapeRules.Assignment($0, generator.value(2)) }
        }
        var rules = ReshapeRules()
        rules.rename = moves()
        rules.map = some().map {
            .init(field: $0, values: [.init("a", any()), .init("b", "\"\\"), .init("", "x")])
        }
        rules.defaults = assignments()
        rules.copy = some().map { ReshapeRules.Move(any(), $0) }
        rules.set = assignments()
        rules.drop = some()
        return rules
    }

    @Test(arguments: 0..<12)
    func `random rules do to random messages what they say`(seed: Int) throws {
        var generator = JSONGenerator(random: Dice(seed: UInt64(1000 + seed)), names: Self.names)
        for _ in 0..<120 {
            var first = rules(&generator)
            var second = rules(&generator)
            let unwrap = generator.random.chance(1, in: 2) ? "data" : nil
            first.unwrap = unwrap
            if generator.random.chance(1, in: 3) { second.wrap = Self.names[generator.random.below(7)] }
            let keys = KeySet(Self.names, unwrap: unwrap)
            let programs = try [ReshapeProgram(first, keys: keys), ReshapeProgram(second, keys: keys)]
            let afterwards = (0..<generator.random.below(3)).map { _ in
                (
                    slot: generator.random.below(Self.names.count), json: generator.value(1),
                    isSet: generator.random.chance(2, in: 3)
                )
            }
            let message = generator.space() + generator.object(3, members: 8) + generator.space()
            guard var model = ReshapeModel(message, unwrap: unwrap) else {
                Issue.record("\(message) is no object")
                continue
            }
            model.apply(first)
            model.apply(second)
            let made = reshape(message, keys: keys) { reshaper, bytes in
                for program in programs { reshaper.apply(program, bytes) }
                for edit in afterwards {
                    if edit.isSet { reshaper.set(edit.slot, json: utf8(edit.json)) } else { reshaper.drop(edit.slot) }
                }
            }
            for edit in afterwards {
                if edit.isSet { model.set(Self.names[edit.slot], edit.json) } else { model.drop(Self.names[edit.slot]) }
            }
            #expect(model.agrees(with: made), "\(message) became \(made) by \(first), \(second), then \(afterwards)")
        }
    }

    @Test func `the model itself notices a wrong message`() throws {
        var model = try #require(ReshapeModel(#"{"a":1, "b" : 2}"#, unwrap: nil))
        model.set("a", "3")
        #expect(model.agrees(with: #"{"b" : 2,"a":3}"#))
        for wrong in [#"{"b":2,"a":3}"#, #"{"a":3,"b" : 2}"#, #"{"b" : 2}"#, #"{"b" : 2,"a":3,"a":3}"#, "[]", "{"] {
            #expect(!model.agrees(with: wrong), "\(wrong)")
        }
    }
}
