import ShuntConfig
import ShuntCore
import Testing

/// What a good file means.
struct SettingsTests {
    /// The settings of a file that has nothing wrong with it.
    static func settings(
        _ text: String, environment: [String: String] = [:], warnings: Int = 0,
        location: SourceLocation = #_sourceLocation
    ) throws -> ProxySettings {
        let outcome = ConfigReader.read(text: text, file: "config.yaml", environment: environment)
        #expect(outcome.diagnostics.count == warnings, "\(outcome.diagnostics)", sourceLocation: location)
        return try #require(outcome.settings, "\(outcome.diagnostics)", sourceLocation: location)
    }

    /// The legacy upstream of one route with these settings.
    static func upstream(_ settings: String, warnings: Int = 0) throws -> UpstreamSettings {
        let text = """
            routes:
              guide:
                match: {agent_type: guide}
                legacy:
                  upstream:
                    url: ws://127.0.0.1:7101/g
            """
        let indented = settings.split(separator: "\n").map { "        " + $0 }.joined(separator: "\n")
        let definition = try Self.settings(text + "\n" + indented, warnings: warnings).table.definition
        return try #require(definition.upstreams.first)
    }

    @Test
    func `one route is a configuration, and everything else is as the core has it by default`() throws {
        let settings = try Self.settings(oneRoute)
        let definition = settings.table.definition
        #expect(settings.listen == ListenSettings())
        #expect(settings.drain == DrainSettings())
        #expect(settings.log == LogSettings())
        #expect(definition.addressing == AddressingSettings())
        #expect(definition.limits == Limits())
        #expect(definition.session == SessionSettings())
        #expect(definition.unified == nil)
        #expect(
            definition.routes == [RouteSettings(name: "guide", match: ["guide"], servedBy: .legacy, legacy: 0)])
        let address = UpstreamAddress(host: "127.0.0.1", port: 7101, path: "/g")
        #expect(definition.upstreams == [UpstreamSettings(name: "guide", address: address)])
    }

    @Test
    func `listen, limits, session, drain and log are read`() throws {
        let settings = try Self.settings(
            """
            listen:
              clients: ["127.0.0.1:0", "[::1]:8080", "unix:/run/s.sock", LocalHost:81]
              workers: 3
              reuse_port: true
              origins: [https://App.example.com:443, "http://*.example.com:8080", "*.example.org", "null",
                "chrome-extension://abcdef", "App+x.y-z://shell"]
              trusted_proxies: [10.0.0.0/8, 192.168.1.1, "fd00::/8", 0.0.0.0/0]
            session:
              token: [query:t, "header:X-Token", cookie:s]
              absent: ["", undefined, "null", none]
              validate: {with: none}
              anonymous: deny
              linger: 0s
              parked_replies: {count: 3, bytes: 2KiB, for: 250ms}
            limits:
              message: 2MiB
              nesting: 32
              connections: 9
              connections_per_session: 8
              connections_per_address: 7
              messages_per_second: 6
              handshake_timeout: 5s
              handshakes: {bytes: 512KiB}
              client_ping: {every: 5s, timeout: 6s}
              idle_timeout: 3d
              unread_by_client: 4096
              memory: 64MiB
            drain: {exchanges: 1s, spread: 2s, limit: 3s}
            log: {level: debug, format: json}
            \(oneRoute)
            """)
        var listen = ListenSettings()
        listen.clients = [
            .tcp(host: "127.0.0.1", port: 0), .tcp(host: "::1", port: 8080), .unix(path: "/run/s.sock"),
            .tcp(host: "localhost", port: 81),
        ]
        listen.workers = 3
        listen.reusePort = true
        listen.origins = .list([
            "https://app.example.com", "http://*.example.com:8080", "https://*.example.org", "http://*.example.org",
            "null", "chrome-extension://abcdef", "app+x.y-z://shell",
        ])
        listen.trustedProxies = [
            AddressRange(bytes: [10, 0, 0, 0], prefix: 8), AddressRange(bytes: [192, 168, 1, 1], prefix: 32),
            AddressRange(bytes: [0xFD] + [UInt8](repeating: 0, count: 15), prefix: 8),
            AddressRange(bytes: [0, 0, 0, 0], prefix: 0),
        ]
        #expect(settings.listen == listen)

        var session = SessionSettings()
        session.token = [.query("t"), .header("x-token"), .cookie("s")]
        session.absent = ["", "undefined", "null", "none"]
        session.anonymousAllowed = false
        session.linger = .zero
        session.parkedCount = 3
        session.parkedBytes = 2048
        session.parkedFor = .milliseconds(250)
        #expect(settings.table.definition.session == session)

        var limits = Limits()
        limits.message = 2 << 20
        limits.nesting = 32
        limits.connections = 9
        limits.connectionsPerSession = 8
        limits.connectionsPerAddress = 7
        limits.messagesPerSecond = 6
        limits.handshakeTimeout = .seconds(5)
        limits.handshakeBytes = 512 << 10
        limits.clientPing = KeepaliveSettings(every: .seconds(5), timeout: .seconds(6))
        limits.idleTimeout = .hours(72)
        limits.unreadByClient = 4096
        limits.memory = 64 << 20
        #expect(settings.table.definition.limits == limits)

        #expect(settings.drain.exchanges == .seconds(1))
        #expect(settings.drain.spread == .seconds(2))
        #expect(settings.drain.limit == .seconds(3))
        #expect(settings.log.level == "debug")
        #expect(settings.log.format == .json)
    }

    @Test
    func `origins may be any or those of the same host`() throws {
        #expect(try Self.settings("listen: {origins: any}\n" + oneRoute).listen.origins == .any)
        #expect(try Self.settings("listen: {origins: same_host}\n" + oneRoute).listen.origins == .sameHost)
    }

    @Test
    func `the unified endpoint and its upstream are read`() throws {
        let definition = try Self.settings(
            """
            unified:
              path: /ws
              aliases: [/a, /b/c]
              protocols: [chat.v2, chat.v1]
              route_by: [channel, payload.kind]
              conversation: {field: cid, template: "c-{channel}-{session}"}
              default_route: guide
              absorb: [hello]
              one_way: [typing]
              upstream: {url: "ws://[::1]/u?tenant=a", correlation: {field: cid}}
            routes:
              guide: {match: {channel: guide}, served_by: unified}
            """
        ).table.definition
        var addressing = AddressingSettings()
        addressing.paths = ["/ws", "/a", "/b/c"]
        addressing.protocols = ["chat.v2", "chat.v1"]
        addressing.routeBy = ["channel", "payload.kind"]
        addressing.conversationField = "cid"
        addressing.conversationTemplate = "c-{channel}-{session}"
        addressing.sendsMadeConversation = true
        addressing.defaultRoute = "guide"
        addressing.absorb = ["hello"]
        addressing.oneWay = ["typing"]
        #expect(definition.addressing == addressing)
        #expect(definition.unified == 0)
        #expect(definition.routes == [RouteSettings(name: "guide", match: ["guide"], servedBy: .unified, legacy: nil)])
        #expect(
            definition.upstreams.map(\.address) == [
                UpstreamAddress(host: "::1", port: 80, path: "/u", query: "tenant=a")
            ])
        #expect(definition.upstreams.map(\.name) == ["unified"])
    }

    @Test
    func `what tells kinds is read, for messages too, and a route has its own over the unified upstream's`() throws {
        let definition = try Self.settings(
            """
            upstream_defaults: {replies: {by: event.kind}}
            unified:
              route_by: [to.the.agent]
              conversation: {field: payload.conversation_id, reply_field: conversation_id}
              upstream:
                url: ws://127.0.0.1/u
                correlation: {field: payload.id, reply_field: meta.reply.to}
                replies: {match: [done]}
                request: {unwrap: payload}
                pushes: {hello: forward}
            routes:
              guide:
                match: {to.the.agent: guide}
                served_by: unified
                unified: {replies: {until: {data.state: [end]}}, to_unified: {drop: [x]}, pushes: {note: drop}}
              rpc:
                match: {to.the.agent: rpc}
                legacy: {upstream: {url: ws://127.0.0.1/r, replies: {by: {reply: [result, error], push: [method]}}}}
            """
        ).table.definition
        #expect(definition.addressing.kinds == .member("event.kind"))
        #expect(definition.addressing.routeBy == ["to.the.agent"])
        #expect(definition.addressing.conversationField == "payload.conversation_id")
        #expect(definition.addressing.conversationInReplies == "conversation_id")
        let unified = definition.upstreams[0]
        #expect(unified.correlation == .field("payload.id", unique: false))
        #expect(unified.correlationInReplies == "meta.reply.to")
        #expect(unified.request.unwrap == "payload")
        var own = UnifiedRouteSettings()
        own.replies = ReplySettings()
        own.replies?.by = .member("event.kind")
        own.replies?.match = ["done"]
        own.replies?.matchNone = false
        own.replies?.until = ReplyEnd(path: "data.state", values: ["end"])
        own.toUnified = ReshapeRules()
        own.toUnified?.drop = ["x"]
        own.pushes = ["hello": .forward, "note": .drop]
        #expect(definition.routes[0].unified == own)
        #expect(definition.upstreams[1].replies.by == .presence(reply: ["result", "error"], push: ["method"]))
    }

    @Test
    func `all settings of an upstream are read`() throws {
        let upstream = try Self.upstream(
            """
            credential: header:X-Token
            host: Agents.internal:81
            origin: https://App.example.com
            identity: message
            pool: {mode: client, max_connections: 5, idle_timeout: 6s, lifetime: 1h, connect_timeout: 8s, handshake_timeout: 9s}
            vary: [query:tenant, cookie:region]
            source_addresses: [127.0.0.2, "::1"]
            pace: [9/s, 90/1m, 5/500ms]
            correlation: {field: meta.id, unique: true}
            exchange:
              {timeout: 9s, total: 1h, in_flight: 10, retry: safe, queue: {messages: 11, bytes: 12KiB, timeout: 13s}}
            replies: {match: [answer, delta], until: {type: [done, answer]}}
            pushes: {none: drop, welcome: forward, history: {greeting: true}, ping: {answer: '{"type": "pong"}'}, hi: {answer: {a: [1, x, null]}}}
            pushes_to: all
            closes: {4001: auth, 4003: refuse, 1013: limit}
            refusals: {403: refuse, 429: limit}
            dial: keep
            ready: {type: [system, welcome], timeout: 3s}
            on_open:
              - {send: {type: hello, token: "{token}"}, reply: {type: joined}}
              - {send: '{"as": "{agent_type}"}', reply: none, after: ready}
            dead_after_error: ["Internal error:", Oops]
            keepalive: {every: 14s, timeout: 15s}
            breaker: {failures: 16, open: 17s}
            """)
        var expected = UpstreamSettings(
            name: "guide", address: UpstreamAddress(host: "127.0.0.1", port: 7101, path: "/g"))
        expected.credential = .header("x-token")
        expected.host = .name("Agents.internal:81")
        expected.origin = .value("https://App.example.com")
        expected.identity = .message
        expected.mode = .client
        expected.maxConnections = 5
        expected.idleTimeout = .seconds(6)
        expected.lifetime = .hours(1)
        expected.connectTimeout = .seconds(8)
        expected.handshakeTimeout = .seconds(9)
        expected.vary = [.value(.query("tenant")), .value(.cookie("region"))]
        expected.sourceAddresses = ["127.0.0.2", "::1"]
        expected.pace = [
            Rate(count: 9, per: .seconds(1)), Rate(count: 90, per: .minutes(1)),
            Rate(count: 5, per: .milliseconds(500)),
        ]
        expected.correlation = .field("meta.id", unique: true)
        expected.exchangeTimeout = .seconds(9)
        expected.exchangeTotal = .hours(1)
        expected.inFlight = 10
        expected.retrySafe = true
        expected.queue.messages = 11
        expected.queue.bytes = 12 << 10
        expected.queue.timeout = .seconds(13)
        expected.replies.match = ["answer", "delta", "done"]
        expected.replies.matchNone = false
        expected.replies.until = ReplyEnd(values: ["done", "answer"])
        expected.pushes = [
            "": .drop, "welcome": .forward, "history": .greeting, "ping": .answer(#"{"type": "pong"}"#),
            "hi": .answer(#"{"a":[1,"x",null]}"#),
        ]
        expected.pushTarget = .all
        expected.closes = [4001: .auth, 4003: .refuse, 1013: .limit]
        expected.refusals = [401: .auth, 403: .refuse, 429: .limit]
        expected.dial = .keep
        expected.dialForLegacy = .keep
        expected.ready = GreetingSettings()
        expected.ready?.types = ["system", "welcome"]
        expected.ready?.timeout = .seconds(3)
        var (hello, last) = (
            OpeningMessage(send: #"{"type":"hello","token":"{token}"}"#),
            OpeningMessage(send: #"{"as": "{agent_type}"}"#)
        )
        hello.replies = ["joined"]
        last.afterGreeting = true
        expected.onOpen = [hello, last]
        expected.deadAfterError = ["Internal error:", "Oops"]
        expected.keepalive.every = .seconds(14)
        expected.keepalive.timeout = .seconds(15)
        expected.breakerFailures = 16
        expected.breakerOpen = .seconds(17)
        #expect(upstream == expected)
    }

    @Test
    func `reshaping rules keep the order of the file, and values become JSON`() throws {
        let rules = try Self.upstream(
            """
            to_unified:
              unwrap: body
              rename: {z: a, y: b}
              map: {type: {response: message, chat: message}, kind: {a: b}}
              default: {type: message, n: 1, f: -1.5e3, yes: true, no: null, odd: 010, text: "1", o: {b: [], a: {}}}
              copy: {a: c}
              set: {"quote\\"d": "line\\nbreak \\u0001 é"}
              drop: [success, agent]
              wrap: data
            request: {drop: metadata}
            """)
        var expected = ReshapeRules()
        expected.unwrap = "body"
        expected.rename = [.init(from: "z", to: "a"), .init(from: "y", to: "b")]
        expected.map = [
            .init(field: "type", values: [.init(from: "response", to: "message"), .init(from: "chat", to: "message")]),
            .init(field: "kind", values: [.init(from: "a", to: "b")]),
        ]
        expected.defaults = [
            .init(field: "type", json: #""message""#), .init(field: "n", json: "1"), .init(field: "f", json: "-1.5e3"),
            .init(field: "yes", json: "true"), .init(field: "no", json: "null"), .init(field: "odd", json: #""010""#),
            .init(field: "text", json: #""1""#), .init(field: "o", json: #"{"b":[],"a":{}}"#),
        ]
        expected.copy = [.init(from: "a", to: "c")]
        expected.set = [.init(field: #"quote"d"#, json: #""line\nbreak \u0001 é""#)]
        expected.drop = ["success", "agent"]
        expected.wrap = "data"
        #expect(rules.toUnified == expected)
        #expect(rules.request.drop == ["metadata"])
    }

    @Test
    func `upstream_defaults lie under every upstream: mappings merge, lists replace`() throws {
        let definition = try Self.settings(
            """
            upstream_defaults:
              credential: cookie:sid
              exchange: {timeout: 7s, queue: {messages: 3}}
              dead_after_error: [a, b]
              pushes: {welcome: drop}
              correlation: {field: id}
            unified: {upstream: "ws://u/"}
            routes:
              plain: {match: {agent_type: plain}, legacy: {upstream: "ws://a/"}}
              own:
                match: {agent_type: own}
                legacy:
                  upstream:
                    url: ws://b/
                    exchange: {queue: {bytes: 2KiB}}
                    correlation: fifo
                  dead_after_error: [c]
                  pushes: {hello: forward}
            """
        ).table.definition
        let unified = definition.upstreams[try #require(definition.unified)]
        let plain = definition.upstreams[try #require(definition.routes[0].legacy)]
        let own = definition.upstreams[try #require(definition.routes[1].legacy)]
        for upstream in [unified, plain, own] {
            #expect(upstream.credential == .cookie("sid"))
            #expect(upstream.exchangeTimeout == .seconds(7))
            #expect(upstream.queue.messages == 3)
        }
        #expect(unified.correlation == .field("id", unique: false))
        #expect(plain.pushes == ["welcome": .drop])
        #expect(plain.deadAfterError == ["a", "b"])
        #expect(own.queue.bytes == 2048)
        #expect(own.correlation == .fifo)
        #expect(own.deadAfterError == ["c"])
        #expect(own.pushes == ["welcome": .drop, "hello": .forward])
    }
}
