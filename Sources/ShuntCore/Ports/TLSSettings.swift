/// The least version of TLS that is spoken.
package enum TLSVersion: Int, Sendable, Hashable {
    case tls12 = 2
    case tls13 = 3
}

/// The PEM files of one certificate.
package struct TLSCertificateFiles: Sendable, Hashable {
    /// The certificate, followed by those that vouch for it.
    package var chain: String
    package var key: String

    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }
}

/// What a listening side is made with.
package struct TLSServerSettings: Sendable, Hashable {
    /// The first is for clients that name nobody, or somebody whom no other certificate fits.
    package var certificates: [TLSCertificateFiles]
    package var least = TLSVersion.tls12
    /// OpenSSL's names, joined by colons; nil is what the system has chosen.
    package var ciphers: String?
    /// The PEM file of those who vouch for clients: where there is one, every client needs a certificate.
    package var clientAuthorities: String?

    package init(certificates: [TLSCertificateFiles]) { self.certificates = certificates }
}

/// What a dialling side is made with.
package struct TLSClientSettings: Sendable, Hashable {
    /// The PEM file of those who vouch for servers; nil are those that the system trusts.
    package var authorities: String?
    /// Whether the server's certificate is looked at, and the name in it.
    package var verifies = true
    /// What is shown to servers that ask for a certificate.
    package var certificate: TLSCertificateFiles?
    package var least = TLSVersion.tls12
    /// The last version that is spoken.
    package var most = TLSVersion.tls13
    /// OpenSSL's names, joined by colons; nil is what the system has chosen.
    package var ciphers: String?
    /// Whether a connection goes on with an earlier one's session.
    package var resumes = true

    package init() {}
}

/// What a certificate says of itself.
package struct CertificateFacts: Sendable, Hashable {
    /// The file it was read from.
    package let file: String
    /// DNS names and addresses.
    package let names: [String]
    /// In hexadecimal digits.
    package let serial: String
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64

    package init(file: String, names: [String], serial: String, notBefore: Int64, notAfter: Int64) {
        self.file = file
        self.names = names
        self.serial = serial
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}
