import ShuntCore
import Testing

@Suite struct `Origins` {
    @Test(arguments: [
        ("http://app.example.com", "app.example.com", true),
        ("https://app.example.com", "app.example.com", true),
        ("https://APP.example.com", "app.Example.com", true),
        ("https://app.example.com", "app.example.com:443", true),
        ("http://app.example.com:80", "app.example.com", true),
        ("http://localhost:3000", "localhost:3000", true),
        ("http://[::1]:3000", "[::1]:3000", true),
        ("http://localhost:3000", "localhost:8080", false),
        ("http://localhost:3000", "localhost", false),
        ("http://app.example.com", "app.example.com:443", false),
        ("https://evil.example.com", "app.example.com", false),
        ("https://app.example.com.evil.org", "app.example.com", false),
        ("https://app.example.com@evil.org", "app.example.com", false),
        ("https://app.example.com/path", "app.example.com", false),
        ("app.example.com", "app.example.com", false),
        ("null", "null", false),
        ("", "app.example.com", false),
        ("://app.example.com", "app.example.com", false),
        ("https://", "app.example.com", false),
    ])
    func `by default a page of the same host is admitted`(origin: String, host: String, admitted: Bool) throws {
        let request = HandshakeRequest.valid(setting: ["Host": host], adding: ["Origin": origin])
        #expect(try isAdmitted(request, ListenSettings()) == admitted)
    }

    @Test(arguments: [
        ("https://app.example.com", true), ("https://app.example.com:443", true),
        ("https://app.example.com:8443", false),
        ("http://app.example.com", false), ("https://other.example.com", false),
        ("https://a.wild.example.com", true), ("https://a.b.wild.example.com", true),
        ("https://wild.example.com", false),
        ("https://evilwild.example.com", false), ("https://.wild.example.com", false),
        ("http://a.wild.example.com", false),
        ("http://x.any.example.org", true), ("https://x.any.example.org", true),
        ("https://x.any.example.org:81", false),
        ("http://localhost:3000", true), ("http://localhost", false), ("null", false), ("nonsense", false),
    ])
    func `a list admits what it names`(origin: String, admitted: Bool) throws {
        var listen = ListenSettings()
        listen.origins = .list([
            "https://app.example.com", "HTTPS://*.wild.example.com", "*.any.example.org", "http://localhost:3000",
        ])
        #expect(try isAdmitted(.valid(adding: ["Origin": origin]), listen) == admitted)
    }

    @Test func `null is an origin only where the list says so`() throws {
        var listen = ListenSettings()
        listen.origins = .list(["null"])
        #expect(try isAdmitted(.valid(adding: ["Origin": "null"]), listen))
        #expect(try !isAdmitted(.valid(adding: ["Origin": "nonsense"]), listen))
    }

    @Test(arguments: ["https://evil.org", "null", "nonsense"])
    func `any admits every origin`(origin: String) throws {
        var listen = ListenSettings()
        listen.origins = .any
        #expect(try isAdmitted(.valid(adding: ["Origin": origin]), listen))
    }

    @Test func `a client without Origin is no browser`() throws {
        var listen = ListenSettings()
        listen.origins = .list([])
        #expect(try isAdmitted(.valid(), listen))
        #expect(try !isAdmitted(.valid(adding: ["Origin": "http://app.example.com"]), listen))
    }

    @Test(arguments: [("10.0.0.9", true), ("192.0.2.7", false)])
    func `behind a trusted proxy the host is what it says`(remote: String, admitted: Bool) throws {
        let request = HandshakeRequest.valid(
            setting: ["Host": "shunt:8080"],
            adding: ["Origin": "https://app.example.com", "X-Forwarded-Host": "app.example.com, inner"], from: remote)
        #expect(try isAdmitted(request, try behindProxy()) == admitted)
    }

    @Test(arguments: [
        // Host, X-Forwarded-Host, X-Forwarded-Port, the origin.
        ("app.example.com", nil, "8443", "https://app.example.com:8443", true),
        ("shunt:8080", "app.example.com", "8443", "https://app.example.com:8443", true),
        ("shunt:8080", "app.example.com", "8443, 80", "https://app.example.com:8443", true),
        ("app.example.com", nil, "8080", "https://app.example.com", true),
        ("app.example.com", nil, "443", "https://app.example.com", true),
        ("shunt:8080", "app.example.com:9000", "8443", "https://app.example.com:8443", false),
        ("app.example.com", nil, "8443", "https://app.example.com:8444", false),
        ("app.example.com", nil, "8443", "https://evil.example.com:8443", false),
        ("app.example.com", nil, "nonsense", "https://app.example.com:8443", false),
        ("app.example.com", nil, "", "https://app.example.com:8443", false),
    ])
    func `the port by which a client came is the trusted proxy's word`(
        host: String, forwardedHost: String?, port: String, origin: String, admitted: Bool
    ) throws {
        func isAdmitted(from remote: String) throws -> Bool {
            let setting: KeyValuePairs = ["Host": host, "X-Forwarded-Host": forwardedHost, "X-Forwarded-Port": port]
            let request = HandshakeRequest.valid(setting: setting, adding: ["Origin": origin], from: remote)
            return try self.isAdmitted(request, try behindProxy())
        }
        #expect(try isAdmitted(from: "10.0.0.9") == admitted)
        let isPlain = forwardedHost == nil && origin == "https://app.example.com"
        #expect(try isAdmitted(from: "192.0.2.7") == isPlain, "nobody else's")
    }

    @Test(arguments: [
        ("chrome-extension://abcdefghijklmnop", true), ("CHROME-extension://abcdefghijklmnop", true),
        ("chrome-extension://ponmlkjihgfedcba", false), ("app+x.y-z://shell", true), ("app+x.y-z://shell:81", false),
        ("capacitor://localhost", true), ("chrome_extension://abcdefghijklmnop", false), ("1app://shell", false),
        ("+app://shell", false),
    ])
    func `a scheme is what RFC 3986 says it is`(origin: String, admitted: Bool) throws {
        var listen = ListenSettings()
        listen.origins = .list([
            "chrome-extension://abcdefghijklmnop", "app+x.y-z://shell", "capacitor://localhost", "1app://shell",
            "chrome_extension://abcdefghijklmnop",
        ])
        #expect(try isAdmitted(.valid(adding: ["Origin": origin]), listen) == admitted)
    }

    @Test func `a refusal names the origin and the line to add`() throws {
        let request = HandshakeRequest.valid(adding: ["Origin": "https://evil.org"])
        let verdict = HandshakeCheck.verdict(
            of: request, table: try RoutingTable(TableDefinition()), listen: ListenSettings())
        let refusal = try verdict.refusal
        #expect(refusal.status == 403)
        #expect(refusal.code == "origin_refused")
        #expect(refusal.message.contains("listen: {origins: [https://evil.org]}"))
    }

    private func isAdmitted(_ request: HandshakeRequest, _ listen: ListenSettings) throws -> Bool {
        let outcome = try request.outcome(listen: listen)
        if outcome == .refused(403, "origin_refused") { return false }
        try #require(outcome == .accepted(.session(token: "T")))
        return true
    }
}
