import ShuntConfig
import ShuntCore
import Testing

@Suite struct `Absorb and heartbeat` {
    private static let text = #"""
        unified:
          absorb: {ping: {answer: {type: pong, id: "{id}", at: ["{data.at}"]}}, heartbeat: drop}
          heartbeat: {send: {type: heartbeat}, every: 3s}
          one_way: [pong]
        legacy_defaults:
          heartbeat: {absorb: {ping: {answer: '{"type":"pong"}'}}, send: '{"a":1}'}
        routes:
          a: {match: {agent_type: a}, legacy: {path: /a, upstream: "ws://a/"}}
          b: {match: {agent_type: b}, legacy: {path: /b, upstream: "ws://a/", heartbeat: {absorb: {ping: drop, x: drop}}}}
          c: {match: {agent_type: c}, legacy: {path: /c, upstream: "ws://a/", heartbeat: {absorb: [y]}}}
        """#

    private func definition(_ text: String) throws -> TableDefinition {
        let outcome = ConfigReader.read(text: text, file: "config.yaml", environment: [:])
        // That nobody answers what is one_way is told elsewhere.
        #expect(outcome.diagnostics.filter { !$0.description.contains("unified.one_way: correlation: fifo") } == [])
        return try #require(outcome.settings).table.definition
    }

    @Test func `one shape for both kinds of endpoint: a list, or types with what is done with them`() throws {
        let definition = try definition(Self.text)
        #expect(
            definition.addressing.absorb == [
                AbsorbedType("ping", answer: #"{"type":"pong","id":"{id}","at":["{data.at}"]}"#), "heartbeat",
            ])
        #expect(
            definition.routes.map { $0.endpoint?.heartbeat?.absorb } == [
                [AbsorbedType("ping", answer: #"{"type":"pong"}"#)], ["ping", "x"], ["y"],
            ])
    }

    @Test func `the unified endpoint has a heartbeat where it is set, and none by default`() throws {
        let beat = BeatSettings(send: #"{"type":"heartbeat"}"#, every: .seconds(3))
        #expect(try definition(Self.text).addressing.heartbeat == beat)
        for other in ["off", "", "null", "{}"] {
            let changed = Self.text.replacing("{send: {type: heartbeat}, every: 3s}", with: other)
            #expect(try definition(changed).addressing.heartbeat == nil)
        }
        #expect(try definition(oneRoute).addressing.heartbeat == nil)
    }

    @Test func `a type that is one_way is not absorbed by default`() throws {
        let definition = try definition("unified: {one_way: [ping]}\n" + oneRoute)
        #expect(definition.addressing.absorb == ["heartbeat", "pong"])
        #expect(definition.addressing.oneWay == ["ping"])
    }

    @Test func `errors repeat request_id by default, or what is listed`() throws {
        #expect(try definition(oneRoute).addressing.echo == ["request_id"])
        #expect(try definition("unified: {echo: []}\n" + oneRoute).addressing.echo == [])
        #expect(try definition("unified: {echo: [a, b]}\n" + oneRoute).addressing.echo == ["a", "b"])
    }

    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "echo",
            #"""
            unified: {echo: [id, code, session_token, a.b, pillar, id]}
            \#(oneRoute)
            """#,
            #"""
            1:17: error: unified.echo: a member stands there twice
            1:22: error: unified.echo[1]: errors have a member "code" of their own; remove it from echo
            1:28: error: unified.echo[2]: the token is never repeated
            1:43: error: unified.echo[3]: only members of the top level are repeated
            1:48: error: unified.echo[4]: errors have a member "pillar" of their own; remove it from echo
            """#),
        DiagnosticCase(
            "answers",
            #"""
            unified:
              absorb:
                a: {answer: {id: {id}}}
                b: {answer: {id: "x-{id}", "{k}": 1}}
                c: {answer: '{"id":{id}}'}
                d: dorp
                e: {}
                f: {answer: {}, anwser: {}}
                g: [drop]
                h: {answer: {id: "{}", args: '{"a":{}}', of: {}}}
                i: {answer: '{"id":"{ id }"}'}
            \#(oneRoute)
            """#,
            #"""
            3:17: error: unified.absorb.a.answer: {id} without quotes is a mapping; write "{id}"
            4:17: warning: unified.absorb.b.answer: {id} in it means nothing: it is sent as it stands; braces stand \#
            for a member only as a whole value, such as id: "{id}"
            5:17: error: unified.absorb.c.answer: found "{"id":{id}}"; allowed: one JSON object as text, or a \#
            mapping; a member of the message is repeated by its name in braces and quotes: "{id}"
            6:8: error: unified.absorb.d: found "dorp"; allowed: drop or {answer: {type: pong, id: "{id}"}}; did you \#
            mean "drop"?
            7:8: error: unified.absorb.e: the key answer is missing; allowed: drop or {answer: {type: pong, id: \#
            "{id}"}}
            8:21: error: unified.absorb.f.anwser: unknown key "anwser"; did you mean "answer"?
            9:8: error: unified.absorb.g: found a list; allowed: drop or {answer: {type: pong, id: "{id}"}}
            10:17: warning: unified.absorb.h.answer: {} in it means nothing: it is sent as it stands; braces stand \#
            for a member only as a whole value, such as id: "{id}"
            11:17: warning: unified.absorb.i.answer: { id } in it means nothing: it is sent as it stands; braces \#
            stand for a member only as a whole value, such as id: "{id}"
            """#),
        DiagnosticCase(
            "heartbeats",
            #"""
            unified:
              heartbeat: {absorb: [ping], send: {type: "{agent}"}}
              one_way: [typing, x]
              upstream: {url: "ws://a/u", pushes: {ping: {answer: {id: "{id}"}}}}
            legacy_defaults: {heartbeat: {absorb: {x: drop}, send: '{"a":"{b}"}'}}
            routes:
              a: {match: {agent_type: a}, legacy: {path: /a, upstream: "ws://a/"}}
              b: {match: {agent_type: b}, legacy: {path: /b, upstream: "ws://b/", heartbeat: {absorb: [x, typing]}}}
            """#,
            #"""
            2:23: error: unified.heartbeat.absorb: absorb stands beside heartbeat on the unified endpoint; write it \#
            as unified.absorb
            2:37: warning: unified.heartbeat.send: {agent} in it means nothing: it is sent as it stands; members are \#
            repeated by absorb: {TYPE: {answer: …}} alone
            3:12: warning: unified.one_way: correlation: fifo of unified, a, b: whatever such a backend answers to one \#
            of these types is taken for the reply to another message; make sure that it says nothing to them, not \#
            even an error, or set correlation: {field: …}
            4:55: warning: unified.upstream.pushes.ping.answer: {id} in it means nothing: it is sent as it stands; \#
            members are repeated by absorb: {TYPE: {answer: …}} alone
            5:56: warning: legacy_defaults.heartbeat.send: {b} in it means nothing: it is sent as it stands; members \#
            are repeated by absorb: {TYPE: {answer: …}} alone
            7:39: error: routes.a.legacy: "x" is absorbed here and one_way in unified; an absorbed message is never \#
            routed: keep it in one of them
            8:91: error: routes.b.legacy.heartbeat.absorb: "x" is absorbed here and one_way in unified; an absorbed \#
            message is never routed: keep it in one of them
            8:91: error: routes.b.legacy.heartbeat.absorb: "typing" is absorbed here and one_way in unified; an \#
            absorbed message is never routed: keep it in one of them
            """#),
    ]
}
