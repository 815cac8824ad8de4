import ShuntConfig
import ShuntCore
import Testing

/// What TLS settings mean.
struct TLSSettingsTests {
    private func read(
        _ text: String, file: String = "config.yaml", environment: [String: String] = [:], _ files: FakeFiles? = nil
    ) throws -> ProxySettings {
        let outcome = ConfigReader.read(text: text, file: file, environment: environment, tls: files?.access)
        return try #require(outcome.settings, "\(outcome.diagnostics)")
    }

    private func listen(_ tls: String) throws -> ListenSettings {
        try read("listen: {tls: \(tls)}\n" + oneRoute).listen
    }

    private func upstream(_ url: String, _ tls: String, defaults: String = "{}") throws -> UpstreamSettings {
        let text = """
            upstream_defaults: {tls: \(defaults)}
            routes: {guide: {match: {agent_type: guide}, legacy: {upstream: {url: "\(url)", tls: \(tls)}}}}
            """
        return try #require(try read(text).table.definition.upstreams.first)
    }

    @Test(arguments: [
        "{certificate: c.pem, key: c.key}", "{certificates: [{certificate: c.pem, key: c.key}]}",
        "[{certificate: c.pem, key: c.key}]", "{certificates: {certificate: c.pem, key: c.key}}",
    ])
    func `one certificate may be written in three ways`(tls: String) throws {
        #expect(
            try listen(tls).tls == TLSServerSettings(certificates: [TLSCertificateFiles(chain: "c.pem", key: "c.key")]))
    }

    @Test func `a listener has several certificates in their order, and all else once`() throws {
        let tls = try #require(
            try listen(
                """
                {certificates: [{certificate: c.pem, key: c.key}, {certificate: d.pem, key: d.pem}], min_version: 1.3,
                ciphers: [A, "B:C"], client_ca: ca.pem}
                """
            ).tls)
        #expect(tls.certificates.map(\.chain) == ["c.pem", "d.pem"])
        #expect(tls.certificates.map(\.key) == ["c.key", "d.pem"])
        #expect(tls.least == .tls13)
        #expect(tls.ciphers == "A:B:C")
        #expect(tls.clientAuthorities == "ca.pem")
    }

    @Test(arguments: [
        ("config.yaml", "c.pem", "c.pem"), ("/etc/shunt/config.yaml", "c.pem", "/etc/shunt/c.pem"),
        ("conf/a.yaml", "tls/c.pem", "conf/tls/c.pem"), ("../a.yaml", "../c.pem", "../../c.pem"),
        ("/etc/shunt/config.yaml", "/c.pem", "/c.pem"), ("<stdin>", "c.pem", "c.pem"),
        ("/etc/shunt/config.yaml", "${DIR}/c.pem", "/run/tls/c.pem"),
    ])
    func `paths count from the configuration's folder`(file: String, written: String, path: String) throws {
        let text = """
            listen: {tls: {certificate: "\(written)", key: "\(written)"}, admin: "127.0.0.1:1",
              admin_tls: {certificate: "\(written)", key: "\(written)", client_ca: "\(written)"}}
            upstream_defaults: {tls: {ca: "\(written)", certificate: "\(written)", key: "\(written)"}}
            \(oneRoute.replacing("ws://", with: "wss://"))
            """
        let settings = try read(text, file: file, environment: ["DIR": "/run/tls"])
        let files = TLSCertificateFiles(chain: path, key: path)
        #expect(settings.listen.tls?.certificates == [files])
        #expect(settings.admin.tls?.certificates == [files])
        #expect(settings.admin.tls?.clientAuthorities == path)
        let upstream = try #require(settings.table.definition.upstreams.first)
        #expect(upstream.tls.authorities == path)
        #expect(upstream.tls.certificate == files)
    }

    @Test(arguments: [
        ("wss://a.example/g", true, 443), ("wss://a.example:8443/g", true, 8443), ("WSS://a.example", true, 443),
        ("ws://a.example/g", false, 80),
    ])
    func `wss is TLS, on port 443 unless another is said`(url: String, tls: Bool, port: Int) throws {
        let upstream = try #require(
            try read(oneRoute.replacing("ws://127.0.0.1:7101/g", with: url)).table.definition.upstreams.first)
        #expect(upstream.address.tls == tls)
        #expect(upstream.address.port == port)
    }

    @Test func `an upstream's certificate is checked by the system's authorities, by its host's name`() throws {
        let upstream = try upstream("wss://A.example/g", "{}")
        #expect(upstream.tls == TLSClientSettings())
        #expect(upstream.tls.verifies)
        #expect(upstream.tlsName == "a.example")
        #expect(try self.upstream("wss://a.example/g", "{ca: system}").tls.authorities == nil)
    }

    @Test func `what an upstream says is laid over the defaults`() throws {
        let upstream = try upstream(
            "wss://10.0.0.5/g", "{certificate: d.pem, min_version: \"1.2\", server_name: Agents.example}",
            defaults: "{ca: ca.pem, certificate: c.pem, key: c.key, min_version: \"1.3\", ciphers: A, verify: true}")
        #expect(upstream.tls.authorities == "ca.pem")
        #expect(upstream.tls.certificate == TLSCertificateFiles(chain: "d.pem", key: "c.key"))
        #expect(upstream.tls.least == .tls12)
        #expect(upstream.tls.ciphers == "A")
        #expect(upstream.tlsName == "agents.example")
    }

    @Test func `tls may stand beside a legacy upstream, and in a template`() throws {
        let definition = try read(
            """
            routes:
              liaison/{p}:
                values: {p: [a, b]}
                match: {agent_type: liaison, pillar: "{p}"}
                legacy: {upstream: "wss://{p}.example/x", tls: {certificate: "{p}.pem", key: "{p}.key"}, unlisted: refuse}
                only: {b: {legacy: {tls: {min_version: "1.3"}}}}
            """
        ).table.definition
        #expect(definition.upstreams.map(\.tls.certificate?.chain) == ["a.pem", "b.pem"])
        #expect(definition.upstreams.map(\.tls.least) == [.tls12, .tls13])
        #expect(definition.upstreams.map(\.tlsName) == ["a.example", "b.example"])
    }

    @Test(arguments: [
        ("proxy_protocol: true, trusted_proxies: [10.0.0.0/8, \"fd00::/8\"]", true),
        ("proxy_protocol: true, clients: unix:/run/a.sock", true), ("proxy_protocol: false", false),
        ("trusted_proxies: [10.0.0.0/8]", false),
    ])
    func `trusted proxies alone send heads of the PROXY protocol`(listen: String, isOn: Bool) throws {
        let listen = try read("listen: {\(listen)}\n" + oneRoute).listen
        #expect(listen.proxyProtocol == isOn)
        let isListed = isOn && !listen.trustedProxies.isEmpty
        #expect(listen.expectsProxyHead(from: "10.1.2.3") == isListed)
        #expect(listen.expectsProxyHead(from: "::ffff:10.1.2.3") == isListed)
        #expect(listen.expectsProxyHead(from: "fd00::1") == isListed)
        #expect(!listen.expectsProxyHead(from: "11.1.2.3"))
        // Over a Unix socket everybody is trusted.
        #expect(listen.expectsProxyHead(from: "") == isOn)
    }

    // MARK: Files

    @Test func `each file is known once, with what its certificate says`() throws {
        let settings = try read(
            """
            listen: {tls: {certificate: c.pem, key: c.key, client_ca: ca.pem}, admin: "127.0.0.1:1",
              admin_tls: {certificate: c.pem, key: c.key}}
            upstream_defaults: {tls: {certificate: d.pem, key: d.key}}
            \(oneRoute.replacing("ws://127.0.0.1", with: "wss://a.example"))
            """, FakeFiles())
        #expect(settings.certificates.map(\.file) == ["c.pem", "d.pem"])
        #expect(settings.certificates.first?.names == ["c.pem.example"])
        #expect(settings.tlsFiles.keys.sorted() == ["c.key", "c.pem", "ca.pem", "d.key", "d.pem"])
    }

    @Test func `files of the defaults are not looked into where no upstream speaks TLS`() throws {
        let settings = try read(
            "upstream_defaults: {tls: {ca: gone.pem, verify: false, certificate: x, key: y}}\n" + oneRoute, FakeFiles())
        #expect(settings.tlsFiles.isEmpty)
    }

    @Test func `the summary shows how TLS is spoken, and nothing of the environment`() throws {
        let outcome = ConfigReader.read(
            text: """
                listen: {clients: "0.0.0.0:8443", trusted_proxies: [10.0.0.0/8], proxy_protocol: true,
                  tls: {certificates: [{certificate: c.pem, key: c.key}, {certificate: "${D}.pem", key: d.key}],
                    min_version: 1.3, client_ca: ca.pem},
                  admin: "127.0.0.1:9443", admin_tls: {certificate: c.pem, key: c.key}}
                unified: {upstream: {url: "wss://u.example/u", tls: {ca: ca.pem, server_name: "${X}.example"}}}
                upstream_defaults: {tls: {certificate: "${D}.pem", key: d.key}}
                \(oneRoute.replacing("ws://127.0.0.1", with: "wss://a.example"))
                """, file: "config.yaml", environment: ["D": "d", "X": "secret"], tls: FakeFiles().access)
        let text = try #require(outcome.summary?.text, "\(outcome.diagnostics)")
        let expected = """
            listens on 0.0.0.0:8443 for /api/ws/agent
            clients: TLS 1.3 or newer, for those with a certificate that ca.pem vouches for
              c.pem for c.pem.example, until 2027-11-30T00:53:20Z, and for whoever names none of them
              ${D}.pem for d.pem.example, until 2027-02-28T00:53:20Z
            trusted proxies say by the PROXY protocol whom they speak for
            admin listener on 127.0.0.1:9443
            admin listener: TLS 1.2 or newer
              c.pem for c.pem.example, until 2027-11-30T00:53:20Z

            """
        #expect(text.hasPrefix(expected), "\(text)")
        #expect(
            text.contains("to unified: TLS 1.2 or newer, checked by ca.pem, as ${X}.example, with ${D}.pem\n"),
            "\(text)")
        #expect(text.contains("to guide: TLS 1.2 or newer, checked by the system's authorities, with ${D}.pem\n"))
    }
}
