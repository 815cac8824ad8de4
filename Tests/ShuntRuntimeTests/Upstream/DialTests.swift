import Foundation
import ShuntCore
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct DialTests {
        /// What a backend answers to a handshake, by the request's key.
        struct Case: Sendable, CustomTestStringConvertible {
            var name: String
            var failure: DialFailure
            var answer: @Sendable (_ key: String) -> String?
            var testDescription: String { name }
        }

        static let bad: [Case] = [
            Case(name: "200 instead of 101", failure: .refused(status: 200)) { _ in
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            },
            Case(name: "403", failure: .refused(status: 403)) { _ in
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
            },
            Case(name: "503 without a body", failure: .refused(status: 503)) { _ in
                "HTTP/1.1 503 Service Unavailable\r\n\r\n"
            },
            Case(name: "a redirect", failure: .refused(status: 302)) { _ in
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
            },
            Case(name: "wrong accept key", failure: .badHandshake) { _ in
                TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: "AAAAAAAAAAAAAAAAAAAAAA=="))
            },
            Case(name: "no accept key", failure: .badHandshake) { _ in
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            },
            Case(name: "an extension nobody asked for", failure: .badHandshake) { key in
                TestBackend.upgrade(
                    acceptKey: SecWebSocket.acceptKey(for: key), "Sec-WebSocket-Extensions: permessage-deflate\r\n")
            },
            Case(name: "a subprotocol nobody asked for", failure: .badHandshake) { key in
                TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: key), "Sec-WebSocket-Protocol: chat\r\n")
            },
            Case(name: "no HTTP", failure: .badHandshake) { _ in "220 smtp.example.com ready\r\n\r\n" },
            Case(name: "an endless head", failure: .badHandshake) { _ in
                "HTTP/1.1 101 Switching Protocols\r\nX: " + String(repeating: "a", count: 100_000)
            },
            Case(name: "an end instead of an answer", failure: .badHandshake) { _ in "" },
            Case(name: "an end in the middle of an answer", failure: .badHandshake) { _ in "HTTP/1.1 101 Switch" },
            Case(name: "a bare LF", failure: .badHandshake) { key in
                TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: key)).replacing("\r\n", with: "\n")
            },
            Case(name: "five interim answers", failure: .badHandshake) { key in
                String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 5)
                    + TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: key))
            },
            Case(name: "silence", failure: .handshakeTimeout) { _ in nil },
        ]

        @Test(arguments: bad)
        func `a bad answer to the handshake is told by what it was`(_ answer: Case) async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    guard let text = answer.answer(TestBackend.key(of: head)) else {
                        // Until the proxy ends it.
                        _ = try socket.readToEnd()
                        return false
                    }
                    try socket.send(text)
                    return false
                }, script: { _, _ in })
            let failure = try await dial(port: backend.port) {
                // Its time begins with the connection: that to connect is not what runs out.
                if answer.failure == .handshakeTimeout { $0.handshakeTimeout = .milliseconds(300) }
            }
            #expect(failure == "\(answer.failure)")
            backend.stop()
        }

        @Test
        func `a port where nobody listens is a failed connect`() async throws {
            let (listener, port) = try BlockingSocket.listen()
            listener.close()
            #expect(try await dial(port: port) == "connect")
        }

        @Test
        func `a local address that is not there is our fault`() async throws {
            let failure = try await dial(port: 1) { $0.sourceAddresses = ["203.0.113.77"] }
            #expect(failure == "noLocalAddress")
        }

        @Test
        func `an upstream has no more connections than it may`() async throws {
            #expect(try await dial(port: 1) { $0.maxConnections = 0 } == "limit")
        }

        @Test
        func `a name that does not exist is said as such, with the name`() async throws {
            let recorder = LogRecorder()
            let failure = try await dial(port: 1, recorder) {
                $0.address.host = "nowhere.invalid"
                $0.connectTimeout = .seconds(1)
            }
            #expect(failure == "nameNotResolved")
            #expect(recorder.all.first { $0.message == "dial failed" }?.metadata["host"] == "nowhere.invalid")
        }

        @Test
        func `a host that answers no SYN is not connected in time`() async throws {
            // Its queue of one is full, so that Linux drops what comes.
            let (listener, port) = try BlockingSocket.listen(backlog: 0)
            let first = try BlockingSocket.connect(port: port)
            let failure = try await dial(port: port) { $0.connectTimeout = .milliseconds(300) }
            #expect(failure == "connectTimeout")
            first.close()
            listener.close()
        }

        @Test
        func `a backend may take longer for its answer than for its connection`() async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    Thread.sleep(forTimeInterval: 1)
                    let key = TestBackend.key(of: head)
                    try socket.send(TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: key)))
                    return true
                }, script: TestBackend.answering)
            #expect(try await dial(port: backend.port, answers: true) { $0.connectTimeout = .milliseconds(500) } == nil)
            backend.stop()
        }

        @Test
        func `a name that exists is dialled at all of its addresses`() async throws {
            let backend = try TestBackend.echo()
            // It listens on one of the two loopback addresses that the name may stand for.
            #expect(try await dial(port: backend.port, answers: true) { $0.address.host = "localhost" } == nil)
            backend.stop()
        }

        @Test
        func `what came right behind the answer is heard`() async throws {
            let backend = try TestBackend(
                handshake: { socket, head in
                    let push = WireSocket.bytes(1, Array(#"{"type":"welcome","message":"hi"}"#.utf8), masked: false)
                    let answer = TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: TestBackend.key(of: head)))
                    try socket.send(Array(answer.utf8) + push)
                    return true
                }, script: TestBackend.answering)
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.table.upstreams[0].pushes = ["welcome": .forward]
            try await fixture.run { port in
                let client = try WireSocket.open(port: port)
                try client.send(#"{"agent_type":"guide","message":"x"}"#)
                #expect(try client.readText().contains(#""type":"welcome""#))
                #expect(try client.readText().contains(#""message":"x""#))
            }
        }

        /// Lets a client cause a dial and says how it failed; nil where the message was answered.
        private func dial(
            port: Int, answers: Bool = false, _ recorder: LogRecorder = LogRecorder(),
            _ change: (inout UpstreamSettings) -> Void = { _ in }
        ) async throws -> String? {
            var fixture = ProxyFixture(backendPort: port)
            fixture.logger = recorder.logger
            fixture.table.upstreams[0].queue.timeout = .seconds(40)
            change(&fixture.table.upstreams[0])
            return try await fixture.run { port in
                let client = try WireSocket.open(port: port)
                try client.send(#"{"agent_type":"guide","message":"x"}"#)
                if answers {
                    #expect(try client.readText().contains(#""message":"x""#))
                    return nil
                }
                return await recorder.next("dial failed")?.metadata["reason"]
            }
        }
    }
}
