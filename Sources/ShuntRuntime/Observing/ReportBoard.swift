import ShuntCore
import Synchronization

/// The last report of each worker. Whoever wants news asks all workers at once and waits for a bounded time: a worker
/// that is busy is not held up, and its part is as old as its last report.
final class ReportBoard: Sendable {
    private struct Entry {
        var report: WorkerReport
        var lag: DurationCounts
        var turns: TurnCounts
        var at: ContinuousClock.Instant
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var count = 0
        /// Workers that were asked and have not answered: they are not asked twice.
        var asked: Set<Int> = []
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    private let state = Mutex(State())

    /// Asks all workers, and returns when all have answered, or after `patience`.
    func refresh(_ workers: Workers, patience: Duration) async {
        let idle = state.withLock { state in
            state.count = workers.count
            let idle = (0..<workers.count).filter { !state.asked.contains($0) }
            state.asked.formUnion(idle)
            return idle
        }
        for index in idle {
            workers.order(index) { [self] worker in put(worker, of: index) }
        }
        let waiter = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        var timer: Task<Void, Never>?
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if !state.asked.isEmpty { state.waiting[waiter] = continuation }
                return state.asked.isEmpty
            }
            guard !isDone else { return continuation.resume() }
            timer = Task {
                try? await Task.sleep(for: patience)
                wake(waiter)
            }
        }
        timer?.cancel()
    }

    /// The sum of what is known, by that table, and how old each worker's part is.
    func read(by table: RoutingTable) -> (sum: WorkerReport, parts: [MetricsReport.Part]) {
        let (entries, count) = state.withLock { ($0.entries, $0.count) }
        let now = ContinuousClock.now
        var sum = WorkerReport(table)
        var parts: [MetricsReport.Part] = []
        for index in 0..<count {
            guard let entry = entries[index] else {
                parts.append(.init(worker: index, age: nil, lag: DurationCounts(), bufferedBytes: 0))
                continue
            }
            sum.add(entry.report)
            let (seconds, attoseconds) = (now - entry.at).components
            let age = TimeSpan.seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
            parts.append(
                .init(
                    worker: index, age: age, lag: entry.lag, bufferedBytes: entry.report.bufferedBytes,
                    socketBytes: entry.report.socketBytes,
                    turns: entry.turns))
        }
        return (sum, parts)
    }

    private func put(_ worker: Worker, of index: Int) {
        let (report, lag, turns) = (worker.report(), worker.lag, worker.turns)
        let waiting = state.withLock { state in
            state.entries[index] = Entry(report: report, lag: lag, turns: turns, at: .now)
            state.asked.remove(index)
            guard state.asked.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    private func wake(_ waiter: Int) {
        state.withLock { $0.waiting.removeValue(forKey: waiter) }?.resume()
    }
}
