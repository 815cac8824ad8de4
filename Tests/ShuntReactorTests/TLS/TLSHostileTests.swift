import Glibc
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// Peers that say what they should not, or nothing.
@Suite struct TLSHostileTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.required() }

    @Test func `plain HTTP on the secured side gets its answer in plain`() throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        let request = Array("GET / HTTP/1.1\r\n".utf8)
        _ = peer.write(request)
        try pair.settle()
        let id = try #require(pair.server.id)
        #expect(pair.server.events.contains(.plainText(id)))
        #expect(pair.server.heard == request)
        _ = peer.write([65, 66])
        try pair.settle()
        #expect(pair.server.heard == request + [65, 66])
        pair.answer(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        pair.server.reactor.closeWhenSent(id)
        try pair.settle()
        #expect(peer.read() == Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        #expect(peer.hasEnded)
        #expect(!pair.server.isSecured)
    }

    @Test func `an answer in plain may come before the question is read, and by another reactor`() throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        let id = try #require(pair.server.id)
        pair.server.reactor.setReading(id, false)
        _ = peer.write(Array("POST".utf8))
        try pair.settle()
        #expect(pair.server.events.contains(.plainText(id)))
        let other = TLSSide(Reactor(on: FakeKernel(pair.network)))
        let there = try other.reactor.attach(try #require(pair.server.reactor.detach(id)))
        other.reactor.append(to: there, [4, 0, 0])
        for _ in 0..<3 { other.turn(until: pair.network.now) }
        #expect(peer.read() == [4, 0, 0])
        other.reactor.setReading(there, true)
        for _ in 0..<3 { other.turn(until: pair.network.now) }
        #expect(other.heard == Array("POST".utf8))
    }

    @Test func `what nobody receives is told of in each turn, as the kernel does of its own`() throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        _ = peer.write(Array("GET".utf8))
        let reactor = pair.server.reactor
        var told: [Int] = []
        for _ in 0..<5 {
            reactor.wait(until: pair.network.now)
            var count = 0
            while let event = reactor.next() { if case .readable = event { count += 1 } }
            told.append(count)
        }
        #expect(told.suffix(3) == [1, 1, 1])
    }

    @Test func `a hello of TLS on a plain side is bytes like others`() throws {
        let pair = try TLSPair(server: nil)
        try pair.connect(certificates.client())
        #expect(pair.server.heard.first == 0x16)
        pair.answer(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        try pair.settle()
        #expect(pair.client.loss == SystemError(code: EPROTO))
        #expect(pair.client.problem?.kind == .garbage)
    }

    @Test(arguments: [
        [0x80, 0x2E, 1, 3, 1, 0] + Array(repeating: 0, count: 60), [0, 0, 0, 0, 0, 0],
        [0x16, 3, 1, 0xFF, 0xFF, 1, 2, 3],
        [0x16, 9, 9, 0, 5, 1, 2, 3, 4, 5], [0x15, 3, 1, 0, 2, 2, 40], [0x17, 3, 3, 0, 4, 1, 2, 3, 4],
        Array(repeating: 0xFF, count: 70_000),
    ])
    func `garbage instead of a hello is a loss with a reason`(bytes: [UInt8]) throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        _ = peer.write(bytes)
        try pair.settle()
        #expect(pair.server.loss == SystemError(code: EPROTO))
        #expect(pair.server.problem != nil)
        #expect(pair.server.reactor.counts.barren == 0)
    }

    @Test(
        arguments: [[0x16, 3, 1, 0, 0], [0x15, 3, 1, 0, 2, 1, 0], [0x15, 3, 1, 0, 0], [0x14, 3, 1, 0, 1, 1]]
            as [[UInt8]])
    func `records of nothing are not listened to for long`(record: [UInt8]) throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        for _ in 0..<2_000 { _ = peer.write(record) }
        try pair.settle()
        #expect(pair.server.loss == SystemError(code: EPROTO))
    }

    @Test func `a peer that stops in the middle of a handshake is told of by the deadline`() throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        let id = try #require(pair.server.id)
        pair.server.reactor.setDeadline(id, pair.network.now + .seconds(5))
        _ = peer.write([0x16, 3, 1, 1, 0, 1])
        try pair.settle()
        pair.network.advance(by: .seconds(6))
        try pair.settle()
        #expect(pair.server.events.count == 2 && pair.server.events.last == .deadline(id))
        pair.server.reactor.close(id)
        #expect(peer.hasEnded)
    }

    @Test func `an end within the handshake is a loss that says so`() throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try pair.dial()
        _ = peer.write([0x16, 3, 1, 1, 0, 1])
        peer.finish()
        try pair.settle()
        #expect(pair.server.loss == SystemError(code: ECONNRESET))
        #expect(pair.server.problem?.kind == .ended)
        let silent = try TLSPair(server: certificates.server())
        try silent.dial().reset()
        try silent.settle()
        #expect(silent.server.loss == SystemError(code: ECONNRESET))
        #expect(silent.server.problem == nil)
    }

    /// Carries what two sides say to each other, as far as a test wants it.
    private func between(_ body: (TLSSide, FakePeer, (_ most: Int) throws -> Int) throws -> Void) throws {
        let network = FakeNetwork(seed: 1)
        let back = SocketAddress.v4(0x7F00_0001, port: 81)
        network.await(at: back)
        let client = TLSSide(Reactor(on: FakeKernel(network)))
        let id = try client.reactor.connect(to: back)
        client.id = id
        client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        client.turn(until: network.now)
        let toClient = try #require(network.accept(at: back))
        let pair = try TLSPair(server: certificates.server())
        let toServer = try pair.dial()
        pair.server.echoes = true
        func carry(_ most: Int) throws -> Int {
            client.turn(until: network.now)
            _ = toServer.write(toClient.read())
            try pair.settle()
            let bytes = toServer.read(atMost: most)
            _ = toClient.write(bytes)
            for _ in 0..<3 { client.turn(until: network.now) }
            return bytes.count
        }
        for _ in 0..<4 { _ = try carry(.max) }
        #expect(client.isSecured)
        try body(client, toClient) { try carry($0) }
    }

    @Test func `an end of the connection without one of TLS is an end, and counted`() throws {
        try between { client, peer, carry in
            peer.finish()
            _ = try carry(0)
            #expect(client.ends == [.end])
            #expect(client.reactor.counts.cutShort == 1)
        }
    }

    @Test(arguments: [1, 4, 5, 6, 21])
    func `an end in the middle of a record is a loss`(count: Int) throws {
        try between { client, peer, carry in
            if let id = client.id { client.reactor.append(to: id, [1, 2, 3]) }
            #expect(try carry(count) == count)
            peer.finish()
            _ = try carry(0)
            #expect(client.ends == [.lost(SystemError(code: ECONNRESET))])
            #expect(client.problem?.kind == .truncated)
            #expect(client.heard.isEmpty)
        }
    }

    @Test func `a record that was changed on its way is a loss`() throws {
        try between { client, peer, carry in
            let before = client.reactor.counts.bytesSent
            _ = peer.write([0x17, 3, 3, 0, 20] + Array(repeating: 7, count: 20))
            _ = try carry(0)
            #expect(client.ends == [.lost(SystemError(code: EPROTO))])
            #expect(client.problem?.kind == .garbage)
            #expect(client.reactor.counts.bytesSent > before, "the peer is told by an alert")
        }
    }

    @Test func `what a socket has from before is part of the handshake`() throws {
        let pair = try TLSPair(server: nil)
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.id = id
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.client.reactor.append(to: id, [1, 2, 3])
        try pair.settle()
        let server = try #require(pair.server.id)
        #expect(pair.server.heard.first == 0x16)
        let hello = pair.server.heard
        pair.server.heard = []
        pair.server.reactor.secure(server, with: try certificates.server(), received: hello)
        try pair.settle()
        #expect(pair.server.isSecured && pair.client.isSecured)
        #expect(pair.server.heard == [1, 2, 3])
    }
}
