import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// Passed through message by message, while one side does not read.
    @Suite(.timeLimit(.minutes(10)))
    struct PassedPressureTests {
        private static let message = WireSocket.bytes(2, Array(repeating: 7, count: 60_000), masked: true)

        @Test
        func `a backend that does not read stops the reading of its client, and nothing is lost`() async throws {
            let gate = Gate()
            let backend = try TestBackend(receiveBuffer: 4096) { socket, head in
                gate.wait()
                try ManagedTests.mirror(socket, head)
            }
            try await ProxyFixture.legacy(backendPort: backend.port).run { port, proxy in
                let client = try Opening(port: port).wire
                let total = try FloodingClient.fill(client.socket, message: Self.message)
                #expect(total < 32 << 20, "bounded by buffers, not by what the client has to say")
                #expect(await proxy.census().heldBytes <= 2 << 20)
                gate.open()
                for _ in 0..<total / Self.message.count {
                    #expect(try client.readFrame().payload.count == 60_000)
                }
            }
        }

        @Test
        func `a client that does not read stops the reading of its backend, and nothing is lost`() async throws {
            let count = 1000
            let backend = try TestBackend { socket, _ in
                for number in 0..<count {
                    try socket.send(2, Array("\(number) ".utf8) + Array(repeating: 7, count: 60_000))
                }
                _ = try socket.readFrame()
            }
            try await ProxyFixture.legacy(backendPort: backend.port).run { port, proxy in
                let client = try Opening(port: port).wire
                // Until the backend gets rid of nothing more: three looks without another message.
                var (before, same) = (-1, 0)
                while same < 3 {
                    let delivered = await proxy.tally().delivered
                    same = delivered == before && delivered > 0 ? same + 1 : 0
                    before = delivered
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(before < count, "it waits for the client")
                for number in 0..<count {
                    #expect(try client.readFrame().text.hasPrefix("\(number) "))
                }
                try client.send("done")
            }
        }
    }
}
