import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

/// What stands behind a 101 or a request in the same read, with the end of the connection right behind it.
@Suite struct BehindTheAnswerTests {
    private static func closing(_ code: UInt16) -> [UInt8] {
        WireSocket.bytes(8, [UInt8(code >> 8), UInt8(code & 0xFF)], masked: false)
    }

    private static func text(_ text: String) -> [UInt8] { WireSocket.bytes(1, Array(text.utf8), masked: false) }

    private static func world(passthrough: PassthroughMode = .managed) throws -> FakeWorld {
        try FakeWorld { table in
            var endpoint = EndpointSettings(path: "/api/ws/guide")
            endpoint.passthrough = passthrough
            table.routes[0].endpoint = endpoint
            table.upstreams[0].pushes = ["welcome": .forward]
            table.upstreams[0].closes = [4001: .auth]
        }
    }

    @Test(arguments: [PassthroughMode.managed, .raw])
    func `a client that is passed through hears all of it`(mode: PassthroughMode) throws {
        let world = try Self.world(passthrough: mode)
        let client = try world.arriving(target: "/api/ws/guide?session_token=t")
        _ = try world.upstream(behind: Self.text(#"{"type":"welcome"}"#) + Self.closing(4001), ends: true)
        let said = client.read()
        let head = try #require(said.firstRange(of: Array("\r\n\r\n".utf8)))
        #expect(said.starts(with: "HTTP/1.1 101 ".utf8))
        let heard = NaiveFrameReader.frames(Array(said[head.upperBound...]))
        #expect(heard.map(\.opcode) == [1, 8])
        #expect(heard.first?.text == #"{"type":"welcome"}"#)
        #expect(heard.last?.code == 4001)
    }

    @Test
    func `in fan-out a push is delivered and the close code counts`() throws {
        let world = try Self.world()
        let client = try world.client(target: "/api/ws/agent?session_token=t")
        client.say(#"{"agent_type":"guide","message":"x"}"#, masked: true)
        world.run()
        _ = try world.upstream(behind: Self.text(#"{"type":"welcome"}"#) + Self.closing(4001), ends: true)
        let heard = client.frames()
        #expect(heard.first?.text.contains("welcome") == true)
        #expect(heard.contains { $0.text.contains(#""code":"session_expired""#) })
        #expect(!heard.contains { $0.text.contains("upstream_lost") })
    }

    @Test
    func `what a client says behind its request is carried though it has left`() throws {
        let world = try Self.world()
        let message = WireSocket.bytes(1, Array(#"{"agent_type":"guide","message":"x"}"#.utf8), masked: true)
        let client = try world.arriving(target: "/api/ws/agent?session_token=t", behind: message)
        client.close()
        world.run()
        let upstream = try world.upstream()
        #expect(upstream.frames().contains { $0.text.contains(#""message":"x""#) })
    }

    @Test(arguments: ["chat", "x", ""])
    func `a subprotocol that was not offered passes in raw and is named elsewhere`(chosen: String) throws {
        func answer(_ mode: PassthroughMode) throws -> String {
            let world = try Self.world(passthrough: mode)
            let client = try world.arriving(target: "/api/ws/guide?session_token=t")
            let upstream = try world.dialled()
            let key = SecWebSocket.acceptKey(for: TestBackend.key(of: upstream.head))
            let text = TestBackend.upgrade(acceptKey: key, "Sec-WebSocket-Protocol: \(chosen)\r\n")
            upstream.peer.say(Array(text.utf8))
            world.run()
            return client.text()
        }
        let raw = try answer(.raw)
        #expect(raw.hasPrefix("HTTP/1.1 101 "))
        #expect(raw.contains("\r\nSec-WebSocket-Protocol: \(chosen)\r\n"))
        let managed = try answer(.managed)
        #expect(managed.hasPrefix("HTTP/1.1 502 "))
        #expect(managed.contains(#"the subprotocol \"\#(chosen)\" was not offered"#))
    }
}
