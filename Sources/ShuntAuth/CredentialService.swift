import AsyncHTTPClient
package import Logging
import NIOCore
import NIOPosix
import ShuntConcurrency
package import ShuntCore
import Synchronization

/// Validates credentials as the configuration in force says, and keeps what it needs for that fresh.
package final class CredentialService: CredentialValidator {
    private enum Way: Sendable {
        case none
        case token(TokenValidator, KeyKeeper)
        case service(SessionService)
    }

    private struct State {
        var validation = Validation.none
        var way = Way.none
        /// Keeps the keys fresh.
        var keeping: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let adopting = SerialQueue()
    private let client: HTTPClient
    private let logger: Logger
    private let wall: @Sendable () -> UnixTime

    package init(logger: Logger, wall: @escaping @Sendable () -> UnixTime) {
        self.logger = logger
        self.wall = wall
        client = HTTPFetch.client(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
    }

    /// Other settings are in force. Returns when keys were looked for once: until then tokens are judged by the keys of
    /// before.
    ///
    /// - Parameter patience: how long a client waits for a verdict.
    package func adopt(_ validation: Validation, patience: TimeSpan) async {
        await adopting.run { await self.takeOver(validation, patience: patience) }
    }

    private func takeOver(_ validation: Validation, patience: TimeSpan) async {
        let (before, way) = state.withLock { ($0.validation, $0.way) }
        if before == validation {
            // Files may have been replaced.
            if case .token(_, let keeper) = way { await keeper.readFiles() }
            return
        }
        let made = make(validation, patience: patience)
        if case .token(_, let keeper) = made {
            var old: KeyKeeper?
            if case .token(_, let keeper) = way { old = keeper }
            await keeper.load(over: old)
        }
        let keeping: Task<Void, Never>?
        if case .token(_, let keeper) = made { keeping = Task { await keeper.run() } } else { keeping = nil }
        let old = state.withLock { state in
            let old = state.keeping
            (state.validation, state.way, state.keeping) = (validation, made, keeping)
            return old
        }
        old?.cancel()
    }

    private func make(_ validation: Validation, patience: TimeSpan) -> Way {
        let fetch = HTTPFetch(client: client)
        switch validation {
        case .none: return .none
        case .jwt(let settings):
            let validator = TokenValidator(settings)
            let keeper = KeyKeeper(
                settings, for: validator, readFile: KeyFile.read, fetch: { try await fetch.keys(at: $0) },
                notice: { [logger] in Self.tell($0, logger) })
            return .token(validator, keeper)
        case .http(let settings):
            let question = SessionQuestion(settings: settings, fetch: fetch)
            return .service(
                SessionService(settings, patience: patience, wall: wall) { try await question.ask($0) })
        }
    }

    private static func tell(_ notice: KeyNotice, _ logger: Logger) {
        switch notice {
        case .loaded(let place, let keys, let problems):
            logger.info("keys for tokens are in force", metadata: ["from": "\(place)", "keys": "\(keys)"])
            for problem in problems.prefix(20) {
                logger.warning("a key for tokens is left out", metadata: ["from": "\(place)", "problem": "\(problem)"])
            }
        case .failed(let place, let problem, let kept):
            logger.error(
                kept > 0 ? "keys for tokens cannot be read: those of before stay" : "keys for tokens cannot be read",
                metadata: ["from": "\(place)", "problem": "\(problem)", "kept": "\(kept)"])
        }
    }

    // MARK: Validating

    package func known(_ credential: Credential, at wall: UnixTime) -> CredentialVerdict? {
        switch state.withLock({ $0.way }) {
        case .none: .unasked
        case .token(let validator, _): validator.known(credential.token, at: wall)
        case .service(let service): service.known(credential.token, at: wall)
        }
    }

    package func validate(_ credential: Credential, answer: @escaping @Sendable (CredentialVerdict) -> Void) {
        switch state.withLock({ $0.way }) {
        case .none: answer(.unasked)
        case .service(let service): service.validate(credential.token, answer: answer)
        case .token(let validator, let keeper):
            guard validator.enter() else { return answer(.unknown(problem: "too many tokens wait for a look")) }
            let wall = wall
            Task.detached {
                let verdict = await Self.verdict(on: credential.token, validator, keeper, wall)
                validator.leave()
                answer(verdict)
            }
        }
    }

    package func forget(_ fits: @Sendable (ClientIdentity) -> Bool) {
        switch state.withLock({ $0.way }) {
        case .none: break
        case .token(let validator, _): validator.forget(fits)
        case .service(let service): service.forget(fits)
        }
    }

    private static func verdict(
        on token: ByteString, _ validator: TokenValidator, _ keeper: KeyKeeper, _ wall: @Sendable () -> UnixTime
    ) async -> CredentialVerdict {
        switch validator.find(token, at: wall()) {
        case .verdict(let verdict): return verdict
        case .unknownKey: break
        }
        var outlook = await keeper.lookForUnknownKey()
        switch validator.find(token, at: wall()) {
        case .verdict(let verdict): return verdict
        case .unknownKey(let problem):
            // The look itself may have failed.
            if outlook == .newer { outlook = await keeper.outlook }
            guard outlook == .none else { return .unknown(problem: "\(problem), and not all keys can be read") }
            return validator.refuse(token, problem, wall())
        }
    }

    // MARK: The end

    /// Lets go of what it asked by. Nobody is validated any more.
    package func stop() async {
        state.withLock { $0.keeping }?.cancel()
        try? await client.shutdown()
    }
}
