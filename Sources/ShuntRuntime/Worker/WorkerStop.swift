import NIOCore
import ShuntCore

/// The end of a worker.
extension Worker {
    /// A graceful stop begins: the core lets exchanges in flight finish and closes the sockets.
    func drain(_ settings: DrainSettings) {
        guard !isDraining else { return }
        isDraining = true
        for handshake in handshakes.values { handshake.drain() }
        feed(.drain(settings))
    }

    /// No socket is left, and nothing waits in the core.
    var isIdle: Bool {
        openLegs.isEmpty && handshakes.isEmpty && clients.count == 0 && switchboard.isIdle
    }

    /// Ends every socket at once.
    ///
    /// - Returns: how many there were.
    func cutAll() -> Int {
        let legs = Array(openLegs.values)
        for leg in legs { leg.cut() }
        for dial in dials.values { dial.cancel() }
        tickTask?.cancel()
        tickTask = nil
        // The closure holds the worker.
        endOfTurn = {}
        return legs.count
    }
}
