import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct LiveWindowTests {
    /// A proxy that sends so many messages a second to legacy, looked at this often.
    private func window(
        _ table: RoutingTable, seconds: Int, every: Int = 2, perSecond: Int = 10
    ) -> (LiveWindow, LiveWindow.Reading) {
        var window = LiveWindow()
        var sum = WorkerReport(table)
        var last = LiveKit.reading(sum, at: 0)
        for second in stride(from: 0, through: seconds, by: every) {
            sum.routes[0].byLegacy = second * perSecond
            last = LiveKit.reading(sum, at: Double(second))
            window.add(last)
        }
        return (window, last)
    }

    @Test func `rates follow the last seconds, shares the last minute`() throws {
        let (window, last) = window(try RoutingTable(TableDefinition.eitherSide(routes: 1)), seconds: 300)
        #expect((4.5...9).contains(window.near(last).seconds))
        #expect((55...65).contains(window.far(last).seconds))
        #expect(LiveFigures.rates(from: window.near(last), to: last.report.sum).legacy == 10)
    }

    @Test func `a young window compares with what there is`() throws {
        let table = try RoutingTable(TableDefinition.eitherSide(routes: 1))
        let (first, one) = window(table, seconds: 0)
        #expect(first.near(one).seconds == 0 && first.points.isEmpty)
        let (second, two) = window(table, seconds: 2)
        #expect(second.near(two).seconds == 2 && second.far(two).seconds == 2)
    }

    @Test(arguments: [2, 5]) func `points are five seconds apart, for a quarter of an hour`(every: Int) throws {
        let (window, last) = window(
            try RoutingTable(TableDefinition.eitherSide(routes: 1)), seconds: 3000, every: every)
        let times = window.points.map(\.at.milliseconds)
        #expect(times.count == 180)
        #expect(zip(times, times.dropFirst()).allSatisfy { (5000...6000).contains($1 - $0) })
        #expect(window.points.allSatisfy { $0.rates.legacy == 10 })
        #expect(last.at.milliseconds - (times.last ?? 0) <= 6000)
    }

    @Test func `a new table changes no figure of a route that stays`() throws {
        var (window, last) = window(try RoutingTable(TableDefinition.eitherSide(routes: 2)), seconds: 60)
        var turned = TableDefinition.eitherSide(routes: 3)
        turned.routes.reverse()
        let table = try RoutingTable(turned)
        var sum = WorkerReport(table)
        sum.add(last.report.sum)
        let place = try #require(table.route(named: "agent0")?.index)
        #expect(place == 2)
        sum.routes[place].byLegacy += 20
        last = LiveKit.reading(sum, at: 62)
        window.add(last)
        let side = LiveFigures.side(
            .legacy, of: place, now: sum, near: window.near(last), far: window.far(last))
        #expect(side.messages == 10)
        #expect(LiveFigures.rates(from: window.near(last), to: sum).legacy == 10)
    }
}
