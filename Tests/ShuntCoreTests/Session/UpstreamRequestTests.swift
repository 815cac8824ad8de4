import ShuntCore
import Testing

@Suite struct `The request to an upstream` {
    @Test(arguments: [
        // What the client's query says, the token, the target.
        ("session_token=T&a=%41", "T", "/ws?session_token=T&a=%41"),
        ("a=1&session_token=%54&&b", "T", "/ws?a=1&session_token=%54&&b"),
        ("a=1&%73ession_token=T", "T", "/ws?a=1&%73ession_token=T"),
        ("", "T", "/ws?session_token=T"),
        ("a=1", "T", "/ws?a=1&session_token=T"),
        ("a=+%2f&&b", "T", "/ws?a=+%2f&&b&session_token=T"),
        ("session_token=undefined&a=1", "T", "/ws?a=1&session_token=T"),
        ("session_token=%20T", "T", "/ws?session_token=T"),
        ("session_token=T&session_token=T", "T", "/ws?session_token=T"),
        ("session_token=%FF", "%FF", "/ws?session_token=%25FF"),
        ("session_token=%25FF", "%FF", "/ws?session_token=%25FF"),
        ("a=1", "x&y=z #é+%", "/ws?a=1&session_token=x%26y%3Dz%20%23%C3%A9%2B%25"),
        ("session_token=undefined&a", nil, "/ws?session_token=undefined&a"),
        ("", nil, "/ws"),
    ])
    func `the token is in the query once and the rest stays byte for byte`(
        query: String, token: String?, target: String
    ) {
        let request = UpstreamRequest(
            upstream: upstream(), client: client(query), credential: token.map { Credential(ByteString($0)) })
        #expect(request.target == ByteString(target))
    }

    @Test func `the upstream's own query stands first`() {
        let own = upstream(path: "/ws", query: "v=2&k=%20")
        #expect(UpstreamRequest(upstream: own, client: client(""), credential: nil).target == "/ws?v=2&k=%20")
        #expect(
            UpstreamRequest(upstream: own, client: client("a=b"), credential: Credential("T")).target
                == "/ws?v=2&k=%20&a=b&session_token=T")
        let fixed = upstream(path: "/ws", query: "session_token=service")
        #expect(
            UpstreamRequest(upstream: fixed, client: client("a=b"), credential: Credential("T")).target
                == "/ws?a=b&session_token=T")
    }

    @Test func `nothing in a target can end the request line`() {
        let request = UpstreamRequest(upstream: upstream(), client: client("a=b c\r\nX: y\u{0}"), credential: nil)
        #expect(request.target == "/ws?a=b%20c%0D%0AX:%20y%00")
    }

    @Test func `a bearer token replaces what the client sent`() {
        var settings = upstream()
        settings.credential = .header("authorization")
        let sent = client("session_token=T", ["AUTHORIZATION": "Basic dTpw"])
        let request = UpstreamRequest(upstream: settings, client: sent, credential: Credential("T"))
        #expect(values("authorization", request) == ["Bearer T"])
        #expect(request.target == "/ws?session_token=T")
    }

    @Test func `any other header carries the token as it is`() {
        var settings = upstream()
        settings.credential = .header("X-Session")
        let request = UpstreamRequest(
            upstream: settings, client: client("", ["x-session": "old"]), credential: Credential("T"))
        #expect(values("x-session", request) == ["T"])
    }

    @Test(arguments: [
        (nil, "T", "session=T"), ("a=b; c=d", "T", "a=b; c=d; session=T"), ("session=old; a=b", "T", "a=b; session=T"),
        ("a=b", "x;y=z \"", "a=b; session=x%3By=z%20%22"), (nil, "a b", "session=a%20b"),
        (nil, "a%20b", "session=a%2520b"),
        ("a=b; sid=a%20b", "a%20b", "a=b; sid=a%20b; session=a%20b"),
    ])
    func `a cookie is added to the client's`(sent: String?, token: String, cookie: String) {
        var settings = upstream()
        settings.credential = .cookie("session")
        let sender = sent.map { client("", ["Cookie": $0]) } ?? client("")
        let request = UpstreamRequest(upstream: settings, client: sender, credential: Credential(ByteString(token)))
        #expect(values("cookie", request) == [ByteString(cookie)])
    }

    @Test func `a cookie that says so already stays as it is`() {
        var settings = upstream()
        settings.credential = .cookie("session")
        for value in [
            ByteString("a=b;session=T"), ByteString(Array("session=M".utf8) + [0xFC] + Array("; c=\"d\"".utf8)),
        ] {
            let sent = client("", headers: [.init(name: "Cookie", value: value)])
            let token = ValueSource.cookie("session").values(in: sent).first
            #expect(
                values(
                    "cookie",
                    UpstreamRequest(upstream: settings, client: sent, credential: token.map { Credential($0) })
                ).map {
                    $0.bytes.filter { $0 != 0x20 }
                } == [value.bytes.filter { $0 != 0x20 }])
        }
    }

    @Test(arguments: [ValueSource.query("t"), .header("X-User"), .header("authorization"), .cookie("t")])
    func `bytes that are no UTF-8 arrive wherever the token is wanted`(credential: ValueSource) {
        var settings = upstream()
        settings.credential = credential
        let token = ByteString([0x4D, 0xFC, 0x6C, 0x6C])
        let request = UpstreamRequest(upstream: settings, client: client("a=%F6"), credential: Credential(token))
        let query = ByteString(request.target.bytes.drop { $0 != 0x3F }.dropFirst())
        let received = Handshake(path: "/", query: query, headers: request.headers)
        #expect(credential.values(in: received) == [token])
        #expect(query.hasPrefix("a=%F6"))
    }

    @Test func `values pass as the bytes that they are`() {
        let name = ByteString([0x4D, 0xFC]), route = ByteString([0xE4, 0x2C, 0x31])
        let sent = client(
            "", headers: [.init(name: "X-Name", value: name), .init(name: "X-Forwarded-For", value: route)])
        let request = UpstreamRequest(upstream: upstream(), client: sent, credential: nil)
        #expect(values("x-name", request) == [name])
        #expect(values("x-forwarded-for", request) == [ByteString([0xE4]) + ", 1, 192.0.2.7"])
    }

    @Test func `without a credential or a token nothing is written`() {
        var settings = upstream()
        settings.credential = nil
        #expect(UpstreamRequest(upstream: settings, client: client("a"), credential: Credential("T")).target == "/ws?a")
        settings.credential = .header("authorization")
        let request = UpstreamRequest(
            upstream: settings, client: client("", ["Authorization": "Basic x"]), credential: nil)
        #expect(values("authorization", request) == ["Basic x"])
    }

    @Test(arguments: [
        (false, "backend", 80, "backend"), (false, "backend", 443, "backend:443"), (true, "backend", 443, "backend"),
        (true, "backend", 80, "backend:80"), (false, "127.0.0.1", 7101, "127.0.0.1:7101"),
        (false, "::1", 7101, "[::1]:7101"),
        (false, "[::1]", 80, "[::1]"),
    ])
    func `Host is the upstream's and comes first`(tls: Bool, host: String, port: Int, field: String) {
        let settings = UpstreamSettings(
            name: "guide", address: UpstreamAddress(tls: tls, host: host, port: port, path: "/ws"))
        let request = UpstreamRequest(upstream: settings, client: client(""), credential: nil)
        #expect(request.headers.first == Handshake.Field(name: "Host", value: field))
        #expect(values("host", request) == [ByteString(field)])
    }

    @Test(arguments: [
        // The setting, an old client's own connection, Host.
        (UpstreamHost?.none, nil, "127.0.0.1:7101"), (nil, PassthroughMode.managed, "app.example.com:8443"),
        (nil, .raw, "app.example.com:8443"), (.client, nil, "app.example.com:8443"),
        (.client, .raw, "app.example.com:8443"), (.upstream, .managed, "127.0.0.1:7101"),
        (.name("agents.internal"), nil, "agents.internal"), (.name("agents.internal"), .raw, "agents.internal"),
    ])
    func `by which name a backend is called is a setting`(
        setting: UpstreamHost?, passing: PassthroughMode?, host: String
    ) {
        var settings = upstream()
        settings.host = setting
        let sent = client("", ["host": " app.example.com:8443 "])
        let request = UpstreamRequest(upstream: settings, client: sent, credential: nil, passing: passing)
        #expect(values("host", request) == [ByteString(host)])
        #expect(request.headers.first?.name == "Host")
        let nameless = UpstreamRequest(upstream: settings, client: client(""), credential: nil, passing: passing)
        #expect(values("host", nameless).count == 1)
    }

    @Test(arguments: [
        (UpstreamOrigin.keep, ["https://app.example.com"], []), (.drop, [], []),
        (.value("https://inner.example.com"), ["https://inner.example.com"], ["https://inner.example.com"]),
    ])
    func `which origin a backend is told is a setting`(setting: UpstreamOrigin, page: [String], program: [String]) {
        var settings = upstream()
        settings.origin = setting
        func origins(_ sent: Handshake) -> [String?] {
            values("origin", UpstreamRequest(upstream: settings, client: sent, credential: nil)).map(\.text)
        }
        #expect(origins(client("", ["ORIGIN": "https://app.example.com"])) == page)
        #expect(origins(client("")) == program)
    }

    @Test func `fields from end to end pass in order and as they are`() {
        let passing = fields([
            "Origin": "https://app.example.com", "Cookie": "a=b; c=\"d\"", "Authorization": "Basic dTpw",
            "User-Agent": "Mozilla/5.0 (é)", "Accept-Language": "de, en;q=0.5", "Accept-Encoding": "gzip",
            "X-Request-ID": "1", "x-request-id": "2", "Cache-Control": "no-cache",
        ])
        let request = UpstreamRequest(
            upstream: upstream(), client: client("", headers: passing), credential: Credential("T"))
        #expect(request.headers.filter(passing.contains) == passing)
    }

    @Test(arguments: [
        "Connection", "Upgrade", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Proxy-Authorization",
        "proxy-connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions",
        "sec-websocket-protocol", "Content-Length", "Expect", "X-Hop",
    ])
    func `fields of this hop stay here`(name: String) {
        let sent = client("", headers: fields([name: "x", "connection": "upgrade, x-hop"]))
        #expect(values(name, UpstreamRequest(upstream: upstream(), client: sent, credential: Credential("T"))) == [])
    }

    @Test func `a client cannot list away who it is`() {
        let listed = "upgrade, Origin, Cookie, Authorization, X-Forwarded-For, X-Forwarded-Proto"
        let sent = client(
            "",
            ["Connection": listed, "Origin": "o", "Cookie": "c", "Authorization": "a", "X-Forwarded-For": "1.2.3.4"])
        let request = UpstreamRequest(upstream: upstream(), client: sent, credential: nil)
        #expect(values("origin", request) == ["o"])
        #expect(values("cookie", request) == ["c"])
        #expect(values("authorization", request) == ["a"])
        #expect(values("x-forwarded-for", request) == ["1.2.3.4, 192.0.2.7"])
        #expect(values("x-forwarded-proto", request) == ["http"])
    }

    @Test func `an untrusted peer's forwarded fields are replaced and its address is appended`() {
        let sent = client(
            "",
            [
                "Host": "app.example.com:8080", "X-Forwarded-For": "203.0.113.1, 203.0.113.2",
                "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.org", "X-Forwarded-Port": "1",
                "X-Forwarded-User": "root", "Forwarded": "for=203.0.113.1",
            ])
        let request = UpstreamRequest(upstream: upstream(), client: sent, credential: nil)
        #expect(values("x-forwarded-for", request) == ["203.0.113.1, 203.0.113.2, 192.0.2.7"])
        #expect(values("x-forwarded-proto", request) == ["http"])
        #expect(values("x-forwarded-host", request) == ["app.example.com:8080"])
        #expect(values("x-forwarded-port", request) == ["8080"])
        #expect(values("x-forwarded-user", request) == [])
        #expect(values("forwarded", request) == [])
    }

    @Test func `a trusted proxy's forwarded fields are kept`() {
        let sent = client(
            "",
            [
                "Host": "shunt:8080", "X-Forwarded-For": "203.0.113.1", "x-forwarded-for": "203.0.113.2",
                "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.com", "X-Forwarded-Prefix": "/p",
                "Forwarded": "for=203.0.113.1",
            ], trusted: true)
        let request = UpstreamRequest(upstream: upstream(), client: sent, credential: nil)
        #expect(values("x-forwarded-for", request) == ["203.0.113.1, 203.0.113.2, 192.0.2.7"])
        #expect(values("x-forwarded-proto", request) == ["https"])
        #expect(values("x-forwarded-host", request) == ["app.example.com"])
        #expect(values("x-forwarded-prefix", request) == ["/p"])
        #expect(values("forwarded", request) == ["for=203.0.113.1"])
    }

    @Test func `an encrypted leg and a peer without address are told as they are`() {
        let sent = Handshake(path: "/", query: "", headers: fields(["Host": "app.example.com"]), secure: true)
        let request = UpstreamRequest(upstream: upstream(), client: sent, credential: nil)
        #expect(values("x-forwarded-for", request) == [])
        #expect(values("x-forwarded-proto", request) == ["https"])
        #expect(values("x-forwarded-port", request) == ["443"])
    }

    private func upstream(path: String = "/ws", query: String = "") -> UpstreamSettings {
        UpstreamSettings(
            name: "guide", address: UpstreamAddress(host: "127.0.0.1", port: 7101, path: path, query: query))
    }

    private func client(
        _ query: String, _ headers: KeyValuePairs<String, String> = [:], headers more: [Handshake.Field] = [],
        trusted: Bool = false
    ) -> Handshake {
        Handshake(
            path: "/api/ws/agent", query: query, headers: fields(headers) + more, remoteHost: "192.0.2.7",
            remotePort: 50_000, trusted: trusted)
    }

    private func values(_ name: String, _ request: UpstreamRequest) -> [ByteString] {
        request.headers.values(of: name)
    }
}
