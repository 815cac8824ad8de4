import ShuntCore
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// What the running proxy is asked and told.
    @Suite(.timeLimit(.minutes(10)))
    struct ProxyControlsTests {
        @Test
        func `notes about upstreams are told with their names`() async throws {
            let (listener, gone) = try BlockingSocket.listen()
            listener.close()
            let fixture = ProxyFixture(backendPort: gone)
            let notes = AsyncStream.makeStream(of: ProxyLogEvent.self)
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger) { notes.continuation.yield($0) }
            guard case .tcp(_, let port) = try await proxy.start().first else { return }
            let client = try WireSocket.open(port: port)
            try client.send(#"{"message":"hello"}"#)
            var told = notes.stream.makeAsyncIterator()
            let first = try #require(await told.next())
            #expect(
                first
                    == ProxyLogEvent(
                        note: .dialFailed(upstream: 0, .connect, isOwn: false), upstream: "guide", worker: 0)
            )
            await proxy.stop()
        }

        @Test
        func `a note about an upstream that is no more has no name, and traps nobody`() throws {
            let world = try FakeWorld()
            world.worker.noted(.connectionRetired(upstream: -1, .configuration))
            #expect(world.worker.switchboard.table.nameOfUpstream(-1) == "removed")
        }

        @Test
        func `reports sum up what all workers have`() async throws {
            let backend = try TestBackend.echo()
            var fixture = ProxyFixture(backendPort: backend.port, workers: 2)
            fixture.addRoute("other", backendPort: backend.port)
            try await fixture.run { port, proxy in
                var clients: [WireSocket] = []
                for number in 0..<6 {
                    let client = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=t\(number)")
                    try client.send(#"{"agent_type":"\#(number < 4 ? "guide" : "other")","message":"m"}"#)
                    _ = try client.readText()
                    clients.append(client)
                }
                #expect(await proxy.census().clients == 6)
                #expect(await proxy.tally().messages == 6)
                #expect(await proxy.routeReport().map(\.byLegacy) == [4, 2])
                let pools = await proxy.poolReport()
                #expect(pools.map(\.upstream) == ["guide", "other"])
                #expect(pools.map(\.ready) == [4, 2])
                #expect(pools.map(\.url) == ["guide", "other"].map { "ws://127.0.0.1:\(backend.port)/api/ws/\($0)" })
                #expect(await proxy.sessionReport(limit: 4).count == 4)
                let parts = await proxy.metrics(patience: .seconds(40)).parts
                #expect(parts.count == 2)
                #expect(parts.allSatisfy { $0.turns.turns > 0 && $0.turns.events > 0 && $0.turns.barren < 10 })
            }
        }

        @Test
        func `after the end, reports are empty`() async throws {
            let fixture = ProxyFixture(backendPort: 1)
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            #expect(await proxy.routeReport() == [RouteTally()])
            _ = try await proxy.start()
            await proxy.stop()
            #expect(await proxy.census() == .empty)
            await proxy.publish(try RoutingTable(fixture.table), spread: .zero)
            await proxy.reconnect("guide")
        }

        @Test
        func `a table that is published before the start is in force at the start`() async throws {
            let backend = try TestBackend.echo()
            let fixture = ProxyFixture(backendPort: 1)
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            await proxy.publish(try RoutingTable(ProxyFixture(backendPort: backend.port).table), spread: .zero)
            guard case .tcp(_, let port) = try await proxy.start().first else { return }
            let client = try WireSocket.open(port: port)
            try client.send(#"{"message":"hello"}"#)
            #expect(try client.readText().contains("hello"))
            await proxy.stop()
        }

        @Test
        func `reconnect replaces a route's connections and loses no socket`() async throws {
            let backend = try TestBackend.echo()
            try await ProxyFixture(backendPort: backend.port).run { port, proxy in
                let client = try WireSocket.open(port: port, target: "/api/ws/agent?session_token=t")
                for _ in 0..<3 {
                    try client.send(#"{"message":"hello"}"#)
                    #expect(try client.readText().contains("hello"))
                    await proxy.reconnect("guide")
                }
                await proxy.reconnect("nobody")
            }
            #expect(backend.heads.count == 3)
        }

        @Test
        func `limits of another table count for sockets that come then`() async throws {
            let backend = try TestBackend.echo()
            let fixture = ProxyFixture(backendPort: backend.port)
            var changed = fixture.table
            changed.limits.connections = 1
            changed.limits.message = 1000
            let table = try RoutingTable(changed)
            try await fixture.run { port, proxy in
                let before = try WireSocket.open(port: port)
                // Its upstream connection is one of before, too.
                try before.send(#"{"message":"first"}"#)
                _ = try before.readText()
                await proxy.publish(table, spread: .zero)
                #expect(throws: BlockingSocket.Failure.self) { try WireSocket.open(port: port) }
                try before.send(#"{"message":"\#(String(repeating: "x", count: 2000))"}"#)
                #expect(try before.readText().contains("xxx"))
            }
        }
    }
}
