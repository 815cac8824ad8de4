import ShuntConfig
import ShuntCore
import Testing

/// What is said about TLS and the PROXY protocol.
struct TLSDiagnosticsTests {
    @Test(arguments: Self.listening + Self.dialling)
    func `every mistake is told where it is, with what would be right`(_ example: DiagnosticCase) {
        #expect(example.found == example.expected)
    }

    private static func listener(_ name: String, _ listen: String, _ expected: String) -> DiagnosticCase {
        DiagnosticCase(name, "listen: {\(listen)}\n" + oneRoute, expected)
    }

    static let listening: [DiagnosticCase] = [
        listener(
            "a certificate without its key", "tls: {certificate: c.pem}",
            "1:29: error: listen.tls.certificate: the certificate has no key; add key: the PEM file of its private key, "
                + "which may be the same file"),
        listener(
            "a key without its certificate", "tls: {key: c.key}",
            "1:21: error: listen.tls.key: the key has no certificate; add certificate: the PEM file that it is for"),
        listener(
            "nothing", "tls: {}",
            "1:15: error: listen.tls: there is no certificate; allowed: {certificate: cert.pem, key: key.pem}"),
        listener(
            "a word", "tls: true",
            "1:15: error: listen.tls: found \"true\"; allowed: a mapping (lines of key: value)"),
        listener(
            "an empty list", "tls: []",
            "1:15: error: listen.tls: found a list of 0; allowed: from 1 to 100 certificates"
        ),
        listener(
            "both forms", "tls: {certificate: a, key: b, certificates: [{certificate: a, key: b}]}",
            "1:54: error: listen.tls.certificates: certificates stands beside certificate and key; put that one into the "
                + "list, too"),
        listener(
            "a setting of the listener at one certificate", "tls: [{certificate: a, key: b, min_version: \"1.3\"}]",
            "1:54: error: listen.tls[0].min_version: min_version belongs to the whole listener, not to one certificate; "
                + "write tls: {certificates: [{certificate: …, key: …}], min_version: …}"),
        listener(
            "an unknown key", "tls: {certificate: a, key: b, cipher: x}",
            "1:40: error: listen.tls.cipher: unknown key \"cipher\"; did you mean \"ciphers\"?"),
        listener(
            "old versions", "tls: {certificate: a, key: b, min_version: 1.1}",
            "1:53: error: listen.tls.min_version: found \"1.1\"; allowed: \"1.2\" or \"1.3\"; what is older than TLS 1.2 is "
                + "no longer safe (RFC 8996)"),
        listener(
            "another spelling", "tls: {certificate: a, key: b, min_version: TLSv1.3}",
            "1:53: error: listen.tls.min_version: found \"TLSv1.3\"; allowed: \"1.2\" or \"1.3\"; did you mean \"1.3\"?"
        ),
        listener(
            "the key itself", "tls: {certificate: a, key: \"-----BEGIN PRIVATE KEY-----hunter2\"}",
            "1:37: error: listen.tls.key: the PEM text itself stands here; allowed: the path of a PEM file; write it to a "
                + "file and name that"),
        listener(
            "no path", "tls: {certificate: \"\", key: [b]}",
            """
            1:29: error: listen.tls.certificate: found ""; allowed: the path of a PEM file
            1:38: error: listen.tls.key: found a list; allowed: the path of a PEM file
            """),
        listener(
            "TLS over Unix sockets", "clients: unix:/run/a, tls: {certificate: a, key: b}",
            "1:37: error: listen.tls: tls has no effect: all listen.clients are Unix sockets, which nobody can read along; "
                + "remove it, or listen on a port"),
        listener(
            "TLS of no admin listener", "admin_tls: {certificate: a, key: b}",
            "1:21: error: listen.admin_tls: admin_tls has no effect without listen.admin; remove it, or listen on a port"
        ),
        listener(
            "several certificates of the admin listener",
            "admin: \"127.0.0.1:1\", admin_tls: {certificates: [], ciphers: a}",
            """
            1:43: error: listen.admin_tls: there is no certificate; allowed: {certificate: cert.pem, key: key.pem}
            1:44: error: listen.admin_tls.certificates: unknown key "certificates"; did you mean "certificate"?
            1:62: error: listen.admin_tls.ciphers: unknown key "ciphers"; allowed: certificate, client_ca, key or min_version
            """),
        listener(
            "heads from anybody", "proxy_protocol: true",
            "1:26: error: listen.proxy_protocol: proxy_protocol needs listen.trusted_proxies; list the addresses of those "
                + "who send its heads: anybody else could say to be anybody"),
        listener(
            "no boolean", "proxy_protocol: v2",
            "1:26: error: listen.proxy_protocol: found \"v2\"; allowed: true or false"),
    ]

    private static func upstream(_ name: String, _ upstream: String, _ expected: String) -> DiagnosticCase {
        DiagnosticCase(
            name, "routes:\n  guide: {match: {agent_type: guide}, legacy: {upstream: {\(upstream)}}}", expected)
    }

    static let dialling: [DiagnosticCase] = [
        upstream(
            "TLS for a plain url", "url: \"ws://a.example/g\", tls: {verify: true}",
            "2:89: error: routes.guide.legacy.upstream.tls: tls has no effect: the url begins with ws://; write wss:// "
                + "there, or remove tls here"),
        upstream(
            "nothing is checked", "url: \"wss://a.example/g\", tls: {verify: false}",
            "2:99: warning: routes.guide.legacy.upstream.tls.verify: with verify: false whoever answers is taken for the "
                + "backend, and is given the clients' tokens; say with ca who vouches for its certificate, and with "
                + "server_name whom it is for"),
        upstream("a certificate for an address", "url: \"wss://10.0.0.5/g\"", ""),
        upstream(
            "a certificate for an address, as is said", "url: \"wss://10.0.0.5/g\", tls: {server_name: 10.0.0.5}", ""),
        upstream("a certificate for an address of IPv6", "url: \"wss://[::1]/g\", tls: {server_name: \"::1\"}", ""),
        upstream(
            "a name that is none", "url: \"wss://a.example/g\", tls: {server_name: \"a.example:443\"}",
            "2:104: error: routes.guide.legacy.upstream.tls.server_name: found \"a.example:443\"; allowed: a host name such "
                + "as agents.example.com, or an IP address; did you mean \"a.example\"?"),
        upstream(
            "an unknown key and a wrong value",
            "url: \"wss://a.example/g\", tls: {verifies: true, ca: {}, ciphers: \"\"}",
            """
            2:91: error: routes.guide.legacy.upstream.tls.verifies: unknown key "verifies"; allowed: ca, certificate, ciphers, key, \
            min_version, server_name or verify
            2:111: error: routes.guide.legacy.upstream.tls.ca: found a mapping; allowed: system, or the path of a PEM file
            2:124: error: routes.guide.legacy.upstream.tls.ciphers: found ""; allowed: OpenSSL's names of ciphers, such as \
            ECDHE-RSA-AES128-GCM-SHA256
            """),
        DiagnosticCase(
            "defaults alone", "upstream_defaults: {tls: {min_version: 1.0, certificate: a}}\n" + oneRoute,
            """
            1:40: error: upstream_defaults.tls.min_version: found "1.0"; allowed: "1.2" or "1.3"; what is older than TLS 1.2 \
            is no longer safe (RFC 8996)
            1:58: error: upstream_defaults.tls.certificate: the certificate has no key; add key: the PEM file of its private \
            key, which may be the same file
            """),
    ]

    // MARK: Files

    private func lines(_ text: String, _ files: FakeFiles = FakeFiles(), _ environment: [String: String] = [:])
        -> [String]
    {
        ConfigReader.read(text: text, file: "config.yaml", environment: environment, tls: files.access).lines
    }

    @Test(arguments: [
        ("certificate: gone.pem, key: c.key", "1:29: error: listen.tls.certificate: cannot read gone.pem"),
        ("certificate: \"gone\\n.pem\", key: c.key", "1:29: error: listen.tls.certificate: cannot read gone\\n.pem"),
        ("certificate: c.pem, key: gone.key", "1:41: error: listen.tls.key: gone.key does not fit"),
        ("certificate: c.pem, key: c.pem", "1:29: error: listen.tls.certificate: c.pem does not fit"),
        ("certificate: c.pem, key: c.key, client_ca: c.pem", "1:59: error: listen.tls.client_ca: c.pem is no CA"),
        (
            "certificate: c.pem, key: c.key, ciphers: NONE",
            "1:57: error: listen.tls.ciphers: no cipher is left of \"NONE\""
        ),
        (
            "certificate: c.pem, key: c.key, ciphers: \"${NOTHING}\"",
            "1:57: error: listen.tls.ciphers: no cipher is left of \"${NOTHING}\""
        ),
        ("certificate: \"${GONE}.pem\", key: c.key", "1:29: error: listen.tls.certificate: cannot read ${GONE}.pem"),
    ])
    func `a file that cannot be used is told where it is named`(tls: String, expected: String) {
        #expect(
            lines("listen: {tls: {\(tls)}}\n" + oneRoute, FakeFiles(), ["NOTHING": "NONE", "GONE": "s3cr3t"]) == [
                expected
            ])
    }

    @Test(
        arguments: [
            (-1, "expired at 2026-11-29T00:53:20Z; whoever looks at it refuses the connection: renew it"),
            (0, "expired at 2026-11-30T00:53:20Z; whoever looks at it refuses the connection: renew it"),
            (1, "expires in 1 day, at 2026-12-01T00:53:20Z; renew it in time"),
            (13, "expires in 13 days, at 2026-12-13T00:53:20Z; renew it in time"), (14, nil),
            (4000, "is not valid before 2026-11-30T00:54:20Z; look at the clock of this machine"),
        ] as [(Int64, String?)])
    func `a certificate that ends soon is told`(days: Int64, expected: String?) {
        var files = FakeFiles()
        files.certificates["c.pem"] = days
        let tls = "{certificate: c.pem, key: c.key}"
        let prefix = "the certificate in \"c.pem\" "
        let text = "listen: {tls: \(tls), admin: \"127.0.0.1:1\", admin_tls: \(tls)}\n" + oneRoute
        let found = lines(text, files)
        let places = ["1:29: warning: listen.tls.certificate: ", "1:96: warning: listen.admin_tls.certificate: "]
        #expect(found == (expected.map { said in places.map { $0 + prefix + said } } ?? []))
    }

    @Test func `what many routes name is told once`() {
        let text = """
            upstream_defaults: {tls: {certificate: gone.pem, key: c.key, ca: gone.ca}}
            routes:
              a/{p}:
                values: {p: [a, b, c]}
                match: {agent_type: a, pillar: "{p}"}
                legacy: {upstream: "wss://a.example/{p}"}
            """
        #expect(
            lines(text) == [
                "1:40: error: upstream_defaults.tls.certificate: cannot read gone.pem",
                "1:66: error: upstream_defaults.tls.ca: gone.ca is no CA",
            ])
    }
}
