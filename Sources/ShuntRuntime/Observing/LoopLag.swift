import ShuntCore
import ShuntReactor

/// How busy a worker's thread is: a deadline that measures how late it is met.
extension Worker {
    private static let lagEvery = TimeSpan.milliseconds(250)

    /// To be called once; goes on by itself.
    func measureLag() {
        if deadlines.lag < .distantFuture { lag.add(now() - deadlines.lag) }
        deadlines.lag = now() + Self.lagEvery
        // Nobody may ask for minutes, and days are told apart by when the core hears of a message.
        countPipes()
        giveMemoryBack()
    }

    /// What the worker's loop did since it began.
    var turns: TurnCounts {
        let counts = reactor.counts
        return TurnCounts(turns: counts.turns, events: counts.events, barren: counts.barren)
    }

    /// Everything that this worker tells for metrics.
    func report() -> WorkerReport {
        countPipes()
        var report = switchboard.workerReport()
        report.refusedHandshakes = refusedHandshakes
        report.compression = codecs.figures
        return report
    }
}
