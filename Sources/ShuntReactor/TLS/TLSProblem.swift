/// What is wrong with files of TLS, or with a peer that speaks it.
package struct TLSProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// (The numbers are those of `CTLS`.)
    package enum Kind: CInt, Sendable, Hashable {
        // Of files.
        case noFile = 1
        case noCertificate = 2
        case badCertificate = 3
        case brokenChain = 4
        case noKey = 5
        case badKey = 6
        case encryptedKey = 7
        case keyMismatch = 8
        case badCiphers = 9
        case unusable = 10
        // Of peers.
        case expired = 20
        case notYetValid = 21
        case wrongName = 22
        case selfSigned = 23
        case unknownIssuer = 24
        case untrusted = 25
        case noSharedProtocol = 26
        case noSharedCipher = 27
        case noApplicationProtocol = 28
        case noClientCertificate = 29
        /// The peer gave up, and says why.
        case peerAlert = 30
        case garbage = 31
        case keyUpdates = 32
        case failed = 33
        /// The peer ended the connection in the middle of the handshake.
        case ended = 40
        /// The peer ended the connection in the middle of a record.
        case truncated = 41
    }

    package let kind: Kind
    /// The number of an alert, `errno` of a file, or 0.
    package let code: CInt
    /// What there is more to say: a file's path or OpenSSL's words.
    package let detail: String

    package init(_ kind: Kind, code: CInt = 0, detail: String = "") {
        self.kind = kind
        self.code = code
        self.detail = detail
    }

    package var description: String {
        switch kind {
        case .noFile: "cannot read \(detail): \(SystemError(code: code)); check the path and who may read it"
        case .noCertificate: "\(detail) has no certificate in it; it must be PEM, with \"BEGIN CERTIFICATE\""
        case .badCertificate: "a certificate in \(detail) is damaged or cut off; write the whole PEM file again"
        case .brokenChain:
            "the certificates in \(detail) do not follow one another; put the server's own first, then the one that "
                + "vouches for it, and so on"
        case .noKey: "\(detail) has no private key in it; it must be PEM, with \"BEGIN PRIVATE KEY\""
        case .badKey: "the private key in \(detail) is damaged or cut off; write the whole PEM file again"
        case .encryptedKey:
            "the private key in \(detail) is encrypted, and nobody is there to be asked for the password; decrypt it "
                + "with \"openssl pkey -in … -out …\""
        case .keyMismatch:
            "the private key in \(detail) does not belong to the certificate; give the key it was made with"
        case .badCiphers: "no cipher is left of \"\(detail)\"; \"openssl ciphers -v\" lists those that there are"
        case .unusable: "OpenSSL does not take \(detail)"
        case .expired: "the peer's certificate is expired"
        case .notYetValid: "the peer's certificate is not valid yet; check the clocks of both sides"
        case .wrongName: "the peer's certificate is for somebody else: \(detail)"
        case .selfSigned: "the peer's certificate is vouched for by nobody but itself: \(detail)"
        case .unknownIssuer: "nobody who is trusted vouches for the peer's certificate: \(detail)"
        case .untrusted: "the peer's certificate is not accepted: \(detail)"
        case .noSharedProtocol: "the peer speaks no version of TLS that is allowed here"
        case .noSharedCipher: "the peer has no cipher that is allowed here"
        case .noApplicationProtocol: "the peer wants another protocol than http/1.1 (ALPN)"
        case .noClientCertificate: "the client shows no certificate"
        case .peerAlert: "the peer gave up: \(detail) (alert \(code))"
        case .garbage: "the peer says what is not TLS: \(detail)"
        case .keyUpdates: "the peer does little but begin new keys"
        case .failed: "TLS failed: \(detail)"
        case .ended: "the peer ended the connection within the TLS handshake"
        case .truncated: "the peer ended the connection in the middle of a TLS record"
        }
    }
}
