package import ShuntCore

/// What happened between two of the workers' reports: rates and latencies. Counters of a report only grow, so figures
/// are differences, and never negative.
package enum LiveFigures {
    /// One side of a route.
    package struct Side: Sendable, Hashable {
        /// Sent to that side's upstream, a second.
        package var messages = 0.0
        /// Exchanges that ended in an error, a second.
        package var errors = 0.0
        /// Exchanges that ended, in the longer of the two spans.
        package var exchanges = 0
        /// Of those the ones that ended in an error; nil where none ended.
        package var errorShare: Double?
        /// To the first reply, in milliseconds; nil where none came.
        package var median: Double?
        package var p99: Double?
        package init() {}
    }

    /// Messages a second, over all routes.
    package struct Rates: Sendable, Hashable {
        /// By the side that they are sent to.
        package var legacy = 0.0
        package var unified = 0.0
        /// Exchanges that ended in an error.
        package var errors = 0.0
        /// By the endpoint that they come from.
        package var atLegacyEndpoints = 0.0
        package var atUnifiedEndpoint = 0.0
        package init() {}
    }

    /// A report with the time since then, in seconds.
    package struct Base: Sendable {
        package var report: WorkerReport
        package var seconds: Double
        package init(_ report: WorkerReport, seconds: Double) {
            self.report = report
            self.seconds = seconds
        }
    }

    package static func rates(from base: Base, to now: WorkerReport) -> Rates {
        var rates = Rates()
        guard base.seconds > 0 else { return rates }
        func rate(_ new: Int, _ old: Int) -> Double { Double(max(0, new - old)) / base.seconds }
        for (new, old) in zip(now.routes, base.report.routes) {
            rates.legacy += rate(new.byLegacy, old.byLegacy)
            rates.unified += rate(new.byUnified, old.byUnified)
            rates.errors += rate(new.errors, old.errors)
        }
        for (new, old) in zip(now.meter.endpoints, base.report.meter.endpoints) {
            rates.atLegacyEndpoints += rate(new.messages, old.messages)
        }
        rates.atLegacyEndpoints += rate(now.meter.unlisted.messages, base.report.meter.unlisted.messages)
        rates.atUnifiedEndpoint = rate(now.meter.unified.messages, base.report.meter.unified.messages)
        return rates
    }

    /// One side of a route.
    ///
    /// - Parameters:
    ///   - place: `Route.index`, which means the same in all three reports.
    ///   - near: for rates, which should follow what is done.
    ///   - far: for shares and latencies, which need some exchanges to mean anything.
    package static func side(_ side: ShuntCore.Side, of place: Int, now: WorkerReport, near: Base, far: Base) -> Side {
        var figures = Side()
        guard now.routes.indices.contains(place), near.report.routes.indices.contains(place),
            far.report.routes.indices.contains(place)
        else { return figures }
        let (new, recent, old) = (now.routes[place], near.report.routes[place], far.report.routes[place])
        if near.seconds > 0 {
            figures.messages = Double(max(0, new.messages(side) - recent.messages(side))) / near.seconds
            figures.errors = Double(max(0, new.errors(side) - recent.errors(side))) / near.seconds
        }
        let errors = max(0, new.errors(side) - old.errors(side))
        figures.exchanges = max(0, new.replies(side) - old.replies(side)) + errors
        if figures.exchanges > 0 { figures.errorShare = Double(errors) / Double(figures.exchanges) }
        let row = Meter.place(of: place, side)
        if let counts = now.meter.firstReplies[row]?.since(far.report.meter.firstReplies[row]) {
            figures.median = counts.quantile(0.5)
            figures.p99 = counts.quantile(0.99)
        }
        return figures
    }
}

extension RouteTally {
    var errors: Int { errorsByLegacy + errorsByUnified }
    func messages(_ side: Side) -> Int { side == .legacy ? byLegacy : byUnified }
    func errors(_ side: Side) -> Int { side == .legacy ? errorsByLegacy : errorsByUnified }
    func replies(_ side: Side) -> Int { side == .legacy ? repliesByLegacy : repliesByUnified }
}

extension DurationCounts {
    /// What was observed after `old` was.
    func since(_ old: DurationCounts?) -> DurationCounts {
        guard let old else { return self }
        return DurationCounts(
            zip(buckets, old.buckets).map { max(0, $0 - $1) }, nanoseconds: max(0, nanoseconds &- old.nanoseconds))
    }

    /// The span that this share of what was observed is within, in milliseconds, spread evenly over its bucket: true to a
    /// factor of two. What is above all bounds counts as the last of them. nil where nothing was observed.
    ///
    /// - Parameter share: 0 to 1.
    package func quantile(_ share: Double) -> Double? {
        let all = count
        guard all > 0 else { return nil }
        let rank = share * Double(all)
        var below = 0
        for (bucket, here) in buckets.enumerated() where here > 0 {
            if Double(below + here) < rank {
                below += here
                continue
            }
            guard bucket < DurationBuckets.bounded else { break }
            let upper = Double(DurationBuckets.milliseconds(of: bucket))
            let lower = bucket == 0 ? 0 : upper / 2
            return lower + (upper - lower) * (rank - Double(below)) / Double(here)
        }
        return Double(DurationBuckets.milliseconds(of: DurationBuckets.bounded - 1))
    }
}
