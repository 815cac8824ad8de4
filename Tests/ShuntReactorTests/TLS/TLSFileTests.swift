import ShuntCore
import ShuntReactor
import Testing

/// What is said of files that are not what they should be.
@Suite struct TLSFileTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.required() }

    @Test(arguments: [
        ("missing.pem", "server.key", TLSProblem.Kind.noFile, "missing.pem: No such file or directory"),
        ("server.pem", "missing.key", .noFile, "missing.key: No such file or directory"),
        ("empty.pem", "server.key", .noCertificate, "empty.pem has no certificate"),
        ("server.key", "server.key", .noCertificate, "server.key has no certificate"),
        ("half.pem", "server.key", .badCertificate, "half.pem is damaged or cut off"),
        ("broken.pem", "below.key", .brokenChain, "broken.pem do not follow one another"),
        ("server.pem", "server.pem", .noKey, "server.pem has no private key"),
        ("server.pem", "empty.pem", .noKey, "empty.pem has no private key"),
        ("server.pem", "half.key", .badKey, "half.key is damaged or cut off"),
        ("server.pem", "encrypted.key", .encryptedKey, "encrypted.key is encrypted"),
        ("server.pem", "star.key", .keyMismatch, "star.key does not belong to the certificate"),
    ])
    func `a bad file is named, with what to do`(
        chain: String, key: String, kind: TLSProblem.Kind, words: String
    ) throws {
        let files = TLSCertificateFiles(chain: certificates.path(chain), key: certificates.path(key))
        do throws(TLSProblem) {
            _ = try TLSContext(TLSServerSettings(certificates: [certificates.files("server"), files]))
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == kind)
            #expect("\(error)".contains(words), "\(error)")
            #expect("\(error)".contains(certificates.folder))
        }
    }

    @Test func `authorities and ciphers are looked at too`() throws {
        do throws(TLSProblem) {
            _ = try certificates.client { $0.authorities = certificates.path("missing.pem") }
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == .noFile)
            #expect("\(error)".contains("missing.pem"))
        }
        do throws(TLSProblem) {
            _ = try certificates.server { $0.ciphers = "NONE-SUCH" }
            Issue.record("it was taken")
        } catch {
            #expect(error.kind == .badCiphers)
            #expect("\(error)".contains("NONE-SUCH"))
        }
        #expect(throws: TLSProblem.self) { try TLSContext(TLSServerSettings(certificates: [])) }
    }

    @Test func `certificates say what is in them, also when they are expired`() throws {
        let facts = try certificates.server(["server", "star", "expired"]).certificates
        #expect(
            facts.map(\.names) == [["localhost", "proxy.example", "127.0.0.1"], ["*.star.example"], ["localhost"]])
        #expect(facts[0].notAfter - facts[0].notBefore == 3650 * 86_400)
        #expect(facts[2].notAfter < facts[2].notBefore)
        #expect(facts[0].notBefore > 1_500_000_000)
        #expect(facts.allSatisfy { $0.serial.count > 8 })
        #expect(facts[1].file.hasSuffix("star.pem"))
        #expect(try certificates.client { $0.authorities = nil }.certificates.isEmpty)
    }
}
