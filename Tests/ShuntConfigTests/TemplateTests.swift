import ShuntConfig
import ShuntCore
import Testing

/// Routes made from templates, and what a file says only once.
struct TemplateTests {
    @Test
    func `a template makes one route for each value, with the value filled in`() throws {
        let definition = try SettingsTests.settings(
            """
            routes:
              liaison/{pillar}:
                values: {pillar: [content, insights]}
                match: {agent_type: liaison, pillar: "{pillar}"}
                legacy:
                  upstream: {url: "ws://127.0.0.1:7101/{pillar}/ws?p={pillar}"}
                  request: {set: {pillar: "{pillar}", other: "{x}"}}
            """
        ).table.definition
        #expect(
            definition.routes == [
                RouteSettings(name: "liaison/content", match: ["liaison", "content"], servedBy: .legacy, legacy: 0),
                RouteSettings(name: "liaison/insights", match: ["liaison", "insights"], servedBy: .legacy, legacy: 1),
            ])
        #expect(definition.upstreams.map(\.name) == ["liaison/content", "liaison/insights"])
        #expect(definition.upstreams.map(\.address.path) == ["/content/ws", "/insights/ws"])
        #expect(definition.upstreams.map(\.address.query) == ["p=content", "p=insights"])
        #expect(
            definition.upstreams[1].request.set == [
                .init(field: "pillar", json: #""insights""#), .init(field: "other", json: #""{x}""#),
            ])
    }

    @Test
    func `two placeholders make all combinations, and only names them in the order of the name`() throws {
        let definition = try SettingsTests.settings(
            """
            unified: {upstream: "ws://u/"}
            routes:
              "{kind}-{pillar}":
                values: {pillar: [p, q], kind: [a, b]}
                match: {agent_type: "{kind}", pillar: "{pillar}"}
                legacy: {upstream: "ws://a/{kind}/{pillar}"}
                only: {b/p: {served_by: unified}}
            """
        ).table.definition
        #expect(definition.routes.map(\.name) == ["a-p", "a-q", "b-p", "b-q"])
        #expect(definition.routes.map(\.match) == [["a", "p"], ["a", "q"], ["b", "p"], ["b", "q"]])
        #expect(definition.routes.map(\.servedBy) == [.legacy, .legacy, .unified, .legacy])
    }

    @Test
    func `what differs for one route merges into mappings and replaces lists`() throws {
        let definition = try SettingsTests.settings(
            """
            routes:
              liaison/{pillar}:
                values: {pillar: [content, insights]}
                match: {agent_type: liaison, pillar: "{pillar}"}
                legacy:
                  upstream: {url: "ws://a/{pillar}", exchange: {timeout: 9s, in_flight: 1}}
                  dead_after_error: [a, b]
                only:
                  insights:
                    legacy:
                      upstream: {exchange: {timeout: 3s}}
                      dead_after_error: [c]
            """
        ).table.definition
        #expect(definition.upstreams.map(\.exchangeTimeout) == [.seconds(9), .seconds(3)])
        #expect(definition.upstreams.map(\.address.path) == ["/content", "/insights"])
        #expect(definition.upstreams.map(\.deadAfterError) == [["a", "b"], ["c"]])
    }

    @Test
    func `anchors and merge keys work, the file's own keys win over merged ones`() throws {
        let definition = try SettingsTests.settings(
            """
            upstream_defaults:
              exchange: &slow {timeout: 9s, retry: safe}
            routes:
              guide:
                match: {agent_type: guide}
                legacy: {upstream: {url: "ws://a/", exchange: {<<: *slow, timeout: 3s}}}
              other:
                match: {agent_type: other}
                legacy: {upstream: {url: "ws://b/", exchange: {<<: [{timeout: 4s}, *slow]}}}
            """
        ).table.definition
        #expect(definition.upstreams.map(\.exchangeTimeout) == [.seconds(3), .seconds(4)])
        #expect(definition.upstreams.map(\.retrySafe) == [true, true])
    }

    @Test
    func `templates that multiply beyond a hundred thousand routes are refused`() {
        let values = (0..<400).map(String.init).joined(separator: ",")
        let text = """
            routes:
              "{a}-{b}":
                values: {a: [\(values)], b: [\(values)]}
                match: {agent_type: "{a}", pillar: "{b}"}
                legacy: {upstream: "ws://a/"}
            """
        let outcome = ConfigReader.read(text: text, file: "c", environment: [:])
        #expect(
            outcome.diagnostics.map(\.description) == [
                "c:2:3: error: routes.{a}-{b}: the templates make more than 100000 routes; "
                    + "give the values a smaller range, or route by fewer members"
            ])
    }
}
