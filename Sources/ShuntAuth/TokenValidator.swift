import ShuntCore
import Synchronization

/// Says whether tokens are good by their signature, with the keys in force.
final class TokenValidator: Sendable {
    private struct State {
        var table = KeyTable()
        var good = VerdictCache(most: 10_000, mostBytes: 16 << 20)
        var bad = VerdictCache(most: 2_000, mostBytes: 1 << 20)
        /// Tokens that are being looked at.
        var waiting = 0
    }

    /// Tokens that may be looked at at a time.
    static let mostWaiting = 1024
    private static let badFor: Int64 = 5_000

    let settings: JWTSettings
    private let state = Mutex(State())

    init(_ settings: JWTSettings) { self.settings = settings }

    /// Other keys are in force: what was found with those that are gone counts no more.
    func adopt(_ table: KeyTable) {
        let materials = table.materials
        state.withLock { state in
            state.table = table
            state.good.remove { _, entry in entry.key.map { !materials.contains($0) } ?? true }
            // What no key was found for may have one now.
            state.bad.remove { _, _ in true }
        }
    }

    func forget(_ fits: @Sendable (ClientIdentity) -> Bool) { state.withLock { $0.good.forget(fits) } }

    var table: KeyTable { state.withLock { $0.table } }

    func known(_ token: ByteString, at now: UnixTime) -> CredentialVerdict? {
        state.withLock { state in
            (state.good.find(token, at: now) ?? state.bad.find(token, at: now))?.verdict
        }
    }

    /// Takes a place for a token that is not known; false where too many have one. It must `leave` once.
    func enter() -> Bool {
        state.withLock { state in
            guard state.waiting < Self.mostWaiting else { return false }
            state.waiting += 1
            return true
        }
    }

    func leave() { state.withLock { $0.waiting -= 1 } }

    /// What comes of a token.
    enum Finding: Equatable {
        case verdict(CredentialVerdict)
        /// Another set of keys may have one for it.
        case unknownKey(TokenProblem)
    }

    /// Looks at a token: some ten microseconds to a millisecond of work.
    func find(_ token: ByteString, at now: UnixTime) -> Finding {
        do throws(TokenProblem) {
            let parts = try CompactToken(token, settings)
            let candidates = table.candidates(for: parts)
            guard !candidates.isEmpty else { return .unknownKey(.unknownKey(parts.keyID)) }
            guard let key = candidates.first(where: { $0.verifies(parts) }) else { throw .badSignature }
            let claims = try parts.claims(settings, at: now)
            keep(token, claims, key.material, now)
            return .verdict(.good(claims))
        } catch {
            return .verdict(refuse(token, error, now))
        }
    }

    private func keep(_ token: ByteString, _ claims: Claims, _ key: ByteString, _ now: UnixTime) {
        guard let expires = claims.expires else { return }
        let until = UnixTime(milliseconds: expires.milliseconds + settings.leeway.milliseconds)
        state.withLock { state in
            // The keys may have changed meanwhile.
            guard state.table.keys.contains(where: { $0.material == key }) else { return }
            state.good.insert(token, .init(verdict: .good(claims), until: until, found: now, key: key))
        }
    }

    /// A token is not good.
    func refuse(_ token: ByteString, _ problem: TokenProblem, _ now: UnixTime) -> CredentialVerdict {
        let verdict = CredentialVerdict.bad(status: 401, problem: "\(problem)")
        let until = UnixTime(milliseconds: now.milliseconds + Self.badFor)
        state.withLock { $0.bad.insert(token, .init(verdict: verdict, until: until, found: now, key: nil)) }
        return verdict
    }
}
