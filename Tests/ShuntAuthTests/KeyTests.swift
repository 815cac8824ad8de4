import Foundation
import JWTKit
import ShuntCore
import Synchronization
import Testing

@testable import ShuntAuth

/// What counts as a key, and how keys are kept.
@Suite struct KeyTests {
    private let key = ES256PrivateKey()

    @Test func `one bad key fails no other`() async throws {
        let good = Made.jwk(key, kid: "good")
        let point = #""x":"AAAA","y":"AAAA""#
        let reading = try await Made.reading([
            good, Made.jwk(key, kid: "enc", #","use":"enc""#), Made.jwk(key, kid: "ops", #","key_ops":["sign"]"#),
            Made.jwk(key, kid: "alg", #","alg":"RS256""#), Made.jwk(key, kid: "odd", #","alg":"ES256K""#),
            #"{"kty":"EC","crv":"P-256","kid":"short",\#(point)}"#,
            #"{"kty":"EC","crv":"secp256k1","kid":"curve",\#(point)}"#,
            #"{"kty":"oct","kid":"secret","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            #"{"kty":"RSA","kid":"weak","n":"\#(Made.base64url(Array(repeating: 0xF1, count: 128)))","e":"AQAB"}"#,
            #"{"kty":"AKP","kid":"new"}"#, #"{"kid":"none"}"#, "7",
        ])
        #expect(reading.keys.map(\.id) == ["good"])
        let names = ["enc", "ops", "alg", "odd", "short", "curve", "secret", "weak", "new", "none", "12"]
        #expect(reading.problems.count == names.count)
        for (problem, name) in zip(reading.problems, names) { #expect(problem.hasPrefix("key \(name): ")) }
        #expect(!reading.problems.joined().contains("AyM1"), "no key is shown")
    }

    @Test func `an algorithm is the key's own, and one that is allowed`() async throws {
        let rsa =
            #"{"kty":"RSA","n":"\#(Made.base64url([0xC5] + Array(repeating: 0x3B, count: 255)))","e":"AQAB"\#("")}"#
        #expect(try await Made.reading([rsa], [.rs256, .ps512, .es256]).keys.map(\.algorithm) == [.rs256, .ps512])
        #expect(try await Made.reading([Made.jwk(key)], [.rs256]).keys.isEmpty)
        #expect(try await Made.reading([Made.jwk(key)], [.es384, .es256]).keys.map(\.algorithm) == [.es256])
    }

    @Test(arguments: ["", "7", "[]", "{}", #"{"keys":{}}"#, #"{"keys":[],"keys":[]}"#, "{\"keys\":[", "<html>"])
    func `a set that is none is said`(text: String) async {
        await #expect(throws: KeyPlaceProblem.self) {
            _ = try await KeyReading(jwks: Array(text.utf8), allowed: [.es256])
        }
    }

    @Test func `files hold PEM blocks or a set`() async throws {
        let (other, ed) = (ES384PrivateKey(), try EdDSA.PrivateKey(curve: .ed25519))
        let pem = [
            "# the issuer's keys", key.publicKey.pemRepresentation, other.publicKey.pemRepresentation,
            ed.publicKey.pemRepresentation,
        ].joined(separator: "\r\n")
        let reading = try await KeyReading(file: Array(pem.utf8), allowed: [.es256, .es384, .edDSA])
        #expect(reading.keys.map(\.algorithm) == [.es256, .es384, .edDSA])
        let set = #" {"keys":[\#(Made.jwk(key))]}"#
        #expect(try await KeyReading(file: Array(set.utf8), allowed: [.es256]).keys.count == 1)
        for text in [key.pemRepresentation, "hello", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
            await #expect(throws: KeyPlaceProblem.self) {
                _ = try await KeyReading(file: Array(text.utf8), allowed: [.es256])
            }
        }
    }

    // MARK: Keeping

    /// A place that answers as the test says.
    private final class Place: Sendable {
        private let answer: Mutex<Result<[UInt8], FetchProblem>>
        private let count = Mutex(0)
        private let time = Mutex(ContinuousClock().now)

        init(_ keys: [String]) { answer = Mutex(.success(Self.set(keys))) }

        static func set(_ keys: [String]) -> [UInt8] { Array(#"{"keys":[\#(keys.joined(separator: ","))]}"#.utf8) }

        var fetches: Int { count.withLock { $0 } }

        func says(_ keys: [String]) { answer.withLock { $0 = .success(Self.set(keys)) } }
        func says(bytes: [UInt8]) { answer.withLock { $0 = .success(bytes) } }
        func fails() { answer.withLock { $0 = .failure(FetchProblem("down")) } }
        func pass(_ span: Duration) { time.withLock { $0 += span } }

        var fetch: KeyKeeper.Fetch {
            { _ in
                self.count.withLock { $0 += 1 }
                await Task.yield()
                return try self.answer.withLock { try $0.get() }
            }
        }

        var timing: KeyKeeper.Timing {
            KeyKeeper.Timing(now: { self.time.withLock { $0 } }, sleep: { try await ContinuousClock().sleep(for: $0) })
        }
    }

    private final class Notices: Sendable {
        let list = Mutex<[KeyNotice]>([])
        var all: [KeyNotice] { list.withLock { $0 } }
    }

    private func keeper(
        _ place: Place, _ validator: TokenValidator, _ notices: Notices = Notices()
    ) -> KeyKeeper {
        KeyKeeper(
            validator.settings, for: validator, readFile: { _ in throw KeyPlaceProblem("there is no such file") },
            fetch: place.fetch, timing: place.timing, notice: { notice in notices.list.withLock { $0.append(notice) } })
    }

    private func settings() -> JWTSettings {
        Made.settings { $0.keys = [.url("https://id.example.com/jwks.json?key=secret", refresh: .minutes(5))] }
    }

    @Test func `old keys serve while the place is down or says nonsense`() async throws {
        let (place, notices) = (Place([Made.jwk(key)]), Notices())
        let validator = TokenValidator(settings())
        let keeper = keeper(place, validator, notices)
        await keeper.load()
        let token = try await Made.token(key)
        place.fails()
        await keeper.load()
        #expect(validator.problem(token) == nil)
        for nonsense in ["", "<html>", #"{"keys":[]}"#, #"{"keys":[7]}"#] {
            place.says(bytes: Array(nonsense.utf8))
            await keeper.load()
            #expect(validator.problem(token) == nil, "\(nonsense)")
        }
        place.says([Made.jwk(ES256PrivateKey(), kid: "k2")])
        await keeper.load()
        #expect(validator.problem(token)?.contains("no key") == true, "a key that has gone is gone")
        #expect(validator.known(token, at: Made.now) == nil)
        guard case .failed(let name, _, let kept)? = notices.all.dropFirst().first else {
            Issue.record("\(notices.all)")
            return
        }
        #expect(name == "https://id.example.com/jwks.json", "without its query")
        #expect(kept == 1)
    }

    @Test func `a key that nobody knows is looked for once, by all who wait`() async throws {
        let place = Place([Made.jwk(key)])
        let validator = TokenValidator(settings())
        let keeper = keeper(place, validator)
        await keeper.load()
        place.says([Made.jwk(key), Made.jwk(key, kid: "k2")])
        let looked = await withTaskGroup(of: KeyKeeper.Outlook.self) { group in
            for _ in 0..<100 { group.addTask { await keeper.lookForUnknownKey() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(looked.contains(.newer))
        #expect(place.fetches == 2, "one at the start, one for all of them")
        #expect(validator.problem(try await Made.token(key, kid: "k2")) == nil)
        #expect(await keeper.lookForUnknownKey() == .none)
        place.pass(.seconds(11))
        #expect(await keeper.lookForUnknownKey() == .newer)
        #expect(place.fetches == 3)
        place.fails()
        place.pass(.seconds(11))
        #expect(await keeper.lookForUnknownKey() == .newer)
        #expect(await keeper.lookForUnknownKey() == .unknown, "who cannot be asked may have it")
    }

    @Test func `other settings with the same places begin with the keys of before`() async throws {
        let place = Place([Made.jwk(key)])
        let validator = TokenValidator(settings())
        let old = keeper(place, validator)
        await old.load()
        place.fails()
        var changed = settings()
        changed.leeway = .zero
        changed.keys = [.secretFile("gone"), .url("https://id.example.com/jwks.json?key=secret", refresh: .minutes(1))]
        let next = TokenValidator(changed)
        await keeper(place, next).load(over: old)
        #expect(next.problem(try await Made.token(key)) == nil)
        changed.algorithms = [.es256, .es384]
        let other = TokenValidator(changed)
        await keeper(place, other).load(over: old)
        #expect(other.problem(try await Made.token(key))?.contains("no key") == true, "they were bound to others")
    }

    @Test func `the same keys again are not told, and forget nothing`() async throws {
        let (place, notices) = (Place([Made.jwk(key)]), Notices())
        let validator = TokenValidator(settings())
        let keeper = keeper(place, validator, notices)
        let token = try await Made.token(key)
        await keeper.load()
        #expect(validator.problem(token) == nil)
        await keeper.load()
        #expect(notices.all.count == 1)
        #expect(validator.known(token, at: Made.now) != nil)
        place.fails()
        await keeper.load()
        place.says([Made.jwk(key)])
        await keeper.load()
        #expect(notices.all.count == 3, "that it is back is")
    }

    @Test func `secrets have their length`() async throws {
        for (bytes, isGood) in [(31, false), (32, true)] {
            let secret = ByteString(Array(repeating: 0x61, count: bytes))
            let settings = Made.settings([.hs256]) { $0.keys = [.secret(secret)] }
            let validator = TokenValidator(settings)
            let notices = Notices()
            await keeper(Place([]), validator, notices).load()
            #expect(!"\(notices.all)".contains("aaaa"))
            #expect(validator.table.keys.isEmpty != isGood)
            // JWTKit itself takes no shorter one either.
            guard isGood else { continue }
            let token = try await Made.token(#"{"alg":"HS256"}"#, #"{"sid":"anna","exp":1800000600}"#) {
                await $0.add(hmac: HMACKey(from: secret.bytes), digestAlgorithm: .sha256)
            }
            #expect(validator.problem(token) == nil)
        }
    }
}
