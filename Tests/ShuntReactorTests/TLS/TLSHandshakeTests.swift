import Glibc
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// What two sides agree on, and what they refuse.
@Suite struct TLSHandshakeTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.required() }

    @Test func `a handshake is told on both sides, and what was said meanwhile arrives after it`() throws {
        let pair = try TLSPair(server: certificates.server())
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.id = id
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.say([1, 2, 3])
        try pair.settle()
        #expect(pair.client.events == [.connected(id), .secured(id)] || pair.client.events.contains(.secured(id)))
        #expect(pair.client.events.first == .connected(id))
        #expect(pair.server.isSecured)
        #expect(pair.server.heard == [1, 2, 3])
        #expect(pair.client.facts?.version == "TLSv1.3")
        #expect(pair.client.facts?.applicationProtocol == "http/1.1")
        #expect(pair.server.facts?.serverName == "localhost")
        #expect(pair.server.reactor.counts.handshakes == 1)
    }

    @Test func `what a socket takes counts where it is, with TLS as long as it is spoken`() throws {
        let pair = try TLSPair(server: certificates.server())
        let (front, back) = (pair.client.reactor, pair.server.reactor)
        let listener = back.socketBytes
        #expect(listener > 0 && front.socketBytes == 0)
        let peer = try pair.dial()
        let secured = back.socketBytes - listener
        #expect(secured > 14 << 10)
        _ = peer.write(Array("GET / HTTP/1.1\r\n".utf8))
        try pair.settle()
        let plain = back.socketBytes - listener
        #expect(plain > 0 && plain < 4 << 10)
        back.close(try #require(pair.server.id))
        #expect(back.socketBytes == listener)
        try pair.connect(certificates.client())
        #expect(front.socketBytes == secured && back.socketBytes == listener + secured)
        let other = Reactor(on: FakeKernel(pair.network))
        let id = try #require(pair.client.id)
        let there = try other.attach(try #require(front.detach(id)))
        #expect(front.socketBytes == 0 && other.socketBytes == secured)
        other.close(there)
        #expect(other.socketBytes == 0)
    }

    @Test func `both versions are spoken, and none below the least`() throws {
        let pair = try TLSPair(server: certificates.server { $0.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" })
        try pair.connect(certificates.client { $0.most = .tls12 })
        #expect(pair.client.facts?.version == "TLSv1.2")
        #expect(pair.client.facts?.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
        #expect(pair.client.facts?.applicationProtocol == "http/1.1")
        let strict = try TLSPair(server: certificates.server { $0.least = .tls13 })
        try strict.connect(certificates.client { $0.least = .tls13 })
        #expect(strict.client.facts?.version == "TLSv1.3")
        let late = try TLSPair(server: certificates.server { $0.least = .tls13 })
        try late.connect(certificates.client { $0.most = .tls12 })
        #expect(late.server.problem?.kind == .noSharedProtocol)
        #expect(late.client.problem?.kind == .peerAlert)
        #expect(late.client.problem?.code == 70)
    }

    @Test func `ciphers of TLS 1_3 are chosen too`() throws {
        let pair = try TLSPair(server: certificates.server())
        try pair.connect(certificates.client { $0.ciphers = "TLS_CHACHA20_POLY1305_SHA256" })
        #expect(pair.client.facts?.cipher == "TLS_CHACHA20_POLY1305_SHA256")
    }

    @Test func `sides without a common cipher do not meet, and both say why`() throws {
        let pair = try TLSPair(server: certificates.server { $0.ciphers = "TLS_AES_128_GCM_SHA256" })
        try pair.connect(
            certificates.client {
                $0.least = .tls13
                $0.ciphers = "TLS_AES_256_GCM_SHA384"
            })
        #expect(pair.server.problem?.kind == .noSharedCipher)
        #expect(pair.client.problem?.kind == .peerAlert)
        #expect(pair.client.problem?.code == 40)
        #expect(pair.client.loss == SystemError(code: EPROTO))
    }

    // MARK: Names

    @Test(arguments: [
        ("a.star.example", "star"), ("exact.star.example", "exact"), ("proxy.example", "server"),
        ("unknown.example", "server"), ("a.b.star.example", "server"), ("A.STAR.example", "star"),
    ])
    func `the certificate is the one that fits the name`(name: String, certificate: String) throws {
        let pair = try TLSPair(server: certificates.server(["server", "star", "exact"]))
        // Each certificate is trusted by itself, so only the chosen one passes.
        try pair.connect(
            certificates.client { $0.authorities = certificates.path(certificate + ".pem") },
            name: name == "unknown.example" || name == "a.b.star.example" ? nil : name)
        #expect(pair.client.isSecured, "\(pair.client.problem as Any)")
    }

    @Test func `an unknown name gets the first certificate`() throws {
        let pair = try TLSPair(server: certificates.server(["server", "star"]))
        try pair.connect(certificates.client { $0.verifies = false }, name: "unknown.example")
        #expect(pair.server.facts?.serverName == "unknown.example")
        #expect(pair.client.isSecured)
        let verified = try TLSPair(server: certificates.server(["server", "star"]))
        try verified.connect(certificates.client(), name: "unknown.example")
        #expect(verified.client.problem?.kind == .wrongName)
    }

    // MARK: Trust

    @Test(arguments: [
        ("expired", "localhost", TLSProblem.Kind.expired), ("server", "elsewhere.example", .wrongName),
        ("alone", "localhost", .selfSigned), ("foreign", "localhost", .unknownIssuer),
        ("star", "127.0.0.1", .wrongName),
    ])
    func `a certificate that is not right is refused`(server: String, name: String, kind: TLSProblem.Kind) throws {
        let pair = try TLSPair(server: certificates.server([server]))
        try pair.connect(certificates.client(), name: name)
        #expect(!pair.client.isSecured)
        #expect(pair.client.problem?.kind == kind)
        #expect(pair.client.loss == SystemError(code: EPROTO))
        #expect(pair.server.problem?.kind == .peerAlert)
        let lenient = try TLSPair(server: certificates.server([server]))
        try lenient.connect(certificates.client { $0.verifies = false }, name: name)
        #expect(lenient.client.isSecured)
    }

    @Test func `an address is looked for among the certificate's addresses`() throws {
        let pair = try TLSPair(server: certificates.server())
        try pair.connect(certificates.client(), name: "127.0.0.1")
        #expect(pair.client.isSecured)
        #expect(pair.server.facts?.serverName == nil, "addresses are no names")
    }

    @Test func `a chain is shown whole`() throws {
        let files = TLSCertificateFiles(chain: certificates.path("chain.pem"), key: certificates.path("below.key"))
        let pair = try TLSPair(server: TLSContext(TLSServerSettings(certificates: [files])))
        try pair.connect(certificates.client())
        #expect(pair.client.isSecured)
        let leafOnly = try TLSPair(server: certificates.server(["below"]))
        try leafOnly.connect(certificates.client())
        #expect(leafOnly.client.problem?.kind == .unknownIssuer)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a client without the certificate that is asked for is refused`(version: TLSVersion) throws {
        let context = try certificates.server { $0.clientAuthorities = certificates.path("authority.pem") }
        let good = try TLSPair(server: context)
        try good.connect(certificates.client { $0.certificate = certificates.files("client") })
        #expect(good.server.isSecured)
        let without = try TLSPair(server: context)
        try without.connect(certificates.client { $0.most = version })
        #expect(!without.server.isSecured)
        #expect(without.server.problem?.kind == .noClientCertificate)
        // In TLS 1.3 its own handshake was over by then.
        #expect(without.client.isSecured == (version == .tls13))
        #expect(without.client.problem?.kind == .peerAlert)
        #expect(without.client.problem?.code == (version == .tls13 ? 116 : 40))
        let wrong = try TLSPair(server: context)
        try wrong.connect(certificates.client { $0.certificate = certificates.files("wrongclient") })
        #expect(wrong.server.problem?.kind == .unknownIssuer)
        #expect(wrong.client.problem?.kind == .peerAlert)
    }

    // MARK: Sessions

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a second connection goes on with the first one's session, to the same name only`(
        version: TLSVersion
    ) throws {
        let server = try certificates.server()
        let client = try certificates.client { $0.most = version }
        func resumed(_ server: TLSContext, _ client: TLSContext, _ name: String?) throws -> Bool {
            let pair = try TLSPair(server: server)
            try pair.connect(client, name: name)
            #expect(pair.client.facts?.isResumed == pair.server.facts?.isResumed)
            #expect(pair.client.isSecured)
            return pair.client.reactor.counts.resumptions == 1
        }
        #expect(try !resumed(server, client, "localhost"))
        #expect(try resumed(server, client, "localhost"))
        #expect(try resumed(server, client, "localhost"))
        #expect(try !resumed(server, client, "proxy.example"))
        #expect(try !resumed(server, client, nil))
        #expect(try !resumed(server, client, nil))
        #expect(try !resumed(server, certificates.client(), "localhost"), "another context trusts others")
        #expect(try !resumed(certificates.server(), client, "localhost"), "a reload has new keys for tickets")
        let forgetful = try certificates.client {
            $0.most = version
            $0.resumes = false
        }
        #expect(try !resumed(server, forgetful, "localhost"))
        #expect(try !resumed(server, forgetful, "localhost"), "each is another client")
    }

    @Test func `a session of a client with a certificate is gone on with too`() throws {
        let server = try certificates.server(["server", "star"]) {
            $0.clientAuthorities = certificates.path("authority.pem")
        }
        let client = try certificates.client { $0.certificate = certificates.files("client") }
        for name in ["localhost", "a.star.example"] {
            for isSecond in [false, true] {
                let pair = try TLSPair(server: server)
                try pair.connect(client, name: name)
                #expect(pair.server.isSecured)
                #expect(pair.server.facts?.isResumed == isSecond)
            }
        }
    }

    @Test func `many threads use one context, and its sessions`() async throws {
        let server = try certificates.server(["server", "star"])
        let client = try certificates.client()
        let resumed = try await withThrowingTaskGroup(of: Int.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var resumed = 0
                    for round in 0..<25 {
                        let pair = try TLSPair(server: server, seed: UInt64(thread))
                        try pair.connect(client, name: ["localhost", "a.star.example"][round % 2])
                        try #require(pair.client.isSecured && pair.server.isSecured)
                        resumed += pair.client.reactor.counts.resumptions
                    }
                    return resumed
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(resumed >= 100 - 8)
    }

    @Test func `a name that cannot be one is refused`() throws {
        let pair = try TLSPair(server: certificates.server())
        try pair.connect(certificates.client(), name: String(repeating: "a", count: 300))
        #expect(pair.client.loss == SystemError(code: EINVAL))
    }
}
