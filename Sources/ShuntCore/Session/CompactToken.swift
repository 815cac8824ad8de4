/// Why a token is not good. The text is for the log: it shows nothing of the token but its key id.
package enum TokenProblem: Error, Equatable, CustomStringConvertible {
    case malformed
    case tooLong
    case algorithmNotAllowed
    case criticalHeader
    /// No key has the id that the token names, or none is of its algorithm.
    case unknownKey(ByteString?)
    case badSignature
    case noExpiry
    case expired
    case notYetGood
    case wrongIssuer
    case wrongAudience
    case noSession
    case badClaim(String)

    package var description: String {
        switch self {
        case .malformed: "the token is no JWT"
        case .tooLong: "the token is too long"
        case .algorithmNotAllowed: "the token's algorithm is not among session.validate.algorithms"
        case .criticalHeader: "the token has a header field that must be understood (crit) and is not"
        case .unknownKey(let id):
            "no key for the token"
                + (id.map { ": its kid is \(ByteString($0.bytes.prefix(100)))" } ?? ", which names none")
        case .badSignature: "the token's signature is wrong"
        case .noExpiry: "the token has no exp"
        case .expired: "the token has expired"
        case .notYetGood: "the token is not good yet (nbf)"
        case .wrongIssuer: "the token's iss is another one"
        case .wrongAudience: "the token's aud is another one"
        case .noSession: "the token lacks the claim that names the session"
        case .badClaim(let name): "the token's claim \(name) is of no use"
        }
    }
}

/// A token in the compact form of RFC 7515, taken apart: nothing of it is to be believed before its signature is verified.
package struct CompactToken: Sendable {
    package let algorithm: SignatureAlgorithm
    package let keyID: ByteString?
    /// What is signed.
    package let signed: ArraySlice<UInt8>
    package let signature: [UInt8]
    private let payload: JSONDocument

    /// - Throws: `TokenProblem` where it is none, or one that is never good.
    package init(_ token: ByteString, _ settings: JWTSettings) throws(TokenProblem) {
        guard token.count <= settings.longest else { throw .tooLong }
        let parts = token.bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decoded(parts[0]).flatMap({ JSONDocument($0) }) else {
            throw .malformed
        }
        guard case .object = head, let name = head["alg"]?.text?.text else { throw .malformed }
        guard let algorithm = SignatureAlgorithm(rawValue: name), settings.algorithms.contains(algorithm) else {
            throw .algorithmNotAllowed
        }
        // Among what could stand there is that the payload is not encoded (RFC 7797).
        if head["crit"] != nil || head["b64"] != nil { throw .criticalHeader }
        switch head["kid"] {
        case nil: keyID = nil
        case .text(let id) where id.count <= 1024: keyID = id
        default: throw .malformed
        }
        guard let payload = Base64URL.decoded(parts[1]).flatMap({ JSONDocument($0) }), case .object = payload,
            let signature = Base64URL.decoded(parts[2])
        else { throw .malformed }
        self.algorithm = algorithm
        self.signature = signature
        self.payload = payload
        signed = token.bytes[..<parts[1].endIndex]
    }

    /// What the token says, where its signature was verified.
    ///
    /// - Throws: `TokenProblem` where it is not good now, or not for this.
    package func claims(_ settings: JWTSettings, at now: UnixTime) throws(TokenProblem) -> Claims {
        guard let expiry = payload["exp"] else { throw .noExpiry }
        guard let expires = UnixTime(numericDate: expiry) else { throw .malformed }
        let leeway = settings.leeway.milliseconds
        guard expires.milliseconds + leeway > now.milliseconds else { throw .expired }
        if let begin = payload["nbf"] {
            guard let begins = UnixTime(numericDate: begin) else { throw .malformed }
            guard begins.milliseconds - leeway <= now.milliseconds else { throw .notYetGood }
        }
        if let issued = payload["iat"], UnixTime(numericDate: issued) == nil { throw .malformed }
        if !settings.issuers.isEmpty {
            guard let issuer = payload["iss"]?.text, settings.issuers.contains(where: issuer.isText) else {
                throw .wrongIssuer
            }
        }
        if !settings.audiences.isEmpty {
            guard audiences.contains(where: { said in settings.audiences.contains { said.isText($0) } }) else {
                throw .wrongAudience
            }
        }
        do {
            return try Claims(of: payload, naming: settings.claims)
        } catch {
            switch error {
            case .noSession: throw .noSession
            case .badClaim(let name): throw .badClaim(name)
            }
        }
    }

    private var audiences: [ByteString] {
        switch payload["aud"] {
        case .text(let one): [one]
        case .list(let list): list.compactMap(\.text)
        default: []
        }
    }
}
