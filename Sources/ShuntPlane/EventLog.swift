import DequeModule
package import ShuntCore
import Synchronization

/// The latest events, for people: bounded, and told to whoever listens. Locked; never touched per message.
package final class EventLog: Sendable {
    /// How many events are kept, and how many a slow listener may be behind before it loses the oldest.
    static let most = 1000

    private struct State {
        var events: Deque<ProxyEvent> = []
        var lastID: Int64 = 0
        var listeners: [Int: AsyncStream<ProxyEvent>.Continuation] = [:]
        var lastListener = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func add(_ kind: String, level: String = "info", subject: String = "", _ text: String) {
        state.withLock { state in
            state.lastID += 1
            let event = ProxyEvent(
                id: state.lastID, at: .now, level: level, kind: kind, subject: subject, text: text)
            state.events.append(event)
            if state.events.count > Self.most { state.events.removeFirst() }
            for listener in state.listeners.values { listener.yield(event) }
        }
    }

    /// The first events after `id` that are still kept, or, where it is nil, the latest; oldest first.
    package func events(after id: Int64?, limit: Int) -> [ProxyEvent] {
        state.withLock { state in
            guard let id else { return Array(state.events.suffix(max(0, limit))) }
            // Ids are ascending without gaps.
            let first = state.lastID - Int64(state.events.count)
            return Array(state.events.dropFirst(Int(clamping: max(0, id - first))).prefix(max(0, limit)))
        }
    }

    /// Events from now on, until the listener goes.
    package func stream() -> AsyncStream<ProxyEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ProxyEvent.self, bufferingPolicy: .bufferingNewest(Self.most))
        let listener = state.withLock { state in
            state.lastListener += 1
            state.listeners[state.lastListener] = continuation
            return state.lastListener
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[listener] = nil }
        }
        return stream
    }
}
