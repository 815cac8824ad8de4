import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// Old clients on a legacy endpoint whose messages are passed through one by one.
    @Suite(.timeLimit(.minutes(10)))
    struct ManagedTests {
        /// Sends back every message as it came, and closes as the client does.
        static let mirror: TestBackend.Script = { socket, _ in
            while true {
                let frame = try socket.readFrame()
                switch frame.opcode {
                case 8: return try socket.send(8, frame.payload)
                case 9: try socket.send(10, frame.payload)
                case 10: break
                default: try socket.send(frame.opcode, frame.payload, final: frame.isFinal)
                }
            }
        }

        @Test(arguments: [
            (UInt8(1), 0), (1, 1), (1, 125), (1, 126), (1, 65_536), (1, 1 << 20), (2, 0), (2, 200), (2, 1 << 20),
        ])
        func `a message goes through as it is`(_ opcode: UInt8, _ count: Int) async throws {
            let backend = try TestBackend(script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let client = try Opening(port: port).wire
                let payload = (0..<count).map { UInt8(0x20 + $0 % 0x5F) }
                try client.send(opcode, payload)
                let frame = try client.readFrame()
                #expect(frame.opcode == opcode)
                #expect(frame.payload == payload)
                #expect(frame.isFinal && !frame.isMasked)
            }
        }

        @Test
        func `a message in fragments arrives whole`() async throws {
            let backend = try TestBackend(script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let client = try Opening(port: port).wire
                try client.send(2, [1, 2], final: false)
                try client.send(9, [7])
                try client.send(0, [], final: false)
                try client.send(0, [3])
                #expect(try client.readFrame() == NaiveFrame(opcode: 10, payload: [7]))
                #expect(try client.readFrame() == NaiveFrame(opcode: 2, payload: [1, 2, 3]))
            }
        }

        @Test
        func `messages in a row keep their order`() async throws {
            let backend = try TestBackend(script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let client = try Opening(port: port).wire
                for number in 0..<500 { try client.send(number % 2 == 0 ? 1 : 2, Array("\(number)".utf8)) }
                for number in 0..<500 { #expect(try client.readFrame().text == "\(number)") }
            }
        }

        @Test
        func `path, query, cookies and subprotocols reach the backend, and its own words the client`() async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    let more = "Sec-WebSocket-Protocol: chat.v2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Node: n7\r\n"
                    let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
                    try socket.send(TestBackend.upgrade(acceptKey: key, more))
                    return true
                }, script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let opening = try Opening(
                    port: port, target: "/api/ws/guide?session_token=t&x=%2F",
                    headers: ["Cookie: c=3", "Sec-WebSocket-Protocol: chat.v1, chat.v2"])
                #expect(opening.status == 101)
                #expect(opening.values("Sec-WebSocket-Protocol") == ["chat.v2"])
                #expect(opening.values("Set-Cookie") == ["a=1", "b=2"])
                #expect(opening.values("X-Node") == ["n7"])
                #expect(opening.values("Connection") == ["Upgrade"])
                #expect(opening.values("Upgrade") == ["websocket"])
                #expect(opening.values("Sec-WebSocket-Accept") == ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
            }
            let head = try #require(backend.heads.first)
            #expect(head.hasPrefix("GET /api/ws/guide?session_token=t&x=%2F HTTP/1.1\r\n"))
            #expect(head.contains("Cookie: c=3\r\n"))
            #expect(head.contains("Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n"))
        }

        @Test
        func `extensions are not offered to the backend`() async throws {
            let backend = try TestBackend(script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let opening = try Opening(port: port, headers: ["Sec-WebSocket-Extensions: permessage-deflate"])
                #expect(opening.status == 101)
                #expect(opening.values("Sec-WebSocket-Extensions").isEmpty)
            }
            #expect(backend.heads.first?.lowercased().contains("sec-websocket-extensions") == false)
        }

        @Test(arguments: [
            "Sec-WebSocket-Protocol: other\r\n", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
            "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        ])
        func `a backend that agrees to what nobody offered is no backend`(_ more: String) async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
                    try socket.send(TestBackend.upgrade(acceptKey: key, more))
                    return true
                }, script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let answer = try Opening(port: port, headers: ["Sec-WebSocket-Protocol: a, b"]).status
                #expect(answer == 502)
            }
        }

        @Test
        func `pings stay on their own leg`() async throws {
            let backend = try TestBackend(script: { socket, head in
                try socket.send(9, [1, 2, 3])
                #expect(try socket.readFrame() == NaiveFrame(opcode: 10, payload: [1, 2, 3], isMasked: true))
                try Self.mirror(socket, head)
            })
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let client = try Opening(port: port).wire
                try client.send(9, [4, 5])
                #expect(try client.readFrame() == NaiveFrame(opcode: 10, payload: [4, 5]))
                try client.send("behind the ping")
                #expect(try client.readText() == "behind the ping")
            }
        }

        @Test
        func `bytes that come with the handshake are not lost`() async throws {
            let backend = try TestBackend(script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let socket = try BlockingSocket.connect(port: port)
                let first = WireSocket.bytes(1, Array("early".utf8), masked: true)
                try socket.send(Array(WireSocket.request(target: "/api/ws/guide").utf8) + first)
                #expect(try socket.readHead().hasPrefix("HTTP/1.1 101 "))
                #expect(try WireSocket(socket: socket, isClient: true).readText() == "early")
            }
        }

        @Test
        func `what the backend says with its 101 comes behind the 101`() async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    let answer = TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: TestBackend.key(of: head)))
                    try socket.send(Array(answer.utf8) + WireSocket.bytes(1, Array("welcome".utf8), masked: false))
                    return true
                }, script: Self.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port).run { port in
                let answer = try Opening(port: port).wire.readText()
                #expect(answer == "welcome")
            }
        }

        @Test
        func `a closed endpoint says who comes after it`() async throws {
            let backend = try TestBackend(script: Self.mirror)
            let unified = try TestBackend(script: Self.mirror)
            var fixture = ProxyFixture.legacy(backendPort: backend.port, unifiedPort: unified.port)
            fixture.table.phase = .complete
            try await fixture.run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 410)
                #expect(opening.values("Link") == [#"</api/ws/agent>; rel="successor-version""#])
                #expect(try opening.body().contains(#""code":"endpoint_closed""#))
                #expect(try Opening(port: port, target: "/api/ws/agent").status == 101)
            }
            #expect(backend.heads.isEmpty)
        }
    }
}
