import Foundation
import HTTPTypes
import ServiceLifecycle
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct EventStreamTests {
    private static func request(_ path: String = AdminPath.events, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\(fields)\r\n"
    }

    /// The ids of the entries in a text.
    private static func ids(_ text: String) -> [Int] {
        text.matches(of: /id: ([0-9]+)/).compactMap { Int($0.1) }
    }

    @Test func `events are streamed as they happen, with their ids`() async throws {
        let control = FakeControl()
        control.tell(SampleReports.event(1))
        try await RunningService.with(control) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request())
                let head = try await client.read(until: "retry: 2000\n\n")
                #expect(head.contains("Content-Type: text/event-stream\r\n"))
                #expect(head.contains("Cache-Control: no-store\r\n"))
                control.tell(SampleReports.event(2, kind: "reloaded"))
                let entry = try await client.read(until: "}\n\n")
                #expect(Self.ids(entry) == [2])
                let data = try #require(entry.firstMatch(of: /data: (.*)/)).1
                let event = try AdminJSON.decode(EventAnswer.self, from: Data(data.utf8))
                #expect(event.kind == "reloaded" && event.id == 2)
            }
        }
    }

    @Test(arguments: [("", "Last-Event-ID: 2\r\n"), ("?after=2", ""), ("?after=1", "Last-Event-ID: 2\r\n")])
    func `who comes back is told what was missed`(query: String, fields: String) async throws {
        let control = FakeControl()
        for id in 1...5 { control.tell(SampleReports.event(Int64(id))) }
        try await RunningService.with(control) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request(AdminPath.events + query, fields))
                var text = try await client.read(until: "id: 5\n")
                control.tell(SampleReports.event(6))
                text += try await client.read(until: "id: 6\n")
                #expect(Self.ids(text) == [3, 4, 5, 6])
            }
        }
    }

    @Test func `a burst is told in order, without gaps and once`() async throws {
        let control = FakeControl()
        try await RunningService.with(control) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request())
                _ = try await client.read(until: "retry: 2000\n\n")
                for id in 1...300 { control.tell(SampleReports.event(Int64(id))) }
                let text = try await client.read(until: "id: 300\n")
                #expect(Self.ids(text) == Array(1...300))
            }
        }
    }

    @Test func `a silent stream is kept alive by comments`() async throws {
        var limits = AdminLimits()
        limits.beat = .milliseconds(20)
        try await RunningService.with(FakeControl(), limits: limits) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request())
                for _ in 0..<3 { _ = try await client.read(until: ": alive\n\n") }
            }
        }
    }

    @Test func `an open stream does not hold the stop up`() async throws {
        try await RunningService.with(FakeControl()) { port, group in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request())
                _ = try await client.read(until: "retry: 2000\n\n")
                await group.triggerGracefulShutdown()
                // The last chunk of a body that ended as it should.
                #expect(try await client.rest().hasSuffix("0\r\n\r\n"))
            }
        }
    }

    @Test func `streams are bounded, and one that ends makes room`() async throws {
        var limits = AdminLimits()
        limits.streams = 1
        limits.beat = .milliseconds(20)
        try await RunningService.with(FakeControl(), limits: limits) { port, _ in
            try await RawClient.connected(to: port) { client in
                try await client.send(Self.request())
                _ = try await client.read(until: "retry: 2000\n\n")
                try await RawClient.connected(to: port) { second in
                    try await second.send(Self.request())
                    let answer = try await second.read(until: "}")
                    #expect(answer.hasPrefix("HTTP/1.1 503 "))
                    #expect(answer.contains("too_many_streams"))
                    #expect(answer.contains("Retry-After: 5\r\n"))
                }
            }
            // The first one's end is noticed at a beat.
            var isOpen = false
            while !isOpen {
                isOpen = try await RawClient.connected(to: port) { client in
                    try await client.send(Self.request())
                    return try await client.read(until: "\r\n").contains("200")
                }
            }
        }
    }

    @Test func `without the media type the same path answers JSON`() async throws {
        let reply = try await APIClient().ask(.get, AdminPath.events, ["Accept": "application/json, */*"])
        #expect(reply.field("Content-Type") == "application/json")
    }
}
