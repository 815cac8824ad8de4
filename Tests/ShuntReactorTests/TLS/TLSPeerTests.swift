import Foundation
import ShuntCore
import ShuntReactor
import Testing

/// Reactors on the system's own sockets, with peers that others have made. One at a time: a peer has what another one's
/// pipes end in, and would keep them open.
@Suite(.serialized) struct TLSPeerTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.required() }

    /// A listening reactor that echoes.
    private final class Server {
        let side: TLSSide
        let port: UInt16
        private let listener: SocketID
        private let context: TLSContext

        init(_ context: TLSContext) throws {
            let address = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
            let descriptor = try SystemSocket.listen(on: address, SystemSocket.ListenOptions())
            port = try #require(SystemSocket.localAddress(of: descriptor)).port
            side = TLSSide(try Reactor())
            side.echoes = true
            side.finishesToo = true
            listener = try side.reactor.listen(on: descriptor)
            self.context = context
        }

        /// Serves until the peer is over, or it is enough.
        func serve(_ peer: TLSPeer, until isEnough: () -> Bool = { false }) throws {
            let end = Date() + 15
            var quiet = 0
            // What is left when it is gone is looked at too.
            while quiet < 20, Date() < end, !isEnough() {
                side.turn(until: side.reactor.now + .milliseconds(5))
                while let (id, _) = try side.reactor.accept(listener) {
                    side.id = id
                    side.reactor.secure(id, with: context)
                }
                quiet = peer.isRunning ? 0 : quiet + 1
            }
            if Date() >= end { peer.stop() }
        }
    }

    private func dial(
        _ port: UInt16, _ context: TLSContext, name: String = "localhost", until isDone: (TLSSide) -> Bool
    ) throws -> TLSSide {
        let side = TLSSide(try Reactor())
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: port))
        let id = try side.reactor.connect(to: address)
        side.id = id
        side.reactor.secure(id, with: context, name: name)
        side.reactor.append(to: id, Array("hello\n".utf8))
        let end = Date() + 15
        while !isDone(side), Date() < end { side.turn(until: side.reactor.now + .milliseconds(10)) }
        return side
    }

    // MARK: Clients of others

    @Test(arguments: ["TLSv1_2", "TLSv1_3"])
    func `a mebibyte of Python's comes back, and both say the end`(version: String) throws {
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(
            """
            context = client()
            context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[2]]
            context.set_alpn_protocols(["h2", "http/1.1"])
            sock = dial(context)
            for _ in range(16):
                data = os.urandom(65536)
                sock.sendall(data)
                assert exactly(sock, 65536) == data
            said = (sock.version(), sock.selected_alpn_protocol(), "ended")
            sock.unwrap()
            print(*said)
            """, ["\(server.port)", version], in: certificates.folder)
        try server.serve(peer)
        #expect(peer.rest() == "\(version.replacing("_", with: ".")) http/1.1 ended\n")
        #expect(server.side.heard.count == 1 << 20)
        #expect(server.side.ends == [.end])
        #expect(server.side.reactor.counts.cutShort == 0)
        #expect(server.side.reactor.counts.barren == 0)
    }

    @Test func `a client that offers only h2 is told no, one that offers nothing is taken`() throws {
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(
            """
            context = client()
            context.set_alpn_protocols(["h2"])
            try:
                dial(context)
            except ssl.SSLError:
                print("refused")
            print(dial(client()).selected_alpn_protocol())
            print(dial(client(), "127.0.0.1").getpeercert()["serialNumber"] != "")
            """, ["\(server.port)"], in: certificates.folder)
        try server.serve(peer)
        #expect(server.side.problem?.kind == .noApplicationProtocol)
        #expect(peer.rest() == "refused\nNone\nTrue\n")
        #expect(server.side.reactor.counts.handshakes == 2)
    }

    @Test func `a client of Python's that does not say the end has ended nevertheless`() throws {
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(
            """
            sock = dial(client())
            sock.sendall(b"bye")
            assert exactly(sock, 3) == b"bye"
            sock.close()
            """, ["\(server.port)"], in: certificates.folder)
        try server.serve(peer)
        #expect(peer.rest() == "")
        #expect(server.side.heard == Array("bye".utf8))
        #expect(server.side.ends == [.end])
        #expect(server.side.reactor.counts.cutShort == 1)
    }

    @Test func `a client that does not trust us is a loss with a reason`() throws {
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(
            """
            try:
                dial(ssl.create_default_context())
            except ssl.SSLCertVerificationError as error:
                print(error.verify_code)
            """, ["\(server.port)"], in: certificates.folder)
        try server.serve(peer)
        #expect(peer.rest() == "20\n")
        #expect(server.side.problem?.kind == .peerAlert)
        #expect(server.side.problem?.code == 48)
    }

    @Test(arguments: ["TLSv1_2", "TLSv1_3"])
    func `Python goes on with its session`(version: String) throws {
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(
            """
            context = client()
            context.maximum_version = ssl.TLSVersion[sys.argv[2]]
            first = dial(context)
            first.sendall(b"1")
            first.recv(1)
            sock = socket.create_connection(("127.0.0.1", port), timeout=10)
            second = context.wrap_socket(sock, server_hostname="localhost", session=first.session)
            second.sendall(b"2")
            print(second.recv(1), second.session_reused)
            """, ["\(server.port)", version], in: certificates.folder)
        try server.serve(peer)
        #expect(peer.rest() == "b'2' True\n")
        #expect(server.side.reactor.counts.resumptions == 1)
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `the openssl command is served, with a certificate of its own`(version: String) throws {
        let server = try Server(certificates.server { $0.clientAuthorities = certificates.path("authority.pem") })
        let peer = try TLSPeer(
            [
                "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", version, "-servername", "localhost",
                "-verify_hostname", "localhost", "-verify_return_error", "-CAfile", "authority.pem", "-cert",
                "client.pem", "-key", "client.key", "-alpn", "http/1.1", "-quiet", "-no_ign_eof",
            ], in: certificates.folder)
        peer.say("what is said\n")
        // Until it has the echo, too.
        var turns = 0
        try server.serve(peer) {
            if server.side.heard.count == 13 { turns += 1 }
            return turns > 40
        }
        peer.endInput()
        try server.serve(peer)
        #expect(peer.rest().contains("what is said\n"))
        #expect(server.side.facts?.applicationProtocol == "http/1.1")
        #expect(server.side.ends == [.end])
    }

    @Test(arguments: [false, true])
    func `a reset in the middle of much is a loss, and no signal`(isOfServer: Bool) throws {
        let script = """
            sock = dial(client()) if port else serve(server())
            sock.sendall(b"x")
            exactly(sock, 1000)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            """
        let much = Array(repeating: UInt8(7), count: 8 << 20)
        if isOfServer {
            let peer = try TLSPeer.python(script, [], in: certificates.folder)
            let port = try #require(UInt16(peer.line()))
            let side = try dial(port, certificates.client()) { side in
                if let id = side.id, side.heard.count == 1, side.events.count < 10 { side.reactor.append(to: id, much) }
                return side.loss != nil
            }
            #expect(side.loss != nil)
            return
        }
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(script, ["\(server.port)"], in: certificates.folder)
        try server.serve(peer) { server.side.heard.count == 1 }
        if let id = server.side.id { server.side.reactor.append(to: id, much) }
        try server.serve(peer)
        #expect(server.side.loss != nil)
        #expect(server.side.reactor.pendingBytes == 0)
    }

    @Test func `new keys that a peer asks for wait for what is on its way to it`() throws {
        let server = try Server(certificates.server())
        let peer = try TLSPeer.python(
            """
            \(TLSPeer.bareClient)
            lib.SSL_write(tls, b"x", 1)
            room = ctypes.create_string_buffer(1 << 16)
            count = lib.SSL_read(tls, room, 1000)
            # The system takes no more for us than half of the rest.
            lib.SSL_key_update(tls, 1)
            lib.SSL_do_handshake(tls)
            while count <= 8 << 20 and (more := lib.SSL_read(tls, room, 1 << 16)) > 0: count += more
            print(count, flush=True)
            lib.SSL_shutdown(tls)
            """, ["\(server.port)"], in: certificates.folder)
        try server.serve(peer) { server.side.heard.count == 1 }
        if let id = server.side.id { server.side.reactor.append(to: id, Array(repeating: 7, count: 8 << 20)) }
        try server.serve(peer)
        // What it said comes back, too.
        #expect(peer.rest() == "\((8 << 20) + 1)\n")
    }

    // MARK: Servers of others

    @Test(arguments: ["TLSv1_2", "TLSv1_3"])
    func `a server of Python's is dialled, with a certificate, and both say the end`(version: String) throws {
        let peer = try TLSPeer.python(
            """
            context = server()
            context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[2]]
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations("authority.pem")
            context.set_alpn_protocols(["h2", "http/1.1"])
            names = []
            context.sni_callback = lambda sock, name, context: names.append(name)
            sock = serve(context)
            sock.sendall(exactly(sock, 6))
            said = (names[0], sock.selected_alpn_protocol(), dict(x[0] for x in sock.getpeercert()["subject"]))
            sock.unwrap()
            print(*said)
            """, ["0", version], in: certificates.folder)
        let port = try #require(UInt16(peer.line()))
        let context = try certificates.client { $0.certificate = certificates.files("client") }
        let side = try dial(port, context) { side in
            if side.ends == [.end], let id = side.id { side.reactor.finish(id) }
            return side.events.contains { if case .finished = $0 { true } else { false } } || side.loss != nil
        }
        #expect(side.heard == Array("hello\n".utf8))
        #expect(side.facts?.version == version.replacing("_", with: "."))
        #expect(side.reactor.counts.cutShort == 0)
        #expect(peer.rest() == "localhost http/1.1 {'commonName': 'client'}\n")
    }

    @Test func `a server that wants a certificate refuses after the handshake was over`() throws {
        let peer = try TLSPeer.python(
            """
            context = server()
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations("authority.pem")
            try:
                serve(context)
            except ssl.SSLError as error:
                print(error.reason)
            """, [], in: certificates.folder)
        let port = try #require(UInt16(peer.line()))
        let side = try dial(port, certificates.client()) { $0.loss != nil || !$0.ends.isEmpty }
        #expect(side.isSecured)
        #expect(peer.rest() == "PEER_DID_NOT_RETURN_A_CERTIFICATE\n")
        // Python ends the connection at once, so that its alert may be overtaken by a reset.
        #expect(side.problem?.code == 116 || side.loss == SystemError.reset || side.ends == [.end])
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func `the openssl command is dialled`(version: String) throws {
        let peer = try TLSPeer(
            [
                "openssl", "s_server", "-accept", "127.0.0.1:0", version, "-cert", "chain.pem", "-key", "below.key",
                "-cert_chain", "chain.pem", "-Verify", "1", "-verify_return_error", "-CAfile", "authority.pem",
                "-alpn", "http/1.1", "-rev", "-naccept", "1",
            ], in: certificates.folder)
        var port: UInt16?
        for _ in 0..<20 where port == nil {
            let line = peer.line()
            if line.hasPrefix("ACCEPT") { port = line.split(separator: ":").last.flatMap { UInt16($0) } }
        }
        let context = try certificates.client { $0.certificate = certificates.files("client") }
        let side = try dial(try #require(port), context) { $0.heard.count == 6 || $0.loss != nil }
        #expect(side.heard == Array("olleh\n".utf8), "\(side.problem as Any)")
        peer.stop()
    }
}

extension SystemError {
    fileprivate static let reset = SystemError(code: 104)
}
