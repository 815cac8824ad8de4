import ShuntConfig
import ShuntCore
import Testing

/// References to the environment.
struct EnvironmentTests {
    static let environment = ["LEVEL": "debug", "EMPTY": "", "URL": "ws://backend:7101/secret-path?key=hunter2"]

    @Test(arguments: [
        ("${LEVEL}", "debug"), ("${NOTHING:-notice}", "notice"), ("${EMPTY:-notice}", "notice"),
        ("${LEVEL:-notice}", "debug"), ("${NOTHING:-no}${EMPTY}tice", "notice"), ("war${NOTHING:-n}ing", "warning"),
    ])
    func `a reference is read`(text: String, level: String) throws {
        let settings = try SettingsTests.settings(
            "log: {level: \"\(text)\"}\n" + oneRoute, environment: Self.environment)
        #expect(settings.log.level == level)
    }

    @Test(arguments: [("$${LEVEL}", "${LEVEL}"), ("a$b$", "a$b$"), ("}{", "}{"), ("${EMPTY}", "")])
    func `what is no reference stays as it is`(text: String, absent: String) throws {
        let settings = try SettingsTests.settings(
            "session: {absent: [\"\", undefined, \"null\", \"\(text)\"]}\n" + oneRoute, environment: Self.environment)
        #expect(settings.table.definition.session.absent.last == absent)
    }

    @Test
    func `a default may be a number, a size or nothing`() throws {
        let settings = try SettingsTests.settings(
            "listen: {workers: \"${WORKERS:-2}\"}\nlimits: {message: \"${SIZE:-1MiB}\"}\n" + oneRoute)
        #expect(settings.listen.workers == 2)
        #expect(settings.table.definition.limits.message == 1 << 20)
    }

    @Test
    func `a url from the environment is used, and shown as it is written`() throws {
        let text = "routes: {guide: {match: {agent_type: guide}, legacy: {upstream: \"${URL}\"}}}"
        let outcome = ConfigReader.read(text: text, file: "c", environment: Self.environment)
        #expect(outcome.settings?.table.definition.upstreams.map(\.address.host) == ["backend"])
        #expect(outcome.settings?.table.definition.upstreams.map(\.address.query) == ["key=hunter2"])
        let summary = try #require(outcome.summary)
        #expect(summary.routes.map(\.upstream) == ["${URL}"])
        #expect(!summary.text.contains("secret-path") && !summary.text.contains("hunter2"))
    }

    /// Every value of this file comes from the environment and is wrong.
    @Test
    func `values of the environment never appear in what is said`() {
        let keys = [
            "listen: {clients: \"${S}\", workers: \"${S}\", reuse_port: \"${S}\", origins: \"${S}\", trusted_proxies: \"${S}\"}",
            "session: {token: \"${S}\", anonymous: \"${S}\", linger: \"${S}\", validate: {with: \"${S}\"}}",
            "limits: {message: \"${S}\", connections: \"${S}\", idle_timeout: \"${S}\"}",
            "unified: {path: \"${S}\", route_by: \"${S}\", default_route: \"${S}\", conversation: {template: \"${S}\"}}",
            "upstream_defaults: {credential: \"${S}\", pace: \"${S}\", correlation: \"${S}\", pushes: {a: \"${S}\", b: {answer: \"${S}\"}}}",
            "routes: {a: {match: {agent_type: \"${S}\"}, served_by: \"${S}\", legacy: {upstream: {url: \"${S}\"}}},"
                + " b: {match: \"${S}\", legacy: \"${S}\"}, \"c{x}\": {values: {x: \"${S}\"}, match: {}, only: \"${S}\"}}",
            "drain: {limit: \"${S}\"}", "log: {level: \"${S}\", format: \"${S}\"}",
        ]
        for secret in [
            "hunter2 {hunter2}", "http://hunter2/", "hunter2:8080:1", "query hunter2", "/hunter2?#", "1hunter2",
        ] {
            let outcome = ConfigReader.read(
                text: keys.joined(separator: "\n"), file: "c", environment: ["S": secret])
            #expect(outcome.diagnostics.count > 15)
            let leaks = outcome.diagnostics.filter { $0.description.contains("hunter2") }
            #expect(leaks.isEmpty)
        }
    }
}
