import NIOCore
import Synchronization

/// The unified server's limits: sockets per token and in all, messages per token.
final class UnifiedLimits: Sendable {
    enum Admission { case admitted, tooManyOfToken, tooManyInAll }

    private struct State {
        var sockets: [String: Int] = [:]
        var socketsInAll = 0
        /// When each token's messages of the last minute came.
        var messages: [String: [NIODeadline]] = [:]
    }

    private static let socketsOfToken = 5
    private static let socketsInAll = 1000
    private static let inSecond = 10
    private static let inMinute = 100
    /// Bounds the memory of a server that never restarts; all windows begin anew above it.
    private static let mostTokens = 10_000
    private let state = Mutex(State())

    /// Every admitted socket must be given back by `leave`.
    func enter(_ token: String) -> Admission {
        state.withLock { state in
            if state.socketsInAll >= Self.socketsInAll { return .tooManyInAll }
            if state.sockets[token, default: 0] >= Self.socketsOfToken { return .tooManyOfToken }
            state.sockets[token, default: 0] += 1
            state.socketsInAll += 1
            return .admitted
        }
    }

    func leave(_ token: String) {
        state.withLock { state in
            guard let count = state.sockets[token] else { return }
            state.sockets[token] = count > 1 ? count - 1 : nil
            state.socketsInAll -= 1
        }
    }

    /// Counts a message; false where it is one too many.
    func admitMessage(of token: String, now: NIODeadline) -> Bool {
        state.withLock { state in
            if state.messages.count >= Self.mostTokens { state.messages.removeAll() }
            var times = state.messages[token, default: []].filter { now - $0 < .minutes(1) }
            let recent = times.count { now - $0 < .seconds(1) }
            guard recent < Self.inSecond, times.count < Self.inMinute else {
                state.messages[token] = times
                return false
            }
            times.append(now)
            state.messages[token] = times
            return true
        }
    }
}
