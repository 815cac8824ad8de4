import ShuntCore
import ShuntLoad
import Testing

@Suite struct LoadLedgerTests {
    private let now = Instant(nanoseconds: 5)

    @Test func `each message is answered once, on its own socket`() {
        var ledger = LoadLedger(first: 100, sockets: 2, lanes: 1)
        let one = ledger.sent(on: 0, lane: 0, at: now)
        let other = ledger.sent(on: 1, lane: 0, at: now)
        #expect([one, other] == [100, 101])
        #expect(ledger.answered(other, on: 0) == .ofOther(socket: 1))
        #expect(ledger.answered(one, on: 0) == .answer(since: now, inOrder: true))
        #expect(ledger.answered(one, on: 0) == .double, "though it is forgotten")
        #expect(ledger.answered(other, on: 1) == .answer(since: now, inOrder: true))
        #expect(ledger.answered(other, on: 1) == .double)
        #expect(ledger.answered(102, on: 1) == .unknown)
        #expect(ledger.answered(-1, on: 1) == .unknown)
        #expect(ledger.open == 0)
    }

    @Test func `order counts within a lane`() {
        var ledger = LoadLedger(first: 0, sockets: 1, lanes: 2)
        let numbers = [0, 1, 0].map { ledger.sent(on: 0, lane: $0, at: now) }
        #expect(ledger.answered(numbers[2], on: 0) == .answer(since: now, inOrder: true))
        #expect(ledger.answered(numbers[1], on: 0) == .answer(since: now, inOrder: true))
        #expect(ledger.answered(numbers[0], on: 0) == .answer(since: now, inOrder: false))
    }

    @Test func `what a socket that is gone has not heard is lost`() {
        var ledger = LoadLedger(first: 0, sockets: 2, lanes: 1)
        for number in 0..<10_000 {
            #expect(ledger.sent(on: number % 2, lane: 0, at: now) == number)
        }
        for number in stride(from: 0, to: 9_000, by: 2) { _ = ledger.answered(number, on: 0) }
        #expect(ledger.giveUp(socket: 1) == 5_000)
        #expect(ledger.answered(1, on: 1) == .double)
        #expect(ledger.open == 500)
        #expect(ledger.nextNumber == 10_000)
        #expect(ledger.answered(9_000, on: 0) == .answer(since: now, inOrder: true))
    }
}

@Suite struct LatencyHistogramTests {
    @Test func `percentiles are right to three digits, from microseconds to an hour`() {
        for largest in [7, 900, 50_000, 3_000_000, 3_600_000_000] {
            var histogram = LatencyHistogram()
            let count = 1_000
            for step in 1...count { histogram.add(.nanoseconds(Int64(largest) * Int64(step) / Int64(count) * 1_000)) }
            for percent in [10.0, 50, 90, 99, 99.9, 100] {
                let exact = Double(largest) * percent / 100
                let told = Double(histogram.percentile(percent))
                #expect(abs(told - exact) <= max(1, exact / 1_000), "\(percent) of \(largest): \(told)")
            }
            #expect(histogram.largest == largest)
        }
    }

    @Test func `nothing is no trouble, nor is what cannot be`() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(99) == 0)
        #expect(histogram.mean == 0)
        histogram.add(.seconds(-1))
        histogram.add(.hours(1_000_000))
        #expect(histogram.count == 2)
        #expect(histogram.percentile(1) == 0)
        #expect(histogram.percentile(100) > 3_600_000_000)
    }
}

@Suite struct LoadPlanTests {
    @Test(arguments: [
        ("ws://127.0.0.1:8080/api/ws/agent?t=a", "127.0.0.1", 8080, "/api/ws/agent?t=a"),
        ("WS://localhost", "localhost", 80, "/"), ("ws://[::1]:7/x", "[::1]", 7, "/x"),
        ("ws://[::1]?q", "[::1]", 80, "/?q"), ("wss://proxy.example/x", "proxy.example", 443, "/x"),
        ("WSS://[::1]:8443", "[::1]", 8443, "/"),
    ])
    func `a target is taken apart`(url: String, host: String, port: Int, path: String) throws {
        let target = try LoadTarget(url)
        #expect(target.isSecured == url.lowercased().hasPrefix("wss"))
        #expect(target.host == host)
        #expect(target.port == port)
        #expect(target.path == path)
    }

    @Test(arguments: [
        "", "127.0.0.1:80", "http://x/", "ws:///x", "ws://x:0/", "ws://x:99999/", "ws://a@b/", "ws://x/#y",
    ])
    func `what is no target is told why`(url: String) {
        let problem = #expect(throws: LoadTarget.Problem.self) { try LoadTarget(url) }
        #expect(problem?.description.isEmpty == false)
    }

    @Test func `a template without a number is refused`() {
        let problem = #expect(throws: MessageTemplate.Problem.self) { try MessageTemplate("{}") }
        #expect(problem?.description.contains("{number}") == true)
    }
}
