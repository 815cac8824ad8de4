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
        DiagnosticCase(
            "validation that does not fit together",
            #"""
            session:
              anonymous: allow
              validate:
                with: jwt
                keys: [{file: k.pem, url: "https://a/"}, {secret: abc}, {url: "ftp://a/"}, {}]
                algorithms: [RS256, none]
                claims: {session: [sid, sub], roles: ""}
            \#(oneRoute)
            """#,
            #"""
            5:12: error: session.validate.keys[0]: file and url stand side by side; allowed: {file: keys.pem}, \#
            {url: "https://…", refresh: 5m}, {secret: "${NAME}"} or {secret_file: secret}
            5:55: error: session.validate.keys[1].secret: the secret itself stands in the file; allowed: secret: \#
            "${NAME}"; let it come from the environment, or name a secret_file: whoever has it can make tokens
            5:67: error: session.validate.keys[2].url: found "ftp://a/"; allowed: a url such as \#
            https://id.example.com/jwks.json
            5:80: error: session.validate.keys[3]: no place of keys; allowed: {file: keys.pem}, {url: "https://…", \#
            refresh: 5m}, {secret: "${NAME}"} or {secret_file: secret}
            6:25: error: session.validate.algorithms[1]: found "none"; allowed: RS256, RS384, RS512, PS256, PS384, \#
            PS512, ES256, ES384, ES512, EdDSA, HS256, HS384 or HS512
            7:42: error: session.validate.claims.roles: found ""; allowed: the name of a claim, such as sub or \#
            realm.tenant
            """#),
        DiagnosticCase(
            "validation that works and is unwise",
            #"""
            session:
              anonymous: allow
              validate: {with: jwt, keys: [{url: "http://id.example.com/jwks"}]}
              refresh: {type: renew}
            \#(oneRoute)
            """#,
            #"""
            2:14: warning: session.anonymous: clients without a token are let in beside those that are validated; each \#
            is a session alone, which no upstream is told an identity of; deny is the default here
            3:13: warning: session.validate: no audience is named; tokens that the same issuer made for other services \#
            are good here, too: set audience
            3:13: warning: session.validate: no issuer is named; whoever has one of the keys is believed: set issuer
            3:13: warning: session.validate: tokens stand in the query of the handshake; proxies in front write it to \#
            their access logs: let them leave the query out
            3:38: warning: session.validate.keys[0].url: the url is not encrypted; whoever can read or change what \#
            passes there decides who is let in
            4:12: warning: session.refresh: no newer token is ever taken on an open socket; name the session in \#
            validate.claims.session: two tokens of one session are told by it
            """#),
        DiagnosticCase(
            "secrets, and algorithms that take none",
            #"""
            session:
              validate: {with: jwt, keys: [{secret_file: s}], issuer: a, audience: b}
            \#(oneRoute)
            """#,
            #"""
            2:13: warning: session.validate: tokens stand in the query of the handshake; proxies in front write it to \#
            their access logs: let them leave the query out
            2:31: error: session.validate.keys: no algorithm takes the secret; a secret is for HS256, HS384 or HS512: \#
            list them in algorithms
            """#),
        DiagnosticCase(
            "a session service",
            #"""
            session:
              token: [header:x-token]
              validate: {with: http, send: protocol, on_failure: admit, cache: 5}
            legacy_defaults: {validate: off, refuse: {close: 1000}}
            unified: {refuse: 4001, upstream: "ws://127.0.0.1:7200/"}
            \#(oneRoute)
            """#,
            #"""
            3:13: error: session.validate: there is no url; allowed: url: "http://127.0.0.1:9000/session"
            3:32: error: session.validate.send: found "protocol"; allowed: query:name, header:name or cookie:name; \#
            did you mean "query:protocol"?
            3:54: error: session.validate.on_failure: found "admit"; allowed: refuse or admit_known
            3:68: error: session.validate.cache: found "5"; allowed: a duration such as 250ms, 8s, 30m or 1h, from \#
            0s to 1d; did you mean "5s"?; a duration needs its unit
            4:29: error: legacy_defaults.validate: found "off"; allowed: inherit or none
            4:50: error: legacy_defaults.refuse.close: found "1000"; allowed: a close code: 1008, or one from 4000 to \#
            4999
            5:19: error: unified.refuse: found "4001"; allowed: status (401 or 403), or {close: 4001}
            """#),
    ]
}
