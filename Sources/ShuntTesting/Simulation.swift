import ShuntCore

/// Runs of the pure core in a seeded world.
package enum Simulation {
    /// Events that a world lives through before it heals and settles.
    package static let usualSteps = 300

    /// What a world may be like.
    package enum Kind: Sendable {
        /// New clients and a table that stays.
        case still
        /// Old clients too, and a table that changes.
        case moving

        /// Of a seed when nobody says another.
        package static func usual(of seed: UInt64) -> Kind { seed % 4 == 0 ? .still : .moving }
    }

    /// All that decides what happens in a world and what is looked at.
    package struct Life: Sendable {
        package let seed: UInt64
        package let steps: Int
        package let kind: Kind
        /// Promises that are not looked at.
        package let without: Set<SimulatedPromise>

        package init(
            seed: UInt64, steps: Int = usualSteps, kind: Kind? = nil, without: Set<SimulatedPromise> = []
        ) {
            self.seed = seed
            self.steps = steps
            self.kind = kind ?? .usual(of: seed)
            self.without = without
        }

        /// The command that lives through it again.
        package var replay: String {
            let other = kind == .usual(of: seed) ? "" : kind == .still ? " --still" : " --moving"
            let less = without.map { " --without \($0)" }.sorted().joined()
            return "Scripts/simulate --seed \(seed) --steps \(steps)\(other)\(less) --trace"
        }
    }

    /// Lives through one seed.
    ///
    /// - Returns: what happened, for coverage.
    /// - Throws: the first promise that was broken. The run is repeated with a trace, so that the failure tells what
    ///   led to it.
    @discardableResult
    package static func run(_ life: Life) throws(SimulationFailure) -> SimulationTally {
        let world = try live(life, tracing: false)
        guard let failure = world.failure else { return world.tally }
        throw try live(life, tracing: true).failure ?? failure
    }

    /// The whole trace of a run, and the failure if there was one.
    package static func trace(
        _ life: Life
    ) throws(SimulationFailure) -> (lines: [String], failure: SimulationFailure?) {
        let world = try live(life, tracing: true)
        return (world.trace, world.failure)
    }

    private static func live(_ life: Life, tracing: Bool) throws(SimulationFailure) -> World {
        do {
            let world = try World(life, tracing: tracing)
            world.run()
            return world
        } catch {
            throw SimulationFailure(
                life: life, step: 0, promise: .progress, text: "the plan is no valid routing table: \(error)",
                trace: [])
        }
    }
}
