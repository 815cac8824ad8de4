import ShuntTesting
import Testing

/// Seeds that found bugs in the core. A change of the world's plan gives a seed another life: whoever changes the plan
/// plants the bug again and writes down the first seed that finds it.
@Suite struct RegressionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let seed: UInt64
        var kind = Simulation.Kind.still
        let bug: String
        var testDescription: String { "\(seed): \(bug)" }
    }

    @Test(arguments: [
        Case(seed: 31, bug: "`sent: false` about a message that was sent, lost and waits to be sent again"),
        Case(seed: 8, bug: "a message is sent again after parts of its reply were delivered"),
        Case(seed: 1, bug: "reading stops on a connection that is still being dialled"),
        Case(seed: 161, bug: "a connection that gets ready while its client does not read is read"),
        Case(seed: 161, bug: "a lost connection is read on, for a client that is closed because of it"),
        Case(seed: 691, kind: .moving, bug: "the same, where a message was too large for the backend that closes"),
        Case(seed: 227, kind: .moving, bug: "a flip in the middle of a message spoils what was read of it"),
        Case(seed: 1, bug: "a reply waits for the socket after next although the next is there"),
    ])
    func `a bug that a seed has found stays away`(_ found: Case) throws {
        try Simulation.run(.init(seed: found.seed, kind: found.kind))
    }
}
