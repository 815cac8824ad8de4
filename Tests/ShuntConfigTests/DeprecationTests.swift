import ShuntConfig
import ShuntCore
import Testing

/// What `deprecation:` means, and what is said about mistakes in it.
struct DeprecationTests {
    private static let routes = """
        routes:
          guide: {match: {agent_type: guide}, legacy: {upstream: "ws://127.0.0.1:7101/g", path: /g}}
          liaison/{p}:
            values: {p: [content, insights]}
            match: {agent_type: liaison, pillar: "{p}"}
            legacy: {upstream: "ws://127.0.0.1:7101/{p}", path: "/l/{p}"}
        """

    private static func settings(_ text: String) throws -> DeprecationSettings {
        try SettingsTests.settings("deprecation:\n\(text)\n\(routes)").table.definition.deprecation
    }

    @Test
    func `the example is read`() throws {
        let read = try Self.settings(
            """
              deprecated_at: 2026-12-01
              sunset: 2027-03-01
              link: https://example.com/migrate
              successor: /api/ws/agent
              notice: false
              brownouts:
                - {routes: ["liaison/*"], from: "2027-02-01T10:00Z", for: 1h, share: 100%}
                - {routes: guide, from: 2027-02-01T10:30:15+01:00, for: 90s}
            """)
        var expected = DeprecationSettings()
        expected.deprecatedAt = UnixTime(milliseconds: 1_796_083_200_000)
        expected.sunset = UnixTime(milliseconds: 1_803_859_200_000)
        expected.link = "https://example.com/migrate"
        expected.successor = "/api/ws/agent"
        let start = UnixTime(milliseconds: 1_801_476_000_000)
        expected.brownouts = [
            Brownout(routes: ["liaison/*"], from: start, length: .hours(1), share: .unified),
            Brownout(
                routes: ["guide"], from: UnixTime(milliseconds: start.milliseconds - 1_785_000), length: .seconds(90),
                share: .unified),
        ]
        #expect(read == expected)
    }

    @Test(arguments: [
        ("false", nil), ("off", nil),
        ("true", #"{"type":"deprecation","deprecated_at":"{deprecated_at}","successor":"{successor}"}"#),
        (#"{type: system, text: "until {sunset}"}"#, #"{"type":"system","text":"until {sunset}"}"#),
        (#"'{"a": {"b": 1}}'"#, #"{"a": {"b": 1}}"#),
    ])
    func `a notice is the built-in one, or as it is written`(_ text: String, _ notice: String?) throws {
        #expect(try Self.settings("  deprecated_at: 2026-12-01\n  notice: \(text)").notice == notice)
    }

    @Test
    func `the summary says it`() throws {
        let text = """
            phase: deprecate
            unified: {upstream: "ws://127.0.0.1:7200/u"}
            deprecation:
              deprecated_at: 2026-12-01
              sunset: 2027-03-01T12:00Z
              brownouts: [{routes: ["*"], from: 2027-02-01T10:00Z, for: 30m, share: 12.5%}]
            \(Self.routes)
            """
        let summary = try #require(ConfigReader.read(text: text, file: "c.yaml", environment: [:]).summary)
        #expect(
            summary.text.contains(
                """
                Legacy endpoints, in phases deprecate and complete: deprecated at 2026-12-01T00:00:00Z, \
                sunset at 2027-03-01T12:00:00Z, successor /api/ws/agent
                  brownout of *: 12.5% of the sessions, from 2027-02-01T10:00:00Z until 2027-02-01T10:30:00Z
                """))
        #expect(summary.legacyEndpoints.map(\.state) == ["deprecated", "deprecated", "deprecated", "open"])
    }

    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    private static func mistake(_ name: String, _ line: String, _ expected: String) -> DiagnosticCase {
        DiagnosticCase(name, "deprecation:\n  deprecated_at: 2026-12-01\n\(line)\n\(routes)", expected)
    }

    private static let moment =
        "allowed: a date such as 2026-12-01, or a time with its zone such as 2027-02-01T10:00Z"

    static let cases: [DiagnosticCase] = [
        mistake(
            "an unknown key", "  sunst: 2027-01-01",
            #"3:3: error: deprecation.sunst: unknown key "sunst"; did you mean "sunset"?"#),
        mistake(
            "a day that no month has", "  sunset: 2027-02-29",
            #"3:11: error: deprecation.sunset: found "2027-02-29"; \#(moment)"#),
        mistake(
            "a time without its zone", "  sunset: 2027-02-01 10:00",
            #"3:11: error: deprecation.sunset: found "2027-02-01 10:00"; \#(moment); did you mean "#
                + #""2027-02-01T10:00Z"?; a time needs its zone"#),
        mistake(
            "a sunset before the deprecation", "  sunset: 2026-11-30",
            "3:11: error: deprecation.sunset: sunset is before deprecated_at; what is not deprecated yet cannot be "
                + "gone: RFC 9745 forbids it"),
        mistake(
            "a link that is no URL", "  link: example.com",
            #"3:9: error: deprecation.link: found "example.com"; allowed: the URL of a page, such as "#
                + #"https://example.com/migrate, escaped as URLs are; did you mean "https://example.com"?"#),
        mistake(
            "a link that would end its brackets", #"  link: "https://e.example/>""#,
            #"3:9: error: deprecation.link: found "https://e.example/>"; allowed: the URL of a page, such as "#
                + "https://example.com/migrate, escaped as URLs are"),
        mistake(
            "a successor that is no path", "  successor: api/ws/agent",
            #"3:14: error: deprecation.successor: found "api/ws/agent"; allowed: a path such as /api/ws/agent, or a URL "#
                + #"such as wss://example.com/agent; did you mean "/api/ws/agent"?"#),
        mistake(
            "a placeholder that is none", "  notice: {text: \"{sunst}\"}",
            "3:11: error: deprecation.notice: unknown placeholder {sunst}; allowed: {deprecated_at}, {sunset}, {link} or "
                + #"{successor}; did you mean "{sunset}"?"#),
        mistake(
            "a share above all", "  brownouts: [{routes: guide, from: 2027-01-01, for: 1h, share: 101%}]",
            #"3:65: error: deprecation.brownouts[0].share: found "101%"; allowed: a share from 0% to 100%, such as 25% "#
                + "or 0.5%"),
        mistake(
            "a window without an end", "  brownouts: [{routes: guide, from: 2027-01-01}]",
            "3:15: error: deprecation.brownouts[0]: the brownout has no for; allowed: {routes: […], from: …, for: …, "
                + "share: …}"),
        mistake(
            "a route that is none", "  brownouts: [{routes: [guid], from: 2027-01-01, for: 1h}]",
            #"3:25: error: deprecation.brownouts[0].routes[0]: there is no route "guid"; allowed: guide, "#
                + #"liaison/content or liaison/insights; did you mean "guide"?"#),
        mistake(
            "windows that overlap",
            """
              brownouts:
                - {routes: ["liaison/*"], from: 2027-01-01T10:00Z, for: 1h}
                - {routes: guide, from: 2027-01-01T10:30Z, for: 1h}
                - {routes: ["*"], from: 2027-01-01T10:59Z, for: 1m}
                - {routes: ["*"], from: 2027-01-01T11:30Z, for: 1m}
            """,
            "6:7: error: deprecation.brownouts[2]: the brownout overlaps with that of line 4 for liaison/content and "
                + "liaison/insights; a route can be in one brownout at a time: change from or for"),
        DiagnosticCase(
            "no date",
            """
            deprecation: {sunset: 2027-01-01}
            \(routes)
            """,
            "1:14: warning: deprecation: there is no deprecated_at, so that no Deprecation header is sent; add "
                + "deprecated_at: since when the legacy endpoints are deprecated"),
        DiagnosticCase(
            "a notice for piped sockets",
            """
            deprecation: {deprecated_at: 2026-12-01, notice: true}
            routes:
              guide:
                match: {agent_type: guide}
                legacy: {upstream: "ws://127.0.0.1:7101/g", path: /g, passthrough: raw}
            """,
            "1:50: error: deprecation.notice: the legacy endpoint of guide is raw: no message can be put between its "
                + "bytes; turn the notice off, or write passthrough: managed"),
    ]
}
