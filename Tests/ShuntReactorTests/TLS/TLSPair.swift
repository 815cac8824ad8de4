import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// One side of a connection in a test's hands: it receives what it is told of, and remembers all.
final class TLSSide {
    let reactor: Reactor
    var id: SocketID?
    var events: [ReactorEvent] = []
    var heard: [UInt8] = []
    /// What a `receive` said that was no bytes and not nothing.
    var ends: [Reception] = []
    /// The most that came at once.
    var largest = 0
    /// What was said of the first loss.
    private(set) var problem: TLSProblem?
    /// Says back what it hears.
    var echoes = false
    /// Ends its own direction when the other ends.
    var finishesToo = false

    init(_ reactor: Reactor) { self.reactor = reactor }

    func turn(until deadline: Instant) {
        reactor.wait(until: deadline)
        while let event = reactor.next() {
            events.append(event)
            switch event {
            case .readable(let id): read(id)
            case .congested(let id): if echoes { reactor.setReading(id, false) }
            case .relieved(let id): if echoes { reactor.setReading(id, true) }
            case .lost(let id, _): note(id)
            default: break
            }
        }
    }

    private func read(_ id: SocketID) {
        let reception = reactor.receive(id) { bytes in
            largest = max(largest, bytes.count)
            for index in bytes.indices { heard.append(bytes[index]) }
            if echoes { reactor.append(to: id, bytes) }
        }
        switch reception {
        case .bytes, .nothing: break
        case .end:
            ends.append(reception)
            if finishesToo { reactor.finish(id) }
        case .lost:
            ends.append(reception)
            note(id)
        }
    }

    private func note(_ id: SocketID) { if problem == nil { problem = reactor.tlsProblem(of: id) } }

    var isSecured: Bool {
        events.contains { if case .secured = $0 { true } else { false } }
    }

    /// Why the connection is no more.
    var loss: SystemError? {
        for event in events { if case .lost(_, let error) = event { return error } }
        for end in ends { if case .lost(let error) = end { return error } }
        return nil
    }

    var facts: TLSFacts? { id.flatMap { reactor.tlsFacts(of: $0) } }
}

/// Two ends of one connection, each with a reactor of its own, on a network in a test's hands.
final class TLSPair {
    let network: FakeNetwork
    let client: TLSSide
    let server: TLSSide
    let front = SocketAddress.v4(0x7F00_0001, port: 443)
    private let listener: SocketID
    private let serverContext: TLSContext?

    /// - Parameter server: nil for a side that speaks no TLS.
    init(server serverContext: TLSContext?, seed: UInt64 = 1) throws {
        network = FakeNetwork(seed: seed)
        network.window = 1 << 20
        client = TLSSide(Reactor(on: FakeKernel(network)))
        server = TLSSide(Reactor(on: FakeKernel(network)))
        listener = try server.reactor.listen(on: network.listen(on: front))
        self.serverContext = serverContext
    }

    /// Dials with TLS, and turns until both sides have nothing to do.
    func connect(_ context: TLSContext, name: String? = "localhost") throws {
        let id = try client.reactor.connect(to: front)
        client.id = id
        client.reactor.secure(id, with: context, name: name)
        try settle()
    }

    /// A peer that is no reactor, for what no reactor would say.
    func dial() throws -> FakePeer {
        let peer = try #require(network.dial(front))
        try settle()
        return peer
    }

    func acceptAll() throws {
        while let (id, _) = try server.reactor.accept(listener) {
            server.id = id
            if let serverContext { server.reactor.secure(id, with: serverContext) }
        }
    }

    /// Turns until nothing happens.
    func settle() throws {
        var quiet = 0
        var turns = 0
        while quiet < 3 {
            let before = (client.events.count, server.events.count, work)
            client.turn(until: network.now)
            server.turn(until: network.now)
            try acceptAll()
            quiet = before == (client.events.count, server.events.count, work) ? quiet + 1 : 0
            turns += 1
            try #require(turns < 100_000, "it comes to no end")
        }
    }

    private var work: Int {
        [client, server].reduce(0) { $0 + $1.reactor.counts.bytesReceived + $1.reactor.counts.bytesSent }
    }

    func say(_ bytes: [UInt8]) { if let id = client.id { client.reactor.append(to: id, bytes) } }
    func answer(_ bytes: [UInt8]) { if let id = server.id { server.reactor.append(to: id, bytes) } }
}
