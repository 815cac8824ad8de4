import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// Certificates for tests, made once by the `openssl` command in a folder of their own.
struct TestCertificates {
    /// Nil where there is no `openssl`.
    static let shared: TestCertificates? = try? TestCertificates()

    private let made: CertificateFolder

    var folder: String { made.path }

    static func required() throws -> TestCertificates {
        try #require(shared, "the openssl command is there (Debian's package of that name)")
    }

    private init() throws {
        made = try CertificateFolder()
        try made.run(Self.script)
    }

    private static let script = """
        leaf server authority DNS:localhost,DNS:proxy.example,IP:127.0.0.1 3650
        leaf star authority 'DNS:*.star.example' 3650
        leaf exact authority DNS:exact.star.example 3650
        leaf expired authority DNS:localhost -1
        leaf foreign stranger DNS:localhost 3650
        authority alone
        printf 'basicConstraints=critical,CA:TRUE\\n' >between.ext
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout between.key -out between.csr -subj /CN=between
        openssl x509 -req -in between.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 3650 \\
            -extfile between.ext -out between.pem
        leaf below between DNS:localhost 3650
        cat below.pem between.pem >chain.pem
        cat below.pem stranger.pem >broken.pem
        head -c 300 server.pem >half.pem
        head -c 150 server.key >half.key
        echo nothing >empty.pem
        openssl pkey -in server.key -aes256 -passout pass:secret -out encrypted.key
        """

    func path(_ name: String) -> String { made.file(name) }

    func files(_ name: String) -> TLSCertificateFiles { made.files(name) }

    func server(
        _ names: [String] = ["server"], _ change: (inout TLSServerSettings) -> Void = { _ in }
    ) throws(TLSProblem) -> TLSContext {
        var settings = TLSServerSettings(certificates: names.map(files))
        change(&settings)
        return try TLSContext(settings)
    }

    func client(_ change: (inout TLSClientSettings) -> Void = { _ in }) throws(TLSProblem) -> TLSContext {
        var settings = TLSClientSettings()
        settings.authorities = path("authority.pem")
        change(&settings)
        return try TLSContext(settings)
    }
}
