package import ShuntCore

extension MetricsReport {
    /// Metrics of two workers, of which one has not answered for a while.
    package static func sample(_ sum: WorkerReport) -> MetricsReport {
        MetricsReport(
            version: "1.2", startedAt: UnixTime(milliseconds: 1_795_000_000_500), revision: 7, isDraining: false,
            reloads: 0, failedReloads: 0, lastReload: nil, isStoreFailing: false, sum: sum,
            workers: [
                .init(worker: 0, age: .milliseconds(5), lag: DurationCounts(), bufferedBytes: 0),
                .init(worker: 1, age: .seconds(9), lag: DurationCounts(), bufferedBytes: 0),
            ])
    }
}
