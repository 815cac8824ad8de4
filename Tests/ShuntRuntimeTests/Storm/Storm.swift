import Glibc
import Logging
import ShuntCore
import ShuntReactor
import ShuntTesting

@testable import ShuntRuntime

/// Two real workers on a network in memory, in a storm made from a seed: bytes cut anywhere, calls that come to nothing,
/// sessions whose clients are accepted on either worker, peers that come, go, stop reading and break the protocol,
/// dials that fail in every way. The model knows only what each peer said and heard, and what of it the proxy has read.
///
/// Not locked: everything happens on the one thread of its test.
final class Storm {
    let plan: StormPlan
    var dice: Dice
    let network: FakeNetwork
    let kernels: [FakeKernel]
    let workers: [Worker]
    let emptyCensus: Census
    let process: ProcessState
    let certificates: StormCertificates
    /// What clients speak TLS with, the older version first.
    let clientContexts: [TLSContext]

    var clients: [StormClient] = []
    var agents: [StormAgent] = []
    var messages: [StormMessage] = []
    /// Peers behave from here on, and nobody leaves.
    private(set) var isCalm = false
    private(set) var isDraining = false
    private(set) var isCut = false
    /// Turns that the workers took.
    var turns = 0
    var spins = [Spin(), Spin()]
    var pushesMade = 0
    /// Where upstreams are named, how often each of their host's addresses was dialled.
    var dials: [SocketAddress: Int] = [:]
    /// What happened at least once, for coverage.
    var met: Set<String> = []

    private(set) var failure: String?
    private(set) var trace: [String] = []
    private let isTracing: Bool
    private var step = 0

    init(seed: UInt64, tracing: Bool) throws {
        dice = Dice(seed: seed)
        certificates = try StormCertificates.required()
        plan = StormPlan(&dice, authorities: certificates.folder.file("ours.pem"))
        clientContexts = [try certificates.client(.tls12), try certificates.client(.tls13)]
        isTracing = tracing
        network = FakeNetwork(seed: seed &+ 1_000_000)
        network.faults = plan.faults
        let process = ProcessState(
            settings: ProxySettings(table: try RoutingTable(plan.table)), workerCount: 2,
            logger: Logger(label: "storm") { _ in SwiftLogNoOpLogHandler() }, wallClock: { UnixTime(milliseconds: 0) })
        self.process = process
        if plan.securesClients { try process.tls.listen(with: certificates.listening("first")) }
        process.tls.prepare(for: process.table)
        process.names.answered(StormPlan.host, StormPlan.addresses)
        kernels = [FakeKernel(network), FakeKernel(network)]
        workers = kernels.enumerated().map { index, kernel in
            Worker(
                index: index, reactor: Reactor(on: kernel), process: process,
                maskingKeys: MaskingKeys(seed: seed &+ UInt64(index)))
        }
        emptyCensus = workers[0].switchboard.census
        let all = Workers(workers.map(\.orders))
        for (worker, address) in zip(workers, Self.front) {
            worker.workers = all
            worker.upstreamMarks = plan.upstreamMarks
            worker.measureLag()
            _ = try ListeningSocket(network.listen(on: address), worker: worker)
        }
        for route in StormPlan.routes.indices { network.await(at: Self.back(route)) }
        network.dialFate = { [unowned self] in fate(of: $0) }
    }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(step) (\(turns)): \(line())") }
    }

    /// A promise was broken. The first one counts.
    func fail(_ text: @autoclosure () -> String) {
        guard failure == nil else { return }
        failure = "step \(step), turn \(turns): \(text())"
        note("FAILURE: \(failure ?? "")")
    }

    // MARK: The storm

    /// Lives through the seed: some steps of storm, then the calm in which everything must get its outcome, then the end
    /// after which nothing may be left.
    func run(steps: Int) {
        while step < steps, failure == nil {
            step += 1
            act()
            look()
        }
        if plan.isCutShort {
            cutAll()
        } else {
            if failure == nil { calmDown() }
            if failure == nil { end() }
        }
        for worker in workers { _ = worker.cutAll() }
    }

    private func act() {
        // That is seldom, and soon over.
        if plan.strikes > 0, isAnybodyUnread, dice.chance(plan.strikes / 3) { strike() }
        switch dice.below(25) {
        case 0...1 where clients.count { !$0.isGone } < plan.mostClients: connectClient()
        case 2...5: say()
        case 6...9: sendSome()
        case 10...13: runOne()
        case 14...17: serve()
        case 18: pause()
        case 19 where dice.chance(35): leave()
        case 20 where dice.chance(plan.acceptFails): runShort()
        case 21 where plan.drains && step > 100 && dice.chance(30): drain()
        case 22 where dice.chance(plan.reloads): reload()
        case 23 where dice.chance(plan.strikes): strike()
        case 24 where dice.chance(plan.renewals): renew()
        default: pass(milliseconds: dice.below(plan.pause + 1))
        }
    }

    /// Listens to everybody, and sweeps what must hold at any time.
    private func look() {
        hear()
        checkWorkers()
    }

    /// Time passes: for a moment nobody does anything, or both wait for something to do.
    private func pass(milliseconds: Int) {
        note("\(milliseconds) ms pass")
        let end = network.now + .milliseconds(Int64(milliseconds))
        if dice.chance(30) { network.advance(by: .milliseconds(Int64(milliseconds))) }
        turnBoth()
        while network.now < end, failure == nil {
            turn(dice.below(2), waiting: Int((end - network.now).nanoseconds / 1_000_000) + 1)
        }
    }

    /// One of the workers takes some turns; the other is late.
    private func runOne() {
        let index = dice.below(workers.count)
        let count = dice.within(1...plan.turns)
        note("worker \(index) takes \(count) turns")
        for _ in 0..<count { turn(index) }
    }

    /// Handshakes are few enough to be all under way at the same time.
    var hasRoomAtDoor: Bool { plan.table.limits.handshakeBytes > 1 << 20 }

    /// The process is out of descriptors or of what the poller needs, or has them again.
    private func runShort() {
        if dice.chance(30) {
            network.watchError = network.watchError == 0 ? dice.pick([ENOSPC, ENOMEM]) : 0
            note("watching says \(network.watchError)")
            if network.watchError != 0 { met.insert("no watch") }
            return
        }
        network.acceptError = network.acceptError == 0 ? dice.pick([EMFILE, ENFILE, ENOMEM]) : 0
        note("accepting says \(network.acceptError)")
        if network.acceptError != 0 { met.insert("no descriptor") }
    }

    private func drain() {
        isDraining = true
        var settings = DrainSettings()
        settings.exchanges = .milliseconds(Int64(dice.below(3_000)))
        settings.spread = .milliseconds(Int64(dice.below(1_000)))
        note("drain")
        order { [settings] in $0.drain(settings) }
    }

    /// Another table comes into force, or connections are replaced.
    private func reload() {
        guard dice.chance(80) else {
            let route = StormPlan.routes[dice.pick([StormPlan.relayed, StormPlan.moved])]
            note("\(route) reconnects")
            return order { $0.feed(.reconnect(route: route)) }
        }
        var changed = plan.table
        StormPlan.change(&changed, &dice)
        guard let table = try? RoutingTable(changed) else { return fail("a table cannot be compiled") }
        note("another table: \(StormPlan.routes[StormPlan.moved]) by \(changed.routes[StormPlan.moved].servedBy.text)")
        met.insert("reload")
        process.tls.prepare(for: table)
        process.adopt(table)
        order { $0.feed(.tableChanged(table, spread: .zero)) }
    }

    /// The files of TLS are read again: they are others, or cannot be used.
    private func renew() {
        let name = dice.pick(["first", "second", "half"])
        note("TLS is renewed: \(name)")
        met.insert("renewed")
        if plan.securesClients {
            do throws(TLSProblem) {
                try process.tls.listen(with: certificates.listening(name))
                if name == "half" { fail("half a certificate is taken") }
            } catch {
                if name != "half" { fail("\(name) is not taken: \(error)") }
            }
        }
        process.tls.prepare(for: process.table, anew: true)
    }

    /// Has both workers do something, each in its own time.
    private func order(_ body: @escaping WorkerOrder) {
        for worker in workers.shuffled(using: &dice) { worker.orders.put(body) }
    }

    // MARK: The calm and the end

    private func calmDown() {
        isCalm = true
        network.acceptError = 0
        network.watchError = 0
        for client in clients { client.end.reads = true }
        for agent in agents { agent.end.reads = true }
        note("calm")
        settle(rounds: 40)
        guard failure == nil else { return }
        // Whoever comes next in a session is given what is owed to those who left.
        for token in plan.tokens where !isDraining && messages.contains(where: { owes($0, to: token) }) {
            connectClient(token: token)
        }
        settle(rounds: 12)
        checkOutcomes()
    }

    private func settle(rounds: Int) {
        for _ in 0..<rounds where failure == nil && isAnythingOpen {
            goOn(milliseconds: 400)
            // Both workers were told of it, and closed whom they had to.
            for index in clients.indices where clients[index].standing == .client { clients[index].wasHeldUp = false }
        }
        pump()
    }

    /// Somebody waits for something.
    private var isAnythingOpen: Bool {
        clients.contains { !$0.isGone && ($0.end.hasUnsent || !$0.isUpgraded) }
            || messages.contains { $0.isAccepted && !$0.mayBeLost && $0.outcome == nil }
    }

    private func goOn(milliseconds: Int) {
        pump()
        pass(milliseconds: milliseconds)
        look()
    }

    /// Everybody says and hears what there is, until no byte has moved for a while.
    private func pump() {
        var still = 0
        while still < 8, failure == nil {
            let before = moved
            sendAll()
            serve()
            turnBoth()
            hear()
            still = moved == before ? still + 1 : 0
        }
        checkWorkers()
    }

    private var moved: Int {
        workers.reduce(0) { $0 + $1.reactor.counts.bytesReceived + $1.reactor.counts.bytesSent }
            + clients.reduce(0) { $0 + $1.end.peer.unread } + clients.count + agents.count
    }

    private func end() {
        note("everybody leaves")
        for client in clients.indices where !clients[client].isGone && !clients[client].hasLeft {
            say(client)
            clients[client].passed.hasTakenLeave = clients[client].isUpgraded
            leave(client, politely: true)
        }
        // What those who left had still to be answered, then longer than anything is kept.
        for _ in 0..<400 where failure == nil && workers.contains(where: { $0.switchboard.census.exchanges > 0 }) {
            goOn(milliseconds: 20)
        }
        for _ in 0..<24 where failure == nil { goOn(milliseconds: 4_000) }
        if failure == nil { checkFarewells() }
        if failure == nil { checkNothingIsLeft() }
    }

    /// The end of a stop that took too long: what is under way to a worker comes after it.
    private func cutAll() {
        note("everything is cut")
        isCut = true
        isCalm = true
        network.acceptError = 0
        network.watchError = 0
        for worker in workers { worker.stopListening() }
        for _ in 0..<4 where failure == nil {
            for worker in workers { _ = worker.cutAll() }
            turnBoth()
        }
        for client in clients { client.end.close() }
        for agent in agents { agent.end.close() }
        for _ in 0..<30 where failure == nil { goOn(milliseconds: 4_000) }
        if failure == nil { checkNothingIsLeft() }
    }
}
