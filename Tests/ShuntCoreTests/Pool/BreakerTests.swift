import ShuntCore
import Testing

@Suite struct `Breaker of an upstream` {
    let now = Instant(nanoseconds: 5_000_000_000)

    private func opened(_ limit: Int = 3) -> Breaker {
        var breaker = Breaker()
        for _ in 0..<limit { _ = breaker.failed(now: now, limit: limit, pause: .seconds(10)) }
        return breaker
    }

    @Test func `it opens with the last of so many failures in a row, and says so once`() {
        var breaker = Breaker()
        let opened = (0..<5).map { _ in breaker.failed(now: now, limit: 3, pause: .seconds(10)) }
        #expect(opened == [false, false, true, false, false])
        #expect(breaker.isOpen)
    }

    @Test func `a success in between starts the count anew`() {
        var breaker = Breaker()
        for _ in 0..<20 {
            #expect(breaker.failed(now: now, limit: 2, pause: .seconds(10)) == false)
            #expect(breaker.succeeded() == false)
        }
        #expect(breaker.permission(now: now, patience: .seconds(5)) == .dial)
    }

    @Test func `open it lets nobody dial until its time is over, then one`() {
        var breaker = opened()
        #expect(breaker.permission(now: now, patience: .seconds(5)) == .wait(until: now + .seconds(10)))
        let later = now + .seconds(10)
        #expect(breaker.permission(now: later, patience: .seconds(5)) == .dial)
        #expect(breaker.permission(now: later, patience: .seconds(5)) == .wait(until: later + .seconds(5)))
    }

    @Test func `a probe that fails keeps it open, one that works closes it`() {
        var breaker = opened()
        let later = now + .seconds(10)
        _ = breaker.permission(now: later, patience: .seconds(5))
        #expect(breaker.failed(now: later, limit: 3, pause: .seconds(10)) == false)
        #expect(breaker.permission(now: later, patience: .seconds(5)) == .wait(until: later + .seconds(10)))
        #expect(breaker.succeeded() == true)
        #expect(breaker.permission(now: later, patience: .seconds(5)) == .dial)
        #expect(breaker.succeeded() == false)
    }

    @Test func `a probe that is never answered is given up`() {
        var breaker = opened()
        let later = now + .seconds(10)
        _ = breaker.permission(now: later, patience: .seconds(5))
        #expect(breaker.permission(now: later + .seconds(5), patience: .seconds(5)) == .dial)
    }

    @Test(arguments: [-1, 0, 1]) func `with a limit of one or less the first failure opens it`(limit: Int) {
        var breaker = Breaker()
        #expect(breaker.failed(now: now, limit: limit, pause: .seconds(1)) == true)
    }
}
