import DequeModule
import ShuntCore
import Synchronization

/// Asks the team's own session service whether tokens are good: one question at a time for one token, a few at a time in
/// all, answers kept for a while.
final class SessionService: Sendable {
    /// What the service says of a token.
    ///
    /// - Throws: whatever keeps it from giving a verdict.
    typealias Ask = @Sendable (ByteString) async throws -> CredentialVerdict

    private struct Question {
        var token: ByteString
        /// Nobody waits for the answer any more.
        var until: UnixTime
    }

    private struct State {
        var known = VerdictCache(most: 20_000, mostBytes: 32 << 20)
        var bad = VerdictCache(most: 2_000, mostBytes: 1 << 20)
        /// Who waits for an answer, by the token.
        var waiting: [ByteString: [@Sendable (CredentialVerdict) -> Void]] = [:]
        /// Questions that are not asked yet, in the order of arrival.
        var line: Deque<Question> = []
        var running = 0
    }

    /// Questions that may wait.
    private static let longestLine = 10_000
    private static let badFor: Int64 = 5_000

    private let settings: SessionServiceSettings
    /// How long somebody waits for an answer.
    private let patience: TimeSpan
    private let state = Mutex(State())
    private let ask: Ask
    private let wall: @Sendable () -> UnixTime

    init(
        _ settings: SessionServiceSettings, patience: TimeSpan, wall: @escaping @Sendable () -> UnixTime,
        ask: @escaping Ask
    ) {
        self.settings = settings
        self.patience = patience
        self.wall = wall
        self.ask = ask
    }

    func known(_ token: ByteString, at now: UnixTime) -> CredentialVerdict? {
        state.withLock { state in
            if let entry = state.known.find(token, at: now), isFresh(entry, now) { return entry.verdict }
            return state.bad.find(token, at: now)?.verdict
        }
    }

    func forget(_ fits: @Sendable (ClientIdentity) -> Bool) { state.withLock { $0.known.forget(fits) } }

    private func isFresh(_ entry: VerdictCache.Entry, _ now: UnixTime) -> Bool {
        now.milliseconds < entry.found.milliseconds + settings.cache.milliseconds
    }

    /// Finds out what the service says of a token.
    func validate(_ token: ByteString, answer: @escaping @Sendable (CredentialVerdict) -> Void) {
        let now = wall()
        enum Step { case wait, begin, full }
        let step = state.withLock { state -> Step in
            if state.waiting[token] != nil {
                state.waiting[token]?.append(answer)
                return .wait
            }
            guard state.running >= settings.concurrency else {
                state.waiting[token] = [answer]
                state.running += 1
                return .begin
            }
            while let first = state.line.first, first.until <= now {
                state.line.removeFirst()
                state.waiting[first.token] = nil
            }
            guard state.line.count < Self.longestLine else { return .full }
            state.waiting[token] = [answer]
            state.line.append(
                Question(token: token, until: UnixTime(milliseconds: now.milliseconds + patience.milliseconds)))
            return .wait
        }
        switch step {
        case .wait: break
        case .begin: begin(with: token)
        case .full: answer(.unknown(problem: "too many questions wait for the session service"))
        }
    }

    private func begin(with token: ByteString) {
        Task.detached { await self.work(token) }
    }

    /// Asks, and goes on with what waits.
    private func work(_ first: ByteString) async {
        var token: ByteString? = first
        while let current = token {
            let verdict = await verdict(on: current)
            let now = wall()
            let (answers, next) = state.withLock { state in
                let answers = state.waiting.removeValue(forKey: current) ?? []
                var next: ByteString?
                while let question = state.line.popFirst() {
                    if question.until > now {
                        next = question.token
                        break
                    }
                    state.waiting[question.token] = nil
                }
                if next == nil { state.running -= 1 }
                return (answers, next)
            }
            for answer in answers { answer(verdict) }
            token = next
        }
    }

    private func verdict(on token: ByteString) async -> CredentialVerdict {
        do {
            let verdict = try await ask(token)
            keep(token, verdict, at: wall())
            return verdict
        } catch {
            let now = wall()
            if settings.onFailure == .admitKnown, let known = lastGood(token, at: now) { return known }
            return .unknown(problem: "the session service gives no verdict: \(error)")
        }
    }

    private func keep(_ token: ByteString, _ verdict: CredentialVerdict, at now: UnixTime) {
        let kept = settings.onFailure == .admitKnown ? max(settings.cache, settings.stale) : settings.cache
        state.withLock { state in
            state.known.remove(token)
            state.bad.remove(token)
            switch verdict {
            case .good(let claims):
                let until = UnixTime(milliseconds: now.milliseconds + kept.milliseconds)
                state.known.insert(
                    token, .init(verdict: verdict, until: min(until, claims.expires ?? until), found: now, key: nil))
            case .bad:
                let until = UnixTime(milliseconds: now.milliseconds + Self.badFor)
                state.bad.insert(token, .init(verdict: verdict, until: until, found: now, key: nil))
            case .unknown, .unasked: break
            }
        }
    }

    private func lastGood(_ token: ByteString, at now: UnixTime) -> CredentialVerdict? {
        state.withLock { state in
            guard let entry = state.known.find(token, at: now),
                now.milliseconds < entry.found.milliseconds + settings.stale.milliseconds
            else { return nil }
            return entry.verdict
        }
    }
}
