import ShuntCore
import Testing

@Suite struct `Pace of a client` {
    let start = Instant(nanoseconds: 77_000_000_000)

    @Test func `a burst goes at once, then credit comes back evenly`() {
        var pace = Pace([Rate(count: 10, per: .seconds(1))], burst: 2)
        let burst = (0..<30).count { _ in pace.take(now: start) }
        #expect(burst == 20)
        #expect(pace.wait(now: start) == .milliseconds(100))
        #expect(pace.take(now: start + .milliseconds(99)) == false)
        #expect(pace.take(now: start + .milliseconds(100)) == true)
        #expect(pace.take(now: start + .milliseconds(100)) == false)
    }

    @Test func `credit never grows beyond the burst`() {
        var pace = Pace([Rate(count: 5, per: .seconds(1))])
        _ = pace.take(now: start)
        let burst = (0..<30).count { _ in pace.take(now: start + .hours(1000)) }
        #expect(burst == 5)
    }

    @Test func `of several rates the one that makes wait longest counts, and a refusal costs nothing`() {
        var pace = Pace([Rate(count: 2, per: .seconds(1)), Rate(count: 3, per: .minutes(1))])
        #expect(pace.take(now: start) == true)
        #expect(pace.take(now: start) == true)
        #expect(pace.take(now: start) == false)
        #expect(pace.take(now: start + .seconds(1)) == true)
        #expect(pace.wait(now: start + .seconds(1)) == .seconds(19))
    }

    @Test func `who comes behind others waits for them too`() {
        var pace = Pace([Rate(count: 10, per: .seconds(1))])
        for _ in 0..<10 { #expect(pace.take(now: start) == true) }
        #expect(pace.wait(ahead: 4, now: start) == .milliseconds(500))
    }

    @Test(arguments: [
        [], [Rate(count: 0, per: .seconds(1))], [Rate(count: 5, per: .zero)], [Rate(count: -1, per: .seconds(1))],
    ])
    func `a rate that means nothing limits nothing`(rates: [Rate]) {
        var pace = Pace(rates)
        for _ in 0..<1000 { #expect(pace.take(now: start) == true) }
        var window = WindowPace(rates)
        for _ in 0..<1000 { #expect(window.take(now: start) == true) }
    }

    @Test func `a clock that goes back and rates beyond all bounds do no harm`() {
        var pace = Pace([Rate(count: .max, per: TimeSpan(nanoseconds: .max))], burst: .max)
        #expect(pace.take(now: .distantFuture) == true)
        #expect(pace.take(now: start) == false)
        var window = WindowPace([Rate(count: 1, per: TimeSpan(nanoseconds: .max))])
        #expect(window.take(now: start) == true)
        #expect(window.wait(ahead: .max, now: start) > .hours(1_000_000))
        #expect(window.take(now: Instant(nanoseconds: 0)) == false)
    }
}

@Suite struct `Window pace` {
    let start = Instant(nanoseconds: 77_000_000_000)

    @Test(arguments: [1, 7, 30, 95, 130, 1000])
    func `no window holds more than its rate, however messages press`(step: Int64) {
        var pace = WindowPace([Rate(count: 9, per: .seconds(1)), Rate(count: 90, per: .minutes(1))])
        var gone: [Instant] = []
        var now = start
        while now < start + .minutes(4) {
            if pace.take(now: now) { gone.append(now) }
            now = now + .milliseconds(step)
        }
        for (index, time) in gone.enumerated() {
            if index >= 9 { #expect(time - gone[index - 9] >= .seconds(1)) }
            if index >= 90 { #expect(time - gone[index - 90] >= .minutes(1)) }
        }
        #expect(gone.count >= 200, "and no less than it could hold")
    }

    @Test func `who waits as long as it is told may go`() {
        var pace = WindowPace([Rate(count: 3, per: .seconds(1)), Rate(count: 5, per: .seconds(10))])
        var now = start
        for _ in 0..<40 {
            let wait = pace.wait(now: now)
            if wait > .zero { #expect(pace.take(now: now + TimeSpan(nanoseconds: wait.nanoseconds - 1)) == false) }
            now = now + wait
            #expect(pace.take(now: now) == true)
        }
    }

    @Test(arguments: 0..<12)
    func `who comes behind others waits for them too`(ahead: Int) {
        var pace = WindowPace([Rate(count: 3, per: .seconds(1))])
        for offset in [0, 100, 250] as [Int64] { #expect(pace.take(now: start + .milliseconds(offset)) == true) }
        let now = start + .milliseconds(300)
        let told = pace.wait(ahead: ahead, now: now)
        var clock = now
        for _ in 0...ahead {
            clock = clock + pace.wait(now: clock)
            #expect(pace.take(now: clock) == true)
        }
        #expect(told == clock - now)
    }
}
