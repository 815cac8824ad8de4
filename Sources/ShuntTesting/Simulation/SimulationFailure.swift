/// The promises that the simulator checks after every event; each has a file of its own in `Promises`.
package enum SimulatedPromise: String, Sendable, CaseIterable {
    case noCrosstalk = "no reply, push or parked reply reaches another session or socket"
    case oneOutcome = "every accepted message ends in exactly one outcome"
    case noSilence = "no accepted message is left without an outcome"
    case patience = "nobody waits longer than the timeouts allow"
    case parked = "what comes for a socket that is gone is given to the session's next one, in order"
    case passedLosses = "an old client hears of each passed message that is lost"
    case honestSent = "`sent` says whether the backend saw the message"
    case honestCode = "an error's code is what happened"
    case order = "order is kept per client socket and route"
    case side = "a message goes to the side that serves it, once the other side has nothing of its socket"
    case unchanged = "what is passed through goes once, over its socket's own connection, unchanged"
    case stays = "no socket is closed that may stay, and each hears how its peer closed"
    case paused = "a paused route sends nothing"
    case sentOnce = "a message is forwarded at most once unless retries are safe"
    case identity = "a message goes only over a connection of its own identity, to its own upstream"
    case messages = "what no rule names in a message arrives byte for byte, and what must not pass does not"
    case replies = "what no rule names in a reply arrives byte for byte"
    case madeIDs = "a conversation id that the proxy makes is one session's own"
    case notices = "what the proxy says itself is as the table has it"
    case capacity = "no more messages on a connection than it may carry, and none on one that takes none"
    case pace = "no session sends an upstream more than its pace allows, over redials and changes of the table too"
    case liveIDs = "effects refer to what is there"
    case bounds = "memory is bounded, and all of it comes back"
    case progress = "time is asked for when something waits, and ticks come to an end"
    case consistent = "the core contradicts itself nowhere"

    /// Judges what happens in one world.
    func judge() -> any Promise {
        switch self {
        case .noCrosstalk: NoCrosstalk()
        case .oneOutcome: ExactlyOneOutcome()
        case .noSilence: NoSilence()
        case .patience: Patience()
        case .parked: ParkedReplies()
        case .passedLosses: PassedLosses()
        case .honestSent: HonestSent()
        case .honestCode: HonestCode()
        case .order: Order()
        case .side: SidesAsConfigured()
        case .unchanged: Unchanged()
        case .stays: Stays()
        case .paused: Paused()
        case .sentOnce: SentOnce()
        case .identity: Identity()
        case .messages: MessagesIntact()
        case .replies: RepliesIntact()
        case .madeIDs: MadeIDs()
        case .notices: Notices()
        case .capacity: Capacity()
        case .pace: Pace()
        case .liveIDs: LiveIDs()
        case .bounds: Bounds()
        case .progress: Progress()
        case .consistent: Consistent()
        }
    }
}

/// A broken promise, with what is needed to see it again.
package struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    package let life: Simulation.Life
    package let step: Int
    package let promise: SimulatedPromise
    package let text: String
    /// The last events and effects before it; empty when the run was not traced.
    package var trace: [String]

    package var seed: UInt64 { life.seed }

    package var description: String {
        """
        seed \(life.seed), step \(step): broken promise \(promise): \(promise.rawValue)
          \(text)
          replay: \(life.replay)
        \(trace.map { "    \($0)" }.joined(separator: "\n"))
        """
    }
}
