import Logging
import NIOCore
import NIOEmbedded
import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// Two real workers with their handlers, over connections in memory, in a storm made from a seed: bytes cut anywhere,
/// sessions whose clients are accepted on either worker, peers that come, go, stop reading and break the protocol,
/// dials that fail in every way. The model knows only what each peer said and heard.
///
/// Not locked: everything happens on the one thread of its test.
final class Storm: @unchecked Sendable {
    let plan: StormPlan
    var dice: Dice
    let loops: [EmbeddedEventLoop]
    private(set) var workers: [Worker] = []
    private(set) var directory = Workers([])
    let emptyCensus: Census
    let process: ProcessState

    var clients: [StormClient] = []
    var agents: [StormAgent] = []
    var messages: [StormMessage] = []
    /// Wires of clients, by the channel that they have now.
    var clientWires: [ObjectIdentifier: Wire] = [:]
    /// Peers behave from here on, and nobody leaves.
    var isCalm = false
    var isDraining = false
    var pushesMade = 0
    /// What happened at least once, for coverage.
    var met: Set<String> = []

    private(set) var failure: String?
    private(set) var trace: [String] = []
    private let isTracing: Bool
    private(set) var step = 0

    init(seed: UInt64, tracing: Bool) throws {
        dice = Dice(seed: seed)
        plan = StormPlan(&dice)
        isTracing = tracing
        loops = [EmbeddedEventLoop(), EmbeddedEventLoop()]
        let hands = Hands()
        process = ProcessState(
            settings: ProxySettings(table: try RoutingTable(plan.table)), workerCount: loops.count,
            logger: Logger(label: "storm") { _ in SwiftLogNoOpLogHandler() },
            connector: Connector { order, initializer in
                hands.storm?.connect(order, initializer) ?? order.eventLoop.makeFailedFuture(ChannelError.eof)
            },
            transfer: SocketTransfer { hands.storm?.depart($0) ?? .notPossible })
        var workers: [Worker] = []
        for (index, loop) in loops.enumerated() {
            workers.append(
                Worker(
                    index: index, eventLoop: loop, process: process,
                    maskingKeys: MaskingKeys(seed: seed &+ UInt64(index))))
        }
        emptyCensus = workers[0].switchboard.census
        self.workers = workers
        directory = Workers(zip(workers, loops).map { NIOLoopBound($0, eventLoop: $1) })
        hands.storm = self
    }

    /// What the proxy's ports reach the storm by; the storm itself holds the proxy.
    private final class Hands: @unchecked Sendable {
        weak var storm: Storm?
    }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(step): \(line())") }
    }

    /// A promise was broken. The first one counts.
    func fail(_ text: @autoclosure () -> String) {
        guard failure == nil else { return }
        failure = "step \(step): \(text())"
        note("FAILURE: \(failure ?? "")")
    }

    // MARK: The storm

    /// Lives through the seed: some steps of storm, then the calm in which everything must get its outcome, then the end
    /// after which nothing may be left.
    func run(steps: Int) throws {
        while step < steps, failure == nil {
            step += 1
            try act()
            try look()
        }
        if failure == nil { try calmDown() }
        if failure == nil { try end() }
        try close()
    }

    private func act() throws {
        switch dice.below(24) {
        case 0...1 where clients.count { !$0.isGone } < plan.mostClients: try connectClient()
        case 2...6: say()
        case 7...10: try sendSome()
        case 11...13: runOne()
        case 14...17: try serve()
        case 18: try pause()
        case 19 where dice.chance(35): try leave()
        case 20 where dice.chance(10): breakAtFlush()
        case 21 where plan.drains && step > 100 && dice.chance(30): drain()
        default: pass(milliseconds: dice.below(plan.pause + 1))
        }
    }

    /// Listens to everybody, and sweeps what must hold at any time.
    func look() throws {
        hear()
        checkWorkers()
    }

    func pass(milliseconds: Int) {
        let time = loops.map(\.now).max() ?? .uptimeNanoseconds(0)
        let target = time + .milliseconds(Int64(milliseconds))
        note("\(milliseconds) ms pass")
        let first = dice.below(2)
        for index in [first, 1 - first] {
            loops[index].advanceTime(to: target)
            checkFlushed(workers[index])
        }
    }

    /// One of the loops does what is to be done now; the other is late.
    private func runOne() {
        let index = dice.below(loops.count)
        note("worker \(index) runs")
        loops[index].run()
        checkFlushed(workers[index])
    }

    func runAll() {
        let first = dice.below(2)
        for index in [first, 1 - first, first] {
            loops[index].run()
            checkFlushed(workers[index])
        }
    }

    private func drain() {
        isDraining = true
        var settings = DrainSettings()
        settings.exchanges = .milliseconds(Int64(dice.below(3_000)))
        settings.spread = .milliseconds(Int64(dice.below(1_000)))
        note("drain")
        for worker in workers.shuffled(using: &dice) { worker.drain(settings) }
    }

    // MARK: The calm and the end

    private func calmDown() throws {
        isCalm = true
        for client in clients.indices { clients[client].wire.takes = true }
        for agent in agents.indices { agents[agent].wire.takes = true }
        note("calm")
        try settle(rounds: 40)
        guard failure == nil else { return }
        // Whoever comes next in a session is given what is owed to those who left.
        for token in plan.tokens where !isDraining && messages.contains(where: { owes($0, to: token) }) {
            try connectClient(token: token)
        }
        try settle(rounds: 12)
        checkOutcomes()
    }

    private func settle(rounds: Int) throws {
        for _ in 0..<rounds where failure == nil && isAnythingOpen {
            try sendAll()
            try serve()
            runAll()
            try serve()
            pass(milliseconds: 400)
            try look()
            // Both workers were told of it, and closed whom they had to.
            for client in clients where !client.wire.isCongested { client.wire.wasCongested = false }
        }
    }

    private func goOn(milliseconds: Int) throws {
        try sendAll()
        try serve()
        runAll()
        pass(milliseconds: milliseconds)
        try look()
    }

    /// Somebody waits for something.
    private var isAnythingOpen: Bool {
        clients.contains { !$0.isGone && (!$0.wire.unsent.isEmpty || !$0.isUpgraded) }
            || messages.contains { $0.isAccepted && !$0.mayBeLost && $0.outcome == nil }
    }

    private func end() throws {
        note("everybody leaves")
        for client in clients.indices where !clients[client].isGone { leave(client, politely: true) }
        // What those who left had still to be answered, then longer than anything is kept.
        for _ in 0..<400 where failure == nil && workers.contains(where: { $0.switchboard.census.exchanges > 0 }) {
            try goOn(milliseconds: 20)
        }
        for _ in 0..<24 where failure == nil { try goOn(milliseconds: 4_000) }
        if failure == nil { checkNothingIsLeft() }
    }

    /// Lets go of the loops' tasks, which hold the workers.
    private func close() throws {
        for worker in workers { _ = worker.cutAll() }
        for loop in loops { try loop.syncShutdownGracefully() }
    }
}
