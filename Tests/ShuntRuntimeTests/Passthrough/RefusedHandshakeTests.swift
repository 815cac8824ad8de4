import ShuntCore
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// Handshakes of old clients that their backend does not take.
    @Suite(.timeLimit(.minutes(10)))
    struct RefusedHandshakeTests {
        struct Refusal: Sendable, CustomTestStringConvertible {
            var status: Int
            var reason: String
            var fields: [String]
            var body: String
            var testDescription: String { "\(status)" }
        }

        static let refusals = [
            Refusal(
                status: 401, reason: "Unauthorized", fields: [#"WWW-Authenticate: Bearer realm="x""#], body: "who?"),
            Refusal(status: 403, reason: "Forbidden", fields: ["Content-Type: text/plain"], body: "no"),
            Refusal(status: 302, reason: "Found", fields: ["Location: https://a.example/login"], body: ""),
            Refusal(
                status: 503, reason: "Service Unavailable", fields: ["Retry-After: 7", "Set-Cookie: a=b"], body: "later"
            ),
            Refusal(status: 200, reason: "OK", fields: [], body: "a page"),
            Refusal(
                status: 404, reason: "Not Found", fields: [],
                body: String(repeating: "x", count: UpstreamReply.longestBody)),
        ]

        private static func backend(_ answer: String) throws -> TestBackend {
            try TestBackend(
                handshake: { socket, _ in
                    try socket.send(answer)
                    return false
                }, script: { _, _ in })
        }

        @Test(arguments: refusals, ["managed", "raw"])
        func `a refusal is the backend's own`(_ refusal: Refusal, _ mode: String) async throws {
            let answer =
                "HTTP/1.1 \(refusal.status) \(refusal.reason)\r\n"
                + refusal.fields.map { $0 + "\r\n" }.joined()
                + "Keep-Alive: timeout=5\r\nContent-Length: \(refusal.body.utf8.count)\r\n\r\n\(refusal.body)"
            let backend = try Self.backend(answer)
            let passthrough = try #require(PassthroughMode(rawValue: mode))
            try await ProxyFixture.legacy(backendPort: backend.port) { $0.passthrough = passthrough }.run { port in
                let opening = try Opening(port: port)
                #expect(opening.head.hasPrefix("HTTP/1.1 \(refusal.status) \(refusal.reason)\r\n"))
                for field in refusal.fields { #expect(opening.head.contains(field + "\r\n")) }
                #expect(!opening.head.contains("Keep-Alive"))
                #expect(opening.values("Connection") == ["close"])
                #expect(try opening.body() == refusal.body)
            }
        }

        @Test
        func `a chunked body is passed on, as much of it as may be`() async throws {
            let part = String(repeating: "0123456789abcdef", count: 1024)
            let chunk = "4000\r\n\(part)\r\n"
            let backend = try Self.backend(
                "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: chunk, count: 5) + "0\r\n\r\n")
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 403)
                #expect(opening.values("Transfer-Encoding").isEmpty)
                #expect(opening.values("Content-Length") == ["65536"])
                #expect(try opening.body() == String(repeating: part, count: 4))
            }
        }

        @Test
        func `a refusal whose body stops is told with what came`() async throws {
            let backend = try TestBackend(
                handshake: { socket, _ in
                    try socket.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nhalf")
                    socket.waitForHangup()
                    return false
                }, script: { _, _ in })
            var fixture = ProxyFixture.legacy(backendPort: backend.port)
            fixture.table.upstreams[0].handshakeTimeout = .seconds(1)
            try await fixture.run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 401)
                #expect(try opening.body() == "half")
            }
        }

        @Test
        func `a backend that is not there is a bad gateway`() async throws {
            // Bound and closed again: nobody listens there.
            let (listener, gone) = try BlockingSocket.listen()
            listener.close()
            try await ProxyFixture.legacy(backendPort: gone).run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 502)
                #expect(opening.values("Content-Type") == ["application/json"])
                #expect(try opening.body().contains(#""code":"upstream_unavailable""#))
                #expect(try Opening(port: port).status == 502, "each client asks for itself")
            }
        }

        @Test(arguments: ["no HTTP at all\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"])
        func `an answer that is none is a bad gateway`(_ answer: String) async throws {
            let backend = try Self.backend(answer)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let answer = try Opening(port: port).status
                #expect(answer == 502)
            }
        }

        @Test
        func `a backend that says nothing is a gateway timeout`() async throws {
            let backend = try TestBackend(
                handshake: { socket, _ in
                    socket.waitForHangup()
                    return false
                }, script: { _, _ in })
            var fixture = ProxyFixture.legacy(backendPort: backend.port)
            fixture.table.upstreams[0].handshakeTimeout = .seconds(1)
            try await fixture.run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 504)
                #expect(try opening.body().contains(#""code":"upstream_timeout""#))
            }
        }

        @Test
        func `where the backend has all the connections that it may have, one is told to come again`() async throws {
            let backend = try TestBackend(script: ManagedTests.mirror)
            var fixture = ProxyFixture.legacy(backendPort: backend.port)
            fixture.table.upstreams[0].maxConnections = 1
            try await fixture.run { port in
                let first = try Opening(port: port)
                #expect(first.status == 101)
                let second = try Opening(port: port)
                #expect(second.status == 503)
                #expect(second.values("Retry-After") == ["1"])
                try first.wire.send("still there")
                #expect(try first.wire.readText() == "still there")
            }
        }

        @Test
        func `a client that leaves while it waits takes its dial with it`() async throws {
            let steps = AsyncStream.makeStream(of: Bool.self)
            let backend = try TestBackend(
                handshake: { socket, _ in
                    // The request is here: the client may leave.
                    steps.continuation.yield(true)
                    steps.continuation.yield(socket.isAtEnd())
                    return false
                }, script: { _, _ in })
            var fixture = ProxyFixture.legacy(backendPort: backend.port)
            fixture.table.upstreams[0].handshakeTimeout = .minutes(10)
            try await fixture.run { port, proxy in
                let socket = try BlockingSocket.connect(port: port)
                try socket.send(WireSocket.request(target: "/api/ws/guide?session_token=t"))
                var next = steps.stream.makeAsyncIterator()
                #expect(await next.next() == true)
                socket.close()
                #expect(await next.next() == true, "the dial has ended")
                while true {
                    let left = await proxy.census()
                    if left.clients == 0 && left.connections == 0 { break }
                    await Task.yield()
                }
            }
        }
    }
}
