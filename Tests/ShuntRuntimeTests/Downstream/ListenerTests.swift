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
            }
            unlink(path)
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
