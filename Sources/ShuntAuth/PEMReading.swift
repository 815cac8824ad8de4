import Foundation
import JWTKit
import ShuntCore

extension KeyReading {
    /// Reads a file of keys: PEM blocks with public keys or certificates, or a JSON Web Key Set.
    ///
    /// - Throws: `KeyPlaceProblem` where there is no key in it.
    init(file bytes: [UInt8], allowed: [SignatureAlgorithm]) async throws {
        if bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            self = try await KeyReading(jwks: bytes, allowed: allowed)
        } else {
            self = try await KeyReading(pem: bytes, allowed: allowed)
        }
        guard !keys.isEmpty else {
            throw KeyPlaceProblem("there is no key of use in it" + (problems.first.map { "; \($0)" } ?? ""))
        }
    }

    private init(pem bytes: [UInt8], allowed: [SignatureAlgorithm]) async throws {
        guard bytes.count <= Self.longest else { throw KeyPlaceProblem("it is longer than 1 MiB") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw KeyPlaceProblem("it is no text") }
        let blocks = Self.blocks(of: text)
        guard !blocks.isEmpty else {
            throw KeyPlaceProblem("it is neither PEM (-----BEGIN PUBLIC KEY-----) nor a JSON Web Key Set")
        }
        guard blocks.count <= Self.most else { throw KeyPlaceProblem("it has more than \(Self.most) keys") }
        for (index, block) in blocks.enumerated() {
            do {
                let material = try Self.material(of: block)
                let bound = try await material.bound(to: allowed, id: nil)
                guard !bound.isEmpty else {
                    throw KeyPlaceProblem("none of session.validate.algorithms is for it")
                }
                keys += bound
            } catch let problem as KeyPlaceProblem {
                problems.append("key \(index + 1): \(problem)")
            } catch {
                problems.append("key \(index + 1): it cannot be read")
            }
        }
    }

    private struct Block {
        var label: String
        var text: String
    }

    private static func blocks(of text: String) -> [Block] {
        var blocks: [Block] = []
        var current: Block?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimming(while: \.isWhitespace)
            if line.hasPrefix("-----BEGIN "), line.hasSuffix("-----") {
                current = Block(label: String(line.dropFirst(11).dropLast(5)), text: line + "\n")
            } else if line.hasPrefix("-----END "), var block = current {
                block.text += line + "\n"
                blocks.append(block)
                current = nil
            } else {
                current?.text += line + "\n"
            }
        }
        return blocks
    }

    private static func material(of block: Block) throws -> KeyMaterial {
        let text = block.text
        if block.label == "CERTIFICATE" {
            if let key = try? Insecure.RSA.PublicKey(certificatePEM: text) { return .rsa(key) }
            if let key = try? ES256PublicKey(certificate: text) { return .p256(key) }
            if let key = try? ES384PublicKey(certificate: text) { return .p384(key) }
            if let key = try? ES512PublicKey(certificate: text) { return .p521(key) }
            throw KeyPlaceProblem("it is a certificate with a key that is of no use here")
        }
        guard block.label == "PUBLIC KEY" || block.label == "RSA PUBLIC KEY" else {
            let isSecret = block.label.hasSuffix("PRIVATE KEY")
            throw KeyPlaceProblem(
                isSecret
                    ? "it is a private key, which belongs to the issuer alone: write its public key there"
                    : "it is no public key and no certificate")
        }
        if let key = try? Insecure.RSA.PublicKey(pem: text) { return .rsa(key) }
        if let key = try? ES256PublicKey(pem: text) { return .p256(key) }
        if let key = try? ES384PublicKey(pem: text) { return .p384(key) }
        if let key = try? ES512PublicKey(pem: text) { return .p521(key) }
        if let key = try? EdDSA.PublicKey(pem: text) { return .ed25519(key) }
        throw KeyPlaceProblem("it is none of RSA with 2048 bits or more, P-256, P-384, P-521 and Ed25519")
    }
}

extension Substring {
    fileprivate func trimming(while fits: (Character) -> Bool) -> String {
        var text = drop(while: fits)
        while let last = text.last, fits(last) { text.removeLast() }
        return String(text)
    }
}
