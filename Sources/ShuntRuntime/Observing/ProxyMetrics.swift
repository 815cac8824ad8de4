package import ShuntCore

extension Proxy {
    /// What the workers have counted, added up by the table that was published last. All are asked and none is waited for
    /// longer than `patience`: the part of a worker that is busy is as old as it says.
    package func metrics(patience: Duration = .milliseconds(100)) async -> (
        sum: WorkerReport, parts: [MetricsReport.Part]
    ) {
        let reports = reports
        await ask { await reports.refresh($0, patience: patience) }
        return reports.read(by: table)
    }
}
