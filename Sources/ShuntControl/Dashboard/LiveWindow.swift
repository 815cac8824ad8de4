package import ShuntCore

/// The workers' reports of the last minute, and what they came to over the last quarter of an hour.
///
/// It holds a report for each `spacing` within `far`, some thirteen; with 1,000 busy routes that is about 5 MB.
package struct LiveWindow: Sendable {
    /// A report, and when it was made.
    package struct Reading: Sendable {
        package var report: MetricsReport
        package var at: UnixTime
        /// Monotonic, in seconds from any beginning.
        package var seconds: Double
        package init(_ report: MetricsReport, at: UnixTime, seconds: Double) {
            self.report = report
            self.at = at
            self.seconds = seconds
        }
    }

    /// What the proxy did at some time: a point of the chart.
    package struct Point: Sendable, Hashable {
        package var at: UnixTime
        package var rates: LiveFigures.Rates
        package var clients: Int
    }

    /// Between points, and between the reports that are kept.
    package static let spacing = 5.0
    /// What rates are made over at least, where there is as much.
    static let near = 4.5
    /// What shares and latencies are made over.
    static let far = 62.0
    /// A quarter of an hour.
    static let mostPoints = 180

    /// The oldest first, all by the newest one's table.
    private var kept: [Reading] = []
    package private(set) var latest: Reading?
    package private(set) var points: [Point] = []

    package init() {}

    package mutating func add(_ reading: Reading) {
        let table = reading.report.sum.table
        if let last = kept.last, last.report.sum.table !== table { move(to: table) }
        let rates = kept.isEmpty ? LiveFigures.Rates() : LiveFigures.rates(from: near(reading), to: reading.report.sum)
        latest = reading
        guard kept.isEmpty || reading.seconds - (kept.last?.seconds ?? 0) >= Self.spacing - 0.25 else { return }
        // The first report has nothing to be compared with.
        if !kept.isEmpty {
            points.append(Point(at: reading.at, rates: rates, clients: reading.report.sum.census.clients))
            if points.count > Self.mostPoints { points.removeFirst(points.count - Self.mostPoints) }
        }
        kept.append(reading)
        while kept.count > 2, reading.seconds - kept[1].seconds >= Self.far - Self.spacing { kept.removeFirst() }
    }

    /// The report to compare with for rates: the youngest that is old enough, else the oldest there is.
    package func near(_ reading: Reading) -> LiveFigures.Base {
        base(kept.last { reading.seconds - $0.seconds >= Self.near } ?? kept.first, reading)
    }

    /// The same for shares and latencies: the oldest.
    package func far(_ reading: Reading) -> LiveFigures.Base { base(kept.first, reading) }

    private func base(_ old: Reading?, _ reading: Reading) -> LiveFigures.Base {
        guard let old else { return LiveFigures.Base(reading.report.sum, seconds: 0) }
        return LiveFigures.Base(old.report.sum, seconds: max(0, reading.seconds - old.seconds))
    }

    /// Routes are the same by name; what is gone is forgotten.
    private mutating func move(to table: RoutingTable) {
        for place in kept.indices {
            var moved = WorkerReport(table)
            moved.add(kept[place].report.sum)
            kept[place].report.sum = moved
        }
    }
}
