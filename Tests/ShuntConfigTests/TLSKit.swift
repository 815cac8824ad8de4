import ShuntConfig
import ShuntCore

/// PEM files that are there only by name: what is loaded from them, and when they end.
struct FakeFiles: Sendable {
    /// A day before 2026-12-01.
    static let now = UnixTime(milliseconds: 1_796_000_000_000)
    static let day: Int64 = 86_400

    /// Days from now until the certificates end.
    var certificates: [String: Int64] = ["c.pem": 365, "d.pem": 90]
    var keys: Set<String> = ["c.key", "d.key"]
    var authorities: Set<String> = ["ca.pem"]
    /// Counted up by a test to change a file.
    var contents: [String: UInt64] = [:]

    var access: TLSFileAccess {
        TLSFileAccess(now: Self.now, load: load, digest: { contents[$0] ?? 1 })
    }

    @Sendable private func load(_ settings: TLSClientSettings) -> TLSFileAccess.Outcome {
        if settings.ciphers == "NONE" { return .wrong("no cipher is left of \"NONE\"", file: nil) }
        if let file = settings.authorities, !authorities.contains(file) {
            return .wrong("\(file) is no CA", file: file)
        }
        guard let files = settings.certificate else { return .loaded([]) }
        guard let days = certificates[files.chain] else {
            return .wrong("cannot read \(files.chain)", file: files.chain)
        }
        guard keys.contains(files.key) else { return .wrong("\(files.key) does not fit", file: files.key) }
        let now = Self.now.milliseconds / 1000
        return .loaded([
            CertificateFacts(
                file: files.chain, names: ["\(files.chain).example"], serial: "1",
                notBefore: days > 3000 ? now + 60 : now - 1000 * Self.day, notAfter: now + days * Self.day)
        ])
    }
}

extension ConfigOutcome {
    /// What is said, one line for each finding, without the file's name.
    var lines: [String] { diagnostics.map { String($0.description.dropFirst("config.yaml:".count)) } }
}
