import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// RFC 6455 §5.5 and §7 on a client's socket.
    @Suite(.timeLimit(.minutes(10)))
    struct ClosingTests {
        @Test(arguments: [1000, 1001, 3000, 4999] as [UInt16])
        func `a close frame is answered with its code and the connection ends`(_ code: UInt16) async throws {
            try await ProxyFixture(backendPort: 1).run { port in
                let client = try WireSocket.open(port: port)
                try client.close(code)
                let answer = try client.readFrame()
                #expect(answer.opcode == 8 && answer.code == code)
                #expect(client.socket.isAtEnd())
            }
        }

        @Test
        func `a close frame without a code is answered without one`() async throws {
            try await ProxyFixture(backendPort: 1).run { port in
                let client = try WireSocket.open(port: port)
                try client.send(8, [])
                let answer = try client.readFrame()
                #expect(answer.opcode == 8 && answer.payload.isEmpty)
                #expect(client.socket.isAtEnd())
            }
        }

        struct Violation: Sendable, CustomTestStringConvertible {
            var name: String
            var bytes: [UInt8]
            var code: UInt16
            /// The client is told which of the rules of the endpoint it was, before the close.
            var isTooBig = false
            var testDescription: String { name }
        }

        static let violations: [Violation] = [
            Violation(name: "unmasked", bytes: WireSocket.bytes(1, [0x7B, 0x7D], masked: false), code: 1002),
            Violation(name: "reserved opcode", bytes: WireSocket.bytes(3, [], masked: true), code: 1002),
            Violation(name: "reserved bit", bytes: [0xC1, 0x80, 1, 2, 3, 4], code: 1002),
            Violation(name: "not UTF-8", bytes: WireSocket.bytes(1, [0xC3, 0x28], masked: true), code: 1007),
            Violation(name: "close code 1005", bytes: WireSocket.closeBytes(1005, masked: true), code: 1002),
            Violation(
                name: "too big, by its header alone", bytes: [0x81, 0xFF, 0, 0, 0, 0, 0x7F, 0, 0, 0, 1, 2, 3, 4],
                code: 1009, isTooBig: true
            ),
            Violation(name: "length of 2^63", bytes: [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], code: 1009),
        ]

        @Test(arguments: violations)
        func `a peer that breaks the protocol is told so before the end`(_ violation: Violation) async throws {
            try await ProxyFixture(backendPort: 1).run { port in
                let client = try WireSocket.open(port: port)
                // What comes behind is not read as frames, and does not turn the end into a reset.
                try client.socket.send(violation.bytes + [UInt8](repeating: 0x41, count: 100_000))
                var answer = try client.readFrame()
                if violation.isTooBig {
                    #expect(answer.opcode == 1)
                    #expect(String(decoding: answer.payload, as: UTF8.self).contains(#""code":"message_too_large""#))
                    answer = try client.readFrame()
                }
                #expect(answer.opcode == 8)
                if violation.code == 1009 || violation.code == 1007 {
                    #expect(answer.code == violation.code)
                } else {
                    #expect(answer.code == 1002)
                }
                #expect(!answer.reason.isEmpty)
                #expect(client.socket.isAtEnd())
            }
        }

        @Test
        func `pings are answered, between fragments too`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port).run { port in
                let client = try WireSocket.open(port: port)
                try client.send(1, Array(#"{"agent_type":"guide","#.utf8), final: false)
                try client.send(9, Array("are you there".utf8))
                let pong = try client.readFrame()
                #expect(pong.opcode == 10 && pong.text == "are you there" && !pong.isMasked)
                try client.send(0, Array(#""message":"in parts"}"#.utf8))
                #expect(try client.readText().contains(#""message":"in parts""#))
            }
        }

        @Test
        func `a client that vanishes frees its connection to the backend`() async throws {
            let ended = AsyncStream.makeStream(of: UInt16?.self)
            let backend = try TestBackend { socket, _ in
                _ = try socket.readFrame()
                try socket.send(#"{"type":"response","message":"ok"}"#)
                let frame = try socket.readFrame()
                ended.continuation.yield(frame.opcode == 8 ? frame.code : nil)
                try socket.send(8, frame.payload)
            }
            // A client without a token is a session of its own: its connection ends with it.
            try await ProxyFixture(backendPort: backend.port).run { port in
                let client = try WireSocket.open(port: port)
                try client.send(#"{"agent_type":"guide","message":"x"}"#)
                _ = try client.readText()
                client.socket.reset()
                for await code in ended.stream {
                    #expect(code == 1000)
                    break
                }
            }
        }

        @Test
        func `messages to an upstream are masked, each with a key of its own`() async throws {
            let frames = AsyncStream.makeStream(of: Bool.self)
            let keys = AsyncStream.makeStream(of: [UInt8].self)
            let backend = try TestBackend { socket, _ in
                for _ in 0..<2 {
                    let start = try socket.socket.read(2)
                    frames.continuation.yield(start[1] & 0x80 != 0)
                    let count = Int(start[1] & 0x7F)
                    keys.continuation.yield(try socket.socket.read(4))
                    _ = try socket.socket.read(count)
                    try socket.send(#"{"type":"response","message":"ok"}"#)
                }
            }
            try await ProxyFixture(backendPort: backend.port).run { port in
                let client = try WireSocket.open(port: port)
                for _ in 0..<2 {
                    try client.send(#"{"message":"x"}"#)
                    _ = try client.readText()
                }
            }
            var isMasked = frames.stream.makeAsyncIterator()
            var key = keys.stream.makeAsyncIterator()
            #expect(await isMasked.next() == true)
            #expect(await isMasked.next() == true)
            #expect(await key.next() != key.next())
        }
    }
}
