import ShuntCore

/// The files of TLS that a configuration names: looked into once each, however many routes name them.
final class TLSLookup {
    private let access: TLSFileAccess?
    /// The folder of the configuration, with a slash at its end; empty where it is the working directory.
    private let folder: Substring
    private var outcomes: [TLSClientSettings: TLSFileAccess.Outcome] = [:]
    private(set) var certificates: [CertificateFacts] = []
    private(set) var digests: [String: UInt64] = [:]
    /// Paths and names as they are written, where the environment has a part in them.
    private(set) var shown: [String: String] = [:]

    /// A certificate that ends sooner is told of.
    private static let notice: Int64 = 14 * 86_400

    /// - Parameters:
    ///   - file: the configuration's own path.
    ///   - access: nil where no file is to be looked into.
    init(file: String, access: TLSFileAccess?) {
        folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        self.access = access
    }

    /// Paths count from the configuration's folder.
    func path(_ scalar: DocumentScalar) -> String {
        let path = scalar.text.hasPrefix("/") ? scalar.text : folder + scalar.text
        if scalar.isReference { shown[path] = scalar.shown }
        return path
    }

    /// The name may be shown as it is written only, where the environment has a part in it.
    func keep(_ name: String, of node: DocumentNode) {
        if let scalar = node.scalar, scalar.isReference { shown[name] = scalar.shown }
    }

    func look(_ files: TLSCertificateFiles, at certificate: DocumentNode, _ key: DocumentNode, _ list: DiagnosticList) {
        var settings = TLSClientSettings()
        settings.verifies = false
        settings.certificate = files
        switch load(settings, files: [files.chain, files.key]) {
        case nil: break
        case .wrong(let problem, let file):
            let isOfKey = file == files.key && files.key != files.chain
            list.error(isOfKey ? key : certificate, problem)
        case .loaded(let facts):
            for fact in facts { tellTime(of: fact, at: certificate, list) }
        }
    }

    func look(authorities: String, at node: DocumentNode, _ list: DiagnosticList) {
        var settings = TLSClientSettings()
        settings.authorities = authorities
        if case .wrong(let problem, _) = load(settings, files: [authorities]) { list.error(node, problem) }
    }

    func look(ciphers: String, at node: DocumentNode, _ list: DiagnosticList) {
        var settings = TLSClientSettings()
        settings.verifies = false
        settings.ciphers = ciphers
        guard case .wrong(let problem, _) = load(settings, files: []) else { return }
        // What came from the environment is not shown.
        list.error(node, node.scalar?.isReference == true ? "no cipher is left of \(node.found)" : problem)
    }

    private func load(_ settings: TLSClientSettings, files: [String]) -> TLSFileAccess.Outcome? {
        guard let access else { return nil }
        if let known = outcomes[settings] { return known }
        for file in files where digests[file] == nil { digests[file] = access.digest(file) }
        var outcome = access.load(settings)
        switch outcome {
        case .loaded(let facts):
            for fact in facts where !certificates.contains(where: { $0.file == fact.file }) {
                certificates.append(fact)
            }
        case .wrong(var problem, let file):
            for path in files { problem = problem.replacing(path, with: shown[path] ?? path) }
            outcome = .wrong(Excerpt.of(problem, longest: 6000), file: file)
        }
        outcomes[settings] = outcome
        return outcome
    }

    private func tellTime(of certificate: CertificateFacts, at node: DocumentNode, _ list: DiagnosticList) {
        guard let now = access.map({ $0.now.milliseconds / 1000 }) else { return }
        let file = Excerpt.quoted(shown[certificate.file] ?? certificate.file)
        let end = UnixTime(seconds: certificate.notAfter).shortText
        if certificate.notAfter <= now {
            list.warning(
                node, "the certificate in \(file) expired at \(end)",
                advice: "whoever looks at it refuses the connection: renew it")
        } else if certificate.notBefore > now {
            list.warning(
                node,
                "the certificate in \(file) is not valid before \(UnixTime(seconds: certificate.notBefore).shortText)",
                advice: "look at the clock of this machine")
        } else if certificate.notAfter - now < Self.notice {
            let days = (certificate.notAfter - now) / 86_400
            let left = days == 0 ? "within a day" : "in \(days) day\(days == 1 ? "" : "s")"
            list.warning(
                node, "the certificate in \(file) expires \(left), at \(end)", advice: "renew it in time")
        }
    }
}

extension UnixTime {
    /// A time that is counted in seconds; those that no calendar has are the last one that it has.
    init(seconds: Int64) { self.init(milliseconds: min(max(seconds, 0), 253_402_300_799) * 1000) }
}
