import ShuntCore
import Testing

@Suite struct `Tokens that many share` {
    private let many = UInt64(SharedTokens.many)

    /// Whether a token is told of that comes from so many addresses and user agents.
    private func isTold(addresses: UInt64, agents: UInt64) -> Bool {
        var tokens = SharedTokens()
        var isTold = false
        for number in 0..<40 as Range<UInt64> {
            let news = tokens.see(
                token: 1, address: number % addresses, agent: number % agents, now: Instant(nanoseconds: 0))
            isTold = isTold || news
        }
        return isTold
    }

    @Test func `many addresses and many user agents together are news`() {
        #expect(isTold(addresses: many, agents: many))
        #expect(isTold(addresses: 7, agents: 11))
    }

    @Test func `one alone is not: people move, and offices have one address`() {
        #expect(!isTold(addresses: 40, agents: many - 1))
        #expect(!isTold(addresses: many - 1, agents: 40))
    }

    @Test func `a token is told of once in a while`() {
        var tokens = SharedTokens()
        func news(at now: Instant) -> Int {
            (0..<many).count { tokens.see(token: 7, address: $0, agent: $0, now: now) }
        }
        let start = Instant(nanoseconds: 0)
        #expect(news(at: start) == 1)
        #expect(news(at: start + .minutes(59)) == 0)
        #expect(news(at: start + .hours(1)) == 1)
    }

    @Test func `memory is bounded, and those that are looked at stay looked at`() {
        var tokens = SharedTokens()
        for number in 0..<UInt64(10 * SharedTokens.most) {
            _ = tokens.see(token: number, address: 1, agent: 1, now: Instant(nanoseconds: Int64(number)))
            #expect(tokens.count <= SharedTokens.most)
        }
        let last = UInt64(10 * SharedTokens.most) - 1
        var isTold = false
        for number in 2...many {
            isTold = tokens.see(token: last, address: number, agent: number, now: .init(nanoseconds: Int64(last)))
        }
        #expect(isTold)
    }
}
