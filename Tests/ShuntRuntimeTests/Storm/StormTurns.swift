import ShuntCore
import ShuntTesting

@testable import ShuntReactor
@testable import ShuntRuntime

/// The workers' turns, and what the storm may look at after each of them.
extension Storm {
    /// How many turns in a row may come to nothing though something was ready: calls that are interrupted or come to
    /// nothing are among the network's faults.
    private static let mostBarren = 60
    /// How many turns in a row may find nothing ready, and no time to wait.
    private static let mostIdle = 60

    /// What a worker's last turns came to.
    struct Spin {
        var counts = ReactorCounts()
        var barren = 0
        var idle = 0
    }

    /// A worker takes a turn.
    ///
    /// - Parameter milliseconds: how long it may wait for something to happen.
    func turn(_ index: Int, waiting milliseconds: Int = 0) {
        guard failure == nil else { return }
        turns += 1
        let began = network.now
        workers[index].takeTurn(until: began + .milliseconds(Int64(milliseconds)))
        checkTurn(index, waited: network.now > began || milliseconds == 0)
        let known = places()
        for client in clients.indices where clients[client].standing != .gone { look(at: client, known) }
    }

    func turnBoth() {
        let first = dice.below(2)
        turn(first)
        turn(1 - first)
    }

    private func checkTurn(_ index: Int, waited: Bool) {
        let worker = workers[index]
        if worker.isApplying || !worker.inbox.isEmpty { fail("worker \(index) left events behind") }
        let counts = worker.reactor.counts
        let before = spins[index].counts
        spins[index].counts = counts
        if counts.resumptions > 0 { met.insert("resumed") }
        if counts.barren > before.barren { spins[index].barren += 1 } else { spins[index].barren = 0 }
        if waited || counts.events > before.events { spins[index].idle = 0 } else { spins[index].idle += 1 }
        if spins[index].barren > Self.mostBarren { fail("worker \(index) spins: nothing comes of what is ready") }
        if kernels[index].mostIgnored > 2 { fail("worker \(index) spins: nobody heeds what is ready") }
        if spins[index].idle > Self.mostIdle { fail("worker \(index) spins: it waits for no time at all") }
    }

    /// What the proxy does with a socket; nil where that is nothing special.
    func stage(of end: StormEnd) -> String? {
        guard let descriptor = end.peer.descriptor else { return nil }
        for reactor in workers.map(\.reactor) {
            for id in reactor.sockets.ids where reactor.sockets[id]?.descriptor == descriptor {
                if reactor.sockets[id]?.isReading == false { return "while it is not read" }
                return reactor.pending(id) > 0 ? "while much is said to it" : nil
            }
        }
        return "while it moves"
    }

    /// A connection is not read just now.
    var isAnybodyUnread: Bool {
        workers.map(\.reactor).contains { reactor in
            reactor.sockets.ids.contains { id in
                reactor.sockets[id]?.isReading == false && reactor.sockets[id]?.stage != .listening
            }
        }
    }

    // MARK: Who has which socket

    /// Where a socket of the network is.
    struct Place {
        let worker: Int
        let occupant: Occupant
        /// Bytes of the wire that were read and not decrypted.
        let undecrypted: Int
    }

    /// Who has a socket of the network, and on which worker.
    func places() -> [CInt: Place] {
        var found: [CInt: Place] = [:]
        for worker in workers {
            for id in worker.reactor.sockets.ids {
                guard let descriptor = worker.reactor.sockets[id]?.descriptor, let occupant = worker.occupants[id]
                else { continue }
                let undecrypted = worker.reactor.sockets[id]?.tls?.unread.count ?? 0
                found[descriptor] = Place(worker: worker.index, occupant: occupant, undecrypted: undecrypted)
            }
        }
        return found
    }

    private func standing(of client: Int, _ known: [CInt: Place]) -> StormClient.Standing {
        let peer = clients[client].end.peer
        guard let descriptor = peer.descriptor else { return peer.isLeft ? .gone : .opening }
        switch known[descriptor]?.occupant {
        case .leg(let leg):
            let reactor = leg.worker.reactor
            let socket = leg.socket
            let held = (reactor.sockets[socket]?.output.count ?? 0) + (reactor.sockets[socket]?.tls?.held.count ?? 0)
            if leg.isCongested || held > reactor.sockets[leg.socket]?.marks.high ?? .max {
                clients[client].wasHeldUp = true
            }
            guard case .client = leg.role else { return .gone }
            if reactor.sockets[leg.socket]?.isReading == false { met.insert("a client is not read") }
            return .client
        case .pipe: return .client
        case .lingering: return .gone
        case .handshake, .arriving:
            clients[client].hasKnocked = true
            return .opening
        case nil:
            if clients[client].hasKnocked {
                met.insert(clients[client].end.tls == nil ? "move" : "move with TLS")
            }
            return .opening
        default: return .opening
        }
    }

    /// What the turn brought a client: messages of it that the proxy has read to their last byte are accepted if its
    /// socket was one of the core's all the while.
    private func look(at index: Int, _ known: [CInt: Place]) {
        let before = clients[index].standing
        let standing = standing(of: index, known)
        guard standing != .opening else { return }
        clients[index].standing = standing
        if before == .opening { clients[index].connectedAt = turns }
        if standing == .client { clients[index].heardAsClient = clients[index].heard }
        let end = clients[index].end
        let undecrypted = end.peer.descriptor.flatMap { known[$0]?.undecrypted } ?? 0
        let read = end.heard(undecrypted: undecrypted)
        while let next = clients[index].ends.first, next.at <= read {
            clients[index].ends.removeFirst()
            accepted(next.message, of: index, surely: standing == .client)
        }
        guard standing == .gone else { return }
        note("c\(index) is the core's no more")
        clients[index].ends = []
        clients[index].goneAt = turns
        // Whatever of this is over by now was perhaps told to it.
        clients[index].perhapsTold = messages.indices.filter { isOpen($0, for: index) }
    }

    private func accepted(_ message: Int, of index: Int, surely: Bool) {
        guard clients[index].kind == .unified else {
            if surely { clients[index].passed.accepted = message + 1 }
            return
        }
        messages[message].isAccepted = true
        guard !surely else { return }
        messages[message].mayBeLost = true
        clients[index].unsure.append(message)
    }

    /// Whether an accepted message has no outcome that was heard, and this client would be told of one.
    private func isOpen(_ number: Int, for index: Int) -> Bool {
        let message = messages[number]
        guard message.isAccepted, message.outcome == nil, message.owner == clients[index].owner else { return false }
        return message.client == index || clients[message.client].standing == .gone
    }
}
