package import ShuntCore

/// How the files of TLS are looked into while a configuration is read. Handed in: reading a configuration links no TLS.
package struct TLSFileAccess: Sendable {
    /// What came of loading files.
    package enum Outcome: Sendable, Equatable {
        case loaded([CertificateFacts])
        /// What is wrong, with what to do, and the path of the file that it is about.
        case wrong(String, file: String?)
    }

    /// Expiry is told against it.
    package var now: UnixTime
    /// Loads whatever files and names of ciphers the settings have, as the process would that serves.
    package var load: @Sendable (TLSClientSettings) -> Outcome
    /// A digest of a file's bytes; nil where it cannot be read.
    package var digest: @Sendable (String) -> UInt64?

    package init(
        now: UnixTime, load: @escaping @Sendable (TLSClientSettings) -> Outcome,
        digest: @escaping @Sendable (String) -> UInt64?
    ) {
        self.now = now
        self.load = load
        self.digest = digest
    }
}
