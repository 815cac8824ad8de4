import Foundation
import HTTPTypes
import ServiceLifecycle
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct LiveStreamTests {
    private static let request =
        "GET \(AdminPath.live) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"

    /// The next event of that name.
    private static func next(_ name: String, of client: inout RawClient) async throws -> String {
        while true {
            let text = try await client.read(until: "\n\n")
            guard let match = text.firstMatch(of: /event: ([a-z]+)\ndata: (.*)/), match.1 == name else { continue }
            return String(match.2)
        }
    }

    private static func sample(of client: inout RawClient) async throws -> LiveSample {
        try AdminJSON.decode(LiveSample.self, from: Data(try await next("sample", of: &client).utf8))
    }

    @Test func `a stream begins with the history, and its samples tell what changed`() async throws {
        let workers = FakeWorkers(WorkerReport(try RoutingTable(TableDefinition.eitherSide(routes: 3))))
        let sampler = workers.sampler()
        let control = FakeControl()
        control.tell(SampleReports.event(41))
        try await RunningService.with(control, extra: [AdminAPI.live(sampler)]) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request)
                let head = try await client.read(until: "\r\n\r\n")
                #expect(head.contains("Content-Type: text/event-stream\r\n"))
                let history = try AdminJSON.decode(
                    LiveHistory.self, from: Data(try await Self.next("history", of: &client).utf8))
                #expect(history.access == "write" && history.version == "1.2" && history.intervalMs == 5000)
                let first = try await Self.sample(of: &client)
                #expect(first.revision == 7 && first.phase == "migrate" && first.lastEvent == 41)
                #expect(first.workers == 2 && first.lateWorkers == 1)
                #expect(first.routes.isEmpty && first.pools.isEmpty, "nothing moves")
                workers.with {
                    $0.sockets.legacy[1].collapse = 6
                    $0.sockets.unified.relay = 2
                    $0.pools[1].ready = 3
                    $0.routes[1].byUnified = 8
                    $0.routes[1].repliesByUnified = 6
                    $0.routes[1].errorsByUnified = 2
                    $0.meter.firstReplies.add(.milliseconds(3), at: Meter.place(of: 1, .unified))
                }
                await sampler.look()
                let second = try await Self.sample(of: &client)
                #expect(second.routes.map(\.name) == ["agent1"])
                #expect(second.routes.first?.collapse == 6 && second.routes.first?.servedBy == "25%")
                #expect(second.routes.first?.unified.errorPercent == 25)
                #expect(second.routes.first?.unified.p99Ms != nil && second.routes.first?.legacy.p99Ms == nil)
                #expect(second.pools.map(\.upstream) == ["old1"] && second.unifiedSockets.relay == 2)
                #expect(second.rates.unified > 0)
                workers.with {
                    $0.sockets.legacy[1].collapse = 0; $0.pools[1].ready = 0
                }
                await sampler.look()
                let third = try await Self.sample(of: &client)
                #expect(third.routes.first?.collapse == 0 && third.pools.first?.ready == 0, "an end is told too")
            }
        }
    }

    @Test func `an open stream does not hold the stop up`() async throws {
        let sampler = FakeWorkers(WorkerReport(try RoutingTable(TableDefinition.eitherSide(routes: 1)))).sampler()
        try await RunningService.with(FakeControl(), extra: [AdminAPI.live(sampler)]) { port, group in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request)
                _ = try await Self.next("sample", of: &client)
                await group.triggerGracefulShutdown()
                #expect(try await client.rest().hasSuffix("0\r\n\r\n"))
            }
        }
    }

    @Test func `streams are bounded and kept alive`() async throws {
        var limits = AdminLimits()
        limits.streams = 1
        limits.beat = .milliseconds(20)
        let sampler = FakeWorkers(WorkerReport(try RoutingTable(TableDefinition.eitherSide(routes: 1)))).sampler()
        let live = AdminAPI.live(sampler, limits: limits)
        try await RunningService.with(FakeControl(), limits: limits, extra: [live]) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request)
                for _ in 0..<2 { _ = try await client.read(until: ": alive\n\n") }
                try await RawClient.connected(to: port) { second in
                    try await second.send(Self.request)
                    let answer = try await second.read(until: "}")
                    #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("too_many_streams"))
                }
            }
        }
    }

    @Test(arguments: [("reader", "read"), ("writer", "write")])
    func `a stream needs a token, and says what that allows`(token: String, access: String) async throws {
        let sampler = FakeWorkers(WorkerReport(try RoutingTable(TableDefinition.eitherSide(routes: 1)))).sampler()
        var settings = AdminSettings()
        settings.address = .tcp(host: "127.0.0.1", port: 0)
        settings.readToken = "reader"
        settings.writeToken = "writer"
        try await RunningService.with(FakeControl(), settings: settings, extra: [AdminAPI.live(sampler)]) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request)
                #expect(try await client.read(until: "}").hasPrefix("HTTP/1.1 401 "))
            }
            try await RawClient.connected(to: port) { client in
                try await client.send(
                    Self.request.replacing("\r\n\r\n", with: "\r\nAuthorization: Bearer \(token)\r\n\r\n"))
                let text = try await Self.next("history", of: &client)
                #expect(text.contains(#""access":"\#(access)""#))
            }
        }
    }

    @Test func `what is streamed is what the document says`() async throws {
        let workers = FakeWorkers(WorkerReport(try RoutingTable(TableDefinition.eitherSide(routes: 2))))
        workers.with {
            $0.routes[0].waiting = 1
            $0.pools[0].queued = 1
        }
        let sampler = workers.sampler()
        var api = APIClient()
        api.extra = [AdminAPI.live(sampler)]
        let document = try await api.ask(.get, AdminPath.document).json
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        let answers = paths[AdminPath.live]?["get"]?["responses"] as? [String: [String: Any]]
        #expect(answers?["200"]?["content"].flatMap { ($0 as? [String: Any])?.keys.first } == "text/event-stream")
        let check = SchemaCheck(document: document)
        let texts = try await RunningService.with(FakeControl(), extra: api.extra) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request)
                return [
                    ("LiveHistory", try await Self.next("history", of: &client)),
                    ("LiveSample", try await Self.next("sample", of: &client)),
                ]
            }
        }
        for (name, text) in texts {
            let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
            #expect(check.complaints(value, ["$ref": "#/components/schemas/" + name]) == [], "\(name)")
        }
    }
}
