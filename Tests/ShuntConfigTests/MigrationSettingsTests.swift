import ShuntConfig
import ShuntCore
import Testing

/// What the keys of the migration mean.
struct MigrationSettingsTests {
    static let unified = #"unified: {upstream: "ws://127.0.0.1:7200/api/ws/agent"}"#

    private static func definition(_ text: String, warnings: Int = 0) throws -> TableDefinition {
        try SettingsTests.settings(text, warnings: warnings).table.definition
    }

    private static func route(_ settings: String, top: String = "", warnings: Int = 0) throws -> RouteSettings {
        let text = """
            \(unified)
            \(top)
            routes:
              guide:
                match: {agent_type: guide}
                legacy: {upstream: "ws://127.0.0.1:7101/g"}
            \(settings.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
            """
        return try #require(try definition(text, warnings: warnings).routes.first)
    }

    @Test(
        arguments: zip(
            ["legacy", "unified", "{unified: 25%}", "{unified: 0.5%}", "{unified: 100%}", "{unified: 0%}"],
            [0, 10_000, 2500, 50, 10_000, 0]))
    func `served_by is a side or a share`(_ text: String, _ steps: Int) throws {
        #expect(try Self.route("served_by: \(text)").servedBy == Rollout(steps: steps))
    }

    @Test
    func `a file without a phase lets each route decide`() throws {
        #expect(try Self.definition(oneRoute).phase == .migrate)
    }

    @Test(arguments: Phase.allCases)
    func `a phase is read with its line`(_ phase: Phase) throws {
        let text = "\(Self.unified)\nphase: \(phase.rawValue)\n\(oneRoute)"
        let settings = try SettingsTests.settings(text)
        #expect(settings.table.definition.phase == phase)
        #expect(settings.lines.line(of: "guide", .phase) == 2)
    }

    @Test
    func `hold, pin, fallback and overrides are read`() throws {
        let route = try Self.route(
            """
            hold: unified
            pin: session
            pin_idle: 5m
            fallback: legacy
            overrides:
              - {client_app: "qa-*", served_by: unified}
              - {client_app: web, served_by: {unified: 50%}}
            """)
        #expect(route.hold == .unified)
        #expect(route.pin == .session)
        #expect(route.pinIdle == .minutes(5))
        #expect(route.fallsBack)
        #expect(
            route.overrides == [
                ClientOverride(app: "qa-*", servedBy: .unified),
                ClientOverride(app: "web", servedBy: Rollout(steps: 5000)),
            ])
    }

    @Test
    func `each origin of a decision has its line, and a default has none`() throws {
        let settings = try SettingsTests.settings(
            """
            \(Self.unified)
            routes:
              a/{n}:
                values: {n: [x, y]}
                match: {agent_type: "a-{n}"}
                served_by:
                  unified: 5%
                legacy: {upstream: "ws://a/"}
                only:
                  y:
                    hold: legacy
              b: {match: {agent_type: b}, legacy: {upstream: "ws://a/"}}
            """)
        let lines = settings.lines
        #expect(lines.line(of: "a/x", .file) == 6)
        #expect(lines.line(of: "a/y", .file) == 6)
        #expect(lines.line(of: "a/x", .hold) == nil)
        #expect(lines.line(of: "a/y", .hold) == 11)
        #expect(lines.line(of: "b", .file) == nil)
        #expect(lines.line(of: "b", .phase) == nil)
        #expect(lines.line(of: "a/y", .override) == nil)
    }

    // MARK: Endpoints

    private static let template = """
        legacy_defaults:
          heartbeat: {absorb: [heartbeat], send: {type: heartbeat}, every: 5s}
        routes:
          liaison/{pillar}:
            values: {pillar: [content, insights]}
            match: {agent_type: liaison, pillar: "{pillar}"}
            legacy:
              path: /ws/{pillar}
              aliases: ["/old/{pillar}"]
              upstream: {url: "ws://127.0.0.1:7101/api/{pillar}?k=v"}
              to_legacy: {copy: {message: response}}
            only:
              insights: {legacy: {heartbeat: {every: 1s}}}
        """

    @Test
    func `a template's endpoints have its values in their paths, and the defaults below them`() throws {
        let endpoints = try Self.definition(Self.template).routes.compactMap(\.endpoint)
        #expect(endpoints.map(\.path) == ["/ws/content", "/ws/insights"])
        #expect(endpoints.map(\.aliases) == [["/old/content"], ["/old/insights"]])
        #expect(endpoints.map(\.passthrough) == [.managed, .managed])
        #expect(endpoints.map(\.heartbeat?.every) == [.seconds(5), .seconds(1)])
        #expect(endpoints.map(\.heartbeat?.absorb) == [["heartbeat"], ["heartbeat"]])
        #expect(endpoints.map(\.heartbeat?.send) == [#"{"type":"heartbeat"}"#, #"{"type":"heartbeat"}"#])
        #expect(endpoints.first?.toLegacy.copy == [ReshapeRules.Move(from: "message", to: "response")])
    }

    @Test
    func `values that a template does not list are forwarded to an upstream of their own, unless refused`() throws {
        let definition = try Self.definition(Self.template)
        let unlisted = try #require(definition.unlisted.first)
        #expect(definition.unlisted.count == 1)
        #expect(unlisted.name == "liaison/{pillar}")
        #expect(unlisted.path == "/ws/{pillar}")
        #expect(unlisted.aliases == ["/old/{pillar}"])
        #expect(unlisted.heartbeat?.every == .seconds(5))
        let upstream = definition.upstreams[unlisted.upstream]
        #expect(upstream.name == "liaison/{pillar}")
        #expect(upstream.address.path == "/api/{pillar}")
        #expect(upstream.address.query == "k=v")
        let table = try RoutingTable(definition)
        guard case .legacy(let endpoint) = table.endpoints.match("/ws/other") else {
            Issue.record("nobody answers /ws/other")
            return
        }
        #expect(endpoint.route.index == -1)
        let refusing = Self.template.replacing("path: /ws/{pillar}", with: "path: /ws/{pillar}\n      unlisted: refuse")
        #expect(try Self.definition(refusing).unlisted == [])
    }

    @Test(arguments: ["off", "null", "~", ""])
    func `a route can do without the heartbeat of the defaults`(_ text: String) throws {
        let changed = Self.template.replacing("heartbeat: {every: 1s}", with: "heartbeat: \(text)")
        #expect(try Self.definition(changed).routes.map { $0.endpoint?.heartbeat == nil } == [false, true])
    }

    @Test
    func `an upstream that cannot take a value over is not forwarded to by default`() throws {
        let changed = Self.template.replacing("/api/{pillar}?k=v", with: "/api-{pillar}")
        #expect(try Self.definition(changed).unlisted == [])
    }

    @Test
    func `greet is a text, a mapping or a list of them`() throws {
        let head = """
            routes:
              guide:
                match: {agent_type: guide}
                legacy: {upstream: "ws://a/", path: /g}
            """
        func sent(_ send: String) throws -> [String]? {
            try Self.definition(head + "\n    greet: {send: \(send)}").routes.first?.endpoint?.greet
        }
        #expect(try sent(#"'{"a":"{session}"}'"#) == [#"{"a":"{session}"}"#])
        #expect(
            try sent(#"[{type: hi, id: "{conversation_id}", n: {x: 1}}, '{}']"#)
                == [#"{"type":"hi","id":"{conversation_id}","n":{"x":1}}"#, "{}"])
        #expect(try sent(#"{who: "{agent_type}"}"#) == [#"{"who":"{agent_type}"}"#])
    }

    // MARK: Admin, store, client

    @Test
    func `admin, store and client are read`() throws {
        let settings = try SettingsTests.settings(
            """
            listen: {admin: "0.0.0.0:9090"}
            admin: {tokens: {read: "${READ:-}", write: "${WRITE}"}}
            store: {url: "sqlite:/var/lib/shunt.db", flush: 2s, keep: 90d}
            usage: {enabled: false, max_clients: 50}
            deprecation: {quiet_period: 7d}
            client: {app: [header:x-app, user_agent], version: query:v}
            \(oneRoute)
            """, environment: ["WRITE": "0123456789abcdef"])
        #expect(settings.admin.address == .tcp(host: "0.0.0.0", port: 9090))
        #expect(settings.admin.readToken == nil)
        #expect(settings.admin.writeToken == "0123456789abcdef")
        #expect(settings.store.place == .sqlite(path: "/var/lib/shunt.db"))
        #expect(settings.usage.flush == .seconds(2))
        #expect(settings.usage.keepDays == 90)
        #expect(!settings.usage.isOn)
        #expect(settings.usage.maxClients == 50)
        #expect(settings.usage.quietPeriod == .hours(7 * 24))
        let client = settings.table.definition.client
        #expect(client.app == [.value(.header("x-app")), .userAgent])
        #expect(client.version == [.value(.query("v"))])
    }

    @Test
    func `without these keys there is no admin listener and nothing on disk`() throws {
        let settings = try SettingsTests.settings(oneRoute)
        #expect(settings.admin == AdminSettings())
        #expect(settings.store.place == .memory)
        #expect(settings.table.definition.client == ClientNaming())
    }

    // MARK: Summary

    @Test
    func `the summary says what a toggle ends`() throws {
        let text = """
            \(Self.unified)
            \(Self.template.replacing("upstream: {url", with: "pushes: {welcome: forward, restored: forward, x: drop}\n      upstream: {url"))
                greet: {send: {type: welcome}}
            """
        let summary = try #require(ConfigReader.read(text: text, file: "c", environment: [:]).summary)
        let both = "liaison/content liaison/insights: "
        #expect(
            summary.toggleEnds.map { $0.routes.joined(separator: " ") + ": " + $0.what } == [
                both + "messages that only the legacy backend sends by itself: restored (greet can replace them)",
                both + "binary messages of old clients: the unified way carries text",
                "liaison/{pillar}: values that are not listed stay with the legacy backend, whatever the share: /ws/{pillar}",
            ])
        #expect(summary.legacyEndpoints.map(\.isUnlisted) == [false, false, true])
        #expect(summary.text.contains("What ends when a route is served by unified:"))
    }

    @Test
    func `nothing ends where there is no unified upstream to go to`() throws {
        let summary = try #require(ConfigReader.read(text: Self.template, file: "c", environment: [:]).summary)
        #expect(summary.toggleEnds.isEmpty)
    }

    @Test
    func `the summary says what made each side serve`() throws {
        let text = """
            phase: parallel
            \(Self.unified)
            routes:
              a: {match: {agent_type: a}, legacy: {upstream: "ws://a/"}, hold: unified}
              b: {match: {agent_type: b}, legacy: {upstream: "ws://a/"}}
            """
        let summary = try #require(ConfigReader.read(text: text, file: "c", environment: [:]).summary)
        #expect(summary.routes.map(\.inForce) == ["unified", "legacy"])
        #expect(summary.routes.map(\.why) == ["hold (line 4)", "phase: parallel (line 1)"])
        let migrating = text.replacing("phase: parallel", with: "")
        let other = try #require(ConfigReader.read(text: migrating, file: "c", environment: [:]).summary)
        #expect(other.routes.map(\.why) == ["hold (line 4)", "served_by (default)"])
    }
}
