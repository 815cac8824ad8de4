import ShuntCore
import Testing

@Suite struct `When a silent peer is asked` {
    private let settings = KeepaliveSettings(every: .seconds(20), timeout: .seconds(5))
    private let start = Instant(nanoseconds: 0)

    @Test func `a ping, then word that it is unanswered, then the next ping`() {
        var keepalive = Keepalive(now: start)
        var steps: [(Int64, Keepalive.Step)] = []
        for second in 0...80 {
            let step = keepalive.step(settings, now: start + .seconds(Int64(second)))
            if step != .nothing { steps.append((Int64(second), step)) }
        }
        #expect(steps.map(\.0) == [20, 25, 45, 50, 70, 75])
        #expect(steps.map(\.1) == [.ping, .unanswered, .ping, .unanswered, .ping, .unanswered])
    }

    @Test func `whatever is heard begins anew`() {
        var keepalive = Keepalive(now: start)
        #expect(keepalive.step(settings, now: start + .seconds(20)) == .ping)
        keepalive.heard(start + .seconds(24))
        #expect(keepalive.deadline(settings) == start + .seconds(44))
        #expect(keepalive.step(settings, now: start + .seconds(25)) == .nothing)
        #expect(keepalive.step(settings, now: start + .seconds(44)) == .ping)
    }

    @Test func `a host is gone that acknowledges nothing for that long`() {
        let long = TimeSpan.seconds(5)
        #expect(TransportState(silence: .seconds(5), isUnacknowledged: true).isGone(after: long))
        #expect(!TransportState(silence: .seconds(4), isUnacknowledged: true).isGone(after: long))
        #expect(!TransportState(silence: .hours(1), isUnacknowledged: false).isGone(after: long), "it is silent only")
    }
}

@Suite struct `Unanswered pings of idle connections` {
    private let window = TimeSpan.seconds(40)
    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    @Test func `count from the third on, all of them`() {
        var pings = IdlePings()
        #expect((0..<5).map { pings.failed(now: at(50 + $0), window: window) } == [0, 0, 3, 1, 1])
    }

    @Test func `count for nothing while the upstream is heard elsewhere`() {
        var pings = IdlePings()
        pings.heard(at: at(20))
        #expect((0..<5).map { pings.failed(now: at(50 + $0), window: window) } == [0, 0, 0, 0, 0])
        #expect((0..<3).map { pings.failed(now: at(61 + $0), window: window) } == [0, 0, 3])
    }

    @Test func `count together only within one window`() {
        var pings = IdlePings()
        #expect([50, 60, 101, 102, 103].map { pings.failed(now: at($0), window: window) } == [0, 0, 0, 0, 3])
    }
}
