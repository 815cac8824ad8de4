import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct SlowReaderTests {
        @Test
        func `a client that does not read is closed with 1013 and others go on`() async throws {
            let big = #"{"type":"response","message":""# + String(repeating: "b", count: 1 << 20) + #""}"#
            let backend = try TestBackend { socket, _ in
                while true {
                    let frame = try socket.readFrame()
                    guard frame.opcode == 1 else { continue }
                    try socket.send(frame.text.contains("big") ? big : #"{"type":"response","message":"small"}"#)
                }
            }
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.table.upstreams[0].inFlight = 64
            try await fixture.run { port, proxy in
                let slow = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=a", receiveBuffer: 4096)
                let quick = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=b")
                // More than the kernel's buffers and the limit take together.
                for _ in 0..<24 { try slow.send(#"{"message":"big"}"#) }
                for _ in 0..<20 {
                    try quick.send(#"{"message":"small"}"#)
                    #expect(try quick.readText().contains("small"))
                }
                // Not a byte is read before the proxy has given it up, however long the replies take to come.
                while true {
                    let closes = await proxy.metrics(patience: .seconds(30)).sum.meter.closes
                    if closes.contains(where: { $0.key.cause == .proxy(.slowReader) }) { break }
                    try await Task.sleep(for: .milliseconds(5))
                }
                let frames = NaiveFrameReader.frames(try slow.socket.readToEnd())
                #expect(frames.count { $0.opcode == 1 } < 24)
                // Whoever takes too long even now is cut before it has read the frame.
                if let close = frames.last, close.opcode == 8 { #expect(close.code == 1013) }
                try quick.send(#"{"message":"small"}"#)
                #expect(try quick.readText().contains("small"))
            }
        }

        @Test
        func `a message larger than the limit reaches a client that reads`() async throws {
            let backend = try TestBackend.echo()
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.table.limits.unreadByClient = 64 << 10
            fixture.table.upstreams[0].queue.bytes = 8 << 20
            try await fixture.run { port in
                let client = try WireSocket.open(port: port)
                let text = String(repeating: "x", count: 1 << 20)
                for _ in 0..<3 {
                    try client.send(#"{"message":"\#(text)"}"#)
                    #expect(try client.readText().utf8.count > text.utf8.count)
                }
            }
        }

        @Test
        func `a backend that does not read holds up its own messages only`() async throws {
            let backend = try TestBackend(receiveBuffer: 4096) { socket, head in
                guard head.contains("stuck") else { return try TestBackend.answering(socket, head) }
                // Reads nothing, ever.
                socket.socket.waitForHangup()
            }
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.table.upstreams[0].inFlight = 64
            fixture.table.upstreams[0].exchangeTimeout = .milliseconds(500)
            fixture.table.upstreams[0].queue.bytes = 64 << 20
            fixture.addRoute("other", backendPort: backend.port)
            try await fixture.run { port in
                let stuck = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=stuck")
                let other = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=other")
                let text = String(repeating: "x", count: 1 << 20)
                for _ in 0..<6 { try stuck.send(#"{"message":"\#(text)"}"#) }
                for _ in 0..<20 {
                    try other.send(#"{"agent_type":"other","message":"through"}"#)
                    #expect(try other.readText().contains("through"))
                }
                // Every message ends in an error, none in silence.
                for _ in 0..<6 { #expect(try stuck.readText().contains(#""type":"error""#)) }
            }
        }
    }
}
