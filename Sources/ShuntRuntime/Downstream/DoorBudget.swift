import ShuntCore
import Synchronization

/// What is under way at the door of the whole process, in bytes: handshakes that are not complete, refused clients that
/// still read their answer, and what clients said ahead of theirs. Locked, and touched only when one of those changes,
/// never per message.
///
/// Above the limit accepting pauses: whoever comes then waits in the system's queue. It goes on at three quarters.
final class DoorBudget: Sendable {
    /// What a connection costs that has said nothing yet: its socket, the reader of its request.
    static let perConnection = 8 << 10

    /// Told on any thread that accepting is to pause or to go on: `isFull` says which.
    typealias Listener = @Sendable () -> Void

    private struct State {
        var bytes = 0
        /// Of them, what clients said whose answer is not theirs to hasten.
        var kept = 0
        var limit: Int
        var isFull = false
        var listeners: [Int: Listener] = [:]
        var lastListener = 0
        var shortUntil: Instant?

        /// Where accepting goes on.
        var low: Int { limit - limit / 4 }
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(limit: limit)) }

    /// Another limit, from now on.
    func adopt(limit: Int) {
        change { $0.limit = limit }
    }

    func add(_ bytes: Int) {
        guard bytes != 0 else { return }
        change { $0.bytes += bytes }
    }

    /// What is under way.
    var bytes: Int { state.withLock { $0.bytes } }

    /// Whether accepting is to pause.
    var isFull: Bool { state.withLock { $0.isFull } }

    /// Bytes that others have to give up; 0 where there is room.
    func excess(now: Instant) -> Int {
        state.withLock { state in
            let isShort = state.shortUntil.map { now < $0 } ?? false
            return max(state.isFull ? state.bytes - state.low : 0, isShort ? 64 * Self.perConnection : 0)
        }
    }

    /// The process has no descriptors left: for a moment it is as if there were no room.
    func lackDescriptors(now: Instant) {
        state.withLock { $0.shortUntil = now + .seconds(1) }
    }

    /// Counts what a client said that waits for its backend. Clients that wait so cannot give way, so that they get half
    /// of the budget only: the other half is for those who come.
    ///
    /// - Returns: whether it may say more.
    func keep(_ bytes: Int) -> Bool {
        change {
            $0.bytes += bytes
            $0.kept += bytes
        }
        return state.withLock { $0.kept < $0.limit / 2 }
    }

    func release(kept bytes: Int) {
        guard bytes != 0 else { return }
        change {
            $0.bytes -= bytes
            $0.kept -= bytes
        }
    }

    /// - Returns: what `remove` wants.
    func tell(_ listener: @escaping Listener) -> Int {
        state.withLock { state in
            state.lastListener += 1
            state.listeners[state.lastListener] = listener
            return state.lastListener
        }
    }

    func remove(listener: Int) { state.withLock { $0.listeners[listener] = nil } }

    private func change(_ body: (inout State) -> Void) {
        let told = state.withLock { state -> [Listener] in
            body(&state)
            let wasFull = state.isFull
            state.isFull = state.bytes > (wasFull ? state.low : state.limit)
            return state.isFull == wasFull ? [] : Array(state.listeners.values)
        }
        for listener in told { listener() }
    }
}
