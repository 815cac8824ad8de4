import ShuntCore

/// The core contradicts itself nowhere.
struct Consistent: Promise {
    mutating func conclude(_ record: Record, in world: World) {
        for problem in world.core.inconsistencies() { world.fail(.consistent, problem) }
    }
}
