import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct HomeMoveTests {
        @Test
        func `all sockets of a session meet on one worker and share its connection`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port, workers: 2).run { port in
                // Connections are dealt out in turn, so half of these are accepted where the session does not live.
                var clients: [WireSocket] = []
                for _ in 0..<8 {
                    clients.append(try WireSocket.open(port: port, target: "/api/ws/agent?session_token=one"))
                }
                for (index, client) in clients.enumerated() {
                    try client.send(#"{"agent_type":"guide","message":"from \#(index)"}"#)
                    #expect(try client.readText().contains(#""message":"from \#(index)""#))
                }
            }
            #expect(backend.heads.count == 1)
        }

        @Test
        func `bytes that came with the handshake survive the move`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port, workers: 2).run { port in
                var clients: [WireSocket] = []
                for index in 0..<8 {
                    let message = Array(#"{"agent_type":"guide","message":"early \#(index)"}"#.utf8)
                    let frame = WireSocket.bytes(1, message, masked: true)
                    // One whole message behind the handshake, and half of another one.
                    let client = try WireSocket.open(
                        port: port, target: "/api/ws/agent?session_token=one", behind: frame + frame.prefix(9))
                    #expect(try client.readText().contains(#""message":"early \#(index)""#))
                    try client.socket.send(Array(frame.dropFirst(9)))
                    #expect(try client.readText().contains(#""message":"early \#(index)""#))
                    clients.append(client)
                }
            }
            #expect(backend.heads.count == 1)
        }

        @Test
        func `sessions without a token stay where they were accepted`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port, workers: 2).run { port in
                for index in 0..<4 {
                    let client = try WireSocket.open(port: port)
                    try client.send(#"{"agent_type":"guide","message":"\#(index)"}"#)
                    #expect(try client.readText().contains(#""message":"\#(index)""#))
                }
            }
            #expect(backend.heads.count == 4)
        }

        @Test
        func `a descriptor that moved is closed when its client leaves`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port, workers: 2).run { port in
                for _ in 0..<8 {
                    let client = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=one")
                    try client.close(1000)
                    #expect(try client.readFrame().code == 1000)
                    // The proxy ends the connection: no second descriptor keeps it open.
                    #expect(client.socket.isAtEnd())
                }
            }
        }
    }
}

@Suite
struct SessionDirectoryTests {
    private let start = Instant(nanoseconds: 0)

    private func key(_ token: String) -> SessionKey { SessionKey(token: ByteString(token)) }

    @Test
    func `a session lives on the worker of its first socket`() {
        let directory = SessionDirectory(keepFor: .seconds(10))
        #expect(directory.enter(key("a"), at: 1, now: start) == 1)
        #expect(directory.enter(key("a"), at: 0, now: start) == 1)
        #expect(directory.enter(key("b"), at: 0, now: start) == 0)
    }

    @Test
    func `an entry outlives the last socket for as long as the session may`() {
        let directory = SessionDirectory(keepFor: .seconds(10))
        _ = directory.enter(key("a"), at: 1, now: start)
        directory.leave(key("a"), now: start)
        #expect(directory.enter(key("a"), at: 0, now: start + .seconds(9)) == 1)
        directory.leave(key("a"), now: start + .seconds(9))
        // The first leaving's time is over, the second's is not.
        #expect(directory.enter(key("b"), at: 0, now: start + .seconds(11)) == 0)
        #expect(directory.enter(key("a"), at: 0, now: start + .seconds(18)) == 1)
        directory.leave(key("a"), now: start + .seconds(18))
        #expect(directory.enter(key("a"), at: 0, now: start + .seconds(28)) == 0)
    }

    @Test
    func `a session that stays lives where it lived, whatever is given back`() {
        let directory = SessionDirectory(keepFor: .seconds(10))
        for index in 0..<1000 { _ = directory.enter(key("\(index)"), at: index % 2, now: start) }
        for index in 0..<999 { directory.leave(key("\(index)"), now: start + .seconds(index < 990 ? 0 : 5)) }
        directory.sweep(now: start + .seconds(11))
        #expect(directory.count == 10)
        directory.shrink()
        #expect(directory.count == 10)
        #expect(directory.enter(key("999"), at: 0, now: start + .seconds(12)) == 1)
        #expect(directory.enter(key("991"), at: 0, now: start + .seconds(12)) == 1)
        directory.sweep(now: start + .seconds(16))
        #expect(directory.count == 2)
    }

    @Test
    func `sessions that ended leave nothing behind`() {
        let directory = SessionDirectory(keepFor: .seconds(1))
        for index in 0..<5000 {
            let now = start + .milliseconds(Int64(index) * 10)
            _ = directory.enter(key("\(index)"), at: 0, now: now)
            directory.leave(key("\(index)"), now: now)
        }
        #expect(directory.count <= 101)
    }
}
