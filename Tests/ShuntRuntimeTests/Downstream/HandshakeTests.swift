import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct HandshakeTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var name: String
            var bytes: [UInt8]
            var status: Int
            var code: String

            init(_ name: String, _ text: String, _ status: Int, _ code: String) {
                self.init(name, Array(text.utf8), status, code)
            }

            init(_ name: String, _ bytes: [UInt8], _ status: Int, _ code: String) {
                (self.name, self.bytes, self.status, self.code) = (name, bytes, status, code)
            }

            var testDescription: String { name }
        }

        static let refused: [Case] = [
            Case("unknown path", WireSocket.request(target: "/nowhere"), 404, "unknown_path"),
            Case("plain request", "GET /api/ws/agent HTTP/1.1\r\nHost: x\r\n\r\n", 426, "upgrade_required"),
            Case(
                "foreign origin", WireSocket.request(headers: ["Origin: https://evil.example"]), 403, "origin_refused"),
            Case("no HTTP", "EHLO there\r\n\r\n", 400, "bad_request"),
            Case("TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03], 400, "bad_request"),
            Case(
                "long field", WireSocket.request(headers: ["X: " + String(repeating: "a", count: 20_000)]), 431,
                "head_too_large"),
            Case(
                "many fields", WireSocket.request(headers: (0..<200).map { "X-\($0): a" }), 431, "head_too_large"),
            Case(
                "large head",
                WireSocket.request(headers: (0..<20).map { "X-\($0): " + String(repeating: "a", count: 8000) }), 431,
                "head_too_large"),
            Case(
                "endless target", "GET /" + String(repeating: "a", count: 300_000), 431, "head_too_large"),
            Case(
                "token twice", WireSocket.request(target: "/api/ws/agent?session_token=a&session_token=b"), 400,
                "token_ambiguous"),
        ]

        @Test(arguments: refused)
        func `a bad handshake is answered in JSON and the connection ends`(_ handshake: Case) async throws {
            try await ProxyFixture(backendPort: 1).run { port in
                let socket = try BlockingSocket.connect(port: port)
                // The answer may come, and the connection end, before all is sent.
                try? socket.send(handshake.bytes)
                let answer = String(decoding: try socket.readToEnd(), as: UTF8.self)
                #expect(answer.hasPrefix("HTTP/1.1 \(handshake.status) "), "\(answer)")
                #expect(answer.contains("Content-Type: application/json\r\n"))
                #expect(answer.contains("Connection: close\r\n"))
                #expect(answer.contains(#""code":"\#(handshake.code)""#), "\(answer)")
            }
        }

        @Test(arguments: ["/healthz", "/health", "/api/health"])
        func `health is answered without a socket`(_ path: String) async throws {
            try await ProxyFixture(backendPort: 1).run { port in
                let socket = try BlockingSocket.connect(port: port)
                try socket.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                let answer = String(decoding: try socket.readToEnd(), as: UTF8.self)
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.hasSuffix(#"{"status":"ok"}"#))
            }
        }

        @Test
        func `a handshake that never ends is ended`() async throws {
            var fixture = ProxyFixture(backendPort: 1)
            fixture.table.limits.handshakeTimeout = .milliseconds(100)
            try await fixture.run { port in
                let socket = try BlockingSocket.connect(port: port)
                try socket.send("GET /api/ws/agent HTTP/1.1\r\nHost")
                #expect(String(decoding: try socket.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 408 "))
            }
        }

        @Test
        func `beyond the limit of bytes accepting pauses, and goes on when there is room`() async throws {
            var fixture = ProxyFixture(backendPort: 1)
            fixture.table.limits.handshakeBytes = 2 * DoorBudget.perConnection
            try await fixture.run { port in
                let waiting = try (0..<3).map { _ in try BlockingSocket.connect(port: port) }
                let last = try BlockingSocket.connect(port: port)
                try last.send(WireSocket.request())
                // In the order in which they were accepted: the last one's turn comes when others have had theirs.
                for socket in waiting {
                    try socket.send(WireSocket.request())
                    #expect(try socket.readHead().hasPrefix("HTTP/1.1 101 "))
                }
                #expect(try last.readHead().hasPrefix("HTTP/1.1 101 "))
            }
        }

        @Test
        func `silent connections give way after a second, and are told so`() async throws {
            var fixture = ProxyFixture(backendPort: 1)
            fixture.table.limits.handshakeBytes = 2 * DoorBudget.perConnection
            fixture.table.limits.handshakeTimeout = .minutes(10)
            try await fixture.run { port in
                let silent = try (0..<3).map { _ in try BlockingSocket.connect(port: port) }
                _ = try WireSocket.open(port: port)
                let answer = String(decoding: try silent[0].readToEnd(), as: UTF8.self)
                #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("handshake_too_slow"), "\(answer)")
                #expect(answer.contains("Retry-After: "))
            }
        }

        @Test
        func `sockets alone may fill the memory, and who comes then is told so until some have left`() async throws {
            var fixture = ProxyFixture(backendPort: 1)
            fixture.table.limits.memory = 64 << 10
            try await fixture.run { port in
                var inside: [BlockingSocket] = []
                var answer = ""
                while inside.count < 60 {
                    let socket = try BlockingSocket.connect(port: port)
                    try socket.send(WireSocket.request())
                    answer = try socket.readHead()
                    guard answer.hasPrefix("HTTP/1.1 101 ") else { break }
                    inside.append(socket)
                }
                #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Retry-After: "), "\(answer)")
                #expect((20...36).contains(inside.count))
                // Those who are there are served.
                try inside[0].send([0x89, 0x80, 0, 0, 0, 0])
                #expect(try inside[0].read(2) == [0x8A, 0])
                inside.removeLast(10)
                var attempts = 0
                repeat {
                    attempts += 1
                    let socket = try BlockingSocket.connect(port: port)
                    try socket.send(WireSocket.request())
                    answer = try socket.readHead()
                } while !answer.hasPrefix("HTTP/1.1 101 ") && attempts < 10_000
                #expect(answer.hasPrefix("HTTP/1.1 101 "))
            }
        }

        @Test
        func `connections are limited in all and by address`() async throws {
            for (limits, status) in [((1, 100), 503), ((100, 1), 429)] {
                var fixture = ProxyFixture(backendPort: 1)
                (fixture.table.limits.connections, fixture.table.limits.connectionsPerAddress) = limits
                try await fixture.run { port in
                    let first = try WireSocket.open(port: port)
                    let second = try BlockingSocket.connect(port: port)
                    try second.send(WireSocket.request())
                    #expect(String(decoding: try second.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
                    try first.close(1000)
                    _ = try first.readFrame()
                    #expect(first.socket.isAtEnd())
                    // Its place is free a moment after its end is seen.
                    while (try? WireSocket.open(port: port)) == nil { await Task.yield() }
                }
            }
        }

        @Test
        func `messages in the same packet as the handshake are heard`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port).run { port in
                let frame = WireSocket.bytes(1, Array(#"{"agent_type":"guide","message":"early"}"#.utf8), masked: true)
                let client = try WireSocket.open(port: port, behind: frame + frame)
                #expect(try client.readText().contains("early"))
                #expect(try client.readText().contains("early"))
            }
        }

        @Test
        func `an address in use is said plainly`() async throws {
            let (listener, port) = try BlockingSocket.listen()
            defer { listener.close() }
            var fixture = ProxyFixture(backendPort: 1)
            fixture.listen.clients = [.tcp(host: "127.0.0.1", port: port)]
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            let error = await #expect(throws: ProxyError.self) { try await proxy.start() }
            #expect(error?.description == "cannot listen on 127.0.0.1:\(port): the address is in use")
            await proxy.stop()
        }
    }
}
