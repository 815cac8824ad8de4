/// The promises that the simulator checks after every event.
package enum SimulatedPromise: String, Sendable, CaseIterable {
    case noCrosstalk = "no reply, push or parked reply reaches another session or socket"
    case oneOutcome = "every accepted message ends in exactly one outcome"
    case noSilence = "no accepted message is left without an outcome"
    case honestSent = "`sent` says whether the backend saw the message"
    case honestCode = "an error's code is what happened"
    case order = "order is kept per client socket and route"
    case side = "a message goes to the side that serves it, once the other side has nothing of its socket"
    case unchanged = "what is passed through goes once, over its socket's own connection, unchanged"
    case stays = "no socket is closed that may stay, and each hears how its peer closed"
    case paused = "a paused route sends nothing"
    case sentOnce = "a message is forwarded at most once unless retries are safe"
    case identity = "a message goes only over a connection of its own identity, to its own upstream"
    case bytes = "what no rule names stays byte for byte, and what must not pass does not"
    case capacity = "no more messages on a connection than it may carry, and none on one that takes none"
    case pace = "no session sends an upstream more than its pace allows, over redials and changes of the table too"
    case liveIDs = "effects refer to what is there"
    case bounds = "memory is bounded, and all of it comes back"
    case progress = "time is asked for when something waits, and ticks come to an end"
    case consistent = "the core contradicts itself nowhere"
}

/// A broken promise, with what is needed to see it again.
package struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    package let seed: UInt64
    package let step: Int
    package let steps: Int
    package let kind: Simulation.Kind
    package let promise: SimulatedPromise
    package let text: String
    /// The last events and effects before it; empty when the run was not traced.
    package var trace: [String]

    package var replay: String {
        let other = kind == .usual(of: seed) ? "" : kind == .still ? " --still" : " --moving"
        return "Scripts/simulate --seed \(seed) --steps \(steps)\(other) --trace"
    }

    package var description: String {
        """
        seed \(seed), step \(step): broken promise: \(promise.rawValue)
          \(text)
          replay: \(replay)
        \(trace.map { "    \($0)" }.joined(separator: "\n"))
        """
    }
}
