import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct LiveFiguresTests {
    private let table: RoutingTable
    init() throws { table = try RoutingTable(TableDefinition.eitherSide(routes: 2)) }

    private func counts(_ spans: [TimeSpan]) -> DurationCounts {
        spans.reduce(into: DurationCounts()) { $0.add($1) }
    }

    @Test(
        arguments: [
            ([], 0.5, nil),
            ([.milliseconds(3)], 0.5, 3.0),
            ([.milliseconds(3)], 1, 4.0),
            // Two in (64, 128], two in (512, 1024]: the half is reached at the end of the first bucket.
            ([.milliseconds(100), .milliseconds(120), .milliseconds(600), .seconds(1)], 0.5, 128.0),
            ([.milliseconds(100), .milliseconds(120), .milliseconds(600), .seconds(1)], 0.75, 768.0),
            ([.nanoseconds(10_000)], 0.5, 0.5),
            // Above all bounds there is nothing to go by but the last of them.
            ([.seconds(60)], 0.99, 32768.0),
        ] as [([TimeSpan], Double, Double?)])
    func `a quantile lies in the bucket of its rank`(spans: [TimeSpan], share: Double, milliseconds: Double?) {
        #expect(counts(spans).quantile(share) == milliseconds)
    }

    @Test func `quantiles rise with their share`() {
        let counts = counts((1...1000).map { .milliseconds(Int64($0)) })
        let quantiles = stride(from: 0.0, through: 1, by: 0.01).compactMap { counts.quantile($0) }
        #expect(quantiles.count == 101 && quantiles == quantiles.sorted())
        // True to a factor of two.
        for percent in stride(from: 10, through: 100, by: 10) {
            let told = counts.quantile(Double(percent) / 100) ?? 0
            #expect((Double(percent) * 5...Double(percent) * 20).contains(told), "\(percent) %")
        }
    }

    @Test func `figures are what came between two reports`() {
        var old = WorkerReport(table)
        old.routes[1].byUnified = 100
        old.routes[1].repliesByUnified = 90
        old.routes[1].errorsByUnified = 10
        old.meter.firstReplies.add(.seconds(30), at: Meter.place(of: 1, .unified))
        var new = old
        new.routes[1].byUnified = 130
        new.routes[1].repliesByUnified = 117
        new.routes[1].errorsByUnified = 13
        new.routes[1].byLegacy = 5
        new.meter.firstReplies.add(.milliseconds(7), at: Meter.place(of: 1, .unified))
        let base = LiveFigures.Base(old, seconds: 10)
        let unified = LiveFigures.side(.unified, of: 1, now: new, near: base, far: base)
        #expect(unified.messages == 3 && unified.errors == 0.3)
        #expect(unified.exchanges == 30 && unified.errorShare == 0.1)
        // The slow reply was before.
        #expect(unified.p99.map { $0 > 4 && $0 <= 8 } == true)
        let legacy = LiveFigures.side(.legacy, of: 1, now: new, near: base, far: base)
        #expect(legacy.messages == 0.5 && legacy.errorShare == nil && legacy.median == nil)
        #expect(LiveFigures.side(.legacy, of: 0, now: new, near: base, far: base) == LiveFigures.Side())
        #expect(LiveFigures.side(.legacy, of: 9, now: new, near: base, far: base) == LiveFigures.Side())
    }

    @Test func `rates are told by side and by endpoint`() {
        let old = WorkerReport(table)
        var new = old
        new.routes[0].byLegacy = 40
        new.routes[1].byUnified = 10
        new.routes[1].errorsByLegacy = 2
        new.meter.unified.messages = 30
        new.meter.endpoints[0].messages = 15
        new.meter.unlisted.messages = 5
        let rates = LiveFigures.rates(from: .init(old, seconds: 10), to: new)
        #expect(rates.legacy == 4 && rates.unified == 1 && rates.errors == 0.2)
        #expect(rates.atUnifiedEndpoint == 3 && rates.atLegacyEndpoints == 2)
        #expect(LiveFigures.rates(from: .init(old, seconds: 0), to: new) == LiveFigures.Rates())
        // Less than before, as after a clock that stood still: never negative.
        #expect(LiveFigures.rates(from: .init(new, seconds: 1), to: old) == LiveFigures.Rates())
    }
}
