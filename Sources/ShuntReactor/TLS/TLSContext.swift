package import ShuntCore

/// What TLS connections have in common: certificates, trust, and the sessions that dials go on with. It never changes: a
/// reload makes a new one, and sockets keep theirs.
package final class TLSContext: Sendable {
    let handle: TLSContextHandle
    package let isServer: Bool
    /// What the certificates say of themselves, in the order of the settings. One that is expired is served all the same.
    package let certificates: [CertificateFacts]

    /// - Throws: `TLSProblem` where a file is not what it should be.
    package init(_ settings: TLSServerSettings) throws(TLSProblem) {
        handle = try TLSContextHandle(
            isServer: true, versions: settings.least.rawValue...3, ciphers: settings.ciphers,
            verifies: settings.clientAuthorities != nil, authorities: settings.clientAuthorities)
        isServer = true
        guard !settings.certificates.isEmpty else {
            throw TLSProblem(.unusable, detail: "a listener without a certificate")
        }
        certificates = try Self.add(settings.certificates, to: handle)
    }

    /// - Throws: `TLSProblem` where a file is not what it should be.
    package init(_ settings: TLSClientSettings) throws(TLSProblem) {
        handle = try TLSContextHandle(
            isServer: false, versions: settings.least.rawValue...max(settings.least.rawValue, settings.most.rawValue),
            ciphers: settings.ciphers, verifies: settings.verifies, authorities: settings.authorities,
            resumes: settings.resumes)
        isServer = false
        certificates = try Self.add(settings.certificate.map { [$0] } ?? [], to: handle)
    }

    private static func add(
        _ certificates: [TLSCertificateFiles], to handle: TLSContextHandle
    ) throws(TLSProblem) -> [CertificateFacts] {
        var facts: [CertificateFacts] = []
        for (index, files) in certificates.enumerated() {
            try handle.add(files)
            facts.append(handle.facts(index, of: files.chain))
        }
        return facts
    }
}
