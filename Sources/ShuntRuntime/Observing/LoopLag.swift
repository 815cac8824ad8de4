import NIOCore
import ShuntCore

/// How busy an event loop is: a timer that measures how late it fires.
extension Worker {
    private static let lagEvery = TimeAmount.milliseconds(250)

    /// To be called once; ends with the worker.
    func measureLag() {
        let due = eventLoop.now + Self.lagEvery
        lagTask = eventLoop.assumeIsolated().scheduleTask(deadline: due) { [self] in
            lag.add(.nanoseconds((eventLoop.now - due).nanoseconds))
            // Nobody may ask for minutes, and days are told apart by when the core hears of a message.
            countPipes()
            measureLag()
        }
    }

    /// Everything that this worker tells for metrics.
    func report() -> WorkerReport {
        countPipes()
        var report = switchboard.workerReport()
        report.refusedHandshakes = refusedHandshakes
        return report
    }
}
