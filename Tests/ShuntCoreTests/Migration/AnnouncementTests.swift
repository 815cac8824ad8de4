import ShuntCore
import Testing

@Suite struct `Announcement of an endpoint's end` {
    /// 2026-12-01 and 2027-03-01, both at midnight.
    static let since = UnixTime(milliseconds: 1_796_083_200_000)
    static let sunset = UnixTime(milliseconds: 1_803_859_200_000)

    private static func settings(_ change: (inout DeprecationSettings) -> Void) -> DeprecationSettings {
        var settings = DeprecationSettings()
        change(&settings)
        return settings
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var settings: DeprecationSettings
        var expected: [String]
    }

    static let cases = [
        Case(
            testDescription: "everything",
            settings: settings {
                $0.deprecatedAt = since
                $0.sunset = sunset
                $0.link = "https://example.com/migrate"
            },
            expected: [
                "Deprecation: @1796083200", "Sunset: Mon, 01 Mar 2027 00:00:00 GMT",
                #"Link: <https://example.com/migrate>; rel="deprecation", <https://example.com/migrate>; rel="sunset", "#
                    + #"</api/ws/agent>; rel="successor-version""#,
            ]),
        Case(
            testDescription: "nothing but the successor", settings: DeprecationSettings(),
            expected: [#"Link: </api/ws/agent>; rel="successor-version""#]),
        Case(
            testDescription: "no sunset, so no link to it",
            settings: settings {
                $0.link = "https://e.example/?a=1,2;b"
                $0.successor = "wss://e.example/agent"
            },
            expected: [
                #"Link: <https://e.example/?a=1,2;b>; rel="deprecation", "#
                    + #"<wss://e.example/agent>; rel="successor-version""#
            ]),
        Case(
            testDescription: "what is no part of a URI is escaped",
            settings: settings { $0.successor = "/a b>\"ü\r\n<%20" },
            expected: [#"Link: </a%20b%3E%22%C3%BC%0D%0A%3C%20>; rel="successor-version""#]),
        Case(
            testDescription: "milliseconds are cut, before 1970 too",
            settings: settings {
                $0.deprecatedAt = UnixTime(milliseconds: -1)
                $0.sunset = UnixTime(milliseconds: 784_111_777_999)
                $0.successor = "/x"
            },
            expected: [
                "Deprecation: @-1", "Sunset: Sun, 06 Nov 1994 08:49:37 GMT", #"Link: </x>; rel="successor-version""#,
            ]),
    ]

    @Test(arguments: cases) func `its fields are as the RFCs have them`(_ example: Case) {
        let announcement = Announcement(example.settings, unified: "/api/ws/agent")
        #expect(announcement.fields.map { "\($0.name): \($0.value)" } == example.expected)
    }

    @Test func `a backend's links stay, its dates give way`() {
        let announcement = Announcement(Self.cases[0].settings, unified: nil)
        let theirs = HeaderFields(
            fields(["link": "</x>; rel=\"next\"", "deprecation": "@1", "SUNSET": "x", "X-Mine": "y"]))
        #expect(
            announcement.joined(to: theirs).map(\.name) == ["link", "X-Mine", "Deprecation", "Sunset", "Link"])
        let silent = Announcement(DeprecationSettings(), unified: "/a")
        #expect(silent.joined(to: theirs).map(\.name) == ["link", "deprecation", "SUNSET", "X-Mine", "Link"])
    }

    @Test func `the notice is JSON with the dates in it`() {
        var settings = Self.cases[0].settings
        settings.notice = #"{"a":{"b":"{sunset}"},"c":"{successor} {link} {deprecated_at} {other}"}"#
        let notice = Announcement(settings, unified: #"/a"b"#).notice ?? []
        #expect(
            String(decoding: notice, as: UTF8.self)
                == #"{"a":{"b":"2027-03-01T00:00:00Z"},"c":"/a\"b https://example.com/migrate 2026-12-01T00:00:00Z "#
                + #"{other}"}"#)
    }

    @Test(arguments: [
        (Phase.parallel, EndpointState.open, true), (.migrate, .open, true), (.deprecate, .deprecated, true),
        (.complete, .closed, false),
    ])
    func `the phase says where an endpoint stands`(phase: Phase, state: EndpointState, isOpen: Bool) throws {
        let table = try RoutingTable(
            .migration {
                $0.phase = phase
                $0.deprecation.deprecatedAt = Self.since
            })
        let endpoint = try #require(table.endpoints.endpoint(at: Old.guide))
        #expect(endpoint.state(in: phase) == state)
        #expect(endpoint.isOpen(in: phase) == isOpen)
        #expect((endpoint.announcement != nil) == (state != .open))
    }

    @Test func `a closed endpoint names its successor`() throws {
        var definition = TableDefinition.migration { $0.phase = .complete }
        definition.deprecation.sunset = Self.sunset
        let refusal = try HandshakeCheck.verdict(
            of: .valid(Old.guide), table: try RoutingTable(definition), listen: ListenSettings()
        ).refusal
        #expect(refusal.status == 410)
        #expect(refusal.headers.map(\.name) == ["Sunset", "Link"])
        #expect(
            refusal.body == #"{"error":{"code":"endpoint_closed","message":"This endpoint is closed. Its successor is "#
                + #"at: /api/ws/agent.","successor":"/api/ws/agent","sunset":"2027-03-01T00:00:00Z"}}"#)
    }
}
