import Foundation
import JWTKit
import ShuntCore

/// A key that signatures of one algorithm are verified with: that one only, whatever a token says.
struct VerificationKey: Sendable {
    let id: ByteString?
    let algorithm: SignatureAlgorithm
    /// What the key is: two with the same are the same key.
    let material: ByteString
    private let verifier: any JWTKit.JWTAlgorithm

    /// Makes a key of JWTKit's by the only door that it has to one: a collection that holds nothing else.
    init(
        id: ByteString?, _ algorithm: SignatureAlgorithm, material: [UInt8],
        _ add: @Sendable (JWTKeyCollection) async -> Void
    ) async throws {
        let collection = JWTKeyCollection()
        await add(collection)
        verifier = try await collection.getKey()
        self.id = id
        self.algorithm = algorithm
        self.material = ByteString(Array(algorithm.rawValue.utf8) + [0] + material)
    }

    /// What tells it from others.
    var name: ByteString { material + ByteString([0]) + (id ?? "") }

    func verifies(_ token: CompactToken) -> Bool {
        token.algorithm == algorithm && (try? verifier.verify(token.signature, signs: token.signed)) == true
    }
}

/// The public part of a key, or a secret, before it is bound to an algorithm.
enum KeyMaterial: Sendable {
    case rsa(Insecure.RSA.PublicKey)
    case p256(ES256PublicKey)
    case p384(ES384PublicKey)
    case p521(ES512PublicKey)
    case ed25519(EdDSA.PublicKey)
    case secret([UInt8])

    /// What the key may be used with.
    var algorithms: [SignatureAlgorithm] {
        switch self {
        case .rsa: [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        case .p256: [.es256]
        case .p384: [.es384]
        case .p521: [.es512]
        case .ed25519: [.edDSA]
        case .secret: [.hs256, .hs384, .hs512]
        }
    }

    /// Binds it to each of the algorithms.
    func bound(to algorithms: [SignatureAlgorithm], id: ByteString?) async throws -> [VerificationKey] {
        var keys: [VerificationKey] = []
        for algorithm in algorithms where self.algorithms.contains(algorithm) {
            keys.append(try await bound(to: algorithm, id: id))
        }
        return keys
    }

    private func bound(to algorithm: SignatureAlgorithm, id: ByteString?) async throws -> VerificationKey {
        switch self {
        case .rsa(let key):
            try await VerificationKey(id: id, algorithm, material: [UInt8](key.derRepresentation)) { keys in
                switch algorithm {
                case .ps256, .ps384, .ps512: await keys.add(pss: key, digestAlgorithm: algorithm.digest)
                default: await keys.add(rsa: key, digestAlgorithm: algorithm.digest)
                }
            }
        case .p256(let key):
            try await VerificationKey(id: id, algorithm, material: Array(key.pemRepresentation.utf8)) {
                await $0.add(ecdsa: key)
            }
        case .p384(let key):
            try await VerificationKey(id: id, algorithm, material: Array(key.pemRepresentation.utf8)) {
                await $0.add(ecdsa: key)
            }
        case .p521(let key):
            try await VerificationKey(id: id, algorithm, material: Array(key.pemRepresentation.utf8)) {
                await $0.add(ecdsa: key)
            }
        case .ed25519(let key):
            try await VerificationKey(id: id, algorithm, material: [UInt8](key.rawRepresentation)) {
                await $0.add(eddsa: key)
            }
        case .secret(let secret):
            try await VerificationKey(id: id, algorithm, material: secret) {
                await $0.add(hmac: HMACKey(from: secret), digestAlgorithm: algorithm.digest)
            }
        }
    }
}

extension SignatureAlgorithm {
    fileprivate var digest: DigestAlgorithm {
        switch self {
        case .rs256, .ps256, .es256, .hs256, .edDSA: .sha256
        case .rs384, .ps384, .es384, .hs384: .sha384
        case .rs512, .ps512, .es512, .hs512: .sha512
        }
    }

    /// The fewest bytes that a secret for it may have (RFC 7518 §3.2).
    var leastSecret: Int {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        default: 0
        }
    }
}
