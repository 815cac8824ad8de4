import Glibc
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// Bytes, ends and moves, as with plain sockets.
@Suite struct TLSBytesTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.required() }

    private func connected(seed: UInt64 = 1) throws -> TLSPair {
        let pair = try TLSPair(server: certificates.server(), seed: seed)
        try pair.connect(certificates.client())
        #expect(pair.client.isSecured && pair.server.isSecured)
        return pair
    }

    private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) } }

    @Test(arguments: [100, 20_000, 1 << 20])
    func `a mebibyte comes back whole`(window: Int) throws {
        let pair = try TLSPair(server: certificates.server())
        pair.network.window = window
        pair.server.echoes = true
        pair.server.finishesToo = true
        try pair.connect(certificates.client())
        let all = bytes(1 << 20)
        pair.say(all)
        if let id = pair.client.id { pair.client.reactor.finish(id) }
        try pair.settle()
        #expect(pair.client.heard == all)
        #expect(pair.client.ends == [.end])
        #expect(pair.server.ends == [.end])
        #expect(pair.client.largest <= Reactor.largestRead && pair.server.largest <= Reactor.largestRead)
        #expect(pair.client.reactor.pendingBytes == 0 && pair.server.reactor.pendingBytes == 0)
        #expect(pair.client.reactor.counts.cutShort == 0)
        #expect(pair.client.reactor.counts.barren == 0 && pair.server.reactor.counts.barren == 0)
    }

    @Test func `what a turn appends is one record`() throws {
        let pair = try connected()
        let before = pair.client.reactor.counts
        for _ in 0..<10 { pair.say(bytes(20)) }
        try pair.settle()
        #expect(pair.client.reactor.counts.sends == before.sends + 1)
        #expect(pair.client.reactor.counts.bytesSent == before.bytesSent + 200 + 22)
        #expect(pair.server.heard.count == 200)
    }

    // MARK: Ends

    @Test func `an end is told, and the other direction goes on`() throws {
        let pair = try connected()
        let client = try #require(pair.client.id)
        let server = try #require(pair.server.id)
        pair.say([1])
        pair.client.reactor.finish(client)
        try pair.settle()
        #expect(pair.client.events.last == .finished(client))
        #expect(pair.server.heard == [1])
        #expect(pair.server.ends == [.end])
        #expect(pair.client.ends == [])
        pair.answer([2, 3])
        pair.server.reactor.closeWhenSent(server)
        try pair.settle()
        #expect(pair.server.events.last == .closed(server))
        #expect(pair.client.heard == [2, 3])
        #expect(pair.client.ends == [.end])
        #expect(pair.client.reactor.counts.cutShort == 0 && pair.server.reactor.counts.cutShort == 0)
    }

    @Test func `a socket that is closed at rest says so in TLS`() throws {
        let pair = try connected()
        if let id = pair.server.id { pair.server.reactor.close(id) }
        try pair.settle()
        #expect(pair.client.ends == [.end])
        #expect(pair.client.reactor.counts.cutShort == 0)
    }

    @Test func `finishing and closing before the handshake is over wait for it`() throws {
        let pair = try TLSPair(server: certificates.server())
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.client.reactor.append(to: id, [1])
        pair.client.reactor.closeWhenSent(id)
        try pair.settle()
        #expect(pair.server.heard == [1])
        #expect(pair.server.ends == [.end])
        #expect(pair.client.events.last == .closed(id))
    }

    @Test(arguments: [false, true])
    func `a reset in the middle of a mebibyte is a loss on either side`(isOfServer: Bool) throws {
        let pair = try TLSPair(server: certificates.server())
        pair.network.window = 30_000
        try pair.connect(certificates.client())
        let (who, other) = isOfServer ? (pair.server, pair.client) : (pair.client, pair.server)
        let id = try #require(who.id)
        let otherID = try #require(other.id)
        other.reactor.setReading(otherID, false)
        who.reactor.append(to: id, bytes(1 << 20))
        try pair.settle()
        #expect(who.reactor.pending(id) > 900_000)
        // Whoever closes with something unread resets.
        other.reactor.close(otherID)
        try pair.settle()
        #expect(who.loss != nil)
        #expect(who.reactor.pendingBytes == 0)
        who.reactor.close(id)
        #expect(pair.network.openDescriptors == 1)
    }

    // MARK: Reading that stops, sockets that move

    /// Goes on until the server's side has accepted the dial, and does not read it.
    private func acceptUnread(_ pair: TLSPair) throws -> SocketID {
        while pair.server.id == nil {
            pair.client.turn(until: pair.network.now)
            pair.server.turn(until: pair.network.now)
            try pair.acceptAll()
        }
        let server = try #require(pair.server.id)
        pair.server.reactor.setReading(server, false)
        return server
    }

    @Test func `what came with the end of the handshake waits for an owner that does not read`() throws {
        let pair = try TLSPair(server: certificates.server())
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.id = id
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.client.reactor.append(to: id, bytes(5_000))
        // The owner does not read from the first moment on.
        let server = try acceptUnread(pair)
        try pair.settle()
        #expect(pair.server.isSecured)
        #expect(pair.server.heard.isEmpty)
        #expect(pair.server.reactor.counts.barren == 0)
        pair.server.reactor.setReading(server, true)
        try pair.settle()
        #expect(pair.server.heard == bytes(5_000))
    }

    @Test func `what is told and not received is told again`() throws {
        let pair = try TLSPair(server: certificates.server())
        let peer = try certificates.client()
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.reactor.secure(id, with: peer, name: "localhost")
        pair.client.reactor.append(to: id, [9])
        var told = 0
        for _ in 0..<50 {
            pair.client.turn(until: pair.network.now)
            pair.server.reactor.wait(until: pair.network.now)
            while let event = pair.server.reactor.next() { if case .readable = event { told += 1 } }
            try pair.acceptAll()
        }
        #expect(told > 10)
        try pair.settle()
        #expect(pair.server.heard == [9])
    }

    @Test func `a connection moves in the middle of a record, with what is not read and what is not sent`() throws {
        let pair = try TLSPair(server: certificates.server())
        pair.network.window = 700
        pair.server.echoes = true
        try pair.connect(certificates.client())
        let all = bytes(60_000)
        pair.say(all)
        var heard: [UInt8] = []
        // To a new reactor again and again, each time in the middle of something.
        for _ in 0..<40 {
            for _ in 0..<5 {
                pair.client.turn(until: pair.network.now)
                pair.server.turn(until: pair.network.now)
            }
            let client = try #require(pair.client.id)
            let detached = try #require(pair.client.reactor.detach(client))
            #expect(pair.client.reactor.pendingBytes == 0)
            let other = TLSSide(Reactor(on: FakeKernel(pair.network)))
            other.id = try other.reactor.attach(detached)
            for _ in 0..<5 {
                other.turn(until: pair.network.now)
                pair.server.turn(until: pair.network.now)
            }
            heard += other.heard
            let there = try #require(other.id)
            let back = try #require(other.reactor.detach(there))
            heard += pair.client.heard
            pair.client.heard = []
            pair.client.id = try pair.client.reactor.attach(back)
        }
        try pair.settle()
        heard += pair.client.heard
        #expect(heard.count == all.count)
        #expect(heard == all)
    }

    @Test func `a connection moves in the middle of its handshake`() throws {
        let pair = try TLSPair(server: certificates.server())
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.id = id
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.client.reactor.append(to: id, [1, 2])
        pair.client.turn(until: pair.network.now)
        pair.server.turn(until: pair.network.now)
        try pair.acceptAll()
        let server = try #require(pair.server.id)
        let other = TLSSide(Reactor(on: FakeKernel(pair.network)))
        other.id = try other.reactor.attach(try #require(pair.server.reactor.detach(server)))
        for _ in 0..<20 {
            pair.client.turn(until: pair.network.now)
            other.turn(until: pair.network.now)
        }
        #expect(other.isSecured)
        #expect(other.heard == [1, 2])
    }

    @Test func `what came with the end of the handshake moves along`() throws {
        let pair = try TLSPair(server: certificates.server())
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.client.reactor.append(to: id, bytes(3_000))
        let server = try acceptUnread(pair)
        try pair.settle()
        let other = TLSSide(Reactor(on: FakeKernel(pair.network)))
        let there = try other.reactor.attach(try #require(pair.server.reactor.detach(server)))
        other.turn(until: pair.network.now)
        #expect(other.heard.isEmpty)
        other.reactor.setReading(there, true)
        for _ in 0..<3 { other.turn(until: pair.network.now) }
        #expect(other.heard == bytes(3_000))
    }

    @Test func `the marks hold while the handshake lasts`() throws {
        let pair = try TLSPair(server: certificates.server())
        let id = try pair.client.reactor.connect(to: pair.front)
        pair.client.id = id
        pair.client.reactor.secure(id, with: try certificates.client(), name: "localhost")
        pair.client.reactor.setMarks(id, WaterMarks(1_000))
        pair.client.reactor.append(to: id, bytes(300_000))
        pair.client.turn(until: pair.network.now)
        pair.client.reactor.append(to: id, bytes(10))
        try pair.settle()
        #expect(pair.client.events.contains(.congested(id)))
        #expect(pair.client.events.contains(.relieved(id)))
        #expect(pair.server.heard.count == 300_010)
    }
}
