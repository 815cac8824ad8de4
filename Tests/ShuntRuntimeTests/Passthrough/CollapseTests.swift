import Foundation
import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntRuntime

extension SocketTests {
    /// Old clients that the unified backend serves, and the change from one side to the other.
    @Suite(.timeLimit(.minutes(10)))
    struct CollapseTests {
        /// Answers as a unified backend: the message's text and conversation.
        static let unified: TestBackend.Script = { socket, _ in
            while true {
                let frame = try socket.readFrame()
                switch frame.opcode {
                case 1:
                    let message = try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any] ?? [:]
                    let reply: [String: Any] = [
                        "type": "message", "message": message["message"] ?? "", "by": "unified",
                        "agent_type": message["agent_type"] ?? "",
                        "conversation_id": message["conversation_id"] ?? "",
                    ]
                    try socket.send(1, Array(try JSONSerialization.data(withJSONObject: reply)))
                case 8: return try socket.send(8, frame.payload)
                case 9: try socket.send(10, frame.payload)
                default: break
                }
            }
        }

        private static func member(_ name: String, of text: String) -> String? {
            let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return object?[name] as? String
        }

        @Test
        func `an old client's message goes to the unified backend and the reply comes back in its own shape`()
            async throws
        {
            let legacy = try TestBackend.echo()
            let unified = try TestBackend(script: Self.unified)
            var fixture = ProxyFixture.legacy(backendPort: legacy.port, unifiedPort: unified.port) { endpoint in
                endpoint.toLegacy.map = [.init(field: "type", values: [.init(from: "message", to: "response")])]
                endpoint.toLegacy.copy = [.init(from: "message", to: "response")]
            }
            fixture.table.routes[0].servedBy = .unified
            try await fixture.run { port in
                let client = try Opening(port: port).wire
                try client.send(#"{"message":"hello"}"#)
                let reply = try client.readText()
                #expect(Self.member("type", of: reply) == "response")
                #expect(Self.member("response", of: reply) == "hello")
                #expect(Self.member("by", of: reply) == "unified")
            }
            #expect(legacy.heads.isEmpty)
            #expect(unified.heads.count == 1)
        }

        @Test
        func `one socket is flipped both ways under load and loses, doubles and reorders nothing`() async throws {
            let legacy = try TestBackend.echo()
            let unified = try TestBackend(script: Self.unified)
            var fixture = ProxyFixture.legacy(backendPort: legacy.port, unifiedPort: unified.port) { endpoint in
                endpoint.toLegacy.map = [.init(field: "type", values: [.init(from: "message", to: "response")])]
            }
            fixture.table.routes[0].pin = .exchange
            for index in fixture.table.upstreams.indices { fixture.table.upstreams[index].queue.messages = 10_000 }
            let tables = [try fixture.serving(.unified), try fixture.serving(.legacy)]
            try await fixture.run { port, proxy in
                let client = try Opening(port: port).wire
                let rounds = 40
                let each = 25
                let replies = Task.detached {
                    var texts: [String] = []
                    while texts.count < rounds * each { texts.append(try client.readText()) }
                    return texts
                }
                for round in 0..<rounds {
                    let side: KeyPath<RouteTally, Int> = round % 2 == 0 ? \.byLegacy : \.byUnified
                    let before = await proxy.routeReport()[0][keyPath: side]
                    for number in 0..<each { try client.send(#"{"message":"\#(round * each + number)"}"#) }
                    // Else each flip could come before the side that it leaves was given anything.
                    // (Where they came to errors it is given none; that is told below.)
                    while round % 8 < 2, await proxy.tally().errors == 0,
                        await proxy.routeReport()[0][keyPath: side] == before
                    {
                        try await Task.sleep(for: .milliseconds(1))
                    }
                    await proxy.publish(tables[round % 2], spread: .zero)
                }
                let texts = try await replies.value
                #expect(texts.map { Self.member("message", of: $0) } == (0..<rounds * each).map { "\($0)" })
                #expect(texts.allSatisfy { Self.member("type", of: $0) == "response" })
                let byUnified = texts.count { Self.member("by", of: $0) == "unified" }
                #expect(byUnified > 0 && byUnified < texts.count, "both sides served: \(byUnified)")
                let tally = await proxy.tally()
                #expect(tally.flips > 0 && tally.errors == 0)
                let routes = await proxy.routeReport()
                #expect(routes[0].byUnified + routes[0].byLegacy == rounds * each)
            }
        }

        @Test
        func `a route that is removed closes its old clients with 1001, the others stay`() async throws {
            let backend = try TestBackend.echo()
            var fixture = ProxyFixture.legacy(backendPort: backend.port)
            fixture.addRoute("other", backendPort: backend.port)
            fixture.table.routes[1].endpoint = EndpointSettings(path: "/api/ws/other")
            var without = fixture.table
            without.routes.remove(at: 0)
            without.upstreams.remove(at: 0)
            without.routes[0].legacy = 0
            without.addressing.defaultRoute = "other"
            let table = try RoutingTable(without)
            try await fixture.run { port, proxy in
                let leaves = try Opening(port: port).wire
                let stays = try Opening(port: port, target: "/api/ws/other?session_token=t").wire
                await proxy.publish(table, spread: .zero)
                #expect(try leaves.readFrame().code == 1001)
                try stays.send(#"{"message":"still"}"#)
                #expect(try stays.readText().contains("still"))
                #expect(try Opening(port: port).status == 404)
                #expect(await proxy.routeReport().map(\.sockets) == [1])
                #expect(await proxy.poolReport().map(\.upstream) == ["other"])
            }
        }

        @Test
        func `two changes at once: the later one stays`() async throws {
            let backend = try TestBackend.echo()
            let unified = try TestBackend(script: Self.unified)
            let fixture = ProxyFixture.legacy(backendPort: backend.port, unifiedPort: unified.port, workers: 2)
            let tables = try (0..<20).map { try fixture.serving($0 % 2 == 0 ? .legacy : .unified) }
            try await fixture.run { port, proxy in
                await withTaskGroup(of: Void.self) { group in
                    for table in tables.dropLast() { group.addTask { await proxy.publish(table, spread: .zero) } }
                }
                await proxy.publish(tables[19], spread: .zero)
                let client = try Opening(port: port).wire
                try client.send(#"{"message":"hello"}"#)
                #expect(try client.readText().contains("unified"))
            }
        }

        @Test
        func `heartbeats come on schedule and the client's own are absorbed`() async throws {
            let seen = AsyncStream.makeStream(of: String.self)
            let backend = try TestBackend { socket, _ in
                while true {
                    let frame = try socket.readFrame()
                    if frame.opcode == 8 { return try socket.send(8, frame.payload) }
                    seen.continuation.yield(frame.text)
                }
            }
            var beat = HeartbeatSettings()
            beat.absorb = ["heartbeat"]
            beat.send = #"{"type":"heartbeat"}"#
            beat.every = .milliseconds(50)
            try await ProxyFixture.legacy(backendPort: backend.port) { $0.heartbeat = beat }.run { port in
                let client = try Opening(port: port).wire
                for _ in 0..<3 { #expect(try client.readText() == #"{"type":"heartbeat"}"#) }
                try client.send(#"{"type":"heartbeat","id":1}"#)
                try client.send(#"{"message":"real"}"#)
                var messages = seen.stream.makeAsyncIterator()
                #expect(await messages.next() == #"{"message":"real"}"#)
            }
        }

        @Test
        func `the sockets of one session meet on one worker, whichever accepted them`() async throws {
            let legacy = try TestBackend.echo()
            let unified = try TestBackend(script: Self.unified)
            var fixture = ProxyFixture.legacy(backendPort: legacy.port, unifiedPort: unified.port, workers: 2)
            fixture.table.routes[0].servedBy = .unified
            try await fixture.run { port, proxy in
                var clients: [WireSocket] = []
                for _ in 0..<8 { clients.append(try Opening(port: port).wire) }
                for (number, client) in clients.enumerated() { try client.send(#"{"message":"n\#(number)"}"#) }
                for (number, client) in clients.enumerated() {
                    #expect(try client.readText().contains(#""n\#(number)""#))
                }
                let sessions = await proxy.sessionReport(limit: 10)
                #expect(sessions.count == 1 && sessions.first?.sockets == 8)
                #expect(await proxy.census().connections == 1)
            }
            #expect(unified.heads.count == 1)
        }

        @Test(arguments: [PassthroughMode.managed, .raw])
        func `a passed through client that was accepted elsewhere moves home before it is answered`(
            _ mode: PassthroughMode
        ) async throws {
            let backend = try TestBackend(script: ManagedTests.mirror)
            try await ProxyFixture.legacy(backendPort: backend.port, workers: 2) { $0.passthrough = mode }.run {
                port, proxy in
                var clients: [WireSocket] = []
                for number in 0..<6 {
                    let socket = try BlockingSocket.connect(port: port)
                    let early = WireSocket.bytes(1, Array("early \(number)".utf8), masked: true)
                    try socket.send(Array(WireSocket.request(target: "/api/ws/guide?session_token=t").utf8) + early)
                    #expect(try socket.readHead().hasPrefix("HTTP/1.1 101 "))
                    clients.append(WireSocket(socket: socket, isClient: true))
                }
                for (number, client) in clients.enumerated() { #expect(try client.readText() == "early \(number)") }
                #expect(await proxy.sessionReport(limit: 10).map(\.sockets) == [6])
            }
        }

        @Test
        func `a stop lets the exchange in flight end and closes with 1012`() async throws {
            let gate = Gate()
            let asked = AsyncStream.makeStream(of: Void.self)
            let backend = try TestBackend { socket, _ in
                _ = try socket.readFrame()
                asked.continuation.yield()
                gate.wait()
                try socket.send(1, Array(#"{"type":"response","message":"late"}"#.utf8))
                _ = try socket.readFrame()
            }
            var fixture = ProxyFixture.legacy(backendPort: backend.port)
            fixture.drain.limit = .seconds(45)
            let proxy = Proxy(settings: try fixture.settings, logger: fixture.logger)
            guard case .tcp(_, let port) = try await proxy.start().first else { return }
            let client = try Opening(port: port).wire
            try client.send(#"{"message":"hello"}"#)
            var questions = asked.stream.makeAsyncIterator()
            await questions.next()
            await proxy.drain()
            gate.open()
            #expect(try client.readText().contains("late"))
            let frame = try client.readFrame()
            #expect(frame.code == 1012)
            try client.close(1012)
            await proxy.stop()
        }
    }
}
