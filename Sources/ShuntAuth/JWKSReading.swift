import Foundation
import JWTKit
import ShuntCore

extension KeyReading {
    /// The longest set of keys, in bytes, and the most keys in one.
    static let longest = 1 << 20
    static let most = 1000

    /// Reads a JSON Web Key Set (RFC 7517 §5) key by key: what is unknown, weak or for something else is left out.
    ///
    /// - Throws: `KeyPlaceProblem` where it is none.
    init(jwks bytes: [UInt8], allowed: [SignatureAlgorithm]) async throws {
        guard bytes.count <= Self.longest else { throw KeyPlaceProblem("it is longer than 1 MiB") }
        guard let tree = JSONDocument(bytes) else { throw KeyPlaceProblem("it is no JSON, or has a name twice") }
        guard case .list(let list)? = tree["keys"] else { throw KeyPlaceProblem("it is no JSON Web Key Set: no keys") }
        guard list.count <= Self.most else { throw KeyPlaceProblem("it has more than \(Self.most) keys") }
        for (index, key) in list.enumerated() {
            let id = key["kid"]?.text
            do {
                keys += try await Self.read(key, id: id, allowed)
            } catch let problem as KeyPlaceProblem {
                problems.append(Self.name(id, index) + ": \(problem)")
            } catch {
                // What JWTKit says may repeat what it was given.
                problems.append(Self.name(id, index) + ": it is no key")
            }
        }
    }

    private static func name(_ id: ByteString?, _ index: Int) -> String {
        id.map { "key \(ByteString($0.bytes.prefix(100)))" } ?? "key \(index + 1)"
    }

    private static func read(
        _ key: JSONDocument, id: ByteString?, _ allowed: [SignatureAlgorithm]
    ) async throws -> [VerificationKey] {
        guard case .object = key else { throw KeyPlaceProblem("it is no object") }
        if let use = key["use"]?.text, !use.isText("sig") { throw KeyPlaceProblem("its use is another (\(use))") }
        if case .list(let operations)? = key["key_ops"], !operations.contains(.text("verify")) {
            throw KeyPlaceProblem("its key_ops lack verify")
        }
        let material = try material(of: key)
        var algorithms = material.algorithms.filter(allowed.contains)
        if let said = key["alg"] {
            guard let name = said.text?.text, let algorithm = SignatureAlgorithm(rawValue: name),
                material.algorithms.contains(algorithm)
            else { throw KeyPlaceProblem("its alg is unknown, or not for such a key") }
            algorithms = algorithms.filter { $0 == algorithm }
        }
        guard !algorithms.isEmpty else { throw KeyPlaceProblem("none of session.validate.algorithms is for it") }
        return try await material.bound(to: algorithms, id: id)
    }

    private static func material(of key: JSONDocument) throws -> KeyMaterial {
        switch key["kty"]?.text?.text {
        case "RSA":
            let (modulus, exponent) = (try bytes(of: "n", key), try bytes(of: "e", key))
            guard modulus.drop(while: { $0 == 0 }).count >= 256 else {
                throw KeyPlaceProblem("it is shorter than 2048 bits")
            }
            guard modulus.count <= 2048, exponent.count <= 8 else { throw KeyPlaceProblem("it is too long") }
            return .rsa(
                try Insecure.RSA.PublicKey(
                    modulus: try text(of: "n", key), exponent: try text(of: "e", key)))
        case "EC":
            let curve = key["crv"]?.text?.text
            guard let length = ["P-256": 32, "P-384": 48, "P-521": 66][curve ?? ""] else {
                throw KeyPlaceProblem("its crv is unknown")
            }
            guard try bytes(of: "x", key).count == length, try bytes(of: "y", key).count == length else {
                throw KeyPlaceProblem("its x and y are not \(length) bytes long")
            }
            let point = (x: try text(of: "x", key), y: try text(of: "y", key))
            switch length {
            case 32: return .p256(try ES256PublicKey(parameters: point))
            case 48: return .p384(try ES384PublicKey(parameters: point))
            default: return .p521(try ES512PublicKey(parameters: point))
            }
        case "OKP":
            guard key["crv"]?.text?.isText("Ed25519") == true else { throw KeyPlaceProblem("its crv is unknown") }
            guard try bytes(of: "x", key).count == 32 else { throw KeyPlaceProblem("its x is not 32 bytes long") }
            return .ed25519(try EdDSA.PublicKey(x: try text(of: "x", key), curve: .ed25519))
        case "oct": throw KeyPlaceProblem("it is a secret: name it as secret or secret_file")
        default: throw KeyPlaceProblem("its kty is unknown")
        }
    }

    private static func text(of name: String, _ key: JSONDocument) throws -> String {
        guard let text = key[name]?.text?.text else { throw KeyPlaceProblem("its \(name) is missing") }
        return text
    }

    private static func bytes(of name: String, _ key: JSONDocument) throws -> [UInt8] {
        guard let bytes = Base64URL.decoded(Array(try text(of: name, key).utf8)[...]) else {
            throw KeyPlaceProblem("its \(name) is no base64url")
        }
        return bytes
    }
}
