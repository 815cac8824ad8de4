import ShuntConfig
import Testing

/// What is said about texts that are no configuration, and about the environment.
struct YAMLDiagnosticsTests {
    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "a variable that is not set",
            #"""
            log: {level: "${LOG_LEVEL}"}
            \#(oneRoute)
            """#,
            #"""
            1:14: error: log.level: the environment variable LOG_LEVEL is not set; set it, or give a default: \#
            ${LOG_LEVEL:-value}
            """#),
        DiagnosticCase(
            "references that cannot be read",
            #"""
            log: {level: "${1X}", format: "${OPEN"}
            listen: {clients: "${SHUNT_LISTEN:+x}"}
            \#(oneRoute)
            """#,
            #"""
            1:14: error: log.level: found "${1X}"; allowed: ${NAME} or ${NAME:-default}; a literal ${ is written $${
            1:31: error: log.format: found "${OPEN"; allowed: ${NAME} or ${NAME:-default}; a literal ${ is written $${
            2:19: error: listen.clients: found "${SHUNT_LISTEN:+x}"; allowed: ${NAME} or ${NAME:-default}; a \#
            literal ${ is written $${
            """#),
        DiagnosticCase(
            "a secret never shows",
            #"""
            routes:
              guide: {match: {agent_type: guide}, legacy: {upstream: {url: "${SECRET}", credential: "${SECRET}"}}}
            log: {level: "a${SECRET}"}
            limits: {message: "${NUMBER}"}
            """#,
            #"""
            2:64: error: routes.guide.legacy.upstream.url: found "${SECRET}"; allowed: a url such as \#
            ws://127.0.0.1:7101/api/ws/guide
            2:89: error: routes.guide.legacy.upstream.credential: found "${SECRET}"; allowed: query:name, \#
            header:name, cookie:name or none
            3:14: error: log.level: found "a${SECRET}"; allowed: trace, debug, info, notice, warning, error or \#
            critical
            4:19: error: limits.message: found "${NUMBER}"; allowed: a size such as 512, 64KiB or 16MiB, from 1KiB \#
            to 1GiB; the number is too large
            """#),
        DiagnosticCase(
            "a tab",
            #"""
            limits:
            	message: 1MiB
            """#,
            #"""
            2:1: error: no valid YAML: found character that cannot start any token; indent with spaces, not with tabs
            """#),
        DiagnosticCase(
            "a repeated key",
            #"""
            log: {level: info}
            \#(oneRoute)
            log: {level: debug, format: xml}
            """#,
            #"""
            4:1: error: log: the key "log" comes again; it stands first at line 1, column 1: keep one of them
            """#),
        DiagnosticCase(
            "repeated keys of one letter and in quotes",
            #"""
            \#(oneRoute)
            log: {"level": info, 'level': debug, level: error}
            """#,
            #"""
            3:22: error: log.level: the key "level" comes again; it stands first at line 3, column 7: keep one of them
            3:38: error: log.level: the key "level" comes again; it stands first at line 3, column 7: keep one of them
            """#),
        DiagnosticCase(
            "a flow mapping that is not closed",
            #"""
            routes: {guide: {match
            """#,
            #"""
            1:23: error: no valid YAML: did not find expected ',' or '}' while parsing a flow mapping that begins at \#
            line 1
            """#),
        DiagnosticCase(
            "an address in brackets without quotes",
            #"""
            listen:
              clients: [::]:8080
            \#(oneRoute)
            """#,
            #"""
            2:13: error: no valid YAML: did not find expected node content; put an IPv6 address in quotes: "[::]:8080"
            """#),
        DiagnosticCase(
            "a placeholder in a flow mapping",
            #"""
            routes:
              a/{p}:
                legacy: {upstream: {url: ws://a/{p}}}
            """#,
            #"""
            3:37: error: no valid YAML: did not find expected ',' or '}'; put a text with {…} in quotes
            """#),
        DiagnosticCase(
            "an alias without its anchor",
            #"""
            log: *x
            """#,
            #"""
            1:6: error: no valid YAML: found undefined alias; put a text that begins with * in quotes
            """#),
        DiagnosticCase(
            "an alias as a key",
            #"""
            a: &a b
            *a : c
            """#,
            #"""
            2:1: error: an alias (*name) cannot be a key; put a text that begins with * in quotes
            """#),
        DiagnosticCase(
            "an alias as a key in a flow list",
            #"""
            a: &a b
            c: [*a: d]
            """#,
            #"""
            2:5: error: an alias (*name) cannot be a key; put a text that begins with * in quotes
            """#),
        DiagnosticCase(
            "a mapping as a key",
            #"""
            {a: b}: c
            """#,
            #"""
            1:1: error: a key must be a single word
            1:1: error: the key routes is missing; add at least one agent under routes; every other key has a default
            """#),
        DiagnosticCase(
            "two documents",
            #"""
            \#(oneRoute)
            ---
            \#(oneRoute)
            """#,
            #"""
            3:1: error: no valid YAML: but found another document; a configuration is one document: remove the --- \#
            line
            """#),
        DiagnosticCase(
            "a tag",
            #"""
            \#(oneRoute)
            log: {level: !!binary aGk=}
            """#,
            #"""
            3:14: error: log.level: tags such as tag:yaml.org,2002:binary are not supported; remove the tag
            """#),
        DiagnosticCase(
            "text that begins with a percent sign",
            #"""
            log: {level: %x}
            """#,
            #"""
            1:14: error: no valid YAML: found character that cannot start any token; put a text that begins with %, \#
            @ or ` in quotes
            """#),
        DiagnosticCase(
            "an empty file",
            #"""

            """#,
            #"""
            1:1: error: the file is empty; a configuration needs at least routes
            """#),
        DiagnosticCase(
            "only comments",
            #"""
            # nothing
            """#,
            #"""
            1:1: error: the file is empty; a configuration needs at least routes
            """#),
        DiagnosticCase(
            "null",
            #"""
            ~
            """#,
            #"""
            1:1: error: the file is empty; a configuration needs at least routes
            """#),
        DiagnosticCase(
            "a merge key with no mapping",
            #"""
            \#(oneRoute)
            log: {<<: info}
            """#,
            #"""
            3:7: error: a merge key (<<) takes a mapping, such as *name, or a list of them
            """#),
    ]
}
