import DequeModule
import Synchronization

/// Async work, one piece after another in the order of the calls: first in, first out, also while a piece is suspended,
/// where an actor alone would let the next one begin.
///
/// Work that was handed in is done, whatever becomes of the caller: its cancellation neither reaches the work nor takes
/// it out of the queue.
package final class SerialQueue: Sendable {
    private struct State {
        var waiting: Deque<@Sendable () async -> Void> = []
        /// A task takes out what waits, until nothing does.
        var isRunning = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Does a piece of work when all that was handed in before has ended.
    ///
    /// A piece that hands in another and awaits it waits for itself: never do that.
    ///
    /// - Returns: the work's result.
    /// - Throws: the work's error; those behind it are done all the same.
    package func run<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            append {
                do throws(Failure) {
                    continuation.resume(returning: .success(try await work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private func append(_ piece: @escaping @Sendable () async -> Void) {
        let isFirst = state.withLock { state in
            state.waiting.append(piece)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        // The task keeps the queue: what waits is done though nobody else holds it any more.
        if isFirst { Task.detached { await self.runAll() } }
    }

    private func runAll() async {
        while let piece = next() { await piece() }
    }

    private func next() -> (@Sendable () async -> Void)? {
        state.withLock { state in
            let piece = state.waiting.popFirst()
            state.isRunning = piece != nil
            return piece
        }
    }
}
