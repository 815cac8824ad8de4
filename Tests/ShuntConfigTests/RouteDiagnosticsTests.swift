import ShuntConfig
import Testing

/// What is said about routes, templates and addressing.
struct RouteDiagnosticsTests {
    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "what a route has of its own on a unified upstream that is not there",
            #"""
            routes:
              a: {match: {agent_type: a}, legacy: {upstream: "ws://a/"}, unified: {replies: {match: [x]}}}
            """#,
            #"""
            2:71: warning: routes.a.unified: unified has no effect: there is no unified upstream; add unified: \#
            {upstream: {url: "ws://…"}} at the top level
            """#),
        DiagnosticCase(
            "a route without match",
            #"""
            routes:
              guide: {legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:3: error: routes.guide: the route has no match; say which messages are meant: match: {agent_type: …}
            """#),
        DiagnosticCase(
            "an empty match",
            #"""
            routes:
              guide: {match: {}, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:18: error: routes.guide.match: the match is empty; allowed: {agent_type: …}
            """#),
        DiagnosticCase(
            "a match that skips a member",
            #"""
            routes:
              content: {match: {pillar: content}, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:20: error: routes.content.match: the match has no agent_type; members decide in the order of \#
            route_by: agent_type, pillar
            """#),
        DiagnosticCase(
            "a match by a member that routes nothing",
            #"""
            routes:
              guide: {match: {agent: guide}, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:19: error: routes.guide.match.agent: unknown key "agent"; allowed: agent_type or pillar
            """#),
        DiagnosticCase(
            "the same match twice",
            #"""
            \#(oneRoute)
              other: {match: {agent_type: guide}, legacy: {upstream: "ws://b/"}}
            """#,
            #"""
            3:3: error: routes.other: its match {agent_type: guide} overlaps with that of "guide" (line 2, column \#
            3); a message could mean both: every message must mean one route
            """#),
        DiagnosticCase(
            "a match within another",
            #"""
            \#(oneRoute)
              help: {match: {agent_type: guide, pillar: help}, legacy: {upstream: "ws://b/"}}
            """#,
            #"""
            3:3: error: routes.help: its match {agent_type: guide, pillar: help} overlaps with that of "guide" \#
            (line 2, column 3); a message could mean both: every message must mean one route
            """#),
        DiagnosticCase(
            "a match around another",
            #"""
            routes:
              help: {match: {agent_type: guide, pillar: help}, legacy: {upstream: "ws://b/"}}
              guide: {match: {agent_type: guide}, legacy: {upstream: "ws://b/"}}
            """#,
            #"""
            3:3: error: routes.guide: its match {agent_type: guide} overlaps with that of "help" (line 2, column \#
            3); a message could mean both: every message must mean one route
            """#),
        DiagnosticCase(
            "no upstream for the side that serves",
            #"""
            routes:
              a: {match: {agent_type: a}}
              b: {match: {agent_type: b}, served_by: unified}
            """#,
            #"""
            2:3: error: routes.a: the route is served by legacy, and has no legacy upstream; add legacy: {upstream: \#
            {url: "ws://…"}}
            3:42: error: routes.b.served_by: the route is served by unified, and there is no unified upstream; add \#
            unified: {upstream: {url: "ws://…"}}, or serve the route by legacy
            """#),
        DiagnosticCase(
            "an unknown default route",
            #"""
            unified: {default_route: giude}
            \#(oneRoute)
            """#,
            #"""
            1:26: error: unified.default_route: there is no route "giude"; allowed: guide; did you mean "guide"?
            """#),
        DiagnosticCase(
            "a placeholder without quotes",
            #"""
            routes:
              liaison/{pillar}:
                values: {pillar: [content]}
                match: {agent_type: liaison, pillar: {pillar}}
                legacy: {upstream: "ws://a/"}
            """#,
            #"""
            4:42: error: routes.liaison/{pillar}.match.pillar: found a mapping; allowed: a value of pillar; \#
            {pillar} without quotes is a mapping: write "{pillar}"
            """#),
        DiagnosticCase(
            "an unknown placeholder",
            #"""
            routes:
              liaison/{pillar}:
                values: {pillar: [content]}
                match: {agent_type: liaison, pillar: "{piller}"}
                legacy: {upstream: "ws://a/{piller}"}
            """#,
            #"""
            4:42: error: routes.liaison/{pillar}.match.pillar: unknown placeholder {piller}; allowed: {pillar}; did \#
            you mean "{pillar}"?
            5:24: error: routes.liaison/{pillar}.legacy.upstream: found "ws://a/{piller}"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide; a {name} in braces must be one of the route's values
            """#),
        DiagnosticCase(
            "a template whose match forgets the placeholder",
            #"""
            routes:
              liaison/{pillar}:
                values: {pillar: [content, insights]}
                match: {agent_type: liaison}
                legacy: {upstream: "ws://a/{pillar}"}
            """#,
            #"""
            4:12: error: routes.liaison/{pillar}.match: the match does not use {pillar}; the template's routes \#
            would all mean the same messages
            """#),
        DiagnosticCase(
            "a template without values",
            #"""
            routes:
              liaison/{pillar}: {match: {agent_type: liaison, pillar: "{pillar}"}, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:3: error: routes.liaison/{pillar}: the template has no values; add values: {pillar: [...]}
            """#),
        DiagnosticCase(
            "a value that stands there twice, and one that only names",
            #"""
            routes:
              liaison/{pillar}:
                values: {pillar: [content, content], colour: [red]}
                match: {agent_type: liaison, pillar: "{pillar}"}
                only: {contnt: {served_by: legacy}}
                legacy: {upstream: "ws://a/"}
            """#,
            #"""
            3:22: error: routes.liaison/{pillar}.values.pillar: "content" stands there twice
            3:42: error: routes.liaison/{pillar}.values.colour: unknown key "colour"; allowed: pillar
            """#),
        DiagnosticCase(
            "an override of a value that is not there",
            #"""
            routes:
              liaison/{pillar}:
                values: {pillar: [content, insights]}
                match: {agent_type: liaison, pillar: "{pillar}"}
                only: {contnt: {served_by: legacy}}
                legacy: {upstream: "ws://a/"}
            """#,
            #"""
            5:12: error: routes.liaison/{pillar}.only.contnt: "contnt" is not among the values; allowed: content or \#
            insights; did you mean "content"?
            """#),
        DiagnosticCase(
            "values without a placeholder",
            #"""
            routes:
              guide: {values: {a: [b]}, match: {agent_type: guide}, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:19: error: routes.guide.values: the route's name has no placeholder; name it like liaison/{pillar}
            """#),
        DiagnosticCase(
            "a template that makes the same route as another entry",
            #"""
            \#(oneRoute)
              "{kind}":
                values: {kind: [guide]}
                match: {agent_type: "x-{kind}"}
                legacy: {upstream: "ws://b/"}
            """#,
            #"""
            3:3: error: routes.{kind}: the route "guide" comes again; it stands first at line 2, column 3
            """#),
        DiagnosticCase(
            "a name with a blank",
            #"""
            routes:
              my guide: {match: {agent_type: guide}, legacy: {upstream: "ws://a/"}}
            """#,
            #"""
            2:3: error: routes.my guide: found "my guide"; allowed: a name without blanks, such as guide or \#
            liaison/{pillar}
            """#),
        DiagnosticCase(
            "addressing",
            #"""
            unified:
              path: api/ws/agent
              aliases: [/a?b, /healthz, /x, /x]
              route_by: [agent_type, agent_type, a..c]
              conversation: {template: "{agent}_{pillar}"}
              absorb: [ping]
              one_way: [ping]
            \#(oneRoute)
            """#,
            #"""
            2:9: error: unified.path: found "api/ws/agent"; allowed: a path such as /api/ws/agent; did you mean \#
            "/api/ws/agent"?
            3:13: error: unified.aliases[0]: found "/a?b"; allowed: a path such as /api/ws/agent; blanks, braces, \#
            ?, # and characters beyond ASCII do not belong in it
            3:19: error: unified.aliases[1]: found "/healthz"; allowed: a path such as /api/ws/agent; Shunt answers \#
            health checks there
            4:38: error: unified.route_by[2]: found "a..c"; allowed: the name of a member, such as id or payload.id
            5:28: error: unified.conversation.template: unknown placeholder {agent}; allowed: {agent_type}, \#
            {pillar} or {session}
            5:28: error: unified.conversation.template: the template has no {session}; all users would share one \#
            conversation with the backend
            7:12: warning: unified.one_way: correlation: fifo of guide: whatever such a backend answers to one of these \#
            types is taken for the reply to another message; make sure that it says nothing to them, not even an \#
            error, or set correlation: {field: …}
            7:13: error: unified.one_way[0]: "ping" is also in absorb; an absorbed message is never routed: keep it \#
            in one of them
            """#),
        DiagnosticCase(
            "messages that nobody answers",
            #"""
            unified:
              one_way: [approval]
              upstream: {url: "ws://u/", correlation: {field: conversation_id}}
            \#(oneRoute)
            """#,
            #"""
            2:12: warning: unified.one_way: correlation: fifo of guide: whatever such a backend answers to one of these \#
            types is taken for the reply to another message; make sure that it says nothing to them, not even an \#
            error, or set correlation: {field: …}
            """#),
        DiagnosticCase(
            "pings towards clients",
            #"""
            limits: {client_ping: never}
            \#(oneRoute)
            """#,
            #"""
            1:23: error: limits.client_ping: found "never"; allowed: {every: 20s, timeout: 20s} or off
            """#),
    ]
}
