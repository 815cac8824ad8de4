import ShuntCore

/// The end of a run: everything heals, then everybody leaves, and nothing may be left.
extension World {
    func settle() {
        note("everything heals")
        healing = true
        tickDelay = .zero
        for client in clients.indices where !clients[client].reads { readAll(client) }
        for connection in liveConnections where connections[connection].congested { relieve(connection) }
        let isOwing: (ModelClient) -> Bool = { client in
            client.isThere && client.unresolved.contains { !self.messages[$0].mayHaveEnded }
        }
        live(until: { !self.clients.contains(where: isOwing) }, what: "messages without an outcome")
        if let client = clients.indices.first(where: { isOwing(clients[$0]) }) {
            fail(.noSilence, "c\(client) never hears of \(clients[client].unresolved.map { "m\($0)" })")
        }
        guard failure == nil else { return }
        if !draining {
            for session in sessions.indices {
                let known = Set(clients.filter { $0.session == session }.map(\.door))
                for door in known.sorted(by: { "\($0)" < "\($1)" })
                where door == .unified || doors().contains(door) {
                    openClient(session: session, door)
                }
            }
        }
        for client in clients.indices where clients[client].isThere && failure == nil { closeClient(client) }
        note("everybody has left")
        live(until: { self.core.nextDeadline == .distantFuture && self.agenda.isEmpty }, what: "deadlines")
        guard failure == nil else { return }
        checkEmpty()
    }

    /// Lets time pass until a condition holds, within bounds of virtual time and of ticks.
    private func live(until done: () -> Bool, what: String) {
        let limit = now + .hours(4)
        var rounds = 0
        var here = now
        var ticksHere = 0
        while !done(), failure == nil {
            rounds += 1
            step += 1
            guard happenNext(until: limit) else { break }
            ticksHere = here == now ? ticksHere + 1 : 0
            here = now
            if ticksHere > 5_000 { return fail(.progress, "time stands still: ticks and events without end") }
            if rounds > 200_000 { return fail(.progress, "after 200,000 rounds there are still \(what)") }
        }
    }

    /// What the core says that it still holds must be nothing.
    private func checkEmpty() {
        if let connection = liveConnections.first {
            fail(.bounds, "everybody has left and u\(connection) is still there")
        }
        let left = core.census
        let held = [
            left.clients, left.sessions, left.pools, left.connections, left.exchanges, left.heldBytes,
            left.parkedReplies, left.parkedBytes, core.greetingBytes,
        ]
        if held.contains(where: { $0 != 0 }) { fail(.bounds, "everybody has left and this is still held: \(left)") }
        if !core.isIdle { fail(.progress, "everybody has left and the core is not idle") }
    }
}
