import ShuntCore
import Testing

@Suite struct ReshapeTests {
    // MARK: Single edits

    /// What is dropped, from what, and what stays.
    static let dropped: [(String, String)] = [
        (#"{"a":1}"#, "{}"), (#"{ "a" : 1 }"#, "{ }"), (#"{"a":1,"a":2}"#, "{}"),
        (#"{"a":1,"x":2}"#, #"{"x":2}"#), (#"{"x":1,"a":2}"#, #"{"x":1}"#),
        (#"{"x":1,"a":2,"y":3}"#, #"{"x":1,"y":3}"#), (#"{"a":0,"x":1,"a":2,"y":3,"a":4}"#, #"{"x":1,"y":3}"#),
        (#"{"x":1,"a":2,"b":3}"#, #"{"x":1}"#), (#"{"x":1,"a":2,"b":3,"a":4}"#, #"{"x":1}"#),
        (#"{"a":1,"b":2,"x":3}"#, #"{"x":3}"#), (#"{"a":1,"x":3,"b":2}"#, #"{"x":3}"#),
        (#"{"x":{"a":1},"a":{"x":1}}"#, #"{"x":{"a":1}}"#), (#"{"\u0061":1,"x":"a"}"#, #"{"x":"a"}"#),
        (" { \"x\" : 1 , \"a\" : 2 } ", " { \"x\" : 1 } "), (" { \"a\" : 1 , \"x\" : 2 } ", " { \"x\" : 2 } "),
        (#"{"x":1}"#, #"{"x":1}"#), (#"{}"#, #"{}"#),
    ]

    @Test func `dropped members go with one comma, all duplicates of them`() throws {
        for (message, expected) in Self.dropped {
            #expect(try reshape(message, rules { $0.drop = ["a", "b"] }) == expected, "\(message)")
        }
    }

    @Test func `set members come before the closing brace, once`() throws {
        let set = rules { $0.set = [.init("a", #""A""#), .init("b", "[1]")] }
        for (message, expected) in [
            (#"{}"#, #"{"a":"A","b":[1]}"#), ("{ }", #"{ "a":"A","b":[1]}"#),
            (#"{"x":1}"#, #"{"x":1,"a":"A","b":[1]}"#), (#"{"a":1,"x":2}"#, #"{"x":2,"a":"A","b":[1]}"#),
            (#"{"a":1,"b":2}"#, #"{"a":"A","b":[1]}"#), (#"{"x":2,"a":1,"a":3}"#, #"{"x":2,"a":"A","b":[1]}"#),
            (" {\"x\":\"}\"} \n", " {\"x\":\"}\",\"a\":\"A\",\"b\":[1]} \n"),
        ] {
            #expect(try reshape(message, set) == expected, "\(message)")
        }
    }

    @Test func `rename and copy never overwrite a member that is there`() throws {
        let rename = rules { $0.rename = [.init("a", "b")] }
        #expect(try reshape(#"{"a":1,"x":2}"#, rename) == #"{"x":2,"b":1}"#)
        #expect(try reshape(#"{"a":1,"b":2}"#, rename) == #"{"a":1,"b":2}"#)
        #expect(try reshape(#"{"a":1,"a":2}"#, rename) == #"{"b":2}"#)
        #expect(try reshape(#"{"b":1}"#, rename) == #"{"b":1}"#)
        let copy = rules { $0.copy = [.init("a", "b")] }
        #expect(try reshape(#"{"a":1,"x":2}"#, copy) == #"{"a":1,"x":2,"b":1}"#)
        #expect(try reshape(#"{"a":1,"b":2}"#, copy) == #"{"a":1,"b":2}"#)
        #expect(try reshape(#"{"x":1}"#, copy) == #"{"x":1}"#)
    }

    @Test func `a default is for a member that is absent`() throws {
        let fallback = rules { $0.defaults = [.init("type", #""message""#)] }
        #expect(try reshape(#"{"x":1}"#, fallback) == #"{"x":1,"type":"message"}"#)
        #expect(try reshape(#"{"type":null}"#, fallback) == #"{"type":null}"#)
    }

    @Test func `values map by what the string means and others stay`() throws {
        let map = rules {
            $0.map = [.init(field: "type", values: [.init("response", "message"), .init("é", "\"q\"")])]
        }
        #expect(try reshape(#"{"type":"response","x":1}"#, map) == #"{"x":1,"type":"message"}"#)
        #expect(try reshape(#"{"type":"r\u0065sponse"}"#, map) == #"{"type":"message"}"#)
        #expect(try reshape(#"{"type":"\u00e9"}"#, map) == #"{"type":"\"q\""}"#)
        #expect(try reshape(#"{"type":"responses"}"#, map) == #"{"type":"responses"}"#)
        #expect(try reshape(#"{"type":7}"#, map) == #"{"type":7}"#)
        #expect(try reshape(#"{"type":"x","type":"response"}"#, map) == #"{"type":"message"}"#)
        #expect(try reshape(#"{"type":"response","type":"x"}"#, map) == #"{"type":"x"}"#, "nobody reads the first")
    }

    @Test func `large values move without being copied`() throws {
        let long = String(repeating: "long ", count: 50)
        let made = try reshape(#"{"a":"\#(long)","x":1}"#, rules { $0.rename = [.init("a", "b")] })
        #expect(made == #"{"x":1,"b":"\#(long)"}"#)
    }

    @Test func `one long literal may stand at many members, inside of wrappers and beside them`() throws {
        let long = "\"" + String(repeating: "long ", count: 400) + "\""
        let first = rules {
            $0.set = [.init("a", long)]
            $0.wrap = "w"
        }
        let second = rules {
            $0.defaults = [.init("a", long)]
            $0.copy = [.init("a", "b"), .init("a", "c"), .init("a", "d")]
            $0.wrap = "v"
        }
        let keys = KeySet(["a", "b", "c", "d"])
        let programs = try [ReshapeProgram(first, keys: keys), ReshapeProgram(second, keys: keys)]
        let made = reshape("{}", keys: keys) { reshaper, bytes in
            for program in programs { reshaper.apply(program, bytes) }
            reshaper.set(3, json: utf8(long))
        }
        let inner = #"{"w":{"a":\#(long)},"a":\#(long),"b":\#(long),"c":\#(long),"d":\#(long)}"#
        #expect(made == #"{"v":\#(inner),"d":\#(long)}"#)
    }

    // MARK: Wrapping

    @Test func `the members of the wrapper are lifted`() throws {
        let unwrap = rules {
            $0.unwrap = "data"; $0.drop = ["a"]
        }
        for (message, expected) in [
            (#"{"data":{"x":1}}"#, #"{"x":1}"#), (#"{"t":0,"data":{"x":1},"u":2}"#, #"{"t":0,"x":1,"u":2}"#),
            (#"{"t":0,"data": { "x" : 1 , "y":2 } ,"u":2}"#, #"{"t":0,"x" : 1 , "y":2 ,"u":2}"#),
            (#"{"data":{}}"#, #"{}"#), (#"{"t":0,"data":{}}"#, #"{"t":0}"#), (#"{"data":{},"t":0}"#, #"{"t":0}"#),
            (#"{"s":1,"data":{},"t":0}"#, #"{"s":1,"t":0}"#), (#"{"data":{},"data":{}}"#, #"{}"#),
            (#"{"data":{"a":1},"t":0}"#, #"{"t":0}"#), (#"{"t":0,"data":{"a":1}}"#, #"{"t":0}"#),
            (#"{"t":0,"data":{"a":1},"a":2}"#, #"{"t":0}"#), (#"{"a":0,"data":{"a":1},"a":2}"#, #"{}"#),
            (#"{"t":0,"data":{"x":1,"a":1},"a":2}"#, #"{"t":0,"x":1}"#),
            (#"{"t":0,"data":{"a":1,"x":1},"a":2,"u":3}"#, #"{"t":0,"x":1,"u":3}"#),
            (#"{"data":{"x":1},"t":0,"data":{"y":2}}"#, #"{"x":1,"t":0,"y":2}"#),
            (#"{"data":[{"x":1}],"t":0}"#, #"{"data":[{"x":1}],"t":0}"#),
            (#"{"data":{"data":{"x":1}}}"#, #"{"data":{"x":1}}"#), (#"{"d\u0061ta":{"x":1}}"#, #"{"x":1}"#),
        ] {
            #expect(try reshape(message, unwrap) == expected, "\(message)")
        }
    }

    @Test func `the whole object goes under the wrap key and later edits stand beside it`() throws {
        let wrap = rules {
            $0.set = [.init("a", "1")]; $0.wrap = "data"
        }
        #expect(try reshape(#"{"x":1}"#, wrap) == #"{"data":{"x":1,"a":1}}"#)
        #expect(try reshape("{}", wrap) == #"{"data":{"a":1}}"#)
        #expect(try reshape("{}", rules { $0.wrap = "d\"" }) == #"{"d\"":{}}"#)

        let keys = KeySet(["a", "type", "pillar"])
        let program = try ReshapeProgram(wrap, keys: keys)
        let tagged = reshape(#"{"type":"x","pillar":"p"}"#, keys: keys) { reshaper, bytes in
            reshaper.drop(2)
            reshaper.apply(program, bytes)
            reshaper.set(1, json: utf8(#""agent_response""#))
            reshaper.set(2, json: utf8(#""content""#))
            reshaper.drop(0)
        }
        #expect(tagged == #"{"data":{"type":"x","a":1},"type":"agent_response","pillar":"content"}"#)

        let twice = reshape(#"{"x":1}"#, keys: keys) { reshaper, bytes in
            reshaper.apply(program, bytes)
            reshaper.apply(program, bytes)
            reshaper.set(1, json: utf8("2"))
        }
        #expect(twice == #"{"data":{"data":{"x":1,"a":1},"a":1},"type":2}"#)
    }

    // MARK: The shapes of the field

    @Test func `a legacy guide reply becomes the unified one`() throws {
        let toUnified = rules {
            $0.map = [.init(field: "type", values: [.init("response", "message")])]
            $0.drop = ["response"]
        }
        let reply =
            #"{"type":"response","message":"Hi \"you\"","agent_type":"guide","response":"Hi","intent":{"a":[1,2]},"suggested_routes":["/x"]}"#
        #expect(
            try reshape(reply, toUnified)
                == #"{"message":"Hi \"you\"","agent_type":"guide","intent":{"a":[1,2]},"suggested_routes":["/x"],"type":"message"}"#
        )
    }

    @Test func `a unified liaison reply gets type and message`() throws {
        let toUnified = rules {
            $0.rename = [.init("response", "message")]
            $0.map = [.init(field: "type", values: [.init("response", "message")])]
            $0.defaults = [.init("type", #""message""#)]
            $0.drop = ["success", "agent"]
        }
        let reply =
            #"{"success":true,"response":"M","conversation_id":"C","agent":"insights_liaison","agent_type":"liaison","pillar":"insights"}"#
        #expect(
            try reshape(reply, toUnified)
                == #"{"conversation_id":"C","agent_type":"liaison","pillar":"insights","message":"M","type":"message"}"#
        )
    }

    @Test func `a reply of the older generation is lifted out of data`() throws {
        let toUnified = rules {
            $0.unwrap = "data"
            $0.map = [.init(field: "type", values: [.init("agent_response", "message")])]
        }
        let reply =
            #"{"type":"agent_response","data":{"message":"M","x":[{}]},"pillar":"content","conversation_id":"C","timestamp":1}"#
        #expect(
            try reshape(reply, toUnified)
                == #"{"message":"M","x":[{}],"pillar":"content","conversation_id":"C","timestamp":1,"type":"message"}"#)
    }

    @Test func `a client cannot keep a token by writing it twice or in escapes`() throws {
        let request = rules { $0.drop = ["session_token"] }
        let message = #"{"session_token":"a","message":"m","session\u005ftoken":"b","session_token":"c"}"#
        #expect(try reshape(message, request) == #"{"message":"m"}"#)
    }

    // MARK: Dotted paths

    @Test func `a member one level down is set or dropped where it stands`() {
        let keys = KeySet(["p.id", "p.x", "id"])
        func edited(_ message: String, _ edit: (inout Reshaper) -> Void) -> String {
            reshape(message, keys: keys) { reshaper, _ in edit(&reshaper) }
        }
        let set: (inout Reshaper) -> Void = { $0.set(0, json: utf8("7")) }
        #expect(edited(#"{"p":{"id":1,"y":2}}"#, set) == #"{"p":{"id":7,"y":2}}"#)
        #expect(edited(#"{"p":{"id":1,"id":3},"p":{"id" : "" }}"#, set) == #"{"p":{"id":7,"id":7},"p":{"id" : 7 }}"#)
        #expect(edited(#"{"p":{"y":1}}"#, set) == #"{"p":{"y":1}}"#)
        #expect(edited(#"{"p":{"id":1},"p":{}}"#, set) == #"{"p":{"id":7},"p":{}}"#)
        let drop: (inout Reshaper) -> Void = {
            $0.drop(0)
            $0.drop(1)
        }
        #expect(edited(#"{"p":{"y":1,"id":1,"id":2}}"#, drop) == #"{"p":{"y":1}}"#)
        #expect(edited(#"{"p":{"id":1,"y":1,"x":2},"id":3}"#, drop) == #"{"p":{"y":1},"id":3}"#)
        #expect(edited(#"{"p":{"id":1,"x":1},"p":{"x":1}}"#, drop) == #"{"p":{},"p":{}}"#)
        #expect(edited(#"{"p":{"id":1},"p":3}"#, drop) == #"{"p":{},"p":3}"#)
    }

    @Test func `a nested edit inside of a member that goes is gone`() {
        let keys = KeySet(["p", "p.id"])
        let made = reshape(#"{"x":1,"p":{"id":1,"y":2},"p":{"id":3}}"#, keys: keys) { reshaper, _ in
            reshaper.set(1, json: utf8("7"))
            reshaper.drop(0)
        }
        #expect(made == #"{"x":1}"#)
    }

    // MARK: Reading while editing

    @Test func `a slot tells its present value`() throws {
        let keys = KeySet(["a", "b", "c"])
        let program = try ReshapeProgram(rules { $0.rename = [.init("a", "b")] }, keys: keys)
        _ = reshape(#"{"a":"x"}"#, keys: keys) { reshaper, bytes in
            reshaper.apply(program, bytes)
            #expect(!reshaper.isPresent(0))
            let renamed = reshaper.value(1, bytes)
            let isX = reshaper.equals(1, bytes, utf8("x"))
            #expect(renamed == utf8(#""x""#))
            #expect(isX)
            reshaper.set(2, json: utf8(#""\u0079""#))
            let set = reshaper.value(2, bytes)
            let isY = reshaper.equals(2, bytes, utf8("y"))
            let absent = reshaper.value(0, bytes)
            #expect(set == utf8(#""\u0079""#))
            #expect(isY)
            #expect(absent == nil)
            #expect(!reshaper.isPresent(-1) && !reshaper.isPresent(99))
            reshaper.drop(-1)
            reshaper.drop(99)
        }
    }

    @Test func `a message that nothing changes is one piece of itself`() throws {
        let keys = KeySet(["a"])
        let bytes = utf8(#"{"x":1}"#)
        var envelope = Envelope()
        _ = envelope.scan(bytes.span, for: keys, nesting: 9, early: false)
        var reshaper = Reshaper()
        reshaper.begin(envelope)
        reshaper.drop(0)
        var buffer = SpliceBuffer()
        _ = reshaper.finish(envelope, keys: keys, bytes.span, into: &buffer)
        #expect(buffer.pieces == [Piece(origin: .message, start: 0, count: 7)])
        #expect(buffer.literals.isEmpty)
    }

    @Test func `after an early scan what follows stays and is followed`() {
        let keys = KeySet(["a", "b"])
        let edit: (inout Reshaper, Span<UInt8>) -> Void = { reshaper, _ in
            reshaper.drop(0)
            reshaper.set(1, json: utf8("9"))
        }
        #expect(reshape(#"{"a":1,"b":2,"x":3} "#, keys: keys, early: true, edit) == #"{"x":3,"b":9} "#)
        #expect(reshape(#"{"a":1,"b":2}"#, keys: keys, early: true, edit) == #"{"b":9}"#)
        #expect(reshape(#"{"x":0,"a":1,"b":2,"a":3}"#, keys: keys, early: true, edit) == #"{"x":0,"a":3,"b":9}"#)
    }

    // MARK: Programs

    @Test func `rules that cannot be meant are refused in words`() {
        let bad: [(ReshapeRules, String)] = [
            (rules { $0.set = [.init("a", "x")] }, "set: the value of 'a' is not JSON: x"),
            (rules { $0.set = [.init("a", "1,\"b\":2")] }, "set: the value of 'a' is not JSON: 1,\"b\":2"),
            (rules { $0.set = [.init("a", "1}")] }, "set: the value of 'a' is not JSON: 1}"),
            (rules { $0.set = [.init("a", "")] }, "set: the value of 'a' is not JSON: "),
            (rules { $0.defaults = [.init("a", "{")] }, "default: the value of 'a' is not JSON: {"),
            (rules { $0.set = [.init("a", "1"), .init("a", "2")] }, "set: 'a' stands there twice"),
            (rules { $0.rename = [.init("a", "b"), .init("c", "b")] }, "rename (new name): 'b' stands there twice"),
            (rules { $0.drop = ["a.b"] }, "drop: 'a.b' has a dot, but rules act on members of the top level only"),
            (rules { $0.drop = [""] }, "drop: a member's name is empty"),
            (rules { $0.wrap = "" }, "wrap: a member's name is empty"),
            (
                rules { $0.copy = [.init("a.b", "c")] },
                "copy: 'a.b' has a dot, but rules act on members of the top level only"
            ),
            (
                rules { $0.map = [.init(field: "t", values: [.init("a", "b"), .init("a", "c")])] },
                "map: 't' maps 'a' twice"
            ),
        ]
        for (rules, text) in bad {
            let keys = KeySet(ReshapeProgram.paths(of: rules), unwrap: rules.unwrap)
            #expect(throws: ReshapeProblem(text)) { try ReshapeProgram(rules, keys: keys) }
        }
        let unwrap = rules { $0.unwrap = "data" }
        #expect(throws: ReshapeProblem("unwrap: the keys of this message do not lift 'data'")) {
            try ReshapeProgram(unwrap, keys: KeySet([]))
        }
        #expect(throws: ReshapeProblem("drop: 'a' is not among the keys of this message")) {
            try ReshapeProgram(rules { $0.drop = ["a"] }, keys: KeySet(["b"]))
        }
    }

    @Test func `a program without rules is empty`() throws {
        #expect(ReshapeProgram().isEmpty)
        #expect(try ReshapeProgram(ReshapeRules(), keys: KeySet([])).isEmpty)
        #expect(try !ReshapeProgram(rules { $0.unwrap = "d" }, keys: KeySet([], unwrap: "d")).isEmpty)
        #expect(try !ReshapeProgram(rules { $0.drop = ["d"] }, keys: KeySet(["d"])).isEmpty)
    }
}
