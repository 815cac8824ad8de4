import ShuntConfig
import Testing

/// What is said about single values and lists of them.
struct ValueDiagnosticsTests {
    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "durations",
            #"""
            \#(oneRoute)
            drain: {exchanges: 30, spread: 10sec, limit: -1s}
            """#,
            #"""
            3:20: error: drain.exchanges: found "30"; allowed: a duration such as 250ms, 8s, 30m or 1h, from 0s to \#
            1d; did you mean "30s"?; a duration needs its unit
            3:32: error: drain.spread: found "10sec"; allowed: a duration such as 250ms, 8s, 30m or 1h, from 0s to \#
            1d; did you mean "10s"?
            3:46: error: drain.limit: found "-1s"; allowed: a duration such as 250ms, 8s, 30m or 1h, from 0s to 1d
            """#),
        DiagnosticCase(
            "a duration out of range",
            #"""
            \#(oneRoute)
            limits: {handshake_timeout: 1ms, idle_timeout: 99999999999999999999s}
            """#,
            #"""
            3:29: error: limits.handshake_timeout: found "1ms"; allowed: a duration such as 250ms, 8s, 30m or 1h, \#
            from 100ms to 10m
            3:48: error: limits.idle_timeout: found "99999999999999999999s"; allowed: a duration such as 250ms, 8s, \#
            30m or 1h, from 1s to 365d; the number is too large
            """#),
        DiagnosticCase(
            "a duration whose nanoseconds overflow",
            #"""
            \#(oneRoute)
            drain: {exchanges: 9223372036854775807d}
            """#,
            #"""
            3:20: error: drain.exchanges: found "9223372036854775807d"; allowed: a duration such as 250ms, 8s, 30m \#
            or 1h, from 0s to 1d; the number is too large
            """#),
        DiagnosticCase(
            "sizes",
            #"""
            \#(oneRoute)
            limits: {message: 16MB, unread_by_client: 12, memory: 1.5GiB}
            """#,
            #"""
            3:19: error: limits.message: found "16MB"; allowed: a size such as 512, 64KiB or 16MiB, from 1KiB to \#
            1GiB; did you mean "16MiB"?
            3:43: error: limits.unread_by_client: found "12"; allowed: a size such as 512, 64KiB or 16MiB, from \#
            1KiB to 4GiB
            3:55: error: limits.memory: found "1.5GiB"; allowed: a size such as 512, 64KiB or 16MiB, from 16MiB to \#
            1024TiB
            """#),
        DiagnosticCase(
            "a size that overflows",
            #"""
            \#(oneRoute)
            limits: {memory: 9999999999TiB}
            """#,
            #"""
            3:18: error: limits.memory: found "9999999999TiB"; allowed: a size such as 512, 64KiB or 16MiB, from \#
            16MiB to 1024TiB; the number is too large
            """#),
        DiagnosticCase(
            "whole numbers",
            #"""
            \#(oneRoute)
            limits: {connections: 0, nesting: 1e3, messages_per_second: ""}
            """#,
            #"""
            3:23: error: limits.connections: found "0"; allowed: a whole number from 1 to 10000000
            3:35: error: limits.nesting: found "1e3"; allowed: a whole number from 1 to 10000
            3:61: error: limits.messages_per_second: found ""; allowed: a whole number from 1 to 1000000
            """#),
        DiagnosticCase(
            "booleans",
            #"""
            \#(oneRoute)
            listen: {reuse_port: yes}
            """#,
            #"""
            3:22: error: listen.reuse_port: found "yes"; allowed: true or false; did you mean "true"?
            """#),
        DiagnosticCase(
            "a missing value",
            #"""
            \#(oneRoute)
            log:
              level:
            """#,
            #"""
            4:9: error: log.level: found nothing; allowed: trace, debug, info, notice, warning, error or critical
            """#),
        DiagnosticCase(
            "a list where one value belongs",
            #"""
            \#(oneRoute)
            log: {level: [info]}
            """#,
            #"""
            3:14: error: log.level: found a list; allowed: trace, debug, info, notice, warning, error or critical
            """#),
        DiagnosticCase(
            "rates",
            #"""
            unified:
              upstream: {url: "ws://127.0.0.1:1/", pace: [9, 0/s, 9/fortnight, 90/1min]}
            \#(oneRoute)
            """#,
            #"""
            2:47: error: unified.upstream.pace[0]: found "9"; allowed: a rate such as 9/s or 90/1m, at most 1000000 \#
            in at most 1d; did you mean "9/s"?
            2:50: error: unified.upstream.pace[1]: found "0/s"; allowed: a rate such as 9/s or 90/1m, at most \#
            1000000 in at most 1d
            2:55: error: unified.upstream.pace[2]: found "9/fortnight"; allowed: a rate such as 9/s or 90/1m, at \#
            most 1000000 in at most 1d
            2:68: error: unified.upstream.pace[3]: found "90/1min"; allowed: a rate such as 9/s or 90/1m, at most \#
            1000000 in at most 1d; did you mean "90/1m"?
            """#),
        DiagnosticCase(
            "listen addresses",
            #"""
            listen: {clients: [8080, ":8080", "*:8080", /run/s.sock, "127.0.0.1:65536", "unix:", host name]}
            \#(oneRoute)
            """#,
            #"""
            1:20: error: listen.clients[0]: found "8080"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; did you mean "127.0.0.1:8080"?
            1:26: error: listen.clients[1]: found ":8080"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; did you mean "0.0.0.0:8080"?
            1:35: error: listen.clients[2]: found "*:8080"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; did you mean "0.0.0.0:8080"?
            1:45: error: listen.clients[3]: found "/run/s.sock"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; did you mean "unix:/run/s.sock"?
            1:58: error: listen.clients[4]: found "127.0.0.1:65536"; allowed: address:port such as 127.0.0.1:8080 \#
            or "[::]:8080", or unix:/path
            1:77: error: listen.clients[5]: found "unix:"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path
            1:86: error: listen.clients[6]: found "host name"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path
            """#),
        DiagnosticCase(
            "listen addresses that are meant well, and what cannot be guessed",
            #"""
            listen: {clients: ["::1:20990", "::", ":99999", "*:http"], admin: "fd00::7:9090"}
            \#(oneRoute)
            """#,
            #"""
            1:20: error: listen.clients[0]: found "::1:20990"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; did you mean "[::1]:20990"?; IPv6 stands in brackets and quotes
            1:33: error: listen.clients[1]: found "::"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; IPv6 stands in brackets and quotes
            1:39: error: listen.clients[2]: found ":99999"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path
            1:49: error: listen.clients[3]: found "*:http"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path
            1:67: error: listen.admin: found "fd00::7:9090"; allowed: address:port such as 127.0.0.1:8080 or \#
            "[::]:8080", or unix:/path; did you mean "[fd00::7]:9090"?; IPv6 stands in brackets and quotes
            """#),
        DiagnosticCase(
            "the same listen address twice",
            #"""
            listen: {clients: ["127.0.0.1:8080", "127.0.0.1:8080"]}
            \#(oneRoute)
            """#,
            #"""
            1:19: error: listen.clients: the same address stands there twice
            """#),
        DiagnosticCase(
            "workers",
            #"""
            listen: {workers: many}
            \#(oneRoute)
            """#,
            #"""
            1:19: error: listen.workers: found "many"; allowed: auto (one for each core) or a whole number from 1 \#
            to 1024
            """#),
        DiagnosticCase(
            "subprotocols, and the handshake's own fields",
            #"""
            session: {token: [header:sec-websocket-protocol]}
            unified: {protocols: [chat.v1, "chat v2", shunt.v1]}
            upstream_defaults: {credential: header:Sec-WebSocket-Key}
            \#(oneRoute)
            """#,
            #"""
            1:19: error: session.token[0]: found "header:sec-websocket-protocol"; allowed: query:name, header:name, \#
            cookie:name or protocol; sec-websocket-protocol belongs to the handshake itself and carries no token
            2:32: error: unified.protocols[1]: found "chat v2"; allowed: the name of a subprotocol such as chat.v1
            2:43: error: unified.protocols[2]: found "shunt.v1"; allowed: the name of a subprotocol such as chat.v1; \#
            names that begin with shunt. are the proxy's own
            3:33: error: upstream_defaults.credential: found "header:Sec-WebSocket-Key"; allowed: query:name, \#
            header:name, cookie:name or none; sec-websocket-key belongs to the handshake itself and carries no token
            """#),
        DiagnosticCase(
            "origins",
            #"""
            listen: {origins: [https://app.example.com/, app example, "https://*"]}
            \#(oneRoute)
            """#,
            #"""
            1:20: error: listen.origins[0]: found "https://app.example.com/"; allowed: any, same_host, or origins \#
            such as https://app.example.com or "https://*.example.com"; did you mean "https://app.example.com"?; an \#
            origin has no path
            1:46: error: listen.origins[1]: found "app example"; allowed: any, same_host, or origins such as \#
            https://app.example.com or "https://*.example.com"
            1:59: error: listen.origins[2]: found "https://*"; allowed: any, same_host, or origins such as \#
            https://app.example.com or "https://*.example.com"
            """#),
        DiagnosticCase(
            "trusted proxies",
            #"""
            listen: {trusted_proxies: [10.0.0.1/8, 10.0.0.0/33, localhost, fd00::1/8]}
            \#(oneRoute)
            """#,
            #"""
            1:28: error: listen.trusted_proxies[0]: found "10.0.0.1/8"; allowed: an address or a range such as \#
            10.0.0.0/8 or fd00::/8; did you mean "10.0.0.0/8"?; bits behind the prefix must be zero
            1:40: error: listen.trusted_proxies[1]: found "10.0.0.0/33"; allowed: an address or a range such as \#
            10.0.0.0/8 or fd00::/8
            1:53: error: listen.trusted_proxies[2]: found "localhost"; allowed: an address or a range such as \#
            10.0.0.0/8 or fd00::/8
            1:64: error: listen.trusted_proxies[3]: found "fd00::1/8"; allowed: an address or a range such as \#
            10.0.0.0/8 or fd00::/8; did you mean "fd00::/8"?; bits behind the prefix must be zero
            """#),
        DiagnosticCase(
            "where tokens are",
            #"""
            session: {token: [session_token, querry:t, "header:", "header:a b"]}
            \#(oneRoute)
            """#,
            #"""
            1:19: error: session.token[0]: found "session_token"; allowed: query:name, header:name, cookie:name or \#
            protocol; did you mean "query:session_token"?
            1:34: error: session.token[1]: found "querry:t"; allowed: query:name, header:name, cookie:name or \#
            protocol; did you mean "query:t"?
            1:44: error: session.token[2]: found "header:"; allowed: query:name, header:name, cookie:name or protocol
            1:55: error: session.token[3]: found "header:a b"; allowed: query:name, header:name, cookie:name or protocol
            """#),
        DiagnosticCase(
            "a list of absent tokens that forgets some",
            #"""
            session: {absent: [anonymous]}
            \#(oneRoute)
            """#,
            #"""
            1:19: warning: session.absent: the list lacks "", "undefined" or "null"; clients that send such a token \#
            would be one session, and see each other's conversations
            """#),
        DiagnosticCase(
            "null in a list",
            #"""
            session: {absent: ["", undefined, null]}
            \#(oneRoute)
            """#,
            #"""
            1:35: error: session.absent[2]: found nothing; allowed: a text
            """#),
        DiagnosticCase(
            "a log level",
            #"""
            \#(oneRoute)
            log: {level: warn, format: xml}
            """#,
            #"""
            3:14: error: log.level: found "warn"; allowed: trace, debug, info, notice, warning, error or critical; \#
            did you mean "warning"?
            3:28: error: log.format: found "xml"; allowed: text or json
            """#),
        DiagnosticCase(
            "limits that contradict each other",
            #"""
            \#(oneRoute)
            limits: {memory: 16MiB, message: 16MiB, connections: 10, connections_per_session: 50, connections_per_address: 11}
            """#,
            #"""
            3:18: error: limits.memory: memory (16MiB) is less than four messages (16MiB each); a message and its \#
            reply could never be admitted: raise memory or lower message
            3:83: warning: limits.connections_per_session: 50 is more than connections allows in all (10); it never \#
            takes effect
            3:112: warning: limits.connections_per_address: 11 is more than connections allows in all (10); it \#
            never takes effect
            """#),
        DiagnosticCase(
            "a drain that is cut",
            #"""
            \#(oneRoute)
            drain: {exchanges: 50s, spread: 20s, limit: 60s}
            """#,
            #"""
            3:45: warning: drain.limit: exchanges (50s) and spread (20s) take longer than limit (1m); what is left \#
            then is cut; raise limit to at least 70s
            """#),
    ]
}
