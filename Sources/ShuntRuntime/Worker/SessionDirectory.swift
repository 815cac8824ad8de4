import DequeModule
import ShuntCore
import Synchronization

/// Which worker a session lives on: that of its first socket. Locked, and touched only when a client connects or closes.
///
/// An entry outlives the session's last socket by as long as the switchboard may keep the session, so that a client that
/// comes back finds its connections and its parked replies.
final class SessionDirectory: Sendable {
    private struct Entry {
        var worker: Int
        var sockets: Int
        /// When it may go; only meaningful while it has no sockets.
        var until: Instant
    }

    private struct State {
        var entries: [SessionKey: Entry] = [:]
        /// Keys in the order in which their sessions lost a last socket. All wait equally long, so the first is the
        /// first to go.
        var leaving: Deque<(key: SessionKey, until: Instant)> = []
        var keepFor: TimeSpan
    }

    private let state: Mutex<State>

    init(keepFor: TimeSpan) { state = Mutex(State(keepFor: keepFor)) }

    /// Sessions that lose their last socket from now on are kept so long. Those before them are still the first to go:
    /// none goes early.
    func adopt(keepFor: TimeSpan) { state.withLock { $0.keepFor = keepFor } }

    /// A socket of the session was accepted by a worker.
    ///
    /// - Returns: the worker where the session lives.
    func enter(_ key: SessionKey, at worker: Int, now: Instant) -> Int {
        state.withLock { state in
            Self.sweep(&state, now)
            state.entries[key, default: Entry(worker: worker, sockets: 0, until: now)].sockets += 1
            return state.entries[key]?.worker ?? worker
        }
    }

    /// A socket of the session is gone.
    func leave(_ key: SessionKey, now: Instant) {
        state.withLock { state in
            guard var entry = state.entries[key] else { return }
            entry.sockets = max(0, entry.sockets - 1)
            if entry.sockets == 0 {
                entry.until = now + state.keepFor
                state.leaving.append((key, entry.until))
            }
            state.entries[key] = entry
            Self.sweep(&state, now)
        }
    }

    /// Forgets who has been away for long enough: nobody else may come or go for hours.
    func sweep(now: Instant) { state.withLock { Self.sweep(&$0, now) } }

    /// Gives back what a burst needed.
    ///
    /// Keys that stay move to memory of their own: where they are, they lie between what clients left, and keep the system
    /// from having that back. All others wait meanwhile, so that very many stay where they are.
    func shrink() {
        state.withLock { state in
            state.entries.shrink()
            guard state.entries.count <= Self.mostMoved else { return }
            var moved: [SessionKey: Entry] = [:]
            moved.reserveCapacity(state.entries.count)
            for (key, entry) in state.entries { moved[SessionKey(copying: key)] = entry }
            let leaving = state.leaving.compactMap { key, until in
                moved.index(forKey: key).map { (moved[$0].key, until) }
            }
            (state.entries, state.leaving) = (moved, Deque(leaving))
        }
    }

    private static let mostMoved = 20_000

    /// Sessions that are known.
    var count: Int { state.withLock { $0.entries.count } }

    private static func sweep(_ state: inout State, _ now: Instant) {
        while let (key, until) = state.leaving.first, until <= now {
            state.leaving.removeFirst()
            // It may have come back, and even left again later.
            if let entry = state.entries[key], entry.sockets == 0, entry.until <= now { state.entries[key] = nil }
        }
    }
}
