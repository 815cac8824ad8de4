import Glibc
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// What an owner is told, on a network that a test has in its hands.
@Suite struct ReactorTests {
    private let network = FakeNetwork(seed: 1)
    private let reactor: Reactor
    private let front = SocketAddress.v4(0x7F00_0001, port: 80)
    private let back = SocketAddress.v4(0x7F00_0001, port: 81)

    init() { reactor = Reactor(on: FakeKernel(network)) }

    /// Everything of the next turns, until a turn has nothing to tell.
    private func events(_ handle: (ReactorEvent) -> Void = { _ in }) -> [ReactorEvent] {
        var all: [ReactorEvent] = []
        while true {
            reactor.wait(until: network.now)
            let count = all.count
            while let event = reactor.next() {
                all.append(event)
                handle(event)
                if all.count > 100 { return all }
            }
            if all.count == count { return all }
        }
    }

    private func accepted() throws -> (SocketID, FakePeer) {
        let listener = try reactor.listen(on: network.listen(on: front))
        let peer = try #require(network.dial(front))
        reactor.wait(until: network.now)
        #expect(reactor.next() == .acceptable(listener))
        let (id, address) = try #require(try reactor.accept(listener))
        #expect(address.host == "127.0.0.1")
        #expect(try reactor.accept(listener) == nil)
        return (id, peer)
    }

    private func received(_ id: SocketID) -> (Reception, [UInt8]) {
        var all: [UInt8] = []
        let reception = reactor.receive(id) { bytes in for index in bytes.indices { all.append(bytes[index]) } }
        return (reception, all)
    }

    @Test func `what a turn appends is sent at its end, in one piece`() throws {
        let (id, peer) = try accepted()
        reactor.append(to: id, [1, 2])
        reactor.append(to: id, [3])
        #expect(peer.read() == [])
        _ = events()
        #expect(peer.read() == [1, 2, 3])
        #expect(reactor.counts.sends == 1)
    }

    @Test func `much is sent at once`() throws {
        network.window = 1 << 20
        let (id, peer) = try accepted()
        reactor.append(to: id, Array(repeating: 7, count: Reactor.urgent + 1))
        #expect(peer.read().count == Reactor.urgent + 1)
    }

    @Test func `an end is told once, and the other direction goes on`() throws {
        let (id, peer) = try accepted()
        _ = peer.write([1])
        peer.finish()
        var told: [Reception] = []
        #expect(events { if case .readable(let id) = $0 { told.append(received(id).0) } }.count == 2)
        #expect(told == [.bytes, .end])
        reactor.append(to: id, [9])
        reactor.finish(id)
        #expect(events() == [.finished(id)])
        #expect(peer.read() == [9])
        #expect(peer.hasEnded)
    }

    @Test func `a socket that is not read is not told of, and loses nothing when both directions end`() throws {
        let (id, peer) = try accepted()
        reactor.setReading(id, false)
        _ = peer.write([1, 2, 3])
        peer.finish()
        reactor.finish(id)
        #expect(events() == [.finished(id)])
        #expect(received(id).0 == .nothing)
        reactor.setReading(id, true)
        var heard: [UInt8] = []
        _ = events { _ in heard += received(id).1 }
        #expect(heard == [1, 2, 3])
    }

    @Test func `a reset is told though nobody reads`() throws {
        let (id, peer) = try accepted()
        reactor.setReading(id, false)
        peer.reset()
        #expect(events() == [.lost(id, SystemError(code: ECONNRESET))])
        #expect(events() == [])
        reactor.close(id)
        #expect(network.openDescriptors == 1)
    }

    @Test(arguments: [false, true])
    func `what came before a reset waits for an owner that does not read`(writes: Bool) throws {
        let (id, peer) = try accepted()
        reactor.setReading(id, false)
        _ = peer.write([4, 0, 0, 1])
        peer.reset()
        // The system says so by itself, or when it is written to.
        if writes { reactor.append(to: id, [1]) }
        #expect(events() == [])
        #expect(events() == [])
        #expect(reactor.counts.barren == 0, "and it does not spin over it")
        reactor.setReading(id, true)
        var heard: [UInt8] = []
        var ends: [Reception] = []
        _ = events { event in
            guard case .readable(let id) = event else { return }
            let (reception, bytes) = received(id)
            heard += bytes
            if reception != .bytes { ends.append(reception) }
        }
        #expect(heard == [4, 0, 0, 1])
        #expect(ends == [.lost(SystemError(code: ECONNRESET))])
    }

    @Test func `an answer is read though its peer takes nothing more`() throws {
        let (id, peer) = try accepted()
        _ = peer.write([4, 2])
        peer.close()
        reactor.append(to: id, [1])
        _ = events()
        reactor.append(to: id, [1])
        var heard: [UInt8] = []
        var ends: [Reception] = []
        _ = events { event in
            guard case .readable(let id) = event else { return }
            let (reception, bytes) = received(id)
            heard += bytes
            if reception != .bytes { ends.append(reception) }
        }
        #expect(heard == [4, 2])
        #expect(ends == [.lost(SystemError(code: ECONNRESET))], "whoever takes nothing more has not ended in order")
    }

    @Test func `the marks are told once each`() throws {
        network.window = 100
        let (id, peer) = try accepted()
        reactor.setMarks(id, WaterMarks(1_000))
        reactor.append(to: id, Array(repeating: 1, count: 1_000))
        #expect(events() == [], "900 wait")
        #expect(reactor.pending(id) == 900)
        reactor.append(to: id, Array(repeating: 1, count: 500))
        #expect(events() == [.congested(id)])
        #expect(reactor.pendingBytes == 1_400)
        var relieved: [ReactorEvent] = []
        for _ in 0..<20 {
            _ = peer.read()
            let told = events()
            if !told.isEmpty { #expect(reactor.pending(id) <= 500) }
            relieved += told
        }
        #expect(relieved == [.relieved(id)])
        #expect(reactor.pendingBytes == 0)
    }

    @Test func `a dial comes through, with what was said meanwhile, or not at all`() throws {
        network.await(at: back)
        let id = try reactor.connect(to: back)
        reactor.append(to: id, [5])
        #expect(events() == [.connected(id)])
        let server = try #require(network.accept(at: back))
        _ = events()
        #expect(server.read() == [5])
        let other = try reactor.connect(to: SocketAddress.v4(0x7F00_0001, port: 9))
        reactor.append(to: other, [5])
        #expect(events() == [.lost(other, SystemError(code: ECONNREFUSED))])
        #expect(reactor.append(to: other, atMost: 1) { _ in 1 } == 0)
    }

    @Test func `an end that was asked for while the dial was on its way is made`() throws {
        network.await(at: back)
        let id = try reactor.connect(to: back)
        reactor.finish(id)
        #expect(events() == [.connected(id), .finished(id)])
        let server = try #require(network.accept(at: back))
        #expect(server.hasEnded)
    }

    @Test func `an end that was asked for before a move is made after it`() throws {
        network.window = 10
        let (id, peer) = try accepted()
        reactor.append(to: id, Array(0..<30))
        reactor.finish(id)
        _ = events()
        let other = Reactor(on: FakeKernel(network))
        let there = try other.attach(try #require(reactor.detach(id)))
        var heard: [UInt8] = []
        for _ in 0..<5 {
            heard += peer.read()
            other.wait(until: network.now)
            while let event = other.next() { #expect(event == .finished(there)) }
        }
        #expect(heard == Array(0..<30))
        #expect(peer.hasEnded)
    }

    @Test func `an id of the past finds nothing`() throws {
        let (id, peer) = try accepted()
        _ = peer.write([1])
        reactor.wait(until: network.now)
        reactor.close(id)
        #expect(reactor.next() == nil, "what the kernel said before is of no use any more")
        let next = try reactor.connect(to: back)
        #expect(next.index == id.index)
        #expect(received(id).0 == .nothing)
        reactor.append(to: id, [1])
        reactor.finish(id)
        reactor.setReading(id, false)
        reactor.setDeadline(id, network.now)
        reactor.close(id)
        #expect(reactor.count == 2)
    }

    @Test func `deadlines are told, moved and forgotten`() throws {
        let (id, _) = try accepted()
        let begin = network.now
        reactor.setDeadline(id, begin + .seconds(1))
        reactor.setDeadline(id, begin + .seconds(2))
        var told: Instant?
        while told == nil, network.now < begin + .seconds(5) {
            reactor.wait(until: begin + .seconds(6))
            while let event = reactor.next() { if event == .deadline(id) { told = network.now } }
        }
        let at = try #require(told)
        #expect(at >= begin + .seconds(2) && at <= begin + .milliseconds(2_020))
        reactor.setDeadline(id, network.now + .seconds(1))
        reactor.setDeadline(id, .distantFuture)
        let end = network.now + .seconds(3)
        while network.now < end {
            reactor.wait(until: end)
            #expect(reactor.next() == nil)
        }
    }

    @Test func `a listening socket rests when descriptors are short`() throws {
        let listener = try reactor.listen(on: network.listen(on: front))
        _ = network.dial(front)
        network.acceptError = EMFILE
        var problems: [SystemError] = []
        let told = events { _ in
            do throws(SystemError) { _ = try reactor.accept(listener) } catch { problems.append(error) }
            reactor.setReading(listener, false)
        }
        #expect(told == [.acceptable(listener)])
        #expect(problems == [SystemError(code: EMFILE)])
        network.acceptError = 0
        reactor.setReading(listener, true)
        _ = events { _ in
            do throws(SystemError) { _ = try reactor.accept(listener) } catch { problems.append(error) }
        }
        #expect(problems.count == 1)
        #expect(reactor.count == 2)
    }

    @Test func `a connection moves with what it has not sent`() throws {
        network.window = 10
        let (id, peer) = try accepted()
        reactor.append(to: id, Array(0..<30))
        _ = events()
        let detached = try #require(reactor.detach(id))
        #expect(reactor.pendingBytes == 0)
        #expect(reactor.detach(id) == nil)
        let other = Reactor(on: FakeKernel(network))
        let there = try other.attach(detached)
        #expect(throws: SystemError.self) { try other.attach(detached) }
        _ = peer.write([7])
        var answer: UInt8 = 0
        var heard: [UInt8] = []
        for _ in 0..<5 {
            heard += peer.read()
            other.wait(until: network.now)
            while let event = other.next() {
                #expect(event == .readable(there))
                #expect(other.receive(there) { answer = $0[0] } == .bytes)
            }
        }
        #expect(heard == Array(0..<30))
        #expect(answer == 7)
    }

    @Test func `a connection that nobody takes is closed`() throws {
        let (id, peer) = try accepted()
        _ = reactor.detach(id)
        #expect(peer.hasEnded)
        #expect(network.openDescriptors == 1)
    }

    @Test func `the bell ends a wait`() throws {
        let inbox = Inbox<Int>(of: reactor)
        inbox.put(1)
        inbox.put(2)
        reactor.wait()
        #expect(reactor.next() == .woken)
        #expect(reactor.next() == nil)
        #expect(inbox.take() == [1, 2])
        inbox.put(3)
        #expect(inbox.close() == [3])
        #expect(!inbox.put(4))
    }
}
