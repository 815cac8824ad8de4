import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// How one end of a passed through socket ends is how the other one does.
    @Suite(.timeLimit(.minutes(10)))
    struct PassedCloseTests {
        static let closes: [(code: UInt16?, reason: String)] = [
            (1000, ""), (1001, "going"), (4001, "Session endet für Zürich"), (4004, String(repeating: "r", count: 123)),
            (nil, ""),
        ]

        private static func payload(_ code: UInt16?, _ reason: String) -> [UInt8] {
            code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] + Array(reason.utf8) } ?? []
        }

        @Test(arguments: closes, [PassthroughMode.managed, .raw])
        func `the backend's code and reason reach the client`(
            _ close: (code: UInt16?, reason: String), _ mode: PassthroughMode
        ) async throws {
            let payload = Self.payload(close.code, close.reason)
            let backend = try TestBackend(script: { socket, _ in
                try socket.send(1, Array("last words".utf8))
                try socket.send(8, payload)
                _ = try socket.readFrame()
            })
            try await ProxyFixture.legacy(backendPort: backend.port) { $0.passthrough = mode }.run { port in
                let client = try Opening(port: port).wire
                #expect(try client.readText() == "last words")
                let frame = try client.readFrame()
                #expect(frame.opcode == 8)
                #expect(frame.payload == payload)
                try client.send(8, payload)
                #expect(client.socket.isAtEnd())
            }
        }

        @Test(arguments: closes, [PassthroughMode.managed, .raw])
        func `the client's code and reason reach the backend`(
            _ close: (code: UInt16?, reason: String), _ mode: PassthroughMode
        ) async throws {
            let payload = Self.payload(close.code, close.reason)
            let seen = AsyncStream.makeStream(of: [NaiveFrame].self)
            let backend = try TestBackend(script: { socket, _ in
                let frames = [try socket.readFrame(), try socket.readFrame()]
                try socket.send(8, payload)
                seen.continuation.yield(frames)
            })
            try await ProxyFixture.legacy(backendPort: backend.port) { $0.passthrough = mode }.run { port in
                let client = try Opening(port: port).wire
                try client.send("last words")
                try client.send(8, payload)
                #expect(try client.readFrame().opcode == 8)
                #expect(client.socket.isAtEnd())
                var frames = seen.stream.makeAsyncIterator()
                let both = try #require(await frames.next())
                #expect(both[0].text == "last words")
                #expect(both[1].opcode == 8 && both[1].payload == payload)
            }
        }

        @Test(arguments: [PassthroughMode.managed, .raw], [true, false])
        func `a backend that is cut cuts its client, after what it said`(
            _ mode: PassthroughMode, _ resets: Bool
        ) async throws {
            let backend = try TestBackend(script: { socket, _ in
                try socket.send(1, Array("last words".utf8))
                // The reset must not overtake the words.
                _ = try socket.readFrame()
                if resets { socket.socket.reset() }
            })
            try await ProxyFixture.legacy(backendPort: backend.port) { $0.passthrough = mode }.run { port in
                let client = try Opening(port: port).wire
                #expect(try client.readText() == "last words")
                try client.send("heard")
                #expect(client.socket.isAtEnd(), "no close frame: the client sees 1006")
            }
        }

        @Test(arguments: [PassthroughMode.managed, .raw], [true, false])
        func `a client that is cut cuts its backend, after what it said`(
            _ mode: PassthroughMode, _ resets: Bool
        ) async throws {
            let ends = AsyncStream.makeStream(of: Bool.self)
            let backend = try TestBackend(script: { socket, _ in
                try socket.send(1, try socket.readFrame().payload)
                ends.continuation.yield(socket.socket.isAtEnd())
            })
            try await ProxyFixture.legacy(backendPort: backend.port) { $0.passthrough = mode }.run { port in
                let client = try Opening(port: port).wire
                try client.send("last words")
                #expect(try client.readText() == "last words")
                if resets { client.socket.reset() } else { client.socket.close() }
                var next = ends.stream.makeAsyncIterator()
                #expect(await next.next() == true, "no close frame")
            }
        }
    }
}
