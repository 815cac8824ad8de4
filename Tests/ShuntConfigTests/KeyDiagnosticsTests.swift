import ShuntConfig
import Testing

/// What is said about keys: unknown ones, missing ones, those of later work.
struct KeyDiagnosticsTests {
    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "an unknown key gets the word that was meant",
            #"""
            routes:
              guide:
                match: {agent_type: guide}
                servd_by: legacy
                legacy: {upstream: "ws://127.0.0.1:7101/g"}
            """#,
            #"""
            4:5: error: routes.guide.servd_by: unknown key "servd_by"; did you mean "served_by"?
            """#),
        DiagnosticCase(
            "an unknown key far from every word gets the list of words",
            #"""
            \#(oneRoute)
            drain: {colour: red}
            """#,
            #"""
            3:9: error: drain.colour: unknown key "colour"; allowed: exchanges, limit or spread
            """#),
        DiagnosticCase(
            "a key that another has replaced",
            #"""
            limits: {handshakes_in_progress: 200, handshakes: {bytes: 1KiB, count: 3}}
            \#(oneRoute)
            """#,
            #"""
            1:10: error: limits.handshakes_in_progress: there is no handshakes_in_progress any more; handshakes under \#
            way are bounded in bytes, not in number: handshakes: {bytes: 64MiB}, for the whole process
            1:59: error: limits.handshakes.bytes: found "1KiB"; allowed: a size such as 512, 64KiB or 16MiB, from \#
            256KiB to 1TiB
            1:65: error: limits.handshakes.count: unknown key "count"; allowed: bytes
            """#),
        DiagnosticCase(
            "everything wrong is told at once, in the order of the file",
            #"""
            limits: {mesage: 1MiB, nesting: deep}
            log: {level: warn}
            drain: {exchanges: 30}
            routes:
              guide: {match: {agent_type: guide}, served_by: legcy}
            """#,
            #"""
            1:10: error: limits.mesage: unknown key "mesage"; did you mean "message"?
            1:33: error: limits.nesting: found "deep"; allowed: a whole number from 1 to 10000
            2:14: error: log.level: found "warn"; allowed: trace, debug, info, notice, warning, error or critical; \#
            did you mean "warning"?
            3:20: error: drain.exchanges: found "30"; allowed: a duration such as 250ms, 8s, 30m or 1h, from 0s to \#
            1d; did you mean "30s"?; a duration needs its unit
            5:50: error: routes.guide.served_by: found "legcy"; allowed: legacy, unified or {unified: 25%}; did \#
            you mean "legacy"?
            """#),
        DiagnosticCase(
            "a misspelt section",
            #"""
            lisen: {}
            \#(oneRoute)
            """#,
            #"""
            1:1: error: lisen: unknown key "lisen"; did you mean "listen"?
            """#),
        DiagnosticCase(
            "a place for anchors, at the top only",
            #"""
            x-exchange: &exchange {timeout: 9s, queue: {messages: 3}}
            x-: [1, {a: b}]
            upstream_defaults: {exchange: *exchange, x-pool: {}}
            xlog: {}
            \#(oneRoute)
            """#,
            #"""
            3:42: error: upstream_defaults.x-pool: unknown key "x-pool"; did you mean "pool"?
            4:1: error: xlog: unknown key "xlog"; did you mean "log"?
            """#),
        DiagnosticCase(
            "no routes",
            #"""
            log: {level: info}
            """#,
            #"""
            1:1: error: the key routes is missing; add at least one agent under routes; every other key has a default
            """#),
        DiagnosticCase(
            "empty routes",
            #"""
            routes:
            """#,
            #"""
            1:8: error: routes: there are no routes; add at least one agent; see the example in config.yaml
            """#),
        DiagnosticCase(
            "a section that is no mapping",
            #"""
            \#(oneRoute)
            limits: 12
            """#,
            #"""
            3:9: error: limits: found "12"; allowed: a mapping (lines of key: value)
            """#),
        DiagnosticCase(
            "a root that is no mapping",
            #"""
            - guide
            """#,
            #"""
            1:1: error: found a list; allowed: a mapping (lines of key: value)
            """#),
        DiagnosticCase(
            "validation of later work",
            #"""
            session: {validate: {with: jwt, keys: k}, recheck: 1m}
            \#(oneRoute)
            """#,
            #"""
            1:39: error: session.validate.keys: found "k"; allowed: a mapping (lines of key: value)
            1:43: error: session.recheck: not supported yet; without it a session service is asked once for each \#
            socket; remove the key
            """#),
    ]
}
