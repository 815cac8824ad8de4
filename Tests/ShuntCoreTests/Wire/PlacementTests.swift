import ShuntTesting
import Testing

@testable import ShuntCore

/// Members of dotted paths, written into messages that may have them, or their objects, or neither.
@Suite struct `Members of dotted paths` {
    private static let paths = ["m.a", "m.b", "m.d.e", "n.a"]
    private static let keys = KeySet(["x"] + paths + Placement.parents(of: paths))

    private func placed(
        _ message: String, _ values: [PlacedValue], replacing: Bool = true,
        _ edit: (inout Reshaper) -> Void = { _ in }
    ) throws -> String {
        let placement = try #require(Placement(Self.paths.enumerated().map { ($1, $0) }, keys: Self.keys))
        return reshape(message, keys: Self.keys) { reshaper, bytes in
            edit(&reshaper)
            reshaper.place(placement, values, replacing: replacing, bytes)
        }
    }

    private static let one: [PlacedValue] = [.json(utf8("1")), .kept, .kept, .kept]
    private static let all: [PlacedValue] = ["1", "2", "3", "4"].map { .json(utf8($0)) }

    @Test(arguments: [
        (#"{}"#, #"{"m":{"a":1}}"#), (#"{"x":0}"#, #"{"x":0,"m":{"a":1}}"#),
        (#"{"m":{}}"#, #"{"m":{"a":1}}"#), (#"{"m":{ }}"#, #"{"m":{"a":1 }}"#),
        (#"{"m":{"y":0},"x":0}"#, #"{"m":{"a":1,"y":0},"x":0}"#),
        (#"{"m":{"y":0,"a" : "z"}}"#, #"{"m":{"y":0,"a" : 1}}"#), (#"{"m":{"a":8,"a":9}}"#, #"{"m":{"a":1}}"#),
        (#"{"m":null}"#, #"{"m":{"a":1}}"#), (#"{"m":"t","x":0}"#, #"{"x":0,"m":{"a":1}}"#),
        (#"{"m":[1]}"#, #"{"m":{"a":1}}"#),
        (#"{"m":{"a":9},"m":{"y":0}}"#, #"{"m":{},"m":{"a":1,"y":0}}"#),
    ])
    func `one member is there afterwards, once`(message: String, expected: String) throws {
        #expect(try placed(message, Self.one) == expected)
    }

    @Test(arguments: [
        (#"{}"#, #"{"m":{"a":1,"b":2,"d":{"e":3}},"n":{"a":4}}"#),
        (#"{"m":{"y":0}}"#, #"{"m":{"a":1,"b":2,"d":{"e":3},"y":0},"n":{"a":4}}"#),
        (#"{"m":{"d":{}},"n":{}}"#, #"{"m":{"a":1,"b":2,"d":{"e":3}},"n":{"a":4}}"#),
        (#"{"m":{"d":{"y":0},"b":9}}"#, #"{"m":{"a":1,"d":{"e":3,"y":0},"b":2},"n":{"a":4}}"#),
        (#"{"m":{"d":7}}"#, #"{"m":{"a":1,"b":2,"d":{"e":3}},"n":{"a":4}}"#),
    ])
    func `several share the objects on their way`(message: String, expected: String) throws {
        #expect(try placed(message, Self.all) == expected)
    }

    @Test(arguments: [
        (#"{"m":{"b":2}}"#, #"{"m":{"a":1}}"#), (#"{"m":{"b":2,"b":3}}"#, #"{"m":{"a":1}}"#),
        (#"{"m":{"b":2,"y":0}}"#, #"{"m":{"a":1,"y":0}}"#), (#"{"m":{"y":0,"b":2}}"#, #"{"m":{"a":1,"y":0}}"#),
        (#"{"m":{"a":9,"b":2}}"#, #"{"m":{"a":1}}"#), (#"{"m":{"b":{"d":1}},"x":0}"#, #"{"m":{"a":1},"x":0}"#),
    ])
    func `what is dropped leaves no comma behind`(message: String, expected: String) throws {
        #expect(try placed(message, [.json(utf8("1")), .dropped, .kept, .kept]) == expected)
    }

    @Test func `nothing is made for nothing`() throws {
        for message in [#"{"x":0}"#, #"{"m":{"y":0}}"#, #"{"m":7}"#] {
            #expect(try placed(message, [.kept, .dropped, .kept, .dropped]) == message)
        }
    }

    @Test func `what is no object stays where it may not give way`() throws {
        #expect(try placed(#"{"m":"t"}"#, Self.one, replacing: false) == #"{"m":"t"}"#)
        #expect(try placed(#"{"m":{"d":"t"}}"#, Self.all, replacing: false).contains(#""d":"t""#))
        #expect(try placed(#"{"m":null}"#, Self.one, replacing: false) == #"{"m":{"a":1}}"#)
    }

    @Test func `objects that rules made, and wrappers, are left alone`() throws {
        let keys = KeySet(["x", "m", "m.a"])
        let placement = try #require(Placement([("m.a", 0)], keys: keys))
        func after(_ message: String, _ rules: ReshapeRules) throws -> String {
            let program = try ReshapeProgram(rules, keys: keys)
            return reshape(message, keys: keys) { reshaper, bytes in
                reshaper.apply(program, bytes)
                reshaper.place(placement, Self.one, replacing: false, bytes)
            }
        }
        #expect(try after(#"{"x":{"y":0}}"#, rules { $0.rename = [.init("x", "m")] }) == #"{"m":{"y":0}}"#)
        #expect(try after(#"{"m":{"y":0}}"#, rules { $0.drop = ["m"] }) == #"{"m":{"a":1}}"#)
        #expect(try after(#"{"y":0}"#, rules { $0.wrap = "m" }) == #"{"m":{"y":0}}"#)
        #expect(try after(#"{"y":0}"#, rules { $0.wrap = "w" }) == #"{"w":{"y":0},"m":{"a":1}}"#)
    }

    @Test(arguments: 0..<6)
    func `random messages say afterwards what they were to say`(seed: Int) throws {
        var generator = JSONGenerator(
            random: Dice(seed: UInt64(4000 + seed)), names: ["m", "a", "b", "d", "e", "n"])
        for _ in 0..<200 {
            let message = generator.space() + generator.object(4, members: 5)
            let values = Self.paths.indices.map { index -> PlacedValue in
                switch generator.random.below(4) {
                case 0: .kept
                case 1: .dropped
                default: .json(utf8("\(index)"))
                }
            }
            let made = try placed(message, values)
            let (before, after) = (try read(message), try read(made))
            for (index, value) in values.enumerated() {
                let expected: String? =
                    switch value {
                    case .kept: before[index]
                    case .dropped: nil
                    case .json: "\(index)"
                    }
                #expect(after[index] == expected, "\(Self.paths[index]) of \(message), which became \(made)")
            }
        }
    }

    /// What a message says at each path; an error where it is no message.
    private func read(_ message: String) throws -> [String?] {
        let bytes = utf8(message)
        var envelope = Envelope()
        try #require(envelope.scan(bytes.span, for: Self.keys, nesting: 128, early: false) == .object, "\(message)")
        return Self.paths.map { path in
            Self.keys.slot(path).flatMap { envelope.value($0) }.map {
                String(decoding: bytes[$0.start..<$0.end], as: UTF8.self)
            }
        }
    }
}
