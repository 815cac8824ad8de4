import Foundation
import JWTKit
import ShuntCore

@testable import ShuntAuth

/// Tokens and sets of keys as tests make them.
enum Made {
    static let now = UnixTime(milliseconds: 1_800_000_000_000)
    static let seconds = 1_800_000_000

    static func settings(
        _ algorithms: [SignatureAlgorithm] = [.es256], _ change: (inout JWTSettings) -> Void = { _ in }
    ) -> JWTSettings {
        var settings = JWTSettings()
        settings.algorithms = algorithms
        settings.leeway = .seconds(30)
        settings.claims.session = [ClaimPath("sid"), ClaimPath("sub")]
        change(&settings)
        return settings
    }

    static func base64url(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// A token of these two JSON texts, signed by a key of JWTKit's.
    static func token(
        _ header: String, _ payload: String, _ add: (JWTKeyCollection) async -> Void
    ) async throws -> ByteString {
        let keys = JWTKeyCollection()
        await add(keys)
        let signer = try await keys.getKey()
        let signed = base64url(header.utf8) + "." + base64url(payload.utf8)
        return ByteString(signed + "." + base64url(try signer.sign(Array(signed.utf8))))
    }

    /// One of a P-256 key, with good claims but for what is said.
    static func token(
        _ key: ES256PrivateKey, kid: String? = "k1", payload: String = #"{"sid":"anna","exp":1800000600}"#
    ) async throws -> ByteString {
        let header = kid.map { #"{"alg":"ES256","kid":"\#($0)"}"# } ?? #"{"alg":"ES256"}"#
        return try await token(header, payload) { await $0.add(ecdsa: key) }
    }

    static func jwk(_ key: ES256PrivateKey, kid: String? = "k1", _ more: String = "") -> String {
        let point = key.publicKey.parameters
        let (x, y) = (urlSafe(point?.x ?? ""), urlSafe(point?.y ?? ""))
        let name = kid.map { #""kid":"\#($0)","# } ?? ""
        return #"{"kty":"EC","crv":"P-256",\#(name)"x":"\#(x)","y":"\#(y)"\#(more)}"#
    }

    private static func urlSafe(_ base64: String) -> String {
        base64.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    static func reading(
        _ jwks: [String], _ allowed: [SignatureAlgorithm] = [.es256, .rs256, .ps256, .edDSA, .es512, .hs256]
    ) async throws -> KeyReading {
        try await KeyReading(jwks: Array(#"{"keys":[\#(jwks.joined(separator: ","))]}"#.utf8), allowed: allowed)
    }

    static func validator(_ keys: [VerificationKey], _ settings: JWTSettings) -> TokenValidator {
        let validator = TokenValidator(settings)
        validator.adopt(KeyTable(keys))
        return validator
    }
}

extension TokenValidator {
    /// The problem that the log is told of a token; nil where it is good.
    func problem(_ token: ByteString, at now: UnixTime = Made.now) -> String? {
        switch find(token, at: now) {
        case .verdict(.good), .verdict(.unasked): nil
        case .verdict(.bad(_, let problem)), .verdict(.unknown(let problem)): problem
        case .unknownKey(let problem): "\(problem)"
        }
    }
}
