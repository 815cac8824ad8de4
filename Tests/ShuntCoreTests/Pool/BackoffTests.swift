import ShuntCore
import Testing

@Suite struct `Backoff of a pool` {
    let now = Instant(nanoseconds: 5_000_000_000)

    @Test func `the first loss costs nothing`() {
        var backoff = Backoff()
        var random = RandomSource(seed: 1)
        backoff.failed(now: now, random: &random)
        #expect(backoff.until <= now)
    }

    @Test func `from the second on the bound doubles up to the cap`() {
        for (failures, bound) in [(2, 250), (3, 500), (4, 1_000), (9, 30_000), (500, 30_000)] {
            var longest = TimeSpan.zero
            var shortest = TimeSpan.hours(1)
            for seed in 0..<300 {
                var backoff = Backoff()
                var random = RandomSource(seed: UInt64(seed))
                for _ in 0..<failures { backoff.failed(now: now, random: &random) }
                longest = max(longest, backoff.until - now)
                shortest = min(shortest, backoff.until - now)
            }
            #expect(longest <= .milliseconds(Int64(bound)))
            #expect(longest > .milliseconds(Int64(bound * 9 / 10)), "full jitter reaches up")
            #expect(shortest < .milliseconds(Int64(bound / 10)), "and down")
        }
    }

    @Test func `a success starts it anew`() {
        var backoff = Backoff()
        var random = RandomSource(seed: 1)
        for _ in 0..<9 { backoff.failed(now: now, random: &random) }
        backoff.succeeded()
        backoff.failed(now: now, random: &random)
        #expect(backoff.until <= now)
    }
}
