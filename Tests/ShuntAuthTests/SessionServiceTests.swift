import ShuntCore
import Synchronization
import Testing

@testable import ShuntAuth

/// Questions to a session service: how many, in which order, and what counts when it gives no answer.
@Suite struct SessionServiceTests {
    /// A service that answers when the test says so.
    private final class Service: Sendable {
        private struct State {
            var asked: [ByteString] = []
            var waiting: [ByteString: CheckedContinuation<CredentialVerdict, any Error>] = [:]
            var now = UnixTime(milliseconds: 1_000_000)
        }

        private let state = Mutex(State())

        var asked: [ByteString] { state.withLock { $0.asked } }
        var now: UnixTime { state.withLock { $0.now } }

        func pass(_ milliseconds: Int64) { state.withLock { $0.now.milliseconds += milliseconds } }

        func ask(_ token: ByteString) async throws -> CredentialVerdict {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock {
                    $0.asked.append(token)
                    $0.waiting[token] = continuation
                }
            }
        }

        /// Answers a question as soon as it is asked.
        func answer(_ token: ByteString, _ verdict: CredentialVerdict?) async {
            while true {
                if let waiting = state.withLock({ $0.waiting.removeValue(forKey: token) }) {
                    if let verdict {
                        waiting.resume(returning: verdict)
                    } else {
                        waiting.resume(throwing: FetchProblem("down"))
                    }
                    return
                }
                await Task.yield()
            }
        }
    }

    private let service = Service()

    private func asking(_ change: (inout SessionServiceSettings) -> Void = { _ in }) -> SessionService {
        var settings = SessionServiceSettings()
        change(&settings)
        return SessionService(settings, patience: .seconds(10), wall: { [service] in service.now }) {
            [service] in try await service.ask($0)
        }
    }

    private func good(_ session: ByteString, expires: Int64? = nil) -> CredentialVerdict {
        var claims = Claims(session: ClaimValue(text: session))
        claims.expires = expires.map { UnixTime(milliseconds: $0) }
        return .good(claims)
    }

    private func verdict(
        _ asking: SessionService, _ token: ByteString, _ answer: CredentialVerdict?
    ) async -> CredentialVerdict {
        async let found = withCheckedContinuation { done in asking.validate(token) { done.resume(returning: $0) } }
        await service.answer(token, answer)
        return await found
    }

    @Test func `a verdict counts for a while, and not past the credential's end`() async {
        let asking = asking { $0.cache = .seconds(60) }
        #expect(await verdict(asking, "T", good("anna", expires: 1_030_000)) == good("anna", expires: 1_030_000))
        #expect(asking.known("T", at: service.now) != nil)
        #expect(asking.known("T", at: UnixTime(milliseconds: 1_030_000)) == nil)
        #expect(await verdict(asking, "U", .bad(status: 403, problem: "p")) == .bad(status: 403, problem: "p"))
        #expect(asking.known("U", at: UnixTime(milliseconds: 1_004_999)) != nil)
        #expect(asking.known("U", at: UnixTime(milliseconds: 1_005_000)) == nil)
    }

    @Test func `many who show one token ask once`() async {
        let asking = asking()
        let heard = Mutex(0)
        for _ in 0..<100 { asking.validate("T") { _ in heard.withLock { $0 += 1 } } }
        await service.answer("T", good("anna"))
        while heard.withLock({ $0 }) < 100 { await Task.yield() }
        #expect(service.asked == ["T"])
    }

    @Test func `so many are asked at a time, the others in order`() async {
        let asking = asking { $0.concurrency = 2 }
        let heard = Mutex<[ByteString]>([])
        let tokens = (0..<6).map { ByteString("T\($0)") }
        for token in tokens { asking.validate(token) { _ in heard.withLock { $0.append(token) } } }
        for token in tokens {
            #expect(service.asked.count <= (heard.withLock { $0.count }) + 2)
            await service.answer(token, good(token))
        }
        while heard.withLock({ $0.count }) < 6 { await Task.yield() }
        #expect(service.asked.dropFirst(2).elementsEqual(tokens.dropFirst(2)))
    }

    @Test func `nobody is asked for who waits no more`() async {
        let asking = asking { $0.concurrency = 1 }
        asking.validate("T0") { _ in }
        asking.validate("late") { _ in }
        service.pass(10_001)
        asking.validate("T1") { _ in }
        await service.answer("T0", good("anna"))
        await service.answer("T1", good("bert"))
        #expect(service.asked == ["T0", "T1"])
    }

    @Test(arguments: [false, true])
    func `no answer is no verdict`(admitsKnown: Bool) async {
        let asking = asking {
            $0.cache = .seconds(1)
            $0.stale = .seconds(60)
            $0.onFailure = admitsKnown ? .admitKnown : .refuse
        }
        func isUnknown(_ verdict: CredentialVerdict) -> Bool { if case .unknown = verdict { true } else { false } }
        #expect(isUnknown(await verdict(asking, "T", nil)), "who was never known is not now")
        #expect(await verdict(asking, "T", good("anna")) == good("anna"))
        service.pass(2_000)
        #expect(asking.known("T", at: service.now) == nil, "it is asked again")
        #expect(isUnknown(await verdict(asking, "T", nil)) != admitsKnown)
        service.pass(59_000)
        #expect(isUnknown(await verdict(asking, "T", nil)), "too old")
    }
}
