import ShuntConfig
import Testing

/// What is said about upstreams.
struct UpstreamDiagnosticsTests {
    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "urls",
            #"""
            routes:
              r0: {match: {agent_type: r0}, legacy: {upstream: {url: "127.0.0.1:7101/g"}}}
              r1: {match: {agent_type: r1}, legacy: {upstream: {url: "http://127.0.0.1/g"}}}
              r2: {match: {agent_type: r2}, legacy: {upstream: {url: "https://a.example/g"}}}
              r3: {match: {agent_type: r3}, legacy: {upstream: {url: "ws://user:secret@a.example/g?key=secret"}}}
              r4: {match: {agent_type: r4}, legacy: {upstream: {url: "ws://a.example/g#x"}}}
              r5: {match: {agent_type: r5}, legacy: {upstream: {url: "ws://a.example/g h"}}}
              r6: {match: {agent_type: r6}, legacy: {upstream: {url: "ws://a.example:99999/"}}}
              r7: {match: {agent_type: r7}, legacy: {upstream: {url: "ws:///g"}}}
              r8: {match: {agent_type: r8}, legacy: {upstream: {url: "ws://a.example/{pillar}"}}}
              r9: {match: {agent_type: r9}, legacy: {upstream: {url: "ftp://a/"}}}
              r10: {match: {agent_type: r10}, legacy: {upstream: {url: "ws://256.1.1.1/"}}}
            """#,
            #"""
            2:58: error: routes.r0.legacy.upstream.url: found "127.0.0.1:7101/g"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; did you mean "ws://127.0.0.1:7101/g"?
            3:58: error: routes.r1.legacy.upstream.url: found "http://127.0.0.1/g"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; did you mean "ws://127.0.0.1/g"?
            4:58: error: routes.r2.legacy.upstream.url: found "https://a.example/g"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; did you mean "wss://a.example/g"?
            5:58: error: routes.r3.legacy.upstream.url: found "ws://…@a.example/g?…"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; user and password in a url are not supported: use credential
            6:58: error: routes.r4.legacy.upstream.url: found "ws://a.example/g#x"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; a url of a WebSocket has no fragment (#…)
            7:58: error: routes.r5.legacy.upstream.url: found "ws://a.example/g h"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; blanks, quotes and characters beyond ASCII must be percent-encoded
            8:58: error: routes.r6.legacy.upstream.url: found "ws://a.example:99999/"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; host or port is wrong
            9:58: error: routes.r7.legacy.upstream.url: found "ws:///g"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; host or port is wrong
            10:58: error: routes.r8.legacy.upstream.url: found "ws://a.example/{pillar}"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; a {name} in braces must be one of the route's values
            11:58: error: routes.r9.legacy.upstream.url: found "ftp://a/"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide
            12:60: error: routes.r10.legacy.upstream.url: found "ws://256.1.1.1/"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; host or port is wrong
            """#),
        DiagnosticCase(
            "names and refusals",
            #"""
            upstream_defaults: {host: clent, origin: app.example.com, refusals: {forbidden: auth, 200: limit, 403: no}}
            \#(oneRoute)
            """#,
            #"""
            1:27: error: upstream_defaults.host: found "clent"; allowed: client, upstream or a name such as \#
            app.example.com; did you mean "client"?
            1:42: error: upstream_defaults.origin: found "app.example.com"; allowed: keep, drop or an origin such as \#
            https://app.example.com
            1:70: error: upstream_defaults.refusals.forbidden: found "forbidden"; allowed: an HTTP status such as \#
            403 (300–599)
            1:87: error: upstream_defaults.refusals.200: found "200"; allowed: an HTTP status such as 403 (300–599)
            1:104: error: upstream_defaults.refusals.403: found "no"; allowed: auth, refuse or limit
            """#),
        DiagnosticCase(
            "more names",
            #"""
            upstream_defaults: {host: "http://a/", origin: "https://app.example.com/"}
            \#(oneRoute)
            """#,
            #"""
            1:27: error: upstream_defaults.host: found "http://a/"; allowed: client, upstream or a name such as \#
            app.example.com
            1:48: error: upstream_defaults.origin: found "https://app.example.com/"; allowed: keep, drop or an \#
            origin such as https://app.example.com; did you mean "https://app.example.com"?; an origin has no path
            """#),
        DiagnosticCase(
            "codes that nobody closes with, and members that say two things",
            #"""
            routes:
              guide:
                match: {agent_type: guide}
                legacy:
                  upstream: {url: "ws://a/", closes: {1004: refuse, 1006: limit, 1015: auth, 1014: limit}}
                  replies: {by: {reply: [result, error], push: [method, result]}}
            """#,
            #"""
            5:43: error: routes.guide.legacy.upstream.closes.1004: found "1004"; allowed: a close code such as 4003 \#
            (1000–1003, 1007–1014, 3000–4999); 1004 is reserved: nobody may close with it
            5:57: error: routes.guide.legacy.upstream.closes.1006: found "1006"; allowed: a close code such as 4003 \#
            (1000–1003, 1007–1014, 3000–4999); 1006 says that there was no close: no backend can close with it
            5:70: error: routes.guide.legacy.upstream.closes.1015: found "1015"; allowed: a close code such as 4003 \#
            (1000–1003, 1007–1014, 3000–4999); 1015 says that there was no close: no backend can close with it
            6:61: error: routes.guide.legacy.replies.by.push[1]: "result" stands in reply and in push; what has a \#
            member of push is a push, so that no reply with it would ever be one
            """#),
        DiagnosticCase(
            "an upstream without url",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {credential: none}}}
            """#,
            #"""
            2:58: error: routes.guide.legacy.upstream: the upstream has no url; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide
            """#),
        DiagnosticCase(
            "legacy without upstream",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {to_unified: {drop: [a]}}}
            """#,
            #"""
            2:47: error: routes.guide.legacy: legacy has no upstream; add upstream: {url: "ws://…"}
            """#),
        DiagnosticCase(
            "pool modes of later work",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://a/", pool: {mode: shared}}}}
              b: {match: {agent_type: b}, legacy: {upstream: {url: "ws://b/", identity: message, pool: {mode: exchange}}}}
            """#,
            #"""
            2:88: error: routes.guide.legacy.upstream.pool.mode: found "shared"; allowed: session or client; with \#
            identity: handshake a connection belongs to the token it was dialled with, and shared would answer one \#
            session over another's
            3:99: error: routes.b.legacy.upstream.pool.mode: found "exchange"; allowed: session or client; exchange \#
            is not supported yet
            """#),
        DiagnosticCase(
            "lanes",
            #"""
            unified: {upstream: {url: "ws://u/", pool: {mode: client, lanes: 2}}}
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://a/", pool: {lanes: 4}}}}
            """#,
            #"""
            1:66: error: unified.upstream.pool.lanes: lanes need mode: session; with mode: client every client \#
            socket has its own connections
            3:89: error: routes.guide.legacy.upstream.pool.lanes: a legacy upstream has one lane; lanes divide the \#
            routes of a session, and a legacy upstream serves one route
            """#),
        DiagnosticCase(
            "several in flight in order",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://a/", exchange: {in_flight: 16}}}}
            """#,
            #"""
            2:97: warning: routes.guide.legacy.upstream.exchange.in_flight: in_flight: 16 with correlation: fifo; a \#
            backend that answers out of order would mix replies up; correlate by a field, or keep in_flight: 1
            """#),
        DiagnosticCase(
            "first words",
            #"""
            unified: {upstream: {url: "ws://u/", on_open: [{send: {type: hi, as: "{agent_type}"}, reply: none}]}}
            routes:
              a: {match: {agent_type: a}, legacy: {upstream: {url: "ws://a/", on_open: [{send: {}}, hi]}}}
              b: {match: {agent_type: b}, legacy: {upstream: {url: "ws://b/", on_open: [{send: {}, reply: {}, after: ready}]}}}
              c: {match: {agent_type: c}, legacy: {upstream: {url: "ws://c/", ready: system}}}
              d: {match: {agent_type: d}, legacy: {upstream: {url: "ws://d/", ready: {type: system, timeout: 40s}}}}
              e: {match: {agent_type: e}, legacy: {upstream: "ws://e/", path: /e}, on_connect: {send: {}}}
            """#,
            #"""
            1:55: error: unified.upstream.on_open[0].send: unknown placeholder {agent_type}; allowed: {token} or {session}
            3:77: error: routes.a.legacy.upstream.on_open[0]: the key reply is missing; allowed: {type: [welcome]} or \#
            none; what answers it is kept from clients, and their messages wait for it
            3:89: error: routes.a.legacy.upstream.on_open[1]: found "hi"; allowed: {send: {type: hello, token: \#
            "{token}"}, reply: {type: welcome}}
            4:95: error: routes.b.legacy.upstream.on_open[0].reply: the key type is missing; allowed: {type: [welcome]}
            4:106: error: routes.b.legacy.upstream.on_open[0].after: there is no greeting to wait for; say which one \#
            it is: ready: {type: …}
            5:74: error: routes.c.legacy.upstream.ready: found "system"; allowed: {type: system, timeout: 10s} or none
            6:98: warning: routes.d.legacy.upstream.ready.timeout: ready.timeout (40s) is longer than \#
            exchange.queue.timeout (30s); messages give up before a backend that does not greet is given up
            7:84: warning: routes.e.on_connect: on_connect is called greet now; write greet: {send: …}
            """#),
        DiagnosticCase(
            "a code with a meaning of its own",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://a/", closes: {1009: limit}}}}
            """#,
            #"""
            2:84: error: routes.guide.legacy.upstream.closes.1009: 1009 has a meaning already; a message that is too \#
            large for the backend ends in message_too_large
            """#),
        DiagnosticCase(
            "no credential",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://a/", credential: none}}}
            """#,
            #"""
            2:87: warning: routes.guide.legacy.upstream.credential: credential: none with identity: handshake; the \#
            backend is not told whose connection it is, unless the client's own query or headers say so
            """#),
        DiagnosticCase(
            "what tells kinds",
            #"""
            routes:
              guide:
                match: {agent_type: guide}
                legacy:
                  upstream:
                    url: ws://a/
                    replies: {by: {reply: [result], pushes: [method]}, match: [response], until: {a..b: [x]}}
                unified: {replies: {until: {type: [a], kind: [b]}}, timeout: 3s}
            unified: {upstream: "ws://u/"}
            """#,
            #"""
            7:41: error: routes.guide.legacy.upstream.replies.by.pushes: unknown key "pushes"; did you mean "push"?
            7:67: error: routes.guide.legacy.upstream.replies.match: match lists values, and by tells replies by the \#
            members that they have; remove match, or name one member: by: type
            7:93: error: routes.guide.legacy.upstream.replies.until.a..b: found "a..b"; allowed: the path of a member
            8:32: error: routes.guide.unified.replies.until: until names more than one member; allowed: {type: [done]}
            8:57: error: routes.guide.unified.timeout: unknown key "timeout"; allowed: pushes, replies or to_unified
            """#),
        DiagnosticCase(
            "the rest of an upstream's values",
            #"""
            routes:
              guide:
                match: {agent_type: guide}
                legacy:
                  upstream:
                    url: ws://a/
                    correlation: {unique: yes}
                    exchange: {retry: always, queue: {messages: 0, bytes: 12, timeout: 1s}}
                    replies: {match: [response], until: {type: [done]}}
                    pushes: {welcome: forwrd, ping: {answer: pong}, pong: {}, response: drop, "": drop}
                    pushes_to: everyone
                    closes: {4003: refuze, 1005: auth, many: limit}
                    dead_after_error: [""]
                    keepalive: {every: 0s}
                    breaker: {failures: 0, opn: 1s}
                    source_addresses: [localhost]
                    vary: [tenant]
                    pool: {max_connections: 100000, lifetime: 60s}
            """#,
            #"""
            7:22: error: routes.guide.legacy.upstream.correlation: the key field is missing; allowed: {field: \#
            conversation_id}
            7:31: error: routes.guide.legacy.upstream.correlation.unique: found "yes"; allowed: true or false; did \#
            you mean "true"?
            8:27: error: routes.guide.legacy.upstream.exchange.retry: found "always"; allowed: never or safe
            8:53: error: routes.guide.legacy.upstream.exchange.queue.messages: found "0"; allowed: a whole number \#
            from 1 to 1000000
            8:63: error: routes.guide.legacy.upstream.exchange.queue.bytes: found "12"; allowed: a size such as \#
            512, 64KiB or 16MiB, from 1KiB to 1TiB
            8:76: warning: routes.guide.legacy.upstream.exchange.queue.timeout: queue.timeout (1s) is shorter than \#
            pool.connect_timeout (5s); messages would give up before a slow dial has ended
            10:27: error: routes.guide.legacy.upstream.pushes.welcome: found "forwrd"; allowed: forward, drop, \#
            {greeting: true} or {answer: '{"type":"pong"}'}; did you mean "forward"?
            10:50: error: routes.guide.legacy.upstream.pushes.ping.answer: found "pong"; allowed: one JSON object \#
            as text, or a mapping; it is sent to the upstream as it stands
            10:63: error: routes.guide.legacy.upstream.pushes.pong: found a mapping; allowed: forward, drop, \#
            {greeting: true} or {answer: '{"type":"pong"}'}
            10:77: warning: routes.guide.legacy.upstream.pushes.response: "response" is also in replies.match, so \#
            it is never a push; a message that fits replies.match ends an exchange: remove it from one of the two
            10:87: error: routes.guide.legacy.upstream.pushes."": a push without a type is written none
            11:20: error: routes.guide.legacy.upstream.pushes_to: found "everyone"; allowed: last, all or none
            12:24: error: routes.guide.legacy.upstream.closes.4003: found "refuze"; allowed: auth, refuse or limit; \#
            did you mean "refuse"?
            12:32: error: routes.guide.legacy.upstream.closes.1005: found "1005"; allowed: a close code such as \#
            4003 (1000–1003, 1007–1014, 3000–4999); 1005 says that a close had no code: no backend can close with it
            12:44: error: routes.guide.legacy.upstream.closes.many: found "many"; allowed: a close code such as \#
            4003 (1000–1003, 1007–1014, 3000–4999)
            13:28: error: routes.guide.legacy.upstream.dead_after_error[0]: found ""; allowed: the beginning of a \#
            message
            14:28: error: routes.guide.legacy.upstream.keepalive.every: found "0s"; allowed: a duration such as \#
            250ms, 8s, 30m or 1h, from 100ms to 1d
            15:29: error: routes.guide.legacy.upstream.breaker.failures: found "0"; allowed: a whole number from 1 \#
            to 1000000
            15:32: error: routes.guide.legacy.upstream.breaker.opn: unknown key "opn"; did you mean "open"?
            16:28: error: routes.guide.legacy.upstream.source_addresses[0]: found "localhost"; allowed: an IP address
            17:16: error: routes.guide.legacy.upstream.vary[0]: found "tenant"; allowed: query:name, header:name, \#
            cookie:name or claim:name; did you mean "query:tenant"?
            18:33: warning: routes.guide.legacy.upstream.pool.max_connections: 100000 is more than the some 28000 \#
            connections that one local address can open to one port; list more source_addresses, or dials will fail \#
            with EADDRNOTAVAIL
            18:51: warning: routes.guide.legacy.upstream.pool.lifetime: lifetime (1m) is shorter than \#
            exchange.timeout (2m); connections would be retired faster than a slow answer comes
            """#),
        DiagnosticCase(
            "a close code and its name",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "ws://a/", correlation: field}}}
            """#,
            #"""
            2:88: error: routes.guide.legacy.upstream.correlation: found "field"; allowed: fifo or {field: \#
            conversation_id}; name the member: {field: conversation_id}
            """#),
        DiagnosticCase(
            "a mistake in upstream_defaults is told once, where it is",
            #"""
            upstream_defaults: {exchange: {in_flite: 2}, url: "ws://a/"}
            \#(oneRoute)
              b: {match: {agent_type: b}, legacy: {upstream: "ws://127.0.0.1:7102/"}}
            """#,
            #"""
            1:32: error: upstream_defaults.exchange.in_flite: unknown key "in_flite"; allowed: in_flight, queue, \#
            retry, timeout or total
            1:51: error: upstream_defaults.url: upstream_defaults cannot have a url; every upstream has its own
            """#),
        DiagnosticCase(
            "a setting inside and beside the upstream",
            #"""
            routes:
              guide:
                match: {agent_type: guide}
                legacy:
                  upstream: {url: "ws://a/", pushes: {a: drop}}
                  pushes: {b: drop}
            """#,
            #"""
            6:15: error: routes.guide.legacy.pushes: pushes stands here and under upstream (line 5); keep one of them
            """#),
        DiagnosticCase(
            "an upstream that is Shunt itself",
            #"""
            listen: {clients: "0.0.0.0:7101"}
            \#(oneRoute)
            """#,
            #"""
            3:47: error: routes.guide.legacy: the upstream is the address that Shunt listens on itself; give the \#
            backend's own address; move one of them to another port
            """#),
        DiagnosticCase(
            "reshaping rules",
            #"""
            routes:
              guide:
                match: {agent_type: guide}
                legacy:
                  upstream: "ws://a/"
                  to_unified: {renam: {a: b}, rename: {c: c, d: [e]}, set: {x: 1}, drop: [x, ""], unwrap: [a]}
            """#,
            #"""
            6:19: error: routes.guide.legacy.to_unified: "c" cannot become itself
            6:20: error: routes.guide.legacy.to_unified.renam: unknown key "renam"; did you mean "rename"?
            6:53: error: routes.guide.legacy.to_unified.rename.d: found a list; allowed: a text
            6:82: error: routes.guide.legacy.to_unified.drop[1]: found ""; allowed: the name of a member
            6:95: error: routes.guide.legacy.to_unified.unwrap: found a list; allowed: the name of a member
            """#),
        DiagnosticCase(
            "the unified upstream is also a legacy one",
            #"""
            unified: {upstream: "ws://127.0.0.1:7101/g"}
            \#(oneRoute)
            """#,
            #"""
            3:47: warning: routes.guide.legacy: the legacy upstream has the same url as the unified one; the two \#
            speak different shapes; is one of them a copy?
            """#),
    ]
}
