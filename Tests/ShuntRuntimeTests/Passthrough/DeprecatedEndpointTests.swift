import Logging
import ShuntCore
import ShuntTesting
import Synchronization
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// Handshakes on deprecated legacy endpoints, and what becomes of their sockets.
    @Suite(.timeLimit(.minutes(10)))
    struct DeprecatedEndpointTests {
        private final class Clock: Sendable {
            private let time = Mutex(UnixTime(milliseconds: 0))
            var now: UnixTime {
                get { time.withLock { $0 } }
                set { time.withLock { $0 = newValue } }
            }
        }

        private static let link = #"</api/ws/agent>; rel="successor-version""#

        private static func fixture(
            _ backend: TestBackend, side: Side = .legacy, _ mode: PassthroughMode = .managed,
            brownouts: [Brownout] = []
        ) -> ProxyFixture {
            var fixture = ProxyFixture.legacy(backendPort: backend.port, unifiedPort: backend.port) {
                $0.passthrough = mode
            }
            fixture.table.phase = .deprecate
            fixture.table.routes[0].hold = side
            fixture.table.deprecation.deprecatedAt = UnixTime(milliseconds: 1_796_083_200_000)
            fixture.table.deprecation.sunset = UnixTime(milliseconds: 1_803_859_200_000)
            fixture.table.deprecation.brownouts = brownouts
            return fixture
        }

        private static func backend(_ fields: String) throws -> TestBackend {
            try TestBackend(
                handshake: { socket, head in
                    try socket.send(
                        TestBackend.upgrade(acceptKey: SecWebSocket.acceptKey(for: TestBackend.key(of: head)), fields))
                    return true
                }, script: TestBackend.answering)
        }

        @Test(arguments: [PassthroughMode.managed, .raw])
        func `the backend's own links stay, and its dates give way`(_ mode: PassthroughMode) async throws {
            let backend = try Self.backend("Link: </x>; rel=\"next\"\r\nSunset: never\r\nX-Mine: y\r\n")
            try await Self.fixture(backend, mode).run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 101)
                #expect(opening.values("Deprecation") == ["@1796083200"])
                #expect(opening.values("Sunset") == ["Mon, 01 Mar 2027 00:00:00 GMT"])
                #expect(opening.values("Link") == ["</x>; rel=\"next\"", Self.link])
                #expect(opening.values("X-Mine") == ["y"])
                try opening.wire.send(#"{"message":"hi"}"#)
                #expect(try opening.wire.readText().contains("hi"))
            }
        }

        @Test
        func `a collapsed socket is told alike`() async throws {
            let backend = try TestBackend.echo()
            try await Self.fixture(backend, side: .unified).run { port in
                let opening = try Opening(port: port)
                #expect(opening.status == 101)
                #expect(opening.values("Deprecation") == ["@1796083200"])
                #expect(opening.values("Link") == [Self.link])
            }
        }

        @Test
        func `a brownout refuses while it lasts, closes what is open, and counts both`() async throws {
            let backend = try TestBackend.echo()
            let start = UnixTime(milliseconds: 1_801_476_000_000)
            let brownout = Brownout(routes: ["*"], from: start, length: .seconds(10), share: .unified)
            let clock = Clock()
            let recorder = LogRecorder()
            let settings = try Self.fixture(backend, brownouts: [brownout]).settings
            let proxy = Proxy(settings: settings, logger: recorder.logger, wallClock: { clock.now })
            let addresses = try await proxy.start()
            guard case .tcp(_, let port) = addresses.first else { return }
            let early = try Opening(port: port)
            #expect(early.status == 101)
            clock.now = start + .seconds(3)
            let refused = try Opening(port: port)
            #expect(refused.status == 503)
            #expect(refused.values("Retry-After") == ["7"])
            #expect(refused.values("Deprecation") == ["@1796083200"])
            #expect(try refused.body().contains(#""code":"brownout""#))
            var frame = try early.wire.readFrame()
            while frame.opcode != 8 { frame = try early.wire.readFrame() }
            #expect(frame.code == 4411)
            clock.now = start + .seconds(10)
            #expect(try Opening(port: port).status == 101)
            let tally = await proxy.tally()
            #expect(tally.brownoutRefused == 1)
            #expect(tally.brownoutClosed == 1)
            #expect(recorder.all.contains { $0.message == "brownout begins" && $0.metadata["share"] == "100%" })
            await proxy.stop()
        }

        @Test
        func `who uses it is logged once`() async throws {
            let backend = try TestBackend.echo()
            let recorder = LogRecorder()
            var fixture = Self.fixture(backend)
            fixture.logger = recorder.logger
            try await fixture.run { port in
                for app in ["web", "phone", "web", "web"] {
                    _ = try Opening(port: port, target: "/api/ws/guide?session_token=s3cr3t&client=\(app)")
                }
            }
            let told = recorder.all.filter { $0.message == "deprecated endpoint used" }
            #expect(told.map { $0.metadata["app"] } == ["web", "phone"])
            #expect(told.allSatisfy { $0.level == .info && $0.metadata["endpoint"] == "/api/ws/guide" })
            #expect(recorder.all.allSatisfy { !"\($0)".contains("s3cr3t") })
        }
    }
}
