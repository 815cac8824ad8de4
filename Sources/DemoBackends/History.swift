import Synchronization

/// What was said before, per token and pillar. Reconnecting brings it back as a push.
final class History: Sendable {
    private struct Key: Hashable {
        let token: String
        let pillar: String
    }

    private struct State {
        var lines: [Key: [String]] = [:]
    }

    private static let mostKeys = 10_000
    private static let mostLines = 20
    private static let longestLine = 200
    private let state = Mutex(State())

    /// Notes a question and its answer. Bounded: old lines go first, and a full history begins anew.
    func add(token: String, pillar: String, question: String, answer: String) {
        let lines = [Self.line("user", question), Self.line("assistant", answer)]
        state.withLock { state in
            if state.lines.count >= Self.mostKeys { state.lines.removeAll() }
            let key = Key(token: token, pillar: pillar)
            state.lines[key] = (state.lines[key, default: []] + lines).suffix(Self.mostLines)
        }
    }

    /// The lines as JSON texts, oldest first.
    func lines(token: String, pillar: String) -> [String] {
        state.withLock { $0.lines[Key(token: token, pillar: pillar)] ?? [] }
    }

    private static func line(_ role: String, _ content: String) -> String {
        var object = JSONText()
        object.add("role", role)
        object.add("content", String(content.prefix(longestLine)))
        object.add("timestamp", timestamp())
        return object.text
    }
}
