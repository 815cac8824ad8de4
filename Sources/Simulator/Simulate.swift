import ArgumentParser
import ShuntTesting

/// Lives through many seeds, or replays one of them.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs the pure core in seeded worlds and checks its promises after every event.")

    @Option(help: "How many seeds to live through.")
    var seeds: UInt64 = 100_000

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(help: "Events in each world before it heals and settles.")
    var steps = Simulation.usualSteps

    @Option(help: "Live through this one seed only.")
    var seed: UInt64?

    @Option(help: "Worlds at the same time.")
    var jobs = 2

    @Option(help: "Stop after so many failing seeds.")
    var failures = 1

    @Flag(help: "No old clients, and a table that stays; else three seeds of four have both.")
    var still = false

    @Flag(help: "Old clients and a table that changes, whatever the seed.")
    var moving = false

    @Option(help: "A promise that is not looked at, by the name in its failures; may be repeated.")
    var without: [SimulatedPromise] = []

    @Flag(help: "With --seed: print every event and effect.")
    var trace = false

    private var kind: Simulation.Kind? { still ? .still : moving ? .moving : nil }

    private func life(_ seed: UInt64) -> Simulation.Life {
        Simulation.Life(seed: seed, steps: steps, kind: kind, without: Set(without))
    }

    func run() async throws {
        if let seed {
            try replay(seed)
        } else {
            try await sweep()
        }
    }

    private func replay(_ seed: UInt64) throws {
        let (lines, failure) = try Simulation.trace(life(seed))
        if trace { for line in lines { print(line) } }
        guard var failure else { return print("seed \(seed): every promise was kept over \(steps) steps") }
        failure.trace = []
        print(failure.description)
        throw ExitCode.failure
    }

    private func sweep() async throws {
        let jobs = UInt64(max(1, jobs))
        var tally = SimulationTally()
        var found: [SimulationFailure] = []
        var done: UInt64 = 0
        let chunk: UInt64 = 500
        while done < seeds, found.count < failures {
            await withTaskGroup(of: (SimulationTally, [SimulationFailure]).self) { group in
                for job in 0..<jobs {
                    let first = from &+ done &+ job * chunk
                    let count = min(chunk, seeds - min(seeds, done + job * chunk))
                    let lives = (0..<count).map { life(first &+ $0) }
                    group.addTask { live(lives) }
                }
                for await (part, failed) in group {
                    tally.add(part)
                    found += failed
                }
            }
            done = min(seeds, done + jobs * chunk)
        }
        report(done, tally, found.sorted { $0.seed < $1.seed })
        if !found.isEmpty { throw ExitCode.failure }
    }

    private func report(_ done: UInt64, _ tally: SimulationTally, _ found: [SimulationFailure]) {
        print("\(done) seeds from \(from), \(tally.events) events")
        for (outcome, count) in tally.outcomes.sorted(by: { $0.key < $1.key }) { print("  \(outcome): \(count)") }
        for failure in found.prefix(failures) {
            var failure = failure
            failure.trace = failures == 1 ? failure.trace.suffix(60) : []
            print(failure.description)
        }
        print(found.isEmpty ? "every promise was kept" : "\(found.count) seeds failed")
    }
}

/// Lives through some worlds, one after the other.
private func live(_ lives: [Simulation.Life]) -> (SimulationTally, [SimulationFailure]) {
    var tally = SimulationTally()
    var failed: [SimulationFailure] = []
    for life in lives {
        do {
            tally.add(try Simulation.run(life))
        } catch {
            failed.append(error)
        }
    }
    return (tally, failed)
}

extension SimulatedPromise: ExpressibleByArgument {
    public init?(argument: String) {
        guard let promise = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
        self = promise
    }

    public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}
