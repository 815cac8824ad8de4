import Foundation
import JWTKit
import ShuntCore
import ShuntTesting
import Testing

@testable import ShuntAuth

/// What makes a token good, and everything that does not.
@Suite struct TokenTests {
    private let key = ES256PrivateKey()

    private func validator(_ change: (inout JWTSettings) -> Void = { _ in }) async throws -> TokenValidator {
        let settings = Made.settings([.es256, .hs256, .rs256], change)
        return Made.validator(try await Made.reading([Made.jwk(key)]).keys, settings)
    }

    @Test func `a good token's claims are what the configuration names`() async throws {
        let validator = try await validator {
            $0.claims.user = ClaimPath("realm.user")
            $0.claims.tenant = ClaimPath("https://id.example.com/tenant")
            $0.claims.others = ["roles": ClaimPath("roles")]
        }
        let token = try await Made.token(
            key,
            payload: #"{"sid":7,"realm":{"user":"u\u00e9"},"https://id.example.com/tenant":"acme","roles":["a","b"],"#
                + #""iss":"me","iat":1799999999.5,"exp":1800000600}"#)
        guard case .verdict(.good(let claims)) = validator.find(token, at: Made.now) else {
            Issue.record("\(validator.problem(token) ?? "")")
            return
        }
        #expect(claims.session == ClaimValue(.number, "7"), "a number is not the text of it")
        #expect(claims.user == ClaimValue(text: "u\u{E9}"))
        #expect(claims.tenant == ClaimValue(text: "acme"))
        #expect(claims.others == ["roles": ClaimValue(.list, "a,b")])
        #expect(claims.issuer == "me")
        #expect(claims.expires == UnixTime(milliseconds: 1_800_000_600_000))
        #expect(claims.issued == UnixTime(milliseconds: 1_799_999_999_500))
    }

    @Test(arguments: [
        (#"{"sid":"a","exp":1799999969}"#, "expired"), (#"{"sid":"a","exp":1799999971}"#, nil),
        (#"{"sid":"a","exp":1799999970}"#, "expired"), (#"{"sid":"a"}"#, "no exp"),
        (#"{"sid":"a","exp":"1800000600"}"#, "no JWT"), (#"{"sid":"a","exp":1e400}"#, nil),
        (#"{"sid":"a","exp":-1e400}"#, "expired"), (#"{"sid":"a","exp":1.8000006e9}"#, nil),
        (#"{"sid":"a","exp":1800000600,"nbf":1800000031}"#, "nbf"),
        (#"{"sid":"a","exp":1800000600,"nbf":1800000030}"#, nil),
        (#"{"sid":"a","exp":1800000600,"nbf":"x"}"#, "no JWT"), (#"{"sid":"a","exp":1800000600,"iat":[]}"#, "no JWT"),
        (#"{"sub":"a","exp":1800000600}"#, nil), (#"{"exp":1800000600}"#, "names the session"),
        (#"{"sid":null,"sub":"a","exp":1800000600}"#, nil), (#"{"sid":"","exp":1800000600}"#, "names the session"),
        (#"{"sid":{},"exp":1800000600}"#, "claim sid"), (#"{"sid":["a"],"exp":1800000600}"#, "claim sid"),
        (#"{"sid":"a\nb","exp":1800000600}"#, "claim sid"), (#"{"sid":"a","sid":"b","exp":1800000600}"#, "no JWT"),
        (#"{"sid":"a","exp":1800000600,"exp":1}"#, "no JWT"), (#"[1]"#, "no JWT"), (#"{"sid":"a""#, "no JWT"),
    ])
    func `claims decide`(payload: String, problem: String?) async throws {
        let validator = try await validator()
        let found = validator.problem(try await Made.token(key, payload: payload))
        if let problem {
            #expect(found?.contains(problem) == true, "\(found ?? "good")")
        } else {
            #expect(found == nil)
        }
    }

    @Test(arguments: [
        (#""aud":"agents""#, true), (#""aud":["x","agents"]"#, true), (#""aud":["x",7]"#, false), (#""aud":7"#, false),
        (#""aud":"agent""#, false), (#""x":1"#, false),
    ])
    func `an audience is one of several`(audience: String, isGood: Bool) async throws {
        let validator = try await validator { $0.audiences = ["agents", "others"] }
        let token = try await Made.token(key, payload: #"{"sid":"a","exp":1800000600,\#(audience)}"#)
        #expect((validator.problem(token) == nil) == isGood)
    }

    @Test func `an issuer is one of those that are named`() async throws {
        let validator = try await validator { $0.issuers = ["https://id.example.com"] }
        let good = try await Made.token(key, payload: #"{"sid":"a","exp":1800000600,"iss":"https://id.example.com"}"#)
        let other = try await Made.token(key, payload: #"{"sid":"a","exp":1800000600,"iss":"https://id.example.com/"}"#)
        #expect(validator.problem(good) == nil)
        #expect(validator.problem(other)?.contains("iss") == true)
    }

    @Test(arguments: [
        #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"NONE"}"#, #"{"alg":""}"#, #"{}"#, #"{"alg":null}"#,
        #"{"alg":["ES256"]}"#, #"{"alg":"ES384"}"#, #"{"alg":"es256"}"#, #"{"alg":"ES256","crit":["exp"]}"#,
        #"{"alg":"ES256","b64":false}"#, #"{"alg":"ES256","kid":7}"#, #"{"alg":"HS256"}"#, #"{"alg":"RS256"}"#,
        #"{"alg":"none","alg":"ES256"}"#, #"["ES256"]"#,
    ])
    func `a header that is not just so is refused`(header: String) async throws {
        let validator = try await validator()
        let payload = #"{"sid":"anna","exp":1800000600}"#
        for token in [
            try await Made.token(header, payload) { await $0.add(ecdsa: key) },
            ByteString(Made.base64url(header.utf8) + "." + Made.base64url(payload.utf8) + "."),
        ] {
            #expect(validator.problem(token) != nil)
        }
    }

    @Test func `a public key is never a secret`() async throws {
        let validator = try await validator()
        let payload = #"{"sid":"anna","exp":1800000600}"#
        for secret in [Made.jwk(key), key.publicKey.pemRepresentation] {
            let token = try await Made.token(#"{"alg":"HS256","kid":"k1"}"#, payload) {
                await $0.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
            }
            #expect(validator.problem(token)?.contains("no key") == true)
        }
    }

    @Test func `a token that names a key is tried with that one alone`() async throws {
        let other = ES256PrivateKey()
        let keys = try await Made.reading([Made.jwk(key), Made.jwk(other, kid: "k2")]).keys
        let validator = Made.validator(keys, Made.settings())
        #expect(validator.problem(try await Made.token(other, kid: "k2")) == nil)
        #expect(validator.problem(try await Made.token(other, kid: "k1"))?.contains("signature") == true)
        #expect(
            validator.problem(try await Made.token(other, kid: nil)) == nil, "without a name all that fit are tried")
        #expect(validator.problem(try await Made.token(other, kid: "k3"))?.contains("k3") == true)
    }

    @Test func `at most eight keys are tried`() async throws {
        let many = (0..<12).map { _ in ES256PrivateKey() }
        let keys = try await Made.reading(many.map { Made.jwk($0, kid: nil) }).keys
        let validator = Made.validator(keys, Made.settings())
        #expect(validator.problem(try await Made.token(many[7], kid: nil)) == nil)
        #expect(validator.problem(try await Made.token(many[8], kid: nil))?.contains("signature") == true)
    }

    @Test func `a megabyte is no token`() async throws {
        let validator = try await validator()
        #expect(validator.problem(ByteString(Array(repeating: 0x61, count: 1 << 20)))?.contains("too long") == true)
    }

    @Test func `no changed token is good`() async throws {
        let validator = try await validator()
        let good = try await Made.token(key)
        var dice = Dice(seed: 14)
        for _ in 0..<20_000 {
            var bytes = good.bytes
            for _ in 0..<dice.within(1...3) {
                let place = dice.below(bytes.count)
                switch dice.below(3) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: dice.below(256))
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8(truncatingIfNeeded: dice.below(256)), at: place)
                }
            }
            if bytes == good.bytes { continue }
            #expect(validator.problem(ByteString(bytes)) != nil, "\(bytes)")
        }
    }

    @Test func `no problem shows the token`() async throws {
        let validator = try await validator()
        for token in ["abc.def.ghi", "secret-token-of-anna"] {
            #expect(validator.problem(ByteString(token))?.contains(token) == false)
        }
    }

    // MARK: What is known

    @Test func `a verdict is known until the token's end, or its key's`() async throws {
        let settings = Made.settings()
        let (first, second) = (try await Made.reading([Made.jwk(key)]).keys, [VerificationKey]())
        let validator = Made.validator(first, settings)
        let token = try await Made.token(key)
        #expect(validator.known(token, at: Made.now) == nil)
        #expect(validator.problem(token) == nil)
        #expect(validator.known(token, at: Made.now) != nil)
        #expect(validator.known(token, at: UnixTime(milliseconds: 1_800_000_629_000)) != nil, "with the leeway")
        #expect(validator.known(token, at: UnixTime(milliseconds: 1_800_000_630_000)) == nil)
        validator.adopt(KeyTable(first))
        #expect(validator.known(token, at: Made.now) != nil, "the same key")
        validator.adopt(KeyTable(second))
        #expect(validator.known(token, at: Made.now) == nil)
    }

    @Test func `a bad verdict is known for five seconds, and not past other keys`() async throws {
        let validator = try await validator()
        let token = try await Made.token(ES256PrivateKey())
        #expect(validator.problem(token) != nil)
        #expect(validator.known(token, at: UnixTime(milliseconds: 1_800_000_004_999)) != nil)
        #expect(validator.known(token, at: UnixTime(milliseconds: 1_800_000_005_000)) == nil)
        #expect(validator.problem(token) != nil)
        validator.adopt(KeyTable())
        #expect(validator.known(token, at: Made.now) == nil)
    }

    @Test func `what is known is bounded`() {
        var cache = VerdictCache(most: 100, mostBytes: 1 << 20)
        let entry = VerdictCache.Entry(
            verdict: .good(.none), until: UnixTime(milliseconds: 10), found: UnixTime(milliseconds: 0), key: nil)
        for number in 0..<10_000 {
            cache.insert(ByteString("\(number)"), entry)
            #expect(cache.find("0", at: UnixTime(milliseconds: 1)) != nil, "what is asked for stays")
            #expect(cache.count <= 100)
        }
        cache = VerdictCache(most: 100, mostBytes: 1000)
        for number in 0..<100 { cache.insert(ByteString(Array(repeating: UInt8(number), count: 100)), entry) }
        #expect(cache.count <= 10)
        cache.insert(ByteString(Array(repeating: 1, count: 500)), entry)
        #expect(cache.count <= 10, "none that takes all the room")
    }
}
