import Foundation
import Glibc
import ShuntCore
import Testing

@testable import ShuntRuntime

extension SocketTests {
    @Suite(.timeLimit(.minutes(10)))
    struct ListenerTests {
        @Test
        func `clients connect over IPv6`() async throws {
            var fixture = ProxyFixture(backendPort: 1)
            fixture.listen.clients = [.tcp(host: "127.0.0.1", port: 0), .tcp(host: "::1", port: 0)]
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            let addresses = try await proxy.start()
            #expect(addresses.count == 2)
            if case .tcp("::1", let port) = addresses.last {
                let socket = try BlockingSocket.connect(ipv6Port: port)
                try socket.send(WireSocket.request())
                #expect(try socket.readHead().hasPrefix("HTTP/1.1 101 "))
            } else {
                Issue.record("\(addresses)")
            }
            await proxy.stop()
        }

        @Test
        func `clients connect over a Unix socket, whose file goes with the proxy`() async throws {
            let path = NSTemporaryDirectory() + "shunt-test-\(getpid()).sock"
            var fixture = ProxyFixture(backendPort: 1)
            fixture.listen.clients = [.unix(path: path)]
            // Nobody has an address there: the limit by address is not for them.
            fixture.table.limits.connectionsPerAddress = 1
            for _ in 0..<2 {
                let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
                #expect(try await proxy.start() == [.unix(path: path)])
                for _ in 0..<2 {
                    let socket = try BlockingSocket.connect(path: path)
                    try socket.send(WireSocket.request())
                    #expect(try socket.readHead().hasPrefix("HTTP/1.1 101 "))
                }
                await proxy.stop()
                #expect(UnixSocketFile(at: path) == nil)
            }
        }

        @Test
        func `a Unix socket that somebody listens on is refused and left as it is`() async throws {
            try await Self.withPath { path, fixture in
                let first = Proxy(settings: try fixture.settings, logger: fixture.logger)
                _ = try await first.start()
                let second = Proxy(settings: try fixture.settings, logger: fixture.logger)
                let error = await #expect(throws: ProxyError.self) { try await second.start() }
                #expect(error?.description == "cannot listen on unix:\(path): the address is in use")
                await second.stop()
                #expect(try Self.isServed(path))
                await first.stop()
                #expect(UnixSocketFile(at: path) == nil)
            }
        }

        @Test
        func `with reuse_port a new process takes a Unix socket over, whose file is its own then`() async throws {
            try await Self.withPath { path, fixture in
                var fixture = fixture
                fixture.listen.reusePort = true
                let old = Proxy(settings: try fixture.settings, logger: fixture.logger)
                _ = try await old.start()
                let new = Proxy(settings: try fixture.settings, logger: fixture.logger)
                _ = try await new.start()
                await old.stop()
                #expect(try Self.isServed(path))
                await new.stop()
                #expect(UnixSocketFile(at: path) == nil)
            }
        }

        @Test
        func `a Unix socket that a dead process left is replaced, a file of another kind is not`() async throws {
            try await Self.withPath { path, fixture in
                // Closed without its file being removed.
                close(try UnixSocketFile.listen(at: path, replacing: false).descriptor)
                #expect(UnixSocketFile(at: path) != nil)
                let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
                _ = try await proxy.start()
                #expect(try Self.isServed(path))
                await proxy.stop()
                close(open(path, O_CREAT | O_WRONLY, 0o600))
                let other = Proxy(settings: try fixture.settings, logger: fixture.logger)
                let error = await #expect(throws: ProxyError.self) { try await other.start() }
                #expect(error?.description.hasSuffix(": there is a file that is no socket") == true)
                await other.stop()
                #expect(UnixSocketFile(at: path) != nil)
            }
        }

        /// A path for a socket, and a proxy's settings that listen there.
        private static func withPath(_ body: (String, ProxyFixture) async throws -> Void) async throws {
            let path = NSTemporaryDirectory() + "shunt-\(UInt32.random(in: 0 ... .max)).sock"
            defer { unlink(path) }
            var fixture = ProxyFixture(backendPort: 1)
            fixture.listen.clients = [.unix(path: path)]
            try await body(path, fixture)
        }

        private static func isServed(_ path: String) throws -> Bool {
            let socket = try BlockingSocket.connect(path: path)
            defer { socket.close() }
            try socket.send(WireSocket.request())
            return try socket.readHead().hasPrefix("HTTP/1.1 101 ")
        }

        @Test
        func `two proxies share a port where that is wanted`() async throws {
            var fixture = ProxyFixture(backendPort: 1)
            fixture.listen.reusePort = true
            let settings = fixture
            try await fixture.run { port in
                var second = settings
                second.listen.clients = [.tcp(host: "127.0.0.1", port: port)]
                try await second.run { #expect($0 == port) }
            }
        }
    }
}
