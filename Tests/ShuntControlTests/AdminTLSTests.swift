import Foundation
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

/// The admin listener with TLS, asked by `curl` and by python's `ssl`.
@Suite(.timeLimit(.minutes(10))) struct AdminTLSTests {
    private let folder: CertificateFolder

    init() throws { folder = try CertificateFolder() }

    private func settings(_ change: (inout TLSServerSettings) -> Void = { _ in }) -> AdminSettings {
        var settings = AdminSettings()
        settings.address = .tcp(host: "127.0.0.1", port: 0)
        var tls = TLSServerSettings(certificates: [folder.files("server")])
        change(&tls)
        settings.tls = tls
        return settings
    }

    /// What a program said, and how it ended.
    private static func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = await withCheckedContinuation { done in
            Thread.detachNewThread { done.resume(returning: pipe.fileHandleForReading.readDataToEndOfFile()) }
        }
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private static func curl(
        _ port: Int, _ arguments: [String], host: String = "127.0.0.1"
    ) async -> (code: Int32, output: String) {
        let asked = ["curl", "-sS", "--noproxy", "*", "--max-time", "60"] + arguments
        return (try? await run(asked + ["https://\(host):\(port)/healthz"])) ?? (-1, "there is no curl")
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func `whoever trusts the authority is answered`(host: String)
        async throws
    {
        try await RunningService.with(FakeControl(), settings: settings()) { [folder] port, _ in
            let run = await Self.curl(port, ["--cacert", folder.file("authority.pem"), "-i"], host: host)
            #expect(run.code == 0, "\(run.output)")
            #expect(run.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(run.output.hasSuffix("{\"status\":\"alive\"}"))
        }
    }

    @Test func `who trusts others is not, and neither is TLS that is too old`() async throws {
        try await RunningService.with(FakeControl(), settings: settings { $0.least = .tls13 }) { [folder] port, _ in
            let authority = ["--cacert", folder.file("authority.pem")]
            #expect(await Self.curl(port, ["--cacert", folder.file("stranger.pem")]).code == 60)
            #expect(await Self.curl(port, authority + ["--tls-max", "1.2"]).code == 35)
            #expect(await Self.curl(port, authority).code == 0)
        }
        try await RunningService.with(FakeControl(), settings: settings()) { [folder] port, _ in
            let authority = ["--cacert", folder.file("authority.pem"), "--ciphers", "DEFAULT@SECLEVEL=0"]
            #expect(await Self.curl(port, authority + ["--tlsv1.0", "--tls-max", "1.1"]).code == 35)
            #expect(await Self.curl(port, authority + ["--tls-max", "1.2"]).code == 0)
        }
    }

    @Test(arguments: [("", false), ("wrongclient", false), ("client", true)])
    func `with client_ca a certificate of that authority is needed`(name: String, isLetIn: Bool) async throws {
        let settings = settings { $0.clientAuthorities = folder.file("authority.pem") }
        try await RunningService.with(FakeControl(), settings: settings) { [folder] port, _ in
            var arguments = ["--cacert", folder.file("authority.pem")]
            if !name.isEmpty {
                arguments += ["--cert", folder.file(name + ".pem"), "--key", folder.file(name + ".key")]
            }
            for version in ["1.2", "1.3"] {
                let run = await Self.curl(port, arguments + ["--tls-max", version])
                #expect((run.code == 0) == isLetIn, "\(run.output)")
                #expect(run.output.contains("alive") == isLetIn)
            }
        }
    }

    @Test func `who speaks no TLS hears nothing, and harms nobody`() async throws {
        try await RunningService.with(FakeControl(), settings: settings()) { [folder] port, _ in
            for bytes in ["GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}hello", "\u{0}"] {
                try await RawClient.connected(to: port) { client in
                    try await client.send(bytes)
                    // Half of a record may have a rest.
                    if bytes.count > 20 { #expect(try await !client.rest().contains("HTTP/1.1")) }
                }
            }
            #expect(await Self.curl(port, ["--cacert", folder.file("authority.pem")]).code == 0)
        }
    }

    @Test func `a certificate that is replaced is shown to new connections, and open ones go on`() async throws {
        // It prints the serial number of the certificate of a connection that it keeps; then, for each line of its input,
        // that of a new one, and the status that the first one is answered with.
        let script = """
            import http.client, ssl, sys
            port, authority = int(sys.argv[1]), sys.argv[2]
            context = ssl.create_default_context(cafile=authority)
            def connect():
                connection = http.client.HTTPSConnection('127.0.0.1', port, context=context, timeout=60)
                connection.connect()
                return connection, connection.sock.getpeercert()['serialNumber']
            kept, serial = connect()
            print(serial, flush=True)
            for line in sys.stdin:
                other, serial = connect()
                other.close()
                kept.request('GET', '/healthz')
                print(serial, kept.getresponse().read().decode(), flush=True)
            """
        let tls = AdminTLS()
        let settings = settings()
        let (spare, broken) = (folder.files("spare"), TLSCertificateFiles(chain: folder.file("gone"), key: "gone"))
        try await RunningService.with(FakeControl(), settings: settings, tls: tls) { [folder] port, _ in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["python3", "-c", script, "\(port)", folder.file("authority.pem")]
            let (typed, printed) = (Pipe(), Pipe())
            process.standardInput = typed
            process.standardOutput = printed
            try process.run()
            var lines = Self.lines(of: printed).makeAsyncIterator()
            func ask() async throws -> String? {
                try typed.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
                return await lines.next(isolation: #isolation)
            }
            let first = try #require(await lines.next(isolation: #isolation))
            let alive = " {\"status\":\"alive\"}"
            #expect(try await ask() == first + alive)
            try tls.load(TLSServerSettings(certificates: [spare]))
            let second = try #require(try await ask())
            #expect(second.hasSuffix(alive))
            #expect(!second.hasPrefix(first))
            // What cannot be loaded changes nothing.
            #expect(throws: ControlStartError.self) { try tls.load(TLSServerSettings(certificates: [broken])) }
            #expect(try await ask() == second)
            try typed.fileHandleForWriting.close()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }

    private static func lines(of pipe: Pipe) -> AsyncStream<String> {
        let (stream, source) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread {
            var text = ""
            while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
                text += String(decoding: data, as: UTF8.self)
                while let end = text.firstIndex(of: "\n") {
                    source.yield(String(text[..<end]))
                    text = String(text[text.index(after: end)...])
                }
            }
            source.finish()
        }
        return stream
    }

    @Test(arguments: ["gone", "mismatch"]) func `files that cannot be used end the start, with the reason`(
        which: String
    ) async {
        let settings = settings {
            $0.certificates = [
                TLSCertificateFiles(
                    chain: folder.file(which == "gone" ? "gone.pem" : "server.pem"), key: folder.file("spare.key"))
            ]
        }
        let error = await #expect(throws: ControlStartError.self) {
            try await RunningService.with(FakeControl(), settings: settings) { _, _ in }
        }
        #expect(error?.description.contains("listen.admin_tls") == true)
    }
}
