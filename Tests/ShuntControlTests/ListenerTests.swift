import Foundation
import NIOCore
import ServiceLifecycle
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

/// Over real sockets.
@Suite(.timeLimit(.minutes(10))) struct ListenerTests {
    private static let end = "Host: localhost\r\nConnection: close\r\n\r\n"

    @Test(arguments: ["/api/v1/status", "http://localhost/api/v1/status"])
    func `a request over a socket is answered`(target: String) async throws {
        try await RunningService.with(FakeControl()) { port, _ in
            let answer = try await RawClient.ask(port, "GET \(target) HTTP/1.1\r\n" + Self.end)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("\"version\":\"0.3.0\""))
            #expect(answer.contains("ETag: \"12\"\r\n"))
        }
    }

    @Test(arguments: [
        ("GET http://x HTTP/1.1\r\n" + end, 404, "not_found"), ("OPTIONS * HTTP/1.1\r\n" + end, 400, "bad_request"),
        ("CONNECT localhost:80 HTTP/1.1\r\n" + end, 400, "bad_request"),
        ("GET /\u{E9}\u{FF} HTTP/1.1\r\n" + end, 400, "bad_request"), ("GET  HTTP/1.1\r\n" + end, 400, "bad_request"),
        ("nonsense\r\n\r\n", 400, "bad_request"), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_request"),
        ("GET / HTTP/1.1\r\nContent-Length: x\r\n" + end, 400, "bad_request"),
        ("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 9000) + "\r\n" + end, 431, "headers_too_large"),
        ("GET / HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 99) + end, 431, "headers_too_large"),
        ("GET /api/v1/status HTTP/1.0\r\n\r\n", 403, "host_refused"),
        (
            "POST /api/v1/reload HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n" + end
                + String(repeating: " ", count: 70_000), 413, "too_large"
        ),
        ("GET /%00%FF%%%/../?%&=&&==%zz HTTP/1.1\r\n" + end, 404, "not_found"),
    ])
    func `what cannot be answered is told as a problem`(request: String, status: Int, code: String) async throws {
        try await RunningService.with(FakeControl()) { port, _ in
            let answer = try await RawClient.connected(to: port) { client in
                try await client.send(request)
                return try await client.read(until: "}")
            }
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains("\"code\":\"\(code)\""), "\(answer)")
            #expect(answer.lowercased().contains("content-type: application/problem+json"))
            #expect(answer.contains("X-Content-Type-Options: nosniff"))
        }
    }

    @Test func `noise does not end the listener`() async throws {
        var limits = AdminLimits()
        // Noise may promise a body that never comes.
        limits.request = .milliseconds(200)
        limits.idle = .milliseconds(200)
        try await RunningService.with(FakeControl(), limits: limits) { port, _ in
            var random = Noise(state: 7)
            for _ in 0..<60 {
                let bytes = random.request()
                try? await RawClient.connected(to: port) { client in
                    try await client.send(bytes: bytes)
                    try await client.send("\r\n\r\n")
                    _ = try await client.read(until: "\r\n")
                }
            }
            // Connections that are idle for 200 ms end: where this side stands still for longer, it asks again.
            while try await !RawClient.ask(port, "GET /healthz HTTP/1.1\r\n" + Self.end).contains("200 OK") {}
        }
    }

    @Test func `one connection takes many requests`() async throws {
        try await RunningService.with(FakeControl()) { port, _ in
            try await RawClient.connected(to: port) { client in
                for _ in 0..<5 {
                    try await client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await client.read(until: "{\"status\":\"alive\"}").contains("200 OK"))
                }
                try await client.send("GET /readyz HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n")
                #expect(try await client.read(until: "{\"status\":\"alive\"}").contains("{\"status\":\"ready\"}"))
            }
        }
    }

    @Test func `a body that does not come is given up`() async throws {
        var limits = AdminLimits()
        limits.request = .milliseconds(100)
        try await RunningService.with(FakeControl(), limits: limits) { port, _ in
            let request = "POST /api/v1/reload HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
            let answer = try await RawClient.ask(port, request + "Host: localhost\r\n\r\n{")
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(answer.contains("request_timeout"))
        }
    }

    @Test func `a head that does not come is given up`() async throws {
        var limits = AdminLimits()
        limits.idle = .milliseconds(100)
        try await RunningService.with(FakeControl(), limits: limits) { port, _ in
            let answer = try await RawClient.ask(port, "GET /healthz HT")
            #expect(answer.isEmpty)
        }
    }

    @Test func `a client that takes nothing is given up`() async throws {
        var limits = AdminLimits()
        limits.stall = .milliseconds(100)
        let control = FakeControl()
        let long = String(repeating: "x", count: 100_000)
        control.with { state in
            state.events = (1...400).map { id in
                var event = SampleReports.event(Int64(id))
                event.text = long
                return event
            }
        }
        try await RunningService.with(control, limits: limits) { port, _ in
            // 40 MB are more than the buffers of both sockets take while nobody reads. Nothing says from outside when the
            // listener has begun to wait: on a machine that has not come so far, a more patient client tries again.
            for patience in [1, 8, 30, 60] {
                let count = try await RawClient.connected(to: port) { client in
                    try await client.send("GET /api/v1/events?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    try await Task.sleep(for: .milliseconds(500 * patience))
                    return try await client.rest().utf8.count
                }
                if count < 40_000_000 { return }
            }
            Issue.record("it was given all of the answer, however long it did not read")
        }
    }

    @Test func `a Unix socket is listened on`() async throws {
        var settings = AdminSettings()
        let file = "shunt-admin.\(UInt32.random(in: 0 ... .max)).sock"
        settings.address = .unix(path: FileManager.default.temporaryDirectory.appending(path: file).path)
        try await RunningService.with(FakeControl(), settings: settings) { port, _ in #expect(port == 0) }
    }

    /// A successor takes the path over while the old process goes on: that one's end takes nothing with it.
    @Test func `the end of a listener leaves the Unix socket of the next one alone`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "shunt-\(UInt32.random(in: 0 ... .max)).sock")
        defer { try? FileManager.default.removeItem(at: file) }
        var settings = AdminSettings()
        settings.address = .unix(path: file.path)
        let used = settings
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let old = Task {
            try await RunningService.with(FakeControl(), settings: used) { _, _ in
                open.yield()
                for await _ in ends { break }
            }
        }
        _ = await opened.first { _ in true }
        let before = try Self.inode(of: file)
        try await RunningService.with(FakeControl(), settings: used) { _, _ in
            let taken = try Self.inode(of: file)
            #expect(taken != before)
            end.yield()
            try await old.value
            #expect(try Self.inode(of: file) == taken)
        }
    }

    private static func inode(of file: URL) throws -> UInt64? {
        try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? UInt64
    }

    @Test func `a listener that others reach does not start without tokens`() async {
        var settings = AdminSettings()
        settings.address = .tcp(host: "0.0.0.0", port: 0)
        await #expect(throws: ControlStartError.openToOthers(.tcp(host: "0.0.0.0", port: 0))) {
            try await RunningService.with(FakeControl(), settings: settings) { _, _ in }
        }
        #expect(ControlStartError.openToOthers(.tcp(host: "::", port: 9)).description.contains("admin.tokens"))
    }

    @Test func `an address that is taken is told at the start`() async throws {
        try await RunningService.with(FakeControl()) { port, _ in
            var settings = AdminSettings()
            settings.address = .tcp(host: "127.0.0.1", port: port)
            let error = await #expect(throws: ControlStartError.self) {
                try await RunningService.with(FakeControl(), settings: settings) { _, _ in }
            }
            #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        }
    }

    @Test func `without an address nothing is listened on`() async throws {
        let service = ControlService(
            settings: AdminSettings(), control: FakeControl(), logger: RunningService.quiet,
            onListening: { _ in Issue.record("it listens") })
        let group = ServiceGroup(services: [service], logger: RunningService.quiet)
        async let ended: Void = group.run()
        await group.triggerGracefulShutdown()
        try await ended
    }
}

/// Requests that are nearly right.
private struct Noise {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    mutating func request() -> [UInt8] {
        var bytes = Array("GET /api/v1/routes/a%2Fb?limit=1&to=x HTTP/1.1\r\nHost: localhost\r\nIf-Match: \"1\"".utf8)
        for _ in 0..<1 + next(6) { bytes[next(bytes.count)] = UInt8(next(256)) }
        return bytes
    }
}
