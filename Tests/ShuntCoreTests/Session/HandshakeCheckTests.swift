import ShuntCore
import Testing

/// One request and what becomes of it.
struct HandshakeCase: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let request: HandshakeRequest
    let outcome: Outcome

    init(_ description: String, _ request: HandshakeRequest, _ outcome: Outcome) {
        testDescription = description
        self.request = request
        self.outcome = outcome
    }

    /// Accepted as the session `T`.
    init(accepted description: String, _ request: HandshakeRequest) {
        self.init(description, request, .accepted(.session(token: "T")))
    }
}

@Suite struct `The handshake check` {
    @Test(arguments: [
        HandshakeCase(accepted: "plain", .valid()),
        HandshakeCase(accepted: "Connection is a list", .valid(setting: ["Connection": "keep-alive, Upgrade"])),
        HandshakeCase(
            accepted: "Connection over two fields",
            .valid(setting: ["Connection": "keep-alive"], adding: ["connection": "UPGRADE"])),
        HandshakeCase(accepted: "Upgrade is a list, any case", .valid(setting: ["Upgrade": "h2c, WebSocket"])),
        HandshakeCase(
            accepted: "a key with unused bits set", .valid(setting: ["Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEC=="])),
        HandshakeCase(
            accepted: "white space around the key",
            .valid(setting: ["Sec-WebSocket-Key": " dGhlIHNhbXBsZSBub25jZQ==\t"])),
        HandshakeCase(accepted: "an empty body is none", .valid(adding: ["Content-Length": "0"])),
        HandshakeCase(
            accepted: "extensions are offered", .valid(adding: ["Sec-WebSocket-Extensions": "permessage-deflate"])),
        HandshakeCase(accepted: "absolute form", .valid("http://app.example.com/api/ws/agent?session_token=T")),
        HandshakeCase(
            accepted: "absolute form, ws, port", .valid("WS://app.example.com:80/api/ws/agent?session_token=T")),
        HandshakeCase(accepted: "Host with a port", .valid(setting: ["Host": "127.0.0.1:8080"])),
        HandshakeCase(accepted: "Host is an IPv6 literal", .valid(setting: ["Host": "[::1]:8080"])),
        HandshakeCase(accepted: "a query with UTF-8", .valid("/api/ws/agent?session_token=T&name=é")),
        HandshakeCase(accepted: "a replacement character", .valid("/api/ws/agent?session_token=T&name=\u{FFFD}")),
    ])
    func `what RFC 6455 allows is accepted`(row: HandshakeCase) throws {
        #expect(try row.request.outcome() == row.outcome)
    }

    @Test(arguments: [
        HandshakeCase("POST", .valid(method: "POST"), .refused(405, "method_not_allowed")),
        HandshakeCase("HEAD", .valid(method: "HEAD"), .refused(405, "method_not_allowed")),
        HandshakeCase("lower case method", .valid(method: "get"), .refused(405, "method_not_allowed")),
        HandshakeCase("OPTIONS *", .valid(method: "OPTIONS", "*"), .refused(405, "method_not_allowed")),
        HandshakeCase("CONNECT", .valid(method: "CONNECT", "host:443"), .refused(405, "method_not_allowed")),
        HandshakeCase("no Host", .valid(setting: ["Host": nil]), .refused(400, "bad_handshake")),
        HandshakeCase("two Hosts", .valid(adding: ["host": "app.example.com"]), .refused(400, "bad_handshake")),
        HandshakeCase("empty Host", .valid(setting: ["Host": ""]), .refused(400, "bad_handshake")),
        HandshakeCase("Host with a path", .valid(setting: ["Host": "a/b"]), .refused(400, "bad_handshake")),
        HandshakeCase("Host with a bad port", .valid(setting: ["Host": "a:99999"]), .refused(400, "bad_handshake")),
        HandshakeCase(
            "Host with a huge port", .valid(setting: ["Host": "a:99999999999999999999"]), .refused(400, "bad_handshake")
        ),
        HandshakeCase("an open bracket", .valid(setting: ["Host": "[::1"]), .refused(400, "bad_handshake")),
        HandshakeCase("no Upgrade", .valid(setting: ["Upgrade": nil]), .refused(426, "upgrade_required")),
        HandshakeCase("another Upgrade", .valid(setting: ["Upgrade": "h2c"]), .refused(426, "upgrade_required")),
        HandshakeCase(
            "Upgrade only looks like it", .valid(setting: ["Upgrade": "websocket2"]), .refused(426, "upgrade_required")),
        HandshakeCase("no Connection", .valid(setting: ["Connection": nil]), .refused(400, "bad_handshake")),
        HandshakeCase(
            "Connection without upgrade", .valid(setting: ["Connection": "keep-alive"]), .refused(400, "bad_handshake")),
        HandshakeCase(
            "no version", .valid(setting: ["Sec-WebSocket-Version": nil]), .refused(426, "unsupported_version")),
        HandshakeCase(
            "version 8", .valid(setting: ["Sec-WebSocket-Version": "8"]), .refused(426, "unsupported_version")),
        HandshakeCase(
            "versions in a list", .valid(setting: ["Sec-WebSocket-Version": "13, 8"]),
            .refused(426, "unsupported_version")),
        HandshakeCase("two versions", .valid(adding: ["Sec-WebSocket-Version": "13"]), .refused(400, "bad_handshake")),
        HandshakeCase("no key", .valid(setting: ["Sec-WebSocket-Key": nil]), .refused(400, "bad_handshake")),
        HandshakeCase(
            "two keys", .valid(adding: ["Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="]),
            .refused(400, "bad_handshake")),
        HandshakeCase(
            "a key of 15 bytes", .valid(setting: ["Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4P"]),
            .refused(400, "bad_handshake")),
        HandshakeCase(
            "a key of 17 bytes", .valid(setting: ["Sec-WebSocket-Key": "AQIDBAUGBwgJCgsMDQ4PEBE="]),
            .refused(400, "bad_handshake")),
        HandshakeCase(
            "a key in base64url", .valid(setting: ["Sec-WebSocket-Key": "dGhl-HNhbXBsZSBub25jZQ=="]),
            .refused(400, "bad_handshake")),
        HandshakeCase("a body", .valid(adding: ["Content-Length": "5"]), .refused(400, "bad_handshake")),
        HandshakeCase("two lengths", .valid(adding: ["Content-Length": "0, 5"]), .refused(400, "bad_handshake")),
        HandshakeCase(
            "a chunked body", .valid(adding: ["Transfer-Encoding": "chunked"]), .refused(400, "bad_handshake")),
        HandshakeCase(
            "two origins", .valid(adding: ["Origin": "http://app.example.com", "origin": "http://app.example.com"]),
            .refused(400, "bad_handshake")),
    ])
    func `what RFC 6455 forbids is refused`(row: HandshakeCase) throws {
        #expect(try row.request.outcome() == row.outcome)
    }

    @Test(arguments: [
        HandshakeCase("another path", .valid("/api/ws/guide"), .refused(404, "unknown_path")),
        HandshakeCase("a trailing slash", .valid("/api/ws/agent/"), .refused(404, "unknown_path")),
        HandshakeCase("two slashes", .valid("//api/ws/agent"), .refused(404, "unknown_path")),
        HandshakeCase("paths compare raw", .valid("/api/ws/%61gent"), .refused(404, "unknown_path")),
        HandshakeCase("absolute form without a path", .valid("http://app.example.com"), .refused(404, "unknown_path")),
        HandshakeCase(
            "absolute form with a query only", .valid("http://app.example.com?session_token=T"),
            .refused(404, "unknown_path")),
        HandshakeCase(
            "plain GET elsewhere", .valid("/", setting: ["Upgrade": nil, "Connection": nil]),
            .refused(404, "unknown_path")),
        HandshakeCase("empty", .valid(""), .refused(400, "bad_handshake")),
        HandshakeCase("a fragment", .valid("/api/ws/agent#top"), .refused(400, "bad_handshake")),
        HandshakeCase("a fragment in the query", .valid("/api/ws/agent?a#b"), .refused(400, "bad_handshake")),
        HandshakeCase("asterisk", .valid("*"), .refused(400, "bad_handshake")),
        HandshakeCase("no slash", .valid("api/ws/agent"), .refused(400, "bad_handshake")),
        HandshakeCase("only a query", .valid("?session_token=T"), .refused(400, "bad_handshake")),
        HandshakeCase("white space", .valid("/api/ws/agent?a b"), .refused(400, "bad_handshake")),
        HandshakeCase("a line break", .valid("/api/ws/agent?a\r\nX: y"), .refused(400, "bad_handshake")),
        HandshakeCase("a control character", .valid("/api/ws/agent\u{7F}"), .refused(400, "bad_handshake")),
        HandshakeCase("another scheme", .valid("ftp://app.example.com/api/ws/agent"), .refused(400, "bad_handshake")),
        HandshakeCase(
            "user information", .valid("http://u:p@app.example.com/api/ws/agent"), .refused(400, "bad_handshake")),
        HandshakeCase("no authority", .valid("http:///api/ws/agent"), .refused(400, "bad_handshake")),
    ])
    func `a target that is no socket's is refused`(row: HandshakeCase) throws {
        #expect(try row.request.outcome() == row.outcome)
    }

    @Test(arguments: ["/healthz", "/health", "/api/health", "/healthz?probe=1"])
    func `health is answered to GET and HEAD, however old the probe`(path: String) throws {
        for method in ["GET", "HEAD"] {
            var probe = HandshakeRequest(method: method, target: ByteString(path), headers: HeaderFields())
            #expect(try probe.outcome() == .health)
            probe.versionMinor = 0
            #expect(try probe.outcome() == .health)
        }
        #expect(try HandshakeRequest.valid(method: "POST", path).outcome() == .refused(405, "method_not_allowed"))
    }

    @Test func `HTTP 1.0 has no WebSocket`() throws {
        var request = HandshakeRequest.valid()
        request.versionMinor = 0
        #expect(try request.outcome() == .refused(400, "bad_handshake"))
        request.versionMajor = 0
        request.versionMinor = 9
        #expect(try request.outcome() == .refused(400, "bad_handshake"))
        request.headers = HeaderFields()
        #expect(try request.outcome() == .refused(426, "upgrade_required"))
    }

    @Test(arguments: ["/api/ws/agent", "/api/ws/agent/api/ws/agent"])
    func `aliases repair urls that are built wrongly in the field`(path: String) throws {
        var definition = TableDefinition()
        definition.addressing.paths = ["/api/ws/agent", "/api/ws/agent/api/ws/agent"]
        #expect(try HandshakeRequest.valid(path).outcome(definition: definition) == .accepted(.anonymous))
    }

    @Test func `an accepted handshake keeps path and query raw and answers the key`() throws {
        let request = HandshakeRequest.valid("/api/ws/agent?a=%41&&b?c=%2F&session_token=%54", secure: true)
        let accepted = try verdict(request).accepted
        #expect(accepted.candidate.acceptKey == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(accepted.handshake.path == "/api/ws/agent")
        #expect(accepted.handshake.query == "a=%41&&b?c=%2F&session_token=%54")
        #expect(accepted.handshake.headers == request.headers)
        #expect(accepted.handshake.remoteHost == "192.0.2.7")
        #expect(accepted.handshake.remotePort == 50_000)
        #expect(accepted.handshake.secure)
        #expect(!accepted.handshake.trusted)
        #expect(accepted.identity == .session(token: "T"))
    }

    @Test func `the authority of an absolute target counts instead of Host`() throws {
        let accepted = try verdict(.valid("http://other.example.com:81/api/ws/agent")).accepted
        #expect(accepted.handshake.values(of: "host") == ["other.example.com:81"])
    }

    @Test(arguments: [
        ("10.1.2.3", "https", true), ("10.1.2.3", "http", false), ("::ffff:10.1.2.3", "wss", true),
        ("192.0.2.7", "https", false),
    ])
    func `only a trusted proxy's word about TLS counts`(remote: String, proto: String, secure: Bool) throws {
        let request = HandshakeRequest.valid(adding: ["X-Forwarded-Proto": proto], from: remote)
        let handshake = try verdict(request, listen: behindProxy()).accepted.handshake
        #expect(handshake.secure == secure)
        #expect(handshake.trusted == (remote != "192.0.2.7"))
    }

    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"), ("203.0.113.9:51234", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:51234", "203.0.113.9"), ("2001:DB8::1", "2001:db8:0:0:0:0:0:1"),
        ("[2001:db8::1]", "2001:db8:0:0:0:0:0:1"), ("[2001:db8::1]:51234", "2001:db8:0:0:0:0:0:1"),
        ("198.51.100.1, 203.0.113.9:1", "203.0.113.9"), ("203.0.113.9:1, 10.9.9.9:2, ::ffff:10.8.8.8", "203.0.113.9"),
        ("10.7.7.7:3, 10.8.8.8", "10.7.7.7"), ("unknown", "unknown"), ("203.0.113.9:port", "203.0.113.9:port"),
        ("203.0.113.9:99999", "203.0.113.9:99999"), ("[2001:db8::1]x", "[2001:db8::1]x"),
        ("[203.0.113.9]:1", "[203.0.113.9]:1"),
        ("", "10.1.2.3"),
    ])
    func `the client's address is one key, however the proxies in front write it`(forwarded: String, key: String) throws
    {
        let adding: KeyValuePairs = ["X-Forwarded-For": forwarded]
        let trusted = try verdict(.valid(adding: adding, from: "::ffff:10.1.2.3"), listen: behindProxy())
        #expect(try trusted.accepted.handshake.farAddress == ByteString(key))
        #expect(
            try trusted.accepted.handshake.values(of: "x-forwarded-for") == [ByteString(forwarded)],
            "and stays as it was")
        let stranger = try verdict(.valid(adding: adding, from: "::ffff:192.0.2.7"), listen: behindProxy())
        #expect(try stranger.accepted.handshake.farAddress == "192.0.2.7")
    }

    @Test func `a path that nobody answers is told where sockets are`() throws {
        var definition = TableDefinition()
        func message() throws -> String {
            let table = try RoutingTable(definition)
            return try HandshakeCheck.verdict(of: .valid("/nowhere"), table: table, listen: ListenSettings()).refusal
                .message
        }
        #expect(try message() == "There is no socket at this path. Sockets are at: /api/ws/agent.")
        definition.upstreams = [
            UpstreamSettings(name: "guide", address: UpstreamAddress(host: "127.0.0.1", port: 1, path: "/"))
        ]
        for number in 1...30 {
            var route = RouteSettings(name: "r\(number)", match: ["r\(number)"], servedBy: .legacy, legacy: 0)
            route.endpoint = EndpointSettings(path: "/ws/\(number)")
            route.endpoint?.aliases = ["/wrong/\(number)"]
            definition.routes.append(route)
        }
        definition.unlisted = [UnlistedEndpointSettings(name: "{x}", path: "/ws/{x}", upstream: 0)]
        let long = try message()
        #expect(long.contains("/api/ws/agent, /ws/1, /ws/2, "))
        #expect(long.hasSuffix("/ws/19 and 12 more."))
        #expect(!long.contains("/wrong"))
        definition.routes.removeLast(28)
        #expect(try message().hasSuffix("/api/ws/agent, /ws/1, /ws/2, /ws/{x}."))
    }

    @Test func `who comes over a Unix socket is the proxy in front`() throws {
        let request = HandshakeRequest.valid(adding: ["X-Forwarded-Proto": "https"], from: "")
        var listen = ListenSettings()
        #expect(try !verdict(request, listen: listen).accepted.handshake.trusted)
        listen.clients.append(.unix(path: "/run/shunt.sock"))
        let handshake = try verdict(request, listen: listen).accepted.handshake
        #expect(handshake.trusted)
        #expect(handshake.secure)
    }

    @Test func `refusals say what would be right`() throws {
        #expect(try verdict(.valid(method: "PUT")).refusal.headers == fields(["Allow": "GET"]))
        #expect(try verdict(.valid(method: "PUT", "/health")).refusal.headers == fields(["Allow": "GET, HEAD"]))
        #expect(try verdict(.valid("/nowhere")).refusal.message.contains("/api/ws/agent"))
        #expect(
            try verdict(.valid(setting: ["Upgrade": nil])).refusal.headers == fields(["Upgrade": "websocket"]))
        #expect(
            try verdict(.valid(setting: ["Sec-WebSocket-Version": "7"])).refusal.headers
                .contains(Handshake.Field(name: "Sec-WebSocket-Version", value: "13")))
    }

    @Test func `tokens that are required, doubled or hostile are refused with codes of their own`() throws {
        var closed = TableDefinition()
        closed.session.anonymousAllowed = false
        #expect(try HandshakeRequest.valid("/api/ws/agent").outcome() == .accepted(.anonymous))
        #expect(
            try HandshakeRequest.valid("/api/ws/agent").outcome(definition: closed) == .refused(401, "token_required"))
        let undefined = HandshakeRequest.valid("/api/ws/agent?session_token=undefined")
        #expect(try undefined.outcome(definition: closed) == .refused(401, "token_required"))
        let twice = HandshakeRequest.valid("/api/ws/agent?session_token=a&session_token=b")
        #expect(try twice.outcome() == .refused(400, "token_ambiguous"))
        let hostile = HandshakeRequest.valid("/api/ws/agent?session_token=a%0D%0Ab")
        #expect(try hostile.outcome() == .refused(400, "token_malformed"))
    }

    @Test func `a token in two places is refused with both of them, and the line to change`() throws {
        var definition = TableDefinition()
        definition.session.token = [.query("session_token"), .header("authorization"), .cookie("session")]
        let table = try RoutingTable(definition)
        func message(_ target: String, _ adding: KeyValuePairs<String, String>) throws -> String {
            let request = HandshakeRequest.valid("/api/ws/agent" + target, adding: adding)
            let refusal = try HandshakeCheck.verdict(of: request, table: table, listen: ListenSettings()).refusal
            #expect(!refusal.body.contains("secret"))
            return refusal.message
        }
        let gateway = try message("?session_token=secret1", ["Authorization": "Bearer secret2"])
        #expect(gateway.contains("query:session_token"))
        #expect(gateway.contains("header:authorization"))
        #expect(gateway.hasSuffix("session: {token: [query:session_token, cookie:session]}"))
        let page = try message("", ["Authorization": "Bearer secret1", "Cookie": "session=secret2"])
        #expect(page.hasSuffix("session: {token: [query:session_token, header:authorization]}"))
        #expect(
            try message("?session_token=secret1&session_token=secret2", [:])
                == "The session token stands twice in query:session_token; send it once.")
    }

    @Test func `a token that no message could carry is refused where a backend takes it in messages`() throws {
        let request = HandshakeRequest.valid("/api/ws/agent?session_token=%FFz")
        #expect(try request.outcome() == .accepted(.session(token: ByteString([0xFF, 0x7A]))))
        var definition = TableDefinition()
        definition.upstreams = [UpstreamSettings(name: "u", address: UpstreamAddress(host: "b", port: 80, path: "/"))]
        definition.upstreams[0].onOpen = [OpeningMessage(send: #"{"type":"hello","session":"{session}"}"#)]
        #expect(try request.outcome(definition: definition) == .accepted(.session(token: ByteString([0xFF, 0x7A]))))
        definition.upstreams[0].onOpen.append(OpeningMessage(send: #"{"type":"hello","auth":["{token}"]}"#))
        #expect(try request.outcome(definition: definition) == .refused(400, "token_malformed"))
        definition.upstreams[0].onOpen = []
        definition.upstreams[0].identity = .message
        #expect(try request.outcome(definition: definition) == .refused(400, "token_malformed"))
        #expect(
            try HandshakeRequest.valid("/api/ws/agent?session_token=%C3%A9").outcome(definition: definition)
                == .accepted(.session(token: "\u{E9}")))
    }

    @Test func `an origin is compared by its bytes`() throws {
        var listen = ListenSettings()
        listen.origins = .list(["https://caf\u{E9}.example"])
        for (bytes, admitted) in [
            (Array("https://caf\u{E9}.example".utf8), true), (Array("https://cafe\u{301}.example".utf8), false),
            (Array("https://caf".utf8) + [0xE9] + Array(".example".utf8), false),
        ] {
            var request = HandshakeRequest.valid()
            request.headers.append(.init(name: "Origin", value: ByteString(bytes)))
            if case .accept = try verdict(request, listen: listen) { #expect(admitted) } else { #expect(!admitted) }
        }
    }

    @Test func `a refusal's body is JSON whatever the client sent`() throws {
        let request = HandshakeRequest.valid(adding: ["Origin": "http://e\"vil\\\u{1}\u{7}.example.com"])
        let refusal = try verdict(request).refusal
        #expect(refusal.body.hasPrefix(#"{"error":{"code":"origin_refused","message":"Pages of the origin "#))
        #expect(refusal.body.contains(#"http://e\"vil\\??.example.com"#))
        #expect(refusal.body.hasSuffix("\"}}"))
    }

    @Test(arguments: [OriginPolicy.sameHost, .list(["https://app.example.com"]), .list([])])
    func `a page that the process serves itself is admitted, on its own port only`(policy: OriginPolicy) throws {
        var listen = ListenSettings()
        listen.origins = policy
        let page = HandshakeRequest.valid(adding: ["Origin": "http://127.0.0.1:7300"])
        #expect(try verdict(page, listen: listen).refusal.code == "origin_refused")
        listen.ownPages = ["http://127.0.0.1:7300"]
        guard case .accept = try verdict(page, listen: listen) else {
            Issue.record("the page is refused")
            return
        }
        for other in ["http://127.0.0.1:7301", "https://127.0.0.1:7300", "http://127.0.0.2:7300", "null"] {
            let stranger = HandshakeRequest.valid(adding: ["Origin": other])
            #expect(try verdict(stranger, listen: listen).refusal.code == "origin_refused")
        }
    }

    private func verdict(_ request: HandshakeRequest, listen: ListenSettings = ListenSettings()) throws
        -> BothSteps
    {
        HandshakeCheck.verdict(of: request, table: try RoutingTable(TableDefinition()), listen: listen)
    }
}

/// Settings in which 10.0.0.0/8 is trusted.
func behindProxy(origins: OriginPolicy = .sameHost) throws -> ListenSettings {
    var listen = ListenSettings()
    listen.origins = origins
    listen.trustedProxies = [try #require(AddressRange(cidr: "10.0.0.0/8"))]
    return listen
}
