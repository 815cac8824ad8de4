import ShuntCore
import ShuntReactor

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
        door.isEmpty && arrivals.count == 0 && clients.count == 0 && switchboard.isIdle
            && !occupants.values.contains(where: \.isEstablished)
    }

    /// Ends every socket at once.
    ///
    /// - Returns: how many WebSockets and byte pipes there were.
    func cutAll() -> Int {
        let all = occupants.values
        // Both ends of a pipe are one.
        let pipes = all.count { if case .pipe = $0 { true } else { false } }
        let legs = all.count { if case .leg = $0 { true } else { false } }
        for occupant in all { occupant.cut() }
        // Some have no socket yet.
        for dial in dials.values { dial.cancel() }
        countPipes()
        return legs + (pipes + 1) / 2
    }

    /// The end of its thread: nobody is answered any more but those who have asked already.
    func end() {
        _ = cutAll()
        for order in orders.close() { order(self) }
        whenOver?()
        whenOver = nil
    }
}
