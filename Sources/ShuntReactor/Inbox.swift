import Synchronization

/// Messages for the owner of a reactor, from any thread. The reactor is woken by the first of them and told so; whoever
/// takes them takes all.
package final class Inbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let bell: Bell

    package init(of reactor: Reactor) { bell = reactor.bell }

    /// Puts a message in.
    ///
    /// - Returns: false where nobody takes messages out any more.
    @discardableResult
    package func put(_ message: Message) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.messages.append(message)
            // Under the lock: whoever closes the inbox may end the reactor right after that, and with it the bell.
            if state.messages.count == 1 { bell.ring() }
            return true
        }
    }

    /// Takes all messages out, the oldest first.
    package func take() -> [Message] {
        state.withLock { state in
            let messages = state.messages
            state.messages = []
            return messages
        }
    }

    /// Takes no more in.
    ///
    /// - Returns: those that were in it still.
    package func close() -> [Message] {
        state.withLock { state in
            state.isClosed = true
            let messages = state.messages
            state.messages = []
            return messages
        }
    }
}
