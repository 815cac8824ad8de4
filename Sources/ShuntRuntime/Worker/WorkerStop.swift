import NIOCore
import ShuntCore

/// The end of a worker.
extension Worker {
    /// A graceful stop begins: the core lets exchanges in flight finish and closes the sockets.
    func drain(_ settings: DrainSettings) {
        guard !isDraining else { return }
        isDraining = true
        for handshake in Array(handshakes.values) { handshake.drain() }
        feed(.drain(settings))
    }

    /// No socket is left, and nothing waits in the core.
    var isIdle: Bool {
        openLegs.isEmpty && openPipes.isEmpty && door.isEmpty && arrivals.count == 0 && clients.count == 0
            && switchboard.isIdle
    }

    /// Ends every socket at once.
    ///
    /// - Returns: how many there were.
    func cutAll() -> Int {
        let legs = Array(openLegs.values)
        let pipes = Array(openPipes.values)
        for leg in legs { leg.cut() }
        for pipe in pipes { pipe.cut() }
        for arrival in arrivals.values { arrival.cut() }
        for close in Array(lingering.values) { close.end() }
        for dial in dials.values { dial.cancel() }
        tickTask?.cancel()
        tickTask = nil
        lagTask?.cancel()
        lagTask = nil
        #if DEBUG
            selfCheck.task?.cancel()
            selfCheck.task = nil
        #endif
        wallTask?.cancel()
        wallTask = nil
        // These hold the worker.
        countPipes()
        endOfTurn = {}
        return legs.count + pipes.count
    }
}
