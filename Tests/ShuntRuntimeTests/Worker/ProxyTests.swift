import ShuntCore
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct ProxyTests {
        @Test
        func `a message goes to its backend and the reply comes back`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port).run { port in
                let client = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=t1")
                try client.send(#"{"agent_type":"guide","message":"hello"}"#)
                let reply = try client.readText()
                #expect(reply.contains(#""message":"hello""#))
                #expect(reply.contains(#""agent_type":"guide""#))
            }
            #expect(backend.heads.count == 1)
            #expect(backend.heads.first?.hasPrefix("GET /api/ws/guide?session_token=t1 HTTP/1.1\r\n") == true)
        }
    }
}
