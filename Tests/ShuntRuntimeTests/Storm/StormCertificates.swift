import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// What peers of storms speak TLS with. The keys are RSA's: signatures of another kind differ in length from run to run,
/// and what the dice say would depend on that.
struct StormCertificates {
    /// Nil where there is no `openssl`.
    private static let shared: StormCertificates? = try? StormCertificates()

    let folder: CertificateFolder
    /// Of agents: certificates that the proxy trusts, and one of a stranger's.
    let trusted: [TLSContext]
    let untrusted: TLSContext

    static func required() throws -> StormCertificates {
        try #require(shared, "the openssl command is there (Debian's package of that name)")
    }

    private init() throws {
        let folder = try CertificateFolder()
        try folder.run(Self.script)
        self.folder = folder
        func context(_ name: String) throws -> TLSContext {
            try TLSContext(TLSServerSettings(certificates: [folder.files(name)]))
        }
        trusted = [try context("first"), try context("second")]
        untrusted = try context("other")
    }

    private static let script = """
        root() {
            openssl req -x509 -newkey rsa:2048 -nodes -keyout $1.key -out $1.pem -days 3650 -set_serial $2 \\
                -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE
        }
        under() {
            openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' >$1.ext
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -set_serial $3 -days 3650 -extfile $1.ext -out $1.pem
        }
        root ours 1
        root theirs 2
        under first ours 3
        under second ours 4
        under other theirs 5
        head -c 700 first.pem >half.pem
        cp first.key half.key
        """

    /// Of the proxy's listening side.
    func listening(_ name: String) -> TLSServerSettings { TLSServerSettings(certificates: [folder.files(name)]) }

    /// Of clients that speak no later version than that.
    func client(_ most: TLSVersion) throws -> TLSContext {
        var settings = TLSClientSettings()
        settings.authorities = folder.file("ours.pem")
        settings.most = most
        return try TLSContext(settings)
    }
}
