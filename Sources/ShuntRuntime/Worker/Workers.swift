import ShuntCore
import ShuntReactor

/// What is done on a worker's own thread.
typealias WorkerOrder = @Sendable (Worker) -> Void

/// All workers, to be asked from any thread; they do it on their own.
struct Workers: Sendable {
    /// The worker has ended: nothing is done any more.
    struct Ended: Error {}

    private let inboxes: [Inbox<WorkerOrder>]

    init(_ inboxes: [Inbox<WorkerOrder>]) { self.inboxes = inboxes }

    var count: Int { inboxes.count }

    /// Has a worker do something as soon as it has time, and waits for nothing.
    ///
    /// - Returns: false where the worker has ended, or there is none.
    @discardableResult
    func order(_ index: Int, _ body: @escaping WorkerOrder) -> Bool {
        inboxes.indices.contains(index) && inboxes[index].put(body)
    }

    /// Has a worker answer when it has time.
    func ask<Answer: Sendable>(
        _ index: Int, _ question: @escaping @Sendable (Worker) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let isTaken = order(index) { worker in
                continuation.resume(with: Result { try question(worker) })
            }
            if !isTaken { continuation.resume(throwing: Ended()) }
        }
    }

    /// Has every worker answer, when it has counted everything, and gathers the answers in the order of the workers.
    func onEach<Answer: Sendable>(_ body: @escaping @Sendable (Worker) -> Answer) async throws -> [Answer] {
        var answers: [Answer] = []
        for index in inboxes.indices {
            answers.append(
                try await ask(index) { worker in
                    worker.countPipes()
                    return body(worker)
                })
        }
        return answers
    }
}

extension Workers {
    /// Ends the workers' threads, and returns when the last of them is gone.
    func end() async {
        await withTaskGroup { group in
            for index in inboxes.indices {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        let isTaken = order(index) { worker in
                            worker.whenOver = { continuation.resume() }
                            worker.isOver = true
                        }
                        if !isTaken { continuation.resume() }
                    }
                }
            }
        }
    }
}

extension Worker {
    /// Does what others have asked for.
    func takeOrders() {
        for order in orders.take() { order(self) }
    }
}
