import ShuntConfig
import ShuntCore
import Testing

/// What a reload says about TLS.
struct TLSDiffTests {
    private static func text(_ listen: String, _ upstream: String = "") -> String {
        """
        listen: {\(listen)}
        routes: {guide: {match: {agent_type: guide}, legacy: {upstream: {url: "wss://a.example/g"\(upstream)}}}}
        """
    }

    private func read(_ text: String, _ files: FakeFiles = FakeFiles()) throws -> ProxySettings {
        let outcome = ConfigReader.read(text: text, file: "config.yaml", environment: [:], tls: files.access)
        return try #require(outcome.settings, "\(outcome.diagnostics)")
    }

    private static let one = "tls: {certificate: c.pem, key: c.key}"

    @Test(
        arguments: [
            (one, one, [], []), ("", one, [], ["listen: tls turned on"]), (one, "", [], ["listen: tls turned off"]),
            (
                one, "tls: {certificate: d.pem, key: d.key, min_version: 1.3, ciphers: A, client_ca: ca.pem}",
                ["listen.tls: certificates, min_version, ciphers and client_ca changed for new connections"], []
            ),
            (
                "trusted_proxies: [10.0.0.0/8]", "trusted_proxies: [10.0.0.0/8], proxy_protocol: true", [],
                ["listen: proxy_protocol turned on"]
            ),
            (
                "admin: \"127.0.0.1:1\"", "admin: \"127.0.0.1:1\", admin_tls: {certificate: c.pem, key: c.key}", [],
                ["listen: admin_tls turned on"]
            ),
            (
                "admin: \"127.0.0.1:1\", admin_tls: {certificate: c.pem, key: c.key}",
                "admin: \"127.0.0.1:1\", admin_tls: {certificate: d.pem, key: d.key}",
                ["listen.admin_tls: certificates changed for new connections"], []
            ),
        ] as [(String, String, [String], [String])])
    func `a listener's change is told`(old: String, new: String, live: [String], restart: [String]) throws {
        let changes = ConfigDiff.changes(from: try read(Self.text(old)), to: try read(Self.text(new)))
        #expect(changes.live == live)
        #expect(changes.restart == restart)
    }

    @Test func `an upstream's change is told`() throws {
        let changes = ConfigDiff.changes(
            from: try read(Self.text("")),
            to: try read(Self.text("", ", tls: {ca: ca.pem, min_version: 1.3, server_name: b.example}")))
        #expect(
            changes.live == [
                "guide: legacy upstream: tls.ca, tls.min_version and tls.server_name changed for new connections"
            ])
        #expect(changes.restart == [])
    }

    @Test func `a file that has another content is told, with the certificate's new end`() throws {
        let text = Self.text("tls: {certificate: c.pem, key: c.key, client_ca: ca.pem}")
        var files = FakeFiles()
        let old = try read(text, files)
        files.contents = ["c.pem": 2, "c.key": 2, "ca.pem": 7]
        files.certificates["c.pem"] = 455
        let changes = ConfigDiff.changes(from: old, to: try read(text, files))
        #expect(
            changes.live == [
                "c.key has another content", "c.pem has another content: a certificate until 2028-02-28T00:53:20Z",
                "ca.pem has another content",
            ])
        #expect(changes.restart == [])
    }
}
