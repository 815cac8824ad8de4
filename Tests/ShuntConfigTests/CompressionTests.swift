import ShuntConfig
import ShuntCore
import Testing

/// `compression:` of the unified endpoint, of legacy endpoints and of upstreams.
@Suite struct CompressionTests {
    private static let legacy = """
        legacy_defaults: {compression: {level: 6, min_bytes: 1KiB}, heartbeat: off}
        upstream_defaults: {compression: {level: 2}}
        unified:
          compression: {window_bits: 9, max_connections: 7}
          upstream: {url: "ws://127.0.0.1:7200/u", compression: {context_takeover: true}}
        routes:
          a: {match: {agent_type: a}, legacy: {path: /a, upstream: {url: "ws://127.0.0.1:7101/a"}}}
          b:
            match: {agent_type: b}
            legacy: {path: /b, compression: {level: 9}, upstream: {url: "ws://127.0.0.1:7101/b", compression: off}}
          c: {match: {agent_type: c}, legacy: {path: /c, compression: off, upstream: {url: "ws://127.0.0.1:7101/c"}}}
        """

    private func settings(_ text: String) throws -> TableDefinition {
        let outcome = ConfigReader.read(text: text, file: "config.yaml", environment: [:])
        #expect(outcome.diagnostics.map(\.description) == [])
        return try #require(outcome.settings).table.definition
    }

    private func made(_ change: (inout CompressionSettings) -> Void) -> CompressionSettings {
        var settings = CompressionSettings()
        change(&settings)
        return settings
    }

    @Test func `it is off by default`() throws {
        let definition = try settings(oneRoute)
        #expect(definition.addressing.compression == nil)
        #expect(definition.upstreams.map(\.compression) == [nil])
    }

    @Test func `each place has its own, over that of the defaults`() throws {
        let definition = try settings(Self.legacy)
        let unified = made {
            $0.windowBits = 9
            $0.maxConnections = 7
        }
        #expect(definition.addressing.compression == unified)
        let level6 = made {
            $0.level = 6
            $0.minBytes = 1024
        }
        let level9 = made {
            $0.level = 9
            $0.minBytes = 1024
        }
        #expect(definition.routes.map(\.endpoint?.compression) == [level6, level9, nil])
        let upstreams = Dictionary(uniqueKeysWithValues: definition.upstreams.map { ($0.name, $0.compression) })
        let level2 = made { $0.level = 2 }
        let takeover = made {
            $0.level = 2
            $0.contextTakeover = true
        }
        #expect(upstreams == ["a": level2, "b": nil, "c": level2, "unified": takeover])
    }

    @Test func `a change of it is told`() throws {
        let old = try #require(ConfigReader.read(text: oneRoute, file: "a", environment: [:]).settings)
        let text = oneRoute + "\nunified: {compression: {level: 1}}\nupstream_defaults: {compression: {level: 1}}"
        let new = try #require(ConfigReader.read(text: text, file: "a", environment: [:]).settings)
        let lines = ConfigDiff.changes(from: old, to: new).live
        #expect(lines.contains("unified endpoint: compression changed"))
        #expect(lines.contains { $0.hasSuffix("compression changed") && !$0.hasPrefix("unified") })
    }

    @Test(arguments: Self.cases)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    static let cases: [DiagnosticCase] = [
        DiagnosticCase(
            "values",
            oneRoute + """

                unified: {compression: on}
                legacy_defaults: {compression: {level: 0, min_bytes: 0, window_bits: 8, max_connections: 0, lewel: 1}}
                upstream_defaults: {compression: {context_takeover: maybe, window_bits: 16}}
                """,
            #"""
            3:24: error: unified.compression: found "on"; allowed: {level: 1, min_bytes: 256} or off
            4:40: error: legacy_defaults.compression.level: found "0"; allowed: a whole number from 1 to 9
            4:54: error: legacy_defaults.compression.min_bytes: found "0"; allowed: a size such as 512, 64KiB or 16MiB, \#
            from 1 to 1GiB
            4:70: error: legacy_defaults.compression.window_bits: found "8"; allowed: a whole number from 9 to 15
            4:90: error: legacy_defaults.compression.max_connections: found "0"; allowed: a whole number from 1 to \#
            10000000
            4:93: error: legacy_defaults.compression.lewel: unknown key "lewel"; did you mean "level"?
            5:53: error: upstream_defaults.compression.context_takeover: found "maybe"; allowed: true or false
            5:73: error: upstream_defaults.compression.window_bits: found "16"; allowed: a whole number from 9 to 15
            """#),
        DiagnosticCase(
            "no effect",
            """
            routes:
              a:
                match: {agent_type: a}
                legacy: {path: /a, passthrough: raw, compression: {level: 1}, upstream: {url: "ws://127.0.0.1:7101/a"}}
            """,
            """
            4:55: warning: routes.a.legacy.compression: compression has no effect with passthrough: raw; a raw socket \
            agrees with its backend
            """),
        DiagnosticCase(
            "tokens",
            """
            routes:
              a:
                match: {agent_type: a}
                legacy:
                  path: /a
                  compression: {level: 1}
                  upstream: {url: "ws://127.0.0.1:7101/a"}
                  to_unified: {drop: [session_token]}
            """,
            """
            6:20: warning: routes.a.legacy.compression: the backend repeats session_token in its replies, which are \
            compressed for old clients; whoever sees their lengths and can have texts answered may guess it: write \
            compression: off
            """),
    ]
}
