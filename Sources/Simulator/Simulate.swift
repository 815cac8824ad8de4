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

    @Flag(help: "With --seed: print every event and effect.")
    var trace = false

    private var kind: Simulation.Kind? { still ? .still : moving ? .moving : nil }

    func run() async throws {
        if let seed {
            try replay(seed)
        } else {
            try await sweep()
        }
    }

    private func replay(_ seed: UInt64) throws {
        let (lines, failure) = try Simulation.trace(seed: seed, steps: steps, kind: kind)
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
                    group.addTask { [steps, kind] in live(first, count, steps, kind) }
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

/// Lives through a run of seeds, one after the other.
private func live(
    _ first: UInt64, _ count: UInt64, _ steps: Int, _ kind: Simulation.Kind?
) -> (SimulationTally, [SimulationFailure]) {
    var tally = SimulationTally()
    var failed: [SimulationFailure] = []
    for offset in 0..<count {
        do {
            tally.add(try Simulation.run(seed: first &+ offset, steps: steps, kind: kind))
        } catch {
            failed.append(error)
        }
    }
    return (tally, failed)
}
