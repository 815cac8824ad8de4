import ShuntCore
import ShuntReactor

/// When what is no socket's is due: `.distantFuture` is never.
struct WorkerDeadlines {
    /// A look at who is under way at the door.
    var door = Instant.distantFuture
    /// A look at the wall clock.
    var wall = Instant.distantFuture
    /// The lag is measured.
    var lag = Instant.distantFuture
    /// Listening sockets that rest go on.
    var listeners = Instant.distantFuture
    /// The core is looked through for contradictions; in debug builds only.
    var check = Instant.distantFuture
    /// The core's own are not looked at before.
    var coreNotBefore = Instant.zero

    var earliest: Instant { min(door, wall, lag, min(listeners, check)) }
}

/// A worker's turns.
extension Worker {
    /// Takes turns until the worker is over.
    func run() {
        while !isOver { takeTurn() }
    }

    /// Sends what the turn before appended, waits until something happens or is due, and does all of it.
    ///
    /// - Parameter latest: waits no longer than that.
    func takeTurn(until latest: Instant = .distantFuture) {
        let core = max(switchboard.nextDeadline, deadlines.coreNotBefore)
        reactor.wait(until: min(latest, core, deadlines.earliest, dialWheel.earliest))
        switchboard.socketBytes = reactor.socketBytes
        countPending()
        while let event = reactor.next() {
            heard(event)
            countPending()
        }
        lookAtDeadlines()
    }

    /// What waits for slow sockets counts against the core's memory.
    @inline(__always)
    private func countPending() {
        let pending = reactor.pendingBytes
        guard pending != countedPending else { return }
        switchboard.bufferedBytes += pending - countedPending
        countedPending = pending
        memoryPeak.see(bytes: switchboard.bufferedBytes)
    }

    /// What happened first: a reply that came in time, however late it is read, is no time-out.
    private func lookAtDeadlines() {
        let now = now()
        if dialWheel.earliest <= now { lookAtDials(now) }
        if deadlines.earliest <= now {
            if deadlines.door <= now { lookAtDoor() }
            if deadlines.wall <= now { lookAtWallClock() }
            if deadlines.lag <= now { measureLag() }
            if deadlines.listeners <= now { wakeListeners() }
            #if DEBUG
                if deadlines.check <= now { checkItself() }
            #endif
        }
        if max(switchboard.nextDeadline, deadlines.coreNotBefore) <= now {
            feed(.tick)
            // Never at once: a deadline that a tick leaves behind must not keep the thread busy.
            deadlines.coreNotBefore = now + .milliseconds(1)
        }
    }

    private func lookAtDials(_ now: Instant) {
        var due: [ConnectionID] = []
        dialWheel.advance(to: now, due: &due)
        for id in due { dials[id]?.lookedAt(now) }
    }
}
