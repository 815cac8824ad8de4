import ShuntCore
import Testing

@Suite struct `Timer wheel` {
    let start = Instant(nanoseconds: 3_600_000_000_000)

    /// When an owner that arms anew as often as it is looked at too early is looked at in time.
    private func lookTime(of deadline: Instant, in wheel: inout TimerWheel<TimerKey>) -> Instant {
        var armed = Instant.distantFuture
        wheel.arm(.drain, at: deadline, armed: &armed)
        for _ in 0..<1000 {
            let now = wheel.earliest
            if now == .distantFuture { return now }
            var due: [TimerKey] = []
            wheel.advance(to: now, due: &due)
            if due.isEmpty { continue }
            if now >= deadline { return now }
            armed = .distantFuture
            wheel.arm(.drain, at: deadline, armed: &armed)
        }
        return .distantFuture
    }

    @Test(arguments: [0, 1, 9, 10, 11, 5_000, 10_229, 10_230, 10_240, 60_000, 3_600_000])
    func `a timer is late by its granularity at most, and never early`(milliseconds: Int64) {
        var wheel = TimerWheel<TimerKey>()
        wheel.start(at: start)
        let deadline = start + .milliseconds(milliseconds)
        let seen = lookTime(of: deadline, in: &wheel)
        #expect(seen >= deadline)
        #expect(seen - deadline <= TimeSpan(nanoseconds: 2 * TimerWheel<TimerKey>.granularity.nanoseconds))
        #expect(wheel.earliest == .distantFuture)
    }

    @Test func `who is armed for an earlier time is not armed again`() {
        var wheel = TimerWheel<TimerKey>()
        wheel.start(at: start)
        var armed = Instant.distantFuture
        for offset in [50, 60, 70, 50, 900] as [Int64] {
            wheel.arm(.drain, at: start + .milliseconds(offset), armed: &armed)
        }
        var due: [TimerKey] = []
        wheel.advance(to: start + .seconds(2), due: &due)
        #expect(due == [.drain])
    }

    @Test func `a deadline in the past is looked at with the next step`() {
        var wheel = TimerWheel<TimerKey>()
        wheel.start(at: start)
        #expect(lookTime(of: Instant(nanoseconds: 0), in: &wheel) - start <= .milliseconds(20))
    }

    @Test func `a deadline that never comes is no timer`() {
        var wheel = TimerWheel<TimerKey>()
        wheel.start(at: start)
        var armed = Instant.distantFuture
        wheel.arm(.drain, at: .distantFuture, armed: &armed)
        #expect(wheel.earliest == .distantFuture)
    }

    @Test func `a long sleep finds everything that was due in it`() {
        var wheel = TimerWheel<TimerKey>()
        wheel.start(at: start)
        for milliseconds in stride(from: Int64(5), to: 10_000, by: 37) {
            var armed = Instant.distantFuture
            wheel.arm(.drain, at: start + .milliseconds(milliseconds), armed: &armed)
        }
        var due: [TimerKey] = []
        wheel.advance(to: start + .hours(50), due: &due)
        #expect(due.count == 271)
        wheel.advance(to: start, due: &due)
        #expect(due.count == 271, "a clock that goes back finds nothing")
    }
}
