import Foundation
import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// Old clients whose bytes are piped: frames, extensions and pings are between them and their backend.
    @Suite(.timeLimit(.minutes(10)))
    struct RawTests {
        /// Writes back whatever it reads, byte for byte, and ends when the peer does.
        static let echo: TestBackend.Script = { socket, _ in
            while true { try socket.socket.send(try socket.socket.read(1)) }
        }

        private static func agreeing(script: @escaping TestBackend.Script) throws -> TestBackend {
            try TestBackend(
                handshake: { socket, head in
                    let more =
                        "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\nX-Node: n7\r\n"
                    let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
                    try socket.send(TestBackend.upgrade(acceptKey: key, more))
                    return true
                }, script: script)
        }

        private static func fixture(_ backend: TestBackend, workers: Int = 1) -> ProxyFixture {
            .legacy(backendPort: backend.port, workers: workers) { $0.passthrough = .raw }
        }

        @Test
        func `extensions are agreed end to end`() async throws {
            let backend = try Self.agreeing(script: Self.echo)
            try await Self.fixture(backend).run { port in
                let opening = try Opening(
                    port: port,
                    headers: ["Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: a"])
                #expect(opening.status == 101)
                #expect(
                    opening.values("Sec-WebSocket-Extensions") == ["permessage-deflate; client_no_context_takeover"])
                #expect(opening.values("Sec-WebSocket-Accept") == ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
                #expect(opening.values("X-Node") == ["n7"])
                #expect(opening.values("Connection") == ["Upgrade"])
            }
            let head = try #require(backend.heads.first)
            #expect(head.contains("Sec-WebSocket-Extensions: permessage-deflate\r\n"))
            #expect(head.contains("Sec-WebSocket-Protocol: a\r\n"))
            #expect(head.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
        }

        @Test
        func `every byte goes through as it is, compressed frames and pings too`() async throws {
            let backend = try Self.agreeing(script: Self.echo)
            try await Self.fixture(backend).run { port, proxy in
                let socket = try Opening(port: port, headers: ["Sec-WebSocket-Extensions: permessage-deflate"]).socket
                // RSV1 and "Hello" as RFC 7692 §7.2.3.1 deflates it, a ping, a reserved opcode, fragments.
                let bytes =
                    [0xC1, 0x87, 0, 0, 0, 0, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
                    + WireSocket.bytes(9, [1, 2], masked: true) + WireSocket.bytes(0xB, [], masked: true)
                    + WireSocket.bytes(2, [3], masked: true, final: false) + WireSocket.bytes(0, [4], masked: true)
                try socket.send(bytes)
                #expect(try socket.read(bytes.count) == bytes)
                let tally = await proxy.tally()
                #expect(tally.forwarded == 2 && tally.passed == 2)
                #expect(tally.delivered == 2)
                let routes = await proxy.routeReport()
                #expect(routes[0].byLegacy == 2)
                #expect(routes[0].sockets == 1)
            }
        }

        @Test(arguments: [false, true])
        func `what was said last before the end is counted`(_ endsByBackend: Bool) async throws {
            let backend = try TestBackend(script: { socket, _ in
                for _ in 0..<3 { try socket.send(1, try socket.readFrame().payload) }
                if !endsByBackend { socket.socket.waitForHangup() }
            })
            try await Self.fixture(backend).run { port, proxy in
                let client = try Opening(port: port).wire
                for _ in 0..<3 {
                    try client.send("again")
                    #expect(try client.readText() == "again")
                }
                if endsByBackend { #expect(client.socket.isAtEnd()) }
                client.socket.close()
                while await proxy.census().clients > 0 { await Task.yield() }
                let tally = await proxy.tally()
                #expect(tally.forwarded == 3 && tally.delivered == 3)
                #expect(await proxy.routeReport()[0].bytesFromLegacy == 15)
            }
        }

        @Test
        func `bytes that come with either handshake are not lost`() async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    let answer = TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: TestBackend.key(of: head)))
                    try socket.send(Array(answer.utf8) + WireSocket.bytes(1, Array("welcome".utf8), masked: false))
                    return true
                }, script: ManagedTests.mirror)
            try await Self.fixture(backend).run { port in
                let socket = try BlockingSocket.connect(port: port)
                let first = WireSocket.bytes(1, Array("early".utf8), masked: true)
                try socket.send(Array(WireSocket.request(target: "/api/ws/guide").utf8) + first)
                #expect(try socket.readHead().hasPrefix("HTTP/1.1 101 "))
                let wire = WireSocket(socket: socket, isClient: true)
                #expect(try wire.readText() == "welcome")
                #expect(try wire.readText() == "early")
            }
        }

        @Test
        func `six megabytes each way arrive whole, however slowly they are read`() async throws {
            let backend = try TestBackend(receiveBuffer: 4096, script: ManagedTests.mirror)
            try await Self.fixture(backend).run { port in
                let client = try Opening(port: port).wire
                let payload = (0..<6 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
                // On a thread of its own: this one blocks a thread of the pool, which may have no other to give.
                Thread.detachNewThread { try? client.send(2, payload) }
                let frame = try client.readFrame()
                #expect(frame.opcode == 2)
                #expect(frame.payload == payload)
            }
        }

        @Test(arguments: [60_000, 4 << 20, 5 << 20, 6 << 20])
        func `a backend that does not read makes its client wait, and loses nothing`(_ size: Int) async throws {
            let gate = Gate()
            let backend = try TestBackend(
                receiveBuffer: 4096,
                script: { socket, _ in
                    gate.wait()
                    try ManagedTests.mirror(socket, "")
                })
            try await Self.fixture(backend).run { port in
                let client = try Opening(port: port).wire
                let message = WireSocket.bytes(2, Array(repeating: 7, count: size), masked: true)
                let total = try FloodingClient.fill(client.socket, message: message)
                // Kernel buffers and what the proxy may hold: bounded, and far below what a client could send.
                #expect(total < 32 << 20)
                gate.open()
                for _ in 0..<total / message.count {
                    #expect(try client.readFrame().payload.count == size)
                }
            }
        }

        @Test
        func `a stop tells the client to come again`() async throws {
            let backend = try TestBackend(script: ManagedTests.mirror)
            let fixture = Self.fixture(backend)
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            guard case .tcp(_, let port) = try await proxy.start().first else { return }
            let client = try Opening(port: port).wire
            try client.send("before")
            #expect(try client.readText() == "before")
            async let stopped: Void = proxy.stop()
            let frame = try client.readFrame()
            #expect(frame.code == 1012)
            #expect(client.socket.isAtEnd())
            client.socket.close()
            await stopped
        }

        @Test
        func `a stop in the middle of a frame cuts the socket`() async throws {
            let half = Array(WireSocket.bytes(1, Array("cut here".utf8), masked: false).dropLast(3))
            let backend = try TestBackend(script: { socket, _ in
                try socket.socket.send(half)
                socket.socket.waitForHangup()
            })
            let fixture = Self.fixture(backend)
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            guard case .tcp(_, let port) = try await proxy.start().first else { return }
            let client = try Opening(port: port)
            #expect(try client.socket.read(half.count) == half)
            async let stopped: Void = proxy.stop()
            #expect(client.socket.isAtEnd())
            client.socket.close()
            await stopped
        }
    }
}
