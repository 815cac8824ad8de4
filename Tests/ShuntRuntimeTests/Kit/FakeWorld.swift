import Logging
import ShuntCore
import ShuntReactor
import ShuntTesting

@testable import ShuntRuntime

/// A real worker on a network in memory, whose clock moves by hand.
final class FakeWorld {
    let network = FakeNetwork(seed: 1)
    let worker: Worker
    private let listener: SocketID
    private static let front = SocketAddress.v4(0x7F00_0001, port: 80)
    /// Where the backend of `ProxyFixture` is.
    private static let back = SocketAddress.v4(0x7F00_0001, port: 1)

    /// - Parameter window: bytes that a peer takes in before it reads.
    init(
        logger: Logger? = nil, window: Int = 64 << 10, validator: (any CredentialValidator)? = nil,
        _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws {
        network.window = window
        var fixture = ProxyFixture(backendPort: 1)
        if validator != nil { fixture.table.session.validation = .http(SessionServiceSettings()) }
        change(&fixture.table)
        let process = ProcessState(
            settings: try fixture.settings, workerCount: 1, logger: logger ?? fixture.logger,
            validator: validator)
        worker = Worker(
            index: 0, reactor: Reactor(on: FakeKernel(network)), process: process, maskingKeys: MaskingKeys(seed: 1))
        worker.workers = Workers([worker.orders])
        network.await(at: Self.back)
        listener = try worker.reactor.listen(on: network.listen(on: Self.front))
    }

    /// Everything that is to be done now.
    func run() {
        for _ in 0..<8 { worker.takeTurn(until: network.now) }
    }

    func pass(_ time: TimeSpan) {
        run()
        let target = network.now + time
        while network.now < target { worker.takeTurn(until: target) }
        run()
    }

    /// A client that has connected, and said nothing.
    func connecting() throws -> FakePeer {
        guard let client = network.dial(Self.front), let (id, peer) = try worker.reactor.accept(listener) else {
            throw BlockingSocket.Failure(description: "nobody was accepted")
        }
        OpeningHandshake.begin(on: id, of: peer, worker: worker)
        return client
    }

    /// A client whose request is read; `behind` as of `upstream`.
    func arriving(target: String, behind: [UInt8] = []) throws -> FakePeer {
        let client = try connecting()
        client.say(Array(WireSocket.request(target: target).utf8) + behind)
        run()
        return client
    }

    /// A client after its handshake; the 101 is read.
    func client(target: String = "/api/ws/agent") throws -> FakePeer {
        let client = try arriving(target: target)
        guard client.text().contains(" 101 ") else { throw BlockingSocket.Failure(description: "no upgrade") }
        return client
    }

    /// The next upstream connection that was dialled, its handshake answered.
    ///
    /// - Parameters:
    ///   - behind: what stands behind the answer, in one read with it.
    ///   - ends: the connection ends right behind that.
    func upstream(behind: [UInt8] = [], ends: Bool = false) throws -> FakePeer {
        let (peer, head) = try dialled()
        let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
        peer.say(Array(TestBackend.upgrade(acceptKey: key).utf8) + behind)
        if ends { peer.close() }
        run()
        return peer
    }

    /// The next upstream connection that was dialled, and the request on it.
    func dialled() throws -> (peer: FakePeer, head: String) {
        run()
        guard let peer = network.accept(at: Self.back) else {
            throw BlockingSocket.Failure(description: "nothing was dialled")
        }
        run()
        return (peer, peer.text())
    }

    var undialled: Bool { network.waiting(at: Self.back) == 0 }

    /// WebSockets and byte pipes that the worker has.
    var established: Int { worker.occupants.values.count { $0.isEstablished } }
}

extension FakePeer {
    /// Says bytes that there is room for.
    func say(_ bytes: [UInt8]) { _ = write(bytes) }

    /// Says a message in one frame.
    func say(_ text: String, masked: Bool) { say(WireSocket.bytes(1, Array(text.utf8), masked: masked)) }

    /// What came, as text.
    func text() -> String { String(decoding: read(), as: UTF8.self) }

    /// What came, as frames.
    func frames() -> [NaiveFrame] { NaiveFrameReader.frames(read()) }
}
