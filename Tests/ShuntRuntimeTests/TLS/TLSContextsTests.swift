import Logging
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

@testable import ShuntRuntime

/// What TLS is spoken with when its files are read again.
@Suite struct TLSContextsTests {
    private let folder: CertificateFolder
    private let contexts = TLSContexts(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    init() throws {
        folder = try #require(try? CertificateFolder(), "the openssl command is there (Debian's package of that name)")
    }

    @Test func `an upstream is dialled with the files of before where the new ones are broken`() throws {
        var upstream = UpstreamSettings(
            name: "guide", address: UpstreamAddress(tls: true, host: "agents.example", port: 443, path: "/"))
        upstream.tls.authorities = folder.file("authority.pem")
        var definition = TableDefinition()
        definition.upstreams = [upstream]
        definition.routes = [RouteSettings(name: "guide", match: ["guide"], servedBy: .legacy, legacy: 0)]
        let table = try RoutingTable(definition)
        contexts.prepare(for: table)
        let before = try contexts.dialling(upstream)
        try folder.run("echo nothing >authority.pem")
        contexts.prepare(for: table, anew: true)
        #expect(try contexts.dialling(upstream) === before)
        try folder.run("cp stranger.pem authority.pem")
        contexts.prepare(for: table, anew: true)
        #expect(try contexts.dialling(upstream) !== before)
    }

    @Test func `clients are shown the certificate of before where the new one is broken`() throws {
        let settings = TLSServerSettings(certificates: [folder.files("server")])
        try contexts.listen(with: settings)
        let before = try #require(contexts.listening)
        try folder.run("cp spare.key server.key")
        #expect(throws: TLSProblem.self) { try contexts.listen(with: settings) }
        #expect(contexts.listening === before)
        try folder.run("cp spare.pem server.pem")
        try contexts.listen(with: settings)
        #expect(contexts.listening !== before)
    }
}
