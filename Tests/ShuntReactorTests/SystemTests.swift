import Foundation
import ShuntCore
import ShuntReactor
import Testing

/// A relay on the system's own sockets, between peers of the system's blocking ones.
@Suite struct SystemTests {
    private func localhost(_ family: Int) throws -> SocketAddress {
        try #require(SocketAddress(literal: family == 4 ? "127.0.0.1" : "::1", port: 0))
    }

    private func listening(_ address: SocketAddress) throws -> (CInt, SocketAddress) {
        let descriptor = try SystemSocket.listen(on: address, SystemSocket.ListenOptions())
        return (descriptor, try #require(SystemSocket.localAddress(of: descriptor)))
    }

    @Test(arguments: [4, 6])
    func `bytes and ends pass a relay of the system's sockets`(family: Int) throws {
        let (front, frontAddress) = try listening(try localhost(family))
        let (back, backAddress) = try listening(try localhost(family))
        #expect(frontAddress.port > 0 && frontAddress.port != backAddress.port)
        let relay = try Relay(Reactor(), listener: front, target: backAddress, marks: WaterMarks(1 << 20))
        let server = try Reactor()
        let echo = try server.listen(on: back)
        let client = try Reactor()
        let caller = try client.connect(to: frontAddress)
        let all = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        client.append(to: caller, all)
        client.finish(caller)
        var heard: [UInt8] = []
        var hasEnded = false
        var turns = 0
        while !hasEnded, turns < 100_000 {
            turns += 1
            relay.turn(until: relay.reactor.now)
            serve(server, echo)
            client.wait(until: client.now + .milliseconds(1))
            while let event = client.next() {
                guard event == .readable(caller) else { continue }
                let reception = client.receive(caller) { bytes in
                    for index in bytes.indices { heard.append(bytes[index]) }
                }
                if reception == .end { hasEnded = true }
            }
        }
        #expect(hasEnded)
        #expect(heard == all)
        for _ in 0..<20 { relay.turn(until: relay.reactor.now + .milliseconds(1)) }
        #expect(relay.count == 0)
        #expect(relay.problems.isEmpty)
        #expect(relay.reactor.counts.barren == 0)
    }

    /// Says what it hears, and ends when the other does.
    private func serve(_ server: Reactor, _ listener: SocketID) {
        server.wait(until: server.now)
        while let event = server.next() {
            switch event {
            case .acceptable: while (try? server.accept(listener)) != nil {}
            case .readable(let id):
                let reception = server.receive(id) { server.append(to: id, $0) }
                if reception == .end { server.closeWhenSent(id) }
            case .congested(let id): server.setReading(id, false)
            case .relieved(let id): server.setReading(id, true)
            default: break
            }
        }
    }

    /// On Linux what is set on a listening socket holds for all that it accepts: nothing is asked for each.
    @Test(arguments: [4, 6]) func `small messages of accepted connections go at once, and vanished peers are found out`(
        family: Int
    ) throws {
        let (listener, address) = try listening(try localhost(family))
        defer { close(listener) }
        let caller = try Reactor()
        _ = try caller.connect(to: address)
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 5000) == 1)
        let accepted = accept(listener, nil, nil)
        try #require(accepted >= 0)
        defer { close(accepted) }
        for (level, option) in [(CInt(IPPROTO_TCP), TCP_NODELAY), (SOL_SOCKET, SO_KEEPALIVE)] {
            var value: CInt = 0
            var size = socklen_t(MemoryLayout<CInt>.size)
            #expect(getsockopt(accepted, level, option, &value, &size) == 0)
            #expect(value != 0)
        }
    }

    @Test func `nobody listens`() throws {
        let (descriptor, address) = try listening(try localhost(4))
        close(descriptor)
        let reactor = try Reactor()
        var told: [ReactorEvent] = []
        do throws(SystemError) {
            let id = try reactor.connect(to: address)
            while told.isEmpty {
                reactor.wait(until: reactor.now + .seconds(5))
                while let event = reactor.next() { told.append(event) }
            }
            #expect(told == [.lost(id, SystemError(code: ECONNREFUSED))])
        } catch {
            #expect(error.code == ECONNREFUSED)
        }
    }

    @Test func `a source address is dialled from`() throws {
        let (descriptor, address) = try listening(try localhost(4))
        let server = try Reactor()
        let listener = try server.listen(on: descriptor)
        let client = try Reactor()
        _ = try client.connect(to: address, from: SocketAddress(literal: "127.0.0.9", port: 0))
        server.wait(until: server.now + .seconds(5))
        #expect(server.next() == .acceptable(listener))
        let peer = try #require(try server.accept(listener)).peer
        #expect(peer.host == "127.0.0.9")
        #expect(throws: SystemError(code: EADDRNOTAVAIL)) {
            try client.connect(to: address, from: SocketAddress(literal: "203.0.113.9", port: 0))
        }
    }

    @Test func `an address in use is said`() throws {
        let (descriptor, address) = try listening(try localhost(4))
        defer { close(descriptor) }
        #expect(throws: SystemError(code: EADDRINUSE)) {
            try SystemSocket.listen(on: address, SystemSocket.ListenOptions())
        }
        #expect(SystemError(code: EADDRINUSE).description == "Address already in use")
    }

    @Test func `the bell rings from another thread`() throws {
        let reactor = try Reactor()
        let inbox = Inbox<Int>(of: reactor)
        Thread.detachNewThread { inbox.put(7) }
        // The test runner's own threads may all be busy, and this one waits.
        reactor.wait(until: reactor.now + .seconds(120))
        #expect(reactor.next() == .woken)
        #expect(inbox.take() == [7])
    }
}
