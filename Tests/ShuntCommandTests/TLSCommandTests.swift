import Foundation
import ShuntCore
import ShuntTesting
import Testing

/// The program itself, where TLS is: towards an admin listener, and in `shunt check`.
@Suite struct TLSCommandTests {
    private let folder: CertificateFolder

    init() throws { folder = try CertificateFolder() }

    private func server(_ name: String = "server", _ change: (inout TLSServerSettings) -> Void = { _ in })
        -> TLSServerSettings
    {
        var settings = TLSServerSettings(certificates: [folder.files(name)])
        change(&settings)
        return settings
    }

    @Test func `a listener whose certificate is trusted is asked as any other`() async throws {
        try await withAdmin(tls: server()) { [folder] proxy, admin, _ in
            let run = try await CommandRun.shunt(["set", "guide", "25%", "--ca", folder.file("authority.pem")], admin)
            #expect(run.code == 0, "\(run.complaint)")
            #expect(proxy.changes.map(\.change) == [.setRoute("guide", Rollout(steps: 2500))])
            var own = admin
            own["SHUNT_CA"] = folder.file("authority.pem")
            #expect(try await CommandRun.shunt(["status"], own).code == 0)
        }
    }

    @Test(arguments: [
        ("server", "", "nobody who is trusted vouches for its certificate", "--ca or SHUNT_CA"),
        ("server", "stranger.pem", "nobody who is trusted vouches for its certificate", "--ca or SHUNT_CA"),
        ("expired", "authority.pem", "or it has expired", "--ca or SHUNT_CA"),
        (
            "elsewhere", "authority.pem", "its certificate is for another name",
            "Ask it by a name that the certificate has"
        ),
    ])
    func `a listener that is not trusted is told nothing`(
        name: String, authority: String, reason: String, advice: String
    ) async throws {
        try await withAdmin(tls: server(name)) { [folder] proxy, admin, _ in
            let run = try await CommandRun.shunt(
                ["set", "guide", "25%", "--token", "s3cr3t"]
                    + (authority.isEmpty ? [] : ["--ca", folder.file(authority)]),
                admin)
            #expect(run.code == 69)
            #expect(run.complaint.contains(reason), "\(run.complaint)")
            #expect(run.complaint.contains(advice), "\(run.complaint)")
            #expect(proxy.changes.isEmpty)
        }
    }

    @Test func `a listener that wants certificates is shown one`() async throws {
        let settings = server { $0.clientAuthorities = folder.file("authority.pem") }
        try await withAdmin(tls: settings) { [folder] _, admin, _ in
            func status(_ name: String?) async throws -> CommandRun {
                var own = ["status", "--ca", folder.file("authority.pem")]
                if let name {
                    own += ["--certificate", folder.file(name + ".pem"), "--key", folder.file(name + ".key")]
                }
                return try await CommandRun.shunt(own, admin)
            }
            #expect(try await status("client").code == 0)
            let none = try await status(nil)
            #expect(none.code == 69)
            #expect(none.complaint.contains("--certificate and --key"), "\(none.complaint)")
            let wrong = try await status("wrongclient")
            #expect(wrong.code == 69)
            #expect(wrong.complaint.contains("client_ca does not vouch for it"), "\(wrong.complaint)")
        }
    }

    @Test func `http where https is meant is told, and the other way round`() async throws {
        try await withAdmin(tls: server()) { _, admin, _ in
            let address = try #require(admin["SHUNT_ADMIN"]).replacing("https", with: "http")
            let run = try await CommandRun.shunt(["status"], ["SHUNT_ADMIN": address])
            #expect(run.code == 69)
            #expect(run.complaint.contains("https:// in place of http://"), "\(run.complaint)")
        }
        try await withAdmin { _, admin, _ in
            let address = try #require(admin["SHUNT_ADMIN"]).replacing("http", with: "https")
            let run = try await CommandRun.shunt(["status"], ["SHUNT_ADMIN": address])
            #expect(run.code == 69)
            #expect(run.complaint.contains("http:// in place of https://"), "\(run.complaint)")
        }
    }

    @Test(arguments: [
        (["--ca", "gone.pem"], "the file 'gone.pem' cannot be read"),
        (["--ca", "authority.key"], "there is no certificate in"),
        (["--certificate", "client.pem"], "belong together"),
        (["--key", "client.key"], "belong together"),
        (["--certificate", "client.key", "--key", "client.key"], "there is no certificate in"),
        (["--certificate", "client.pem", "--key", "client.pem"], "there is no private key in"),
        (["--certificate", "client.pem", "--key", "server.key"], "is not the key of the certificate"),
    ])
    func `files that cannot be used are told before anybody is asked`(options: [String], problem: String) async throws {
        let options = options.map { $0.hasPrefix("--") || $0 == "gone.pem" ? $0 : folder.file($0) }
        let run = try await CommandRun.shunt(["status", "--admin", "https://127.0.0.1:1"] + options)
        #expect(run.code == 64)
        #expect(run.complaint.contains(problem), "\(run.complaint)")
    }

    // MARK: shunt check

    private func check(_ admin: String, key: String) async throws -> CommandRun {
        let text = """
            listen: {admin: "127.0.0.1:9443", admin_tls: {certificate: \(admin), key: \(key)}}
            routes: {guide: {match: {agent_type: guide}, legacy: {upstream: "ws://127.0.0.1:7101/g"}}}
            """
        let file = folder.file("config-\(admin)-\(key).yaml")
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return try await CommandRun.shunt(["check", file])
    }

    @Test(arguments: [
        ("gone.pem", "server.key", "certificate: cannot read", "No such file"),
        ("server.pem", "gone.key", "key: cannot read", "No such file"),
        ("server.key", "server.key", "certificate: ", "has no certificate in it"),
        ("server.pem", "server.pem", "certificate: ", "has no private key in it"),
        ("server.pem", "client.key", "key: the private key in", "does not belong to the certificate"),
        ("half.pem", "server.key", "certificate: a certificate in", "is damaged or cut off"),
        ("server.pem", "encrypted.key", "key: the private key in", "is encrypted"),
    ])
    func `check says which file cannot be used, and why`(
        certificate: String, key: String, place: String, reason: String
    ) async throws {
        try folder.run(
            """
            head -c 300 server.pem >half.pem
            openssl pkey -in server.key -aes256 -passout pass:secret -out encrypted.key
            """)
        let run = try await check(certificate, key: key)
        #expect(run.code == 1)
        #expect(run.complaint.contains("error: listen.admin_tls.\(place)"), "\(run.complaint)")
        #expect(run.complaint.contains(reason), "\(run.complaint)")
        #expect(run.complaint.contains(folder.path), "the path is told: \(run.complaint)")
    }

    @Test(arguments: [("expired", " expired at 20"), ("soon", " expires in "), ("server", nil)])
    func `check says when a certificate ends`(name: String, warning: String?) async throws {
        let run = try await check(name + ".pem", key: name + ".key")
        #expect(run.code == 0, "\(run.complaint)")
        #expect(run.output.contains("\(name).pem for localhost, 127.0.0.1, until 20"), "\(run.output)")
        if let warning {
            #expect(run.complaint.contains("warning: listen.admin_tls.certificate: the certificate in"))
            #expect(run.complaint.contains(warning), "\(run.complaint)")
        } else {
            #expect(run.complaint == "")
        }
    }
}
