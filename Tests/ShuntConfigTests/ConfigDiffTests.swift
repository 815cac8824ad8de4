import ShuntConfig
import ShuntCore
import Testing

/// What a reload says about two files.
struct ConfigDiffTests {
    /// A file's change and what is said about it.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var old: String
        var new: String
        var live: [String] = []
        var restart: [String] = []
    }

    static let base = """
        listen: {clients: "127.0.0.1:8080"}
        session: {linger: 1m}
        unified: {upstream: {url: "ws://127.0.0.1:7200/u?key=s3cr3t", pace: [9/s]}}
        log: {level: info}
        routes:
          guide: {match: {agent_type: guide}, served_by: legacy, legacy: {upstream: "ws://127.0.0.1:7101/g?key=s3cr3t", path: /g}}
          liaison/{p}:
            values: {p: [a, b]}
            match: {agent_type: liaison, pillar: "{p}"}
            legacy: {upstream: "ws://127.0.0.1:7101/{p}", path: "/l/{p}"}
        """

    static let cases = [
        Case(testDescription: "nothing", old: "", new: ""),
        Case(
            testDescription: "a share", old: "served_by: legacy", new: "served_by: {unified: 25%}",
            live: ["guide: served_by 25% (was legacy)"]),
        Case(
            testDescription: "a hold", old: "served_by: legacy", new: "served_by: legacy, hold: legacy",
            live: ["guide: hold legacy (was none)"]),
        Case(
            testDescription: "the phase", old: "log:", new: "phase: parallel\nlog:",
            live: ["phase: parallel (was migrate)"]),
        Case(
            testDescription: "deprecation", old: "log:",
            new: "deprecation: {deprecated_at: 2026-12-01, sunset: 2027-03-01, notice: true}\nlog:",
            live: ["deprecation: deprecated_at, sunset and notice changed"]),
        Case(
            testDescription: "a share under a phase", old: "log: {level: info}",
            new: "log: {level: info}\nphase: migrate", live: []),
        Case(
            testDescription: "a url, whose query is not shown", old: "7101/g?key=s3cr3t", new: "7102/g?key=0ther",
            live: [
                "guide: legacy upstream: url ws://127.0.0.1:7102/g (was ws://127.0.0.1:7101/g); connections are "
                    + "replaced as they become idle"
            ]),
        Case(
            testDescription: "a query", old: "7101/g?key=s3cr3t", new: "7101/g?key=0ther",
            live: ["guide: legacy upstream: url has another query; connections are replaced as they become idle"]),
        Case(
            testDescription: "a template's setting is said once", old: #""ws://127.0.0.1:7101/{p}""#,
            new: #"{url: "ws://127.0.0.1:7101/{p}", credential: none, identity: message, pool: {mode: client}}"#,
            live: [
                "liaison/a and liaison/b: legacy upstream: credential changed; connections are replaced as they become "
                    + "idle",
                "liaison/a and liaison/b: legacy upstream: pool.mode client for new sockets",
                "liaison/a and liaison/b: legacy upstream: identity changed",
                "values that liaison/{p} does not list: upstream changed",
            ]),
        Case(
            testDescription: "names and refusals", old: "pace: [9/s]",
            new: "pace: [9/s], host: client, origin: drop, refusals: {403: refuse}, pool: {handshake_timeout: 9s}",
            live: [
                "unified upstream: host and origin changed; connections are replaced as they become idle",
                "unified upstream: pool.handshake_timeout and refusals changed",
            ]),
        Case(
            testDescription: "a route more and one less", old: "values: {p: [a, b]}", new: "values: {p: [b, c]}",
            live: [
                "liaison/c: added",
                "liaison/a: removed; exchanges may finish, sockets of their legacy endpoints close",
            ]),
        Case(
            testDescription: "an endpoint", old: "path: /g", new: "path: /h, aliases: [/i], passthrough: raw",
            live: [
                "guide: old clients connect to /h (was /g)", "guide: legacy.aliases and legacy.passthrough changed",
            ]),
        Case(
            testDescription: "an endpoint less", old: ", path: /g", new: "",
            live: ["guide: old clients no longer connect to /g"]),
        Case(
            testDescription: "the unified upstream", old: "pace: [9/s]", new: "pace: [8/s]",
            live: ["unified upstream: pace changed"]),
        Case(
            testDescription: "limits", old: "log:", new: "limits: {message: 1MiB, memory: 1GiB}\nlog:",
            live: ["limits: message changed"], restart: ["limits: memory changed"]),
        Case(
            testDescription: "the log", old: "log: {level: info}", new: "log: {level: debug, format: json}",
            live: ["log: level debug (was info)"], restart: ["log: format changed"]),
        Case(
            testDescription: "what needs a restart", old: #"clients: "127.0.0.1:8080""#,
            new: #"clients: "127.0.0.1:8081", workers: 3, admin: "127.0.0.1:9090""#,
            restart: ["listen: clients and workers changed", "listen: admin changed"]),
        Case(
            testDescription: "linger, store and drain", old: "session: {linger: 1m}",
            new: "session: {linger: 2m, anonymous: deny}\nstore: {url: \"sqlite:x.db\"}\ndrain: {limit: 90s}",
            live: ["session: anonymous changed"],
            restart: ["store: url changed", "session: linger changed", "drain: limit changed"]),
    ]

    @Test(arguments: cases)
    func `a change is told in a sentence without secrets`(_ example: Case) throws {
        try #require(example.old.isEmpty || Self.base.contains(example.old))
        let changed = example.old.isEmpty ? Self.base : Self.base.replacing(example.old, with: example.new)
        let old = try SettingsTests.settings(Self.base)
        let new = try SettingsTests.settings(changed)
        let changes = ConfigDiff.changes(from: old, to: new)
        #expect(changes.live == example.live)
        #expect(changes.restart == example.restart)
        #expect(!(changes.live + changes.restart).contains { $0.contains("s3cr3t") || $0.contains("0ther") })
    }

    @Test
    func `a changed token is told without the token`() throws {
        let token = "admin: {tokens: {write: 0123456789abcdef}}\nlisten: {admin: \"127.0.0.1:1\"}\n"
        let old = try SettingsTests.settings(token + oneRoute)
        let new = try SettingsTests.settings(token.replacing("0123456789abcdef", with: "fedcba9876543210") + oneRoute)
        let changes = ConfigDiff.changes(from: old, to: new)
        #expect(changes.restart == ["admin.tokens: write changed"])
        #expect(changes.live == [])
    }
}
