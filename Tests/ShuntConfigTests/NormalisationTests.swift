import ShuntConfig
import ShuntCore
import Testing

/// `é` in one code point and in two: the same to people, and not to a message.
@Suite struct `Values that differ by Unicode normalisation only` {
    private static let (one, two) = ("\u{E9}", "e\u{301}")

    @Test func `are two values, each with its route`() throws {
        let outcome = ConfigReader.read(
            text: """
                routes:
                  a: {match: {agent_type: "\(Self.one)"}, legacy: {upstream: "ws://a/"}}
                  b: {match: {agent_type: "\(Self.two)"}, legacy: {upstream: "ws://b/"}}
                """, file: "config.yaml", environment: [:])
        #expect(outcome.diagnostics == [])
        let table = try #require(outcome.settings?.table)
        for (index, value) in [Self.one, Self.two].enumerated() {
            let bytes = Array(#"{"agent_type":"\#(value)"}"#.utf8)
            var envelope = Envelope()
            #expect(envelope.scan(bytes.span, for: table.requestKeys, nesting: 9, early: false) == .object)
            guard case .route(index) = table.addressing.resolve(envelope, bytes.span) else {
                Issue.record("\(index) is another's")
                continue
            }
        }
    }

    @Test(arguments: [
        DiagnosticCase(
            "values of a template",
            """
            routes:
              a/{p}: {values: {p: ["\(one)", "\(two)"]}, match: {agent_type: a, pillar: "{p}"}, legacy: {upstream: "ws://a/"}}
            """,
            """
            2:23: error: routes.a/{p}.values.p: two spellings of "\(one)" differ by Unicode normalisation only, and would \
            name one route; write routes of their own for them, with names that differ and these values in match
            """),
        DiagnosticCase(
            "the same value twice",
            """
            routes:
              a/{p}: {values: {p: ["\(one)", x, "\(one)"]}, match: {agent_type: a, pillar: "{p}"}, legacy: {upstream: "ws://a/"}}
            """,
            """
            2:23: error: routes.a/{p}.values.p: "\(one)" stands there twice
            """),
    ])
    func `are told from what stands there twice`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }
}
