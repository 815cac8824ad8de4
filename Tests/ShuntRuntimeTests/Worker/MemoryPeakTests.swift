import Testing

@testable import ShuntRuntime

/// When a worker gives memory back.
@Suite struct MemoryPeakTests {
    @Test func `a burst of sockets is over when most of them have left, however slowly`() {
        var peak = MemoryPeak()
        for count in 0...2_000 { peak.see(things: count) }
        var given: [Int] = []
        for count in stride(from: 2_000, through: 0, by: -100) where peak.hasFallen(things: count, bytes: 0) {
            given.append(count)
        }
        #expect(given == [1_500, 1_000, 500, 0])
    }

    @Test func `a burst of bytes is over when they are gone`() {
        var peak = MemoryPeak()
        peak.see(bytes: 100 << 20)
        let during = peak.hasFallen(things: 0, bytes: 99 << 20)
        let after = peak.hasFallen(things: 0, bytes: 0)
        let again = peak.hasFallen(things: 0, bytes: 0)
        #expect([during, after, again] == [false, true, false])
    }
}
