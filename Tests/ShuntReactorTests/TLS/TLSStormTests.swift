import Foundation
import ShuntCore
import ShuntReactor
import ShuntTesting
import Testing

/// Seeded storms of TLS: clients and servers with a relay between them, all of them reactors, on a network where calls do
/// half of what they could, are interrupted, or come to nothing. Ends stop reading, move to other reactors, and vanish.
///
/// (OpenSSL's own randomness is not the seed's: signatures differ in length by a byte or two. So a seed repeats what is
/// done, and nearly always what comes of it.)
@Suite struct TLSStormTests {
    /// `STORM_FROM` and `STORM_SEEDS` ask for others.
    private static var seeds: ClosedRange<Int> {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["STORM_FROM"].flatMap { Int($0) } ?? 1
        return first...first + max(1, environment["STORM_SEEDS"].flatMap { Int($0) } ?? 60) - 1
    }

    @Test func `whatever the network does, what was said in TLS arrives whole and in order, when replayed too`() throws
    {
        let certificates = try TestCertificates.required()
        for seed in Self.seeds { try TLSStorm(seed: UInt64(seed), certificates).run() }
    }
}

/// One end of a connection in a storm. The n-th byte it says is told by n, the first one is the connection's number.
private final class TLSStormEnd {
    let isClient: Bool
    var id: SocketID
    /// Which of its kind's reactors has it.
    var place: Int
    var talk: Int?
    var toSay = 0
    var said = 0
    var heard = 0
    var isReading = true
    var isFinishing = false
    var hasFinished = false
    var hasEnded = false
    var isGone = false

    init(isClient: Bool, id: SocketID, place: Int) {
        self.isClient = isClient
        self.id = id
        self.place = place
    }

    static func byte(_ place: Int, of talk: Int, isClient: Bool) -> UInt8 {
        place == 0 ? UInt8(talk) : UInt8(truncatingIfNeeded: place &* 31 &+ talk &+ (isClient ? 0 : 100))
    }

    var isOver: Bool { isGone || hasEnded && hasFinished }
}

private final class TLSStorm {
    private let seed: UInt64
    private let network: FakeNetwork
    private var dice: Dice
    private let relay: Relay
    /// Two of each kind: connections move between them.
    private let clients: [Reactor]
    private let servers: [Reactor]
    private let listener: SocketID
    private let clientContext: TLSContext
    private let serverContext: TLSContext
    private var ends: [TLSStormEnd] = []
    private var dialled = 0
    private var breaks = 0
    private var problems: [String] = []

    private static let front = SocketAddress.v4(0x7F00_0001, port: 443)
    private static let back = SocketAddress.v4(0x7F00_0001, port: 444)

    init(seed: UInt64, _ certificates: TestCertificates) throws {
        self.seed = seed
        let network = FakeNetwork(seed: seed)
        var dice = Dice(seed: seed &+ 1_000_000)
        network.faults = dice.chance(80) ? .bad : .none
        network.window = dice.pick([64, 1_000, 64 << 10])
        serverContext = try certificates.server(["server", "star"])
        let versions: [TLSVersion] = [dice.pick([.tls12, .tls13]), dice.pick([.tls12, .tls13])]
        clientContext = try certificates.client { $0.most = versions[0] }
        clients = (0..<2).map { _ in Reactor(on: FakeKernel(network)) }
        servers = (0..<2).map { _ in Reactor(on: FakeKernel(network)) }
        listener = try servers[0].listen(on: network.listen(on: Self.back))
        relay = try Relay(
            Reactor(on: FakeKernel(network)), listener: network.listen(on: Self.front), target: Self.back,
            marks: WaterMarks(dice.pick([100, 5_000, 1 << 20])))
        relay.front = serverContext
        relay.back = try certificates.client { $0.most = versions[1] }
        self.network = network
        self.dice = dice
    }

    func run() throws {
        let wanted = dice.within(1...5)
        let breaksSome = dice.chance(30)
        var turns = 0
        while dialled < wanted || !isOver {
            if dialled < wanted, dice.chance(20) { try dial() }
            relay.turn(until: network.now + .milliseconds(5))
            for place in 0..<2 {
                try turn(clients[place], place, isClient: true)
                try turn(servers[place], place, isClient: false)
            }
            for end in ends where !end.isGone { try act(end, breaksSome: breaksSome) }
            turns += 1
            try #require(turns < 100_000, "seed \(seed) comes to no end")
        }
        check()
    }

    private var isOver: Bool { ends.allSatisfy(\.isOver) && (breaks > 0 || ends.count == 2 * dialled) }

    private func check() {
        for end in ends where !end.isGone { reactor(of: end).close(end.id) }
        for _ in 0..<300 {
            relay.turn(until: network.now + .milliseconds(5))
            for reactor in clients + servers {
                reactor.wait(until: network.now)
                while let event = reactor.next() {
                    if case .readable(let id) = event { _ = reactor.receive(id) { _ in } }
                }
            }
        }
        #expect(problems.isEmpty, "seed \(seed)")
        #expect(relay.problems.isEmpty, "seed \(seed)")
        let all = clients + servers + [relay.reactor]
        #expect(all.allSatisfy { $0.pendingBytes == 0 }, "seed \(seed)")
        if breaks == 0 {
            #expect(relay.losses.isEmpty, "seed \(seed)")
            #expect(relay.count == 0, "seed \(seed)")
            #expect(network.openDescriptors == 2, "seed \(seed): the listeners alone are open")
            #expect(all.map(\.counts.cutShort) == [0, 0, 0, 0, 0], "seed \(seed)")
        }
        if network.faults.again == 0 { #expect(all.allSatisfy { $0.counts.barren == 0 }, "seed \(seed)") }
    }

    private func reactor(of end: TLSStormEnd) -> Reactor { (end.isClient ? clients : servers)[end.place] }

    private func dial() throws {
        let id = try clients[0].connect(to: Self.front)
        clients[0].secure(id, with: clientContext, name: "localhost")
        clients[0].setMarks(id, WaterMarks(3_000))
        let end = TLSStormEnd(isClient: true, id: id, place: 0)
        end.talk = dialled
        end.toSay = 1 + dice.below(dice.pick([3, 3_000, 40_000]))
        ends.append(end)
        dialled += 1
    }

    // MARK: Turns

    private func turn(_ reactor: Reactor, _ place: Int, isClient: Bool) throws {
        reactor.wait(until: network.now)
        while let event = reactor.next() {
            switch event {
            case .acceptable: try accept()
            case .readable(let id): try end(id, place, isClient).map { try hear($0, reactor) }
            case .finished(let id): end(id, place, isClient)?.hasFinished = true
            case .lost(let id, let error):
                guard let end = end(id, place, isClient) else { continue }
                lose(end, error)
            case .connected, .secured, .congested, .relieved, .deadline, .woken: break
            case .closed, .plainText: problems.append("\(event)")
            }
        }
    }

    private func end(_ id: SocketID, _ place: Int, _ isClient: Bool) -> TLSStormEnd? {
        ends.first { !$0.isGone && $0.id == id && $0.place == place && $0.isClient == isClient }
    }

    private func accept() throws {
        while let (id, _) = try servers[0].accept(listener) {
            servers[0].secure(id, with: serverContext)
            let end = TLSStormEnd(isClient: false, id: id, place: 0)
            end.toSay = 1 + dice.below(8_000)
            ends.append(end)
        }
    }

    private func lose(_ end: TLSStormEnd, _ error: SystemError) {
        let reactor = reactor(of: end)
        if breaks == 0 { problems.append("lost: \(error), \(reactor.tlsProblem(of: end.id) as Any)") }
        end.isGone = true
        reactor.close(end.id)
    }

    private func hear(_ end: TLSStormEnd, _ reactor: Reactor) throws {
        var heard: [UInt8] = []
        let reception = reactor.receive(end.id) { bytes in for index in bytes.indices { heard.append(bytes[index]) } }
        if let first = heard.first, end.heard == 0, end.talk == nil { end.talk = Int(first) }
        for byte in heard {
            let right = TLSStormEnd.byte(end.heard, of: end.talk ?? 0, isClient: !end.isClient)
            try #require(byte == right, "seed \(seed): byte \(end.heard) of talk \(end.talk ?? -1)")
            end.heard += 1
        }
        switch reception {
        case .bytes, .nothing: break
        case .end:
            end.hasEnded = true
            let other = ends.first { $0.talk == end.talk && $0.isClient != end.isClient }
            if breaks == 0, end.heard != other?.toSay { problems.append("ended at \(end.heard)") }
            if breaks > 0 { end.isFinishing = true }
            if breaks > 0 { reactor.finish(end.id) }
        case .lost(let error): lose(end, error)
        }
    }

    // MARK: What ends do

    private func act(_ end: TLSStormEnd, breaksSome: Bool) throws {
        let reactor = reactor(of: end)
        if breaksSome, dice.chance(1, in: 500) {
            breaks += 1
            end.isGone = true
            return reactor.close(end.id)
        }
        if dice.chance(10) {
            end.isReading.toggle()
            reactor.setReading(end.id, end.isReading)
        }
        if end.talk != nil, !end.isFinishing, reactor.pending(end.id) < 5_000 { say(end, reactor) }
        if dice.chance(4) { try move(end, reactor) }
    }

    private func say(_ end: TLSStormEnd, _ reactor: Reactor) {
        let count = min(end.toSay - end.said, dice.below(2_000))
        let range = end.said..<end.said + count
        reactor.append(to: end.id, range.map { TLSStormEnd.byte($0, of: end.talk ?? 0, isClient: end.isClient) })
        end.said += count
        guard end.said == end.toSay else { return }
        end.isFinishing = true
        reactor.finish(end.id)
    }

    private func move(_ end: TLSStormEnd, _ reactor: Reactor) throws {
        guard let detached = reactor.detach(end.id) else { return }
        end.place = 1 - end.place
        end.id = try self.reactor(of: end).attach(detached)
        self.reactor(of: end).setMarks(end.id, WaterMarks(3_000))
    }
}
