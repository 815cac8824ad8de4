import ShuntConfig
import Testing

/// What is said about keys of the migration that do not go together, or mean nothing.
struct MigrationDiagnosticsTests {
    @Test(arguments: cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    private static let unified = #"unified: {upstream: "ws://u/"}"#

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "a phase that there is none",
            #"""
            phase: deprecated
            \#(oneRoute)
            """#,
            #"""
            1:8: error: phase: found "deprecated"; allowed: parallel, migrate, deprecate or complete; did you mean \#
            "deprecate"?
            """#),
        DiagnosticCase(
            "a phase without the upstream that it needs",
            #"""
            phase: complete
            \#(oneRoute)
              held: {match: {agent_type: held}, hold: legacy, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            1:8: error: phase: phase: complete serves every route by unified, and there is no unified upstream; add \#
            unified: {upstream: {url: "ws://…"}}
            """#),
        DiagnosticCase(
            "routes without the upstream that is in force",
            #"""
            \#(unified)
            phase: parallel
            routes:
              a: {match: {agent_type: a}, served_by: unified}
              b: {match: {agent_type: b}, hold: legacy}
              c: {match: {agent_type: c}, hold: unified}
            """#,
            #"""
            4:3: error: routes.a: phase: parallel serves the route by legacy, and it has no legacy upstream; add \#
            legacy: {upstream: {url: "ws://…"}}, or hold: unified
            4:42: warning: routes.a.served_by: served_by has no effect in phase: parallel; every route is served by \#
            legacy then; hold keeps one where it is
            5:37: error: routes.b.hold: the route is held on legacy, and has no legacy upstream; add legacy: \#
            {upstream: {url: "ws://…"}}
            """#),
        DiagnosticCase(
            "a share without one of its sides",
            #"""
            routes:
              a: {match: {agent_type: a}, served_by: {unified: 25%}, fallback: legacy}
            """#,
            #"""
            2:42: error: routes.a.served_by: the route is served by legacy for 75%, and has no legacy upstream; add \#
            legacy: {upstream: {url: "ws://…"}}
            2:42: error: routes.a.served_by: the route is served by unified for 25%, and there is no unified \#
            upstream; add unified: {upstream: {url: "ws://…"}}, or serve the route by legacy
            2:68: error: routes.a.fallback: the route has no legacy upstream to fall back to; add legacy: {upstream: \#
            {url: "ws://…"}}
            """#),
        DiagnosticCase(
            "shares that are none",
            #"""
            \#(unified)
            routes:
              a: {match: {agent_type: a}, served_by: {unified: 101%}, legacy: {upstream: "ws://a/"}}
              b: {match: {agent_type: b}, served_by: 25%, legacy: {upstream: "ws://a/"}}
              c: {match: {agent_type: c}, served_by: {}, legacy: {upstream: "ws://a/"}}
              d: {match: {agent_type: d}, hold: unifed, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            3:52: error: routes.a.served_by.unified: found "101%"; allowed: a share from 0% to 100%, such as 25% or 0.5%
            4:42: error: routes.b.served_by: found "25%"; allowed: legacy, unified or {unified: 25%}
            5:42: error: routes.c.served_by: the key unified is missing; allowed: legacy, unified or {unified: 25%}
            6:37: error: routes.d.hold: found "unifed"; allowed: legacy or unified; did you mean "unified"?
            """#),
        DiagnosticCase(
            "overrides",
            #"""
            routes:
              a:
                match: {agent_type: a}
                legacy: {upstream: "ws://a/"}
                overrides:
                  - {client_app: qa, served_by: unified}
                  - {tenant: acme, served_by: legacy}
                  - {served_by: legacy}
                  - {client_app: "*", served_by: legacy}
                  - {client_app: web, served_by: legacy}
                  - {client_app: web}
            """#,
            #"""
            6:7: error: routes.a.overrides: overrides name tenants, and nobody knows them; let session.validate find out \#
            who a session is, and name the claim in its claims
            6:9: error: routes.a.overrides[0]: the override is served by unified, and there is no unified upstream; \#
            add unified: {upstream: {url: "ws://…"}}
            8:9: error: routes.a.overrides[2]: the override names no client; allowed: {client_app: …, served_by: …} or \#
            {tenant: …, served_by: …}
            10:9: warning: routes.a.overrides[4]: the override has no effect: an earlier one fits the same clients; \#
            the first that fits a client counts
            11:9: error: routes.a.overrides[5]: the override has no served_by; allowed: legacy, unified or {unified: 25%}
            """#),
        DiagnosticCase(
            "raw next to what it cannot do",
            #"""
            \#(unified)
            legacy_defaults: {passthrough: raw, heartbeat: {send: {type: heartbeat}}}
            routes:
              a: {match: {agent_type: a}, legacy: {path: /a, upstream: "ws://a/"}}
              b: {match: {agent_type: b}, legacy: {path: /b, upstream: "ws://a/", heartbeat: off}, served_by: {unified: 1%}}
              c: {match: {agent_type: c}, legacy: {path: /c, upstream: "ws://a/", heartbeat: off}, hold: unified}
              d: {match: {agent_type: d}, legacy: {path: /d, upstream: "ws://a/", heartbeat: off}, hold: legacy}
              e: {match: {agent_type: e}, legacy: {path: /e, upstream: "ws://a/", heartbeat: {absorb: [x]}}}
              f: {match: {agent_type: f}, legacy: {path: /f, upstream: "ws://a/", heartbeat: off}, overrides: [{client_app: x, served_by: legacy}]}
            """#,
            #"""
            4:3: error: routes.a: passthrough: raw does not go with the heartbeat of legacy_defaults; a raw socket \#
            carries the backend's bytes only: write heartbeat: off, or passthrough: managed
            5:99: error: routes.b.served_by: passthrough: raw does not go with served_by: 1%; a raw socket cannot \#
            change sides while it lives: use passthrough: managed
            6:94: error: routes.c.hold: passthrough: raw does not go with hold: unified; a raw socket cannot change \#
            sides while it lives: use passthrough: managed
            8:82: error: routes.e.legacy.heartbeat: passthrough: raw does not go with a heartbeat; a raw socket \#
            carries the backend's bytes only: write heartbeat: off, or passthrough: managed
            9:99: error: routes.f.overrides: passthrough: raw does not go with overrides; a raw socket cannot change \#
            sides while it lives: use passthrough: managed
            """#),
        DiagnosticCase(
            "raw in a phase that moves",
            #"""
            \#(unified)
            phase: deprecate
            routes:
              a: {match: {agent_type: a}, legacy: {path: /a, upstream: "ws://a/", passthrough: raw}}
              b: {match: {agent_type: b}, legacy: {path: /b, upstream: "ws://a/", passthrough: raw}, hold: legacy}
            """#,
            #"""
            4:84: error: routes.a.legacy.passthrough: passthrough: raw does not go with phase: deprecate; a raw \#
            socket cannot change sides while it lives: use passthrough: managed, or hold: legacy
            """#),
        DiagnosticCase(
            "paths that mean two endpoints",
            #"""
            unified: {aliases: [/u2]}
            routes:
              a: {match: {agent_type: a}, legacy: {path: /a, aliases: [/a, /u2], upstream: "ws://a/"}}
              b: {match: {agent_type: b}, legacy: {path: /b, aliases: [/a], upstream: "ws://a/"}}
              c: {match: {agent_type: c}, legacy: {path: /api/ws/agent, upstream: "ws://a/"}}
              d/{n}:
                values: {n: ["1", "2", "3"]}
                match: {agent_type: "d{n}"}
                legacy: {path: /d, upstream: "ws://a/"}
            """#,
            #"""
            3:60: error: routes.a.legacy.aliases[0]: the path "/a" stands there twice; keep one of them
            3:64: error: routes.a.legacy.aliases[1]: the path "/u2" is that of the unified endpoint, too; every path \#
            must mean one endpoint
            4:60: error: routes.b.legacy.aliases[0]: the path "/a" is that of "a", too (line 3, column 46); every \#
            path must mean one endpoint
            5:46: error: routes.c.legacy.path: the path "/api/ws/agent" is that of the unified endpoint, too; every \#
            path must mean one endpoint
            9:20: error: routes.d/{n}.legacy.path: routes of the template would have the same path "/d"; write the \#
            path with its placeholders, such as /api/ws/liaison/{pillar}
            """#),
        DiagnosticCase(
            "paths that are none",
            #"""
            routes:
              a: {match: {agent_type: a}, legacy: {path: a, upstream: "ws://a/"}}
              b: {match: {agent_type: b}, legacy: {path: "/b?x=1", upstream: "ws://a/"}}
              c: {match: {agent_type: c}, legacy: {path: "/c/{x}", upstream: "ws://a/"}}
              d: {match: {agent_type: d}, legacy: {path: /d, unlisted: forward, upstream: "ws://a/"}}
              e: {match: {agent_type: e}, legacy: {aliases: [/e], heartbeat: {every: 1s}, upstream: "ws://a/"}}
              f/{n}:
                values: {n: [x]}
                match: {agent_type: "{n}"}
                legacy: {path: "/f/{m}", upstream: "ws://a/"}
            """#,
            #"""
            2:46: error: routes.a.legacy.path: found "a"; allowed: a path such as /api/ws/agent; did you mean "/a"?
            3:46: error: routes.b.legacy.path: found "/b?x=1"; allowed: a path such as /api/ws/agent; blanks, \#
            braces, ?, # and characters beyond ASCII do not belong in it
            4:46: error: routes.c.legacy.path: unknown placeholder {x}; the route's name has no placeholder
            5:60: error: routes.d.legacy.unlisted: the path has no placeholder, so that there are no values to list; \#
            remove unlisted
            6:49: warning: routes.e.legacy.aliases: aliases without a path has no effect; add path: where old \#
            clients connect
            6:66: warning: routes.e.legacy.heartbeat: heartbeat without a path has no effect; add path: where old \#
            clients connect
            6:74: warning: routes.e.legacy.heartbeat.every: every without send has no effect; say what to send
            10:20: error: routes.f/{n}.legacy.path: unknown placeholder {m}; allowed: {n}; did you mean "{n}"?
            """#),
        DiagnosticCase(
            "values that cannot be forwarded",
            #"""
            routes:
              a/{n}:
                values: {n: [x, y]}
                match: {agent_type: "{n}"}
                legacy: {path: "/a/{n}", unlisted: forward, upstream: "ws://{n}.example.com/"}
            """#,
            #"""
            5:40: error: routes.a/{n}.legacy.unlisted: values that are not listed cannot be forwarded; line 5: found \#
            "ws://{n}.example.com/"; each {name} must be a whole segment of the url's path; or write unlisted: refuse
            """#),
        DiagnosticCase(
            "greet and to_legacy",
            #"""
            routes:
              a: {match: {agent_type: a}, legacy: {path: /a, upstream: "ws://a/", to_legacy: {unwrap: data}}, greet: {send: '{"a":"{pillar}"}'}}
              b: {match: {agent_type: b}, legacy: {path: /b, upstream: "ws://a/"}, greet: {send: '{"a":{session}}'}}
              c: {match: {agent_type: c}, legacy: {path: /c, upstream: "ws://a/"}, greet: {send: [hello]}}
              d: {match: {agent_type: d}, legacy: {upstream: "ws://a/"}, greet: {send: {}}}
              e: {match: {agent_type: e}, legacy: {path: /e, upstream: "ws://a/"}, greet: {}}
              f: {match: {agent_type: f}, legacy: {path: /f, upstream: "ws://a/", heartbeat: {send: ping}}}
            """#,
            #"""
            2:91: error: routes.a.legacy.to_legacy.unwrap: to_legacy cannot unwrap; it acts on replies of the unified \#
            form, which are made here: unwrap belongs to to_unified
            2:113: error: routes.a.greet.send: unknown placeholder {pillar}; allowed: {agent_type}, {session} or \#
            {conversation_id}
            3:86: error: routes.b.greet.send: found "{"a":{session}}"; allowed: a JSON object as text, a \#
            mapping, or a list of them; placeholders stand inside of strings: "{session}"
            4:87: error: routes.c.greet.send[0]: found "hello"; allowed: a JSON object as text, a mapping, or a \#
            list of them
            5:69: warning: routes.d.greet: greet without a legacy path has no effect; it is for clients \#
            that connect to legacy.path
            6:79: error: routes.e.greet: the key send is missing; allowed: {send: {type: welcome}}
            7:89: error: routes.f.legacy.heartbeat.send: found "ping"; allowed: one JSON object as text, or a \#
            mapping; it is sent to clients as it stands
            """#),
        DiagnosticCase(
            "admin and store",
            #"""
            listen: {clients: "0.0.0.0:9090", admin: "10.0.0.1:9090"}
            admin: {tokens: {read: "", write: ""}}
            store: {url: shunt.db, flush: 5}
            usage: {max_clients: 0, enable: true}
            \#(oneRoute)
            """#,
            #"""
            1:42: error: listen.admin: the admin listener is not on a loopback address, and there are no \#
            admin.tokens; whoever reaches it could move every route: set admin: {tokens: {read: …, write: …}}, or \#
            listen on 127.0.0.1
            1:42: error: listen.admin: listen.clients has the same address; the two need a port each
            3:14: error: store.url: found "shunt.db"; allowed: sqlite:shunt.db (a file) or memory:; did you mean \#
            "sqlite:shunt.db"?
            3:31: error: store.flush: found "5"; allowed: a duration such as 250ms, 8s, 30m or 1h, from 100ms to 10m; \#
            did you mean "5s"?; a duration needs its unit
            4:22: error: usage.max_clients: found "0"; allowed: a whole number from 1 to 100000
            4:25: error: usage.enable: unknown key "enable"; did you mean "enabled"?
            """#),
        DiagnosticCase(
            "a quiet period that nobody can see the end of",
            #"""
            store: {keep: 10d}
            deprecation: {quiet_period: 14d}
            \#(oneRoute)
            """#,
            #"""
            2:29: error: deprecation.quiet_period: a quiet period of 14d is not shorter than store.keep, 10d; no endpoint \#
            would ever be safe to remove
            """#),
        DiagnosticCase(
            "days that are not kept until an endpoint is quiet",
            #"""
            store: {keep: 10d}
            \#(oneRoute)
            """#,
            #"""
            1:15: error: store.keep: a quiet period of 14d is not shorter than store.keep, 10d; no endpoint \#
            would ever be safe to remove
            """#),
        DiagnosticCase(
            "a token is no name of a client",
            #"""
            session: {token: [query:ticket]}
            client: {app: [query:ticket, user_agent], version: header:authorization}
            \#(oneRoute)
            """#,
            #"""
            2:15: error: client.app: one of these is where clients carry their session's token; it would be written to \#
            the usage ledger: name something else
            2:52: error: client.version: one of these is where clients carry their session's token; it would be written to \#
            the usage ledger: name something else
            """#),
        DiagnosticCase(
            "a token is not where a client's name is looked for by default",
            #"""
            session: {token: [query:client, header:x-client-version]}
            client: {app: user_agent}
            \#(oneRoute)
            """#,
            #"""
            1:18: error: session.token: one of these tells a client's version by default; it would be written to the \#
            usage ledger: say under client.version what tells it instead
            """#),
        DiagnosticCase(
            "secrets of admin and store are not shown",
            #"""
            admin: {tokens: {read: "my secret", write: short}}
            store: {url: "postgres://u:hunter2@db/x"}
            \#(oneRoute)
            """#,
            #"""
            1:8: warning: admin: the tokens have no effect without listen.admin; there is no admin listener
            1:24: error: admin.tokens.read: the token has characters that a bearer token cannot have; allowed: \#
            letters, digits and - . _ ~ + / =
            1:44: warning: admin.tokens.write: the token is shorter than 16 characters; it can be guessed: make a \#
            long random one
            2:14: error: store.url: PostgreSQL is not supported yet; allowed: sqlite:shunt.db or memory:
            """#),
        DiagnosticCase(
            "client",
            #"""
            client: {app: [useragent, "query"], ver: x}
            \#(oneRoute)
            """#,
            #"""
            1:16: error: client.app[0]: found "useragent"; allowed: query:name, header:name, cookie:name or \#
            user_agent; did you mean "user_agent"?
            1:27: error: client.app[1]: found "query"; allowed: query:name, header:name, cookie:name or user_agent; \#
            did you mean "query:query"?
            1:37: error: client.ver: unknown key "ver"; allowed: app or version
            """#),
    ]
}
