import NIOCore
import ShuntCore

/// All workers, to be found from any thread and entered on their own loop only.
struct Workers: Sendable {
    private let bound: [NIOLoopBound<Worker>]

    init(_ bound: [NIOLoopBound<Worker>]) { self.bound = bound }

    var count: Int { bound.count }

    /// The worker of the loop that this is called on.
    func here(_ eventLoop: any EventLoop) -> Worker? {
        bound.first { $0.eventLoop === eventLoop }?.value
    }

    func eventLoop(of index: Int) -> (any EventLoop)? {
        bound.indices.contains(index) ? bound[index].eventLoop : nil
    }

    /// Runs on a worker's loop as soon as that has time, and waits for nothing.
    func order(_ index: Int, _ body: @escaping @Sendable (Worker) -> Void) {
        guard bound.indices.contains(index) else { return }
        let worker = bound[index]
        worker.eventLoop.execute { body(worker.value) }
    }

    /// Runs on every worker's loop, when it has counted everything, and gathers the results, in the order of the workers.
    func onEach<Result: Sendable>(_ body: @escaping @Sendable (Worker) -> Result) async throws -> [Result] {
        var results: [Result] = []
        for worker in bound {
            let result = worker.eventLoop.submit {
                worker.value.countPipes()
                return body(worker.value)
            }
            results.append(try await result.get())
        }
        return results
    }
}
