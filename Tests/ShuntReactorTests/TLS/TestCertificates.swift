import Foundation
import ShuntCore
import ShuntReactor
import Testing

/// Certificates for tests, made once by the `openssl` command in a folder of their own.
struct TestCertificates {
    /// Nil where there is no `openssl`.
    static let shared: TestCertificates? = try? TestCertificates()

    let folder: String

    static func required() throws -> TestCertificates {
        try #require(shared, "the openssl command is there (Debian's package of that name)")
    }

    private init() throws {
        folder = NSTemporaryDirectory() + "shunt-tls-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Self.run("sh", ["-ec", Self.script], in: folder)
    }

    private static let script = """
        authority() {
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 3650 \\
                -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE
        }
        leaf() {
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
            printf 'subjectAltName=%s\\n' "$3" >$1.ext
            openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -days $4 -extfile $1.ext -out $1.pem
        }
        authority authority
        authority stranger
        leaf server authority DNS:localhost,DNS:proxy.example,IP:127.0.0.1 3650
        leaf star authority 'DNS:*.star.example' 3650
        leaf exact authority DNS:exact.star.example 3650
        leaf expired authority DNS:localhost -1
        leaf client authority DNS:client 3650
        leaf wrongclient stranger DNS:client 3650
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

    func path(_ name: String) -> String { folder + "/" + name }

    func files(_ name: String) -> TLSCertificateFiles {
        TLSCertificateFiles(chain: path(name + ".pem"), key: path(name + ".key"))
    }

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

    /// Runs a command to its end.
    private static func run(_ command: String, _ arguments: [String], in folder: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [command] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.executableNotLoadable) }
    }
}
