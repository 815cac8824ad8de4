import Glibc
import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct StopTests {
        @Test
        func `a stop lets the exchange in flight finish, then closes with 1012`() async throws {
            let asked = AsyncStream.makeStream(of: Void.self)
            let backend = try TestBackend { socket, _ in
                _ = try socket.readFrame()
                asked.continuation.yield()
                // The stop begins meanwhile: this is the answer's own time, not a wait for something.
                usleep(200_000)
                try socket.send(#"{"type":"response","message":"late"}"#)
                while try socket.readFrame().opcode != 8 {}
            }
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.drain.limit = .seconds(45)
            try await fixture.run { port, proxy in
                let client = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=a")
                try client.send(#"{"message":"x"}"#)
                for await _ in asked.stream { break }
                async let stopped: Void = proxy.stop()
                #expect(try client.readText().contains("late"))
                let close = try client.readFrame()
                #expect(close.opcode == 8 && close.code == 1012)
                try client.close(1012)
                #expect(client.socket.isAtEnd())
                await stopped
                #expect(throws: (any Error).self) { try BlockingSocket.connect(port: port) }
            }
        }

        @Test
        func `a stop has a hard limit`() async throws {
            let backend = try TestBackend { socket, _ in while true { _ = try socket.readFrame() } }
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.drain.limit = .milliseconds(300)
            fixture.drain.exchanges = .seconds(60)
            let clock = ContinuousClock()
            try await fixture.run { port, proxy in
                let client = try WireSocket.open(port: port)
                try client.send(#"{"message":"never answered"}"#)
                let began = clock.now
                await proxy.stop()
                #expect(clock.now - began < .seconds(50), "long before the minute that exchanges may take")
                _ = try client.socket.readToEnd()
            }
        }

        @Test
        func `no token reaches the log`() async throws {
            let backend = try TestBackend.echo()
            let recorder = LogRecorder()
            var fixture = ProxyFixture(backendPort: backend.port)
            fixture.logger = recorder.logger
            try await fixture.run { port in
                for target in ["/api/ws/agent?session_token=s3cret", "/nowhere?session_token=s3cret"] {
                    let socket = try BlockingSocket.connect(port: port)
                    try socket.send(WireSocket.request(target: target, headers: ["Cookie: session=s3cret"]))
                    guard try socket.readHead().hasPrefix("HTTP/1.1 101") else { continue }
                    let client = WireSocket(socket: socket, isClient: true)
                    try client.send(#"{"message":"x","session_token":"s3cret"}"#)
                    _ = try client.readText()
                    try client.send(3, [])
                    _ = try client.socket.readToEnd()
                }
            }
            #expect(recorder.all.contains { $0.message == "handshake refused" })
            #expect(recorder.all.contains { $0.message == "protocol violation" })
            for line in recorder.all {
                #expect(!"\(line)".contains("s3cret"), "\(line.message)")
            }
        }
    }
}
