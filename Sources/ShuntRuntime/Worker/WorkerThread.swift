import ShuntCore
import ShuntReactor

/// The threads of workers.
enum WorkerThread {
    /// Makes a worker on a thread of its own, which takes turns until the worker is over.
    ///
    /// - Returns: what the worker takes orders by.
    /// - Throws: `SystemError` where the process has no descriptors or threads left.
    static func start(_ index: Int, _ process: ProcessState) async throws -> Inbox<WorkerOrder> {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try SystemThread.start(named: "worker-\(index)") {
                    let worker: Worker
                    do {
                        worker = Worker(index: index, reactor: try Reactor(), process: process)
                    } catch {
                        return continuation.resume(throwing: error)
                    }
                    continuation.resume(returning: worker.orders)
                    worker.run()
                    worker.end()
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
