import ShuntControl
import ShuntCore
import ShuntTesting
import Synchronization

/// Reports as the workers would make them, of a table with routes that either side serves.
enum LiveKit {
    static func reading(_ sum: WorkerReport, at seconds: Double) -> LiveWindow.Reading {
        LiveWindow.Reading(
            .sample(sum), at: UnixTime(milliseconds: 1_795_000_000_000 + Int64(seconds * 1000)), seconds: seconds)
    }
}

/// What the workers tell when they are asked; a test changes it.
final class FakeWorkers: Sendable {
    private let sum: Mutex<WorkerReport>
    init(_ sum: WorkerReport) { self.sum = Mutex(sum) }

    func with(_ change: (inout WorkerReport) -> Void) { sum.withLock { change(&$0) } }
    var report: MetricsReport { .sample(sum.withLock { $0 }) }

    func sampler() -> LiveSampler {
        LiveSampler(report: { self.report }, wall: { UnixTime(milliseconds: 1_795_000_000_000) })
    }
}
