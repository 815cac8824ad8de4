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

    /// Lives through one seed.
    ///
    /// - Returns: what happened, for coverage.
    /// - Throws: the first promise that was broken. The run is repeated with a trace, so that the failure tells what
    ///   led to it.
    @discardableResult
    package static func run(
        seed: UInt64, steps: Int = usualSteps, kind: Kind? = nil
    ) throws(SimulationFailure) -> SimulationTally {
        let world = try live(seed, steps, kind, tracing: false)
        guard let failure = world.failure else { return world.tally }
        throw try live(seed, steps, kind, tracing: true).failure ?? failure
    }

    /// The whole trace of a run, and the failure if there was one.
    package static func trace(
        seed: UInt64, steps: Int = usualSteps, kind: Kind? = nil
    ) throws(SimulationFailure) -> (lines: [String], failure: SimulationFailure?) {
        let world = try live(seed, steps, kind, tracing: true)
        return (world.trace, world.failure)
    }

    private static func live(
        _ seed: UInt64, _ steps: Int, _ kind: Kind?, tracing: Bool
    ) throws(SimulationFailure) -> World {
        let kind = kind ?? .usual(of: seed)
        do {
            let world = try World(seed: seed, steps: steps, kind: kind, tracing: tracing)
            world.run()
            return world
        } catch {
            throw SimulationFailure(
                seed: seed, step: 0, steps: steps, kind: kind, promise: .progress,
                text: "the plan is no valid routing table: \(error)", trace: [])
        }
    }
}
