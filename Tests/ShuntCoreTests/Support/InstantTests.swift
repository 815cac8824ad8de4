import ShuntCore
import Testing

@Suite struct `Time` {
    @Test func `time that is added beyond the end stays at the end`() {
        #expect(Instant.distantFuture + .hours(1) == .distantFuture)
        #expect(Instant(nanoseconds: .min) + TimeSpan(nanoseconds: -1) == Instant(nanoseconds: .min))
        #expect(TimeSpan(nanoseconds: .max) + .seconds(1) == TimeSpan(nanoseconds: .max))
        #expect(TimeSpan(nanoseconds: .min) + .seconds(-1) == TimeSpan(nanoseconds: .min))
    }

    @Test func `a span of centuries is as long as can be said`() {
        #expect(TimeSpan.hours(.max) == TimeSpan(nanoseconds: .max))
        #expect(TimeSpan.seconds(-1).times(.max) == TimeSpan(nanoseconds: .min))
        #expect(TimeSpan.seconds(-1).times(.min) == TimeSpan(nanoseconds: .max))
        #expect(TimeSpan(nanoseconds: .min).times(-1) == TimeSpan(nanoseconds: .max))
    }

    @Test func `the time between two instants has a sign and an end`() {
        let early = Instant(nanoseconds: 5)
        #expect(early + .seconds(2) - early == .seconds(2))
        #expect(early - (early + .seconds(2)) == .seconds(-2))
        #expect(Instant.distantFuture - Instant(nanoseconds: .min) == TimeSpan(nanoseconds: .max))
        #expect(Instant(nanoseconds: .min) - .distantFuture == TimeSpan(nanoseconds: .min))
    }

    @Test func `milliseconds are whole ones`() {
        #expect(TimeSpan(nanoseconds: 1_999_999).milliseconds == 1)
        #expect(TimeSpan.minutes(2) == .seconds(120))
    }
}
