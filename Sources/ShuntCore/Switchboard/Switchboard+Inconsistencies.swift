/// The core checks itself: each count equals what it counts, everything is listed where it belongs and nowhere else, and
/// nothing refers to what is gone.
extension Switchboard {
    /// What contradicts itself after an event, for people; empty where all is well. It walks through everything: for
    /// tests.
    package func inconsistencies() -> [String] {
        var sums = Sums()
        var found = inconsistencies(in: Scope(all: self), &sums)
        for id in exchanges.ids where sums.listed[id] == nil { found.append("\(name(id)) stands in 0 lists") }
        let parked = sessions.ids.reduce(into: (count: 0, bytes: 0)) { sum, id in
            guard let replies = sessions[id]?.parked.replies else { return }
            sum.count += replies.count
            sum.bytes += replies.reduce(0) { $0 + $1.bytes.count }
        }
        if parked.bytes != sessions.parkedBytes || parked.count != sessions.parkedCount {
            found.append(
                "\(sessions.parkedCount) replies of \(sessions.parkedBytes) bytes parked, there are \(parked.count) of "
                    + "\(parked.bytes)")
        }
        for id in pools.misleadingKeys() { found.append("a key leads to \(name(id))") }
        for id in sessions.misleadingKeys() { found.append("a session key leads to \(name(id))") }
        if sums.held != exchanges.heldBytes {
            found.append("\(exchanges.heldBytes) bytes held, the messages have \(sums.held)")
        }
        if sums.passed != exchanges.passedCount {
            found.append("\(exchanges.passedCount) passed through, there are \(sums.passed)")
        }
        if !agenda.isEmpty { found.append("\(agenda.count) things left on the agenda") }
        return found
    }

    /// The same of some sessions and all that is theirs: for debug builds, a few at a time.
    ///
    /// - Parameters:
    ///   - place: where the last look stopped; 0 at first.
    ///   - count: of how many sessions at most.
    /// - Returns: what was found, and where to go on.
    package func inconsistencies(from place: Int, sessions count: Int) -> (found: [String], next: Int) {
        let ids = sessions.ids
        let first = place < ids.count ? place : 0
        let end = min(ids.count, first + count)
        var sums = Sums()
        let found = inconsistencies(in: Scope(sessions: Array(ids[first..<end]), of: self), &sums)
        return (found, end < ids.count ? end : 0)
    }

    private func inconsistencies(in scope: Scope, _ sums: inout Sums) -> [String] {
        var found = inconsistentExchanges(scope, &sums)
        found += inconsistentLines(scope)
        found += inconsistentConnections(scope)
        found += inconsistentSeats(scope, sums)
        found += inconsistentClients(scope, sums)
        found += inconsistentSessions(scope, sums)
        return found
    }

    /// What is looked at: a session's clients, seats, pools and connections with it.
    private struct Scope {
        var sessions: [SessionID]
        var clients: [ClientID]
        var seats: [SeatID]
        var pools: [PoolID]
        var connections: [ConnectionID]

        init(all core: borrowing Switchboard) {
            sessions = core.sessions.ids
            clients = core.clients.ids
            seats = core.seats.ids
            pools = core.pools.ids
            connections = core.links.ids
        }

        init(sessions: [SessionID], of core: borrowing Switchboard) {
            self.sessions = sessions
            (clients, seats, pools, connections) = ([], [], [], [])
            for session in sessions {
                clients += core.sessions[session]?.clients ?? []
                pools += core.sessions[session]?.pools ?? []
            }
            for client in clients { seats += core.clients[client]?.seats.map(\.seat) ?? [] }
            for pool in pools { connections += core.pools[pool]?.links.all ?? [] }
        }
    }

    /// What the exchanges and connections add up to.
    private struct Sums {
        var held = 0
        var passed = 0
        /// Messages without an outcome of each client and session.
        var openOfClient: [ClientID: Int] = [:]
        var openOfSession: [SessionID: Int] = [:]
        /// Sent and without an outcome, of each seat.
        var toLegacy: [SeatID: Int] = [:]
        var toUnified: [SeatID: Int] = [:]
        /// How many exchanges stand in a list.
        var listed: [ExchangeID: Int] = [:]
        var inLists: [ExchangeID] = []
    }

    private func inconsistentExchanges(_ scope: Scope, _ sums: inout Sums) -> [String] {
        var found: [String] = []
        for id in scope.pools { list(pools[id]?.line.list, &sums) }
        for id in scope.connections { list(links[id]?.unanswered, &sums) }
        for id in sums.inLists {
            guard let exchange = exchanges[id] else { continue }
            sums.held += exchange.held.count
            if exchange.isPassed, exchange.state != .queued { sums.passed += 1 }
            if let count = sums.listed[id], count != 1 { found.append("\(name(id)) stands in \(count) lists") }
            if exchange.state != .abandoned {
                sums.openOfClient[exchange.client, default: 0] += 1
                sums.openOfSession[exchange.session, default: 0] += 1
            }
            if exchange.state == .sent {
                if exchange.side == .legacy {
                    sums.toLegacy[exchange.seat, default: 0] += 1
                } else {
                    sums.toUnified[exchange.seat, default: 0] += 1
                }
            }
            if !sessions.contains(exchange.session) { found.append("\(name(id)) is of a session that is gone") }
            if exchange.oneWay, exchange.state != .queued { found.append("\(name(id)) is one-way and was kept") }
        }
        return found
    }

    private func list(_ exchangeList: ExchangeList?, _ sums: inout Sums) {
        var candidate = exchangeList?.head ?? .none
        while let exchange = exchanges[candidate], sums.listed[candidate, default: 0] < 2 {
            if sums.listed[candidate] == nil { sums.inLists.append(candidate) }
            sums.listed[candidate, default: 0] += 1
            candidate = exchange.next
        }
    }

    /// The lines of pools.
    private func inconsistentLines(_ scope: Scope) -> [String] {
        var found: [String] = []
        for id in scope.pools {
            guard let pool = pools[id] else { continue }
            let (count, bytes, problem) = walk(pool.line.list) { exchange in
                exchange.pool == id && exchange.state == .queued
            }
            if let problem { found.append("\(name(id)): \(problem)") }
            if count != pool.line.count {
                found.append("\(name(id)) counts \(pool.line.count) waiting, has \(count)")
            }
            if bytes != pool.line.bytes {
                found.append("\(name(id)) counts \(pool.line.bytes) bytes waiting, has \(bytes)")
            }
            found += inconsistentMarks(id, pool)
            if pools.found(by: pool.key) != id, !pool.isRemoved { found.append("\(name(id)) is not found by its key") }
            if !sessions.contains(pool.session) { found.append("\(name(id)) is of a session that is gone") }
            for connection in pool.links.all where links[connection]?.pool != id {
                found.append("\(name(id)) lists a connection that is gone or another's")
            }
        }
        return found
    }

    /// What a pool says of its line so that most need not walk it.
    private func inconsistentMarks(_ id: PoolID, _ pool: borrowing Pool) -> [String] {
        var found: [String] = []
        var candidate = pool.line.head
        while let exchange = exchanges[candidate] {
            if isGated(exchange), !pool.line.hasGated { found.append("\(name(id)) has one that is gated, unmarked") }
            if exchange.isAstray, !pool.line.hasGated { found.append("\(name(id)) has one astray, unmarked") }
            if exchange.oneWay, !pool.isPassthrough, !exchange.isPassed, !pool.line.hasOneWay {
                found.append("\(name(id)) has a one-way message, unmarked")
            }
            candidate = exchange.next
        }
        return found
    }

    private func inconsistentConnections(_ scope: Scope) -> [String] {
        var found: [String] = []
        for id in scope.connections {
            guard let connection = links[id] else { continue }
            guard let pool = pools[connection.pool] else {
                found.append("\(name(id)) is of a pool that is gone")
                continue
            }
            if !pool.links.all.contains(id) { found.append("\(name(id)) is not listed by its pool") }
            let (count, _, problem) = walk(connection.unanswered) { exchange in
                exchange.connection == id && exchange.state != .queued
            }
            if let problem { found.append("\(name(id)): \(problem)") }
            if count != connection.unanswered.count {
                found.append("\(name(id)) counts \(connection.unanswered.count) unanswered, has \(count)")
            }
            let sent = sentUnanswered(connection.unanswered)
            if connection.inFlight != sent {
                found.append("\(name(id)) counts \(connection.inFlight) in flight, has \(sent)")
            }
        }
        return found
    }

    private func sentUnanswered(_ unanswered: ExchangeList) -> Int {
        var (sent, candidate) = (0, unanswered.head)
        while let exchange = exchanges[candidate] {
            if exchange.state == .sent { sent += 1 }
            candidate = exchange.next
        }
        return sent
    }

    private func inconsistentSeats(_ scope: Scope, _ sums: Sums) -> [String] {
        var found: [String] = []
        for id in scope.seats {
            guard let seat = seats[id] else { continue }
            if seat.sentToLegacy != sums.toLegacy[id] ?? 0 {
                found.append("\(name(id)) counts \(seat.sentToLegacy) with legacy, has \(sums.toLegacy[id] ?? 0)")
            }
            if seat.sentToUnified != sums.toUnified[id] ?? 0 {
                found.append("\(name(id)) counts \(seat.sentToUnified) with unified, has \(sums.toUnified[id] ?? 0)")
            }
            if seat.gate != .open, !seat.mustWait { found.append("\(name(id)) is shut and waits for nothing") }
            if seat.gate == .open, seat.mustWait { found.append("\(name(id)) is open and must wait") }
            if clients[seat.client]?.seats.contains(where: { $0.seat == id }) != true {
                found.append("\(name(id)) is not listed by its client")
            }
        }
        return found
    }

    private func inconsistentClients(_ scope: Scope, _ sums: Sums) -> [String] {
        var found: [String] = []
        for id in scope.clients {
            guard let client = clients[id] else { continue }
            if client.pending != sums.openOfClient[id] ?? 0 {
                found.append("\(name(id)) counts \(client.pending) open, has \(sums.openOfClient[id] ?? 0)")
            }
            if sessions[client.session]?.clients.filter({ $0 == id }).count != 1 {
                found.append("\(name(id)) is not listed once by its session")
            }
            for place in client.seats where seats[place.seat]?.client != id {
                found.append("\(name(id)) lists a seat that is gone or another's")
            }
        }
        return found
    }

    private func inconsistentSessions(_ scope: Scope, _ sums: Sums) -> [String] {
        var found: [String] = []
        for id in scope.sessions {
            guard let session = sessions[id] else { continue }
            if session.pending != sums.openOfSession[id] ?? 0 {
                found.append("\(name(id)) counts \(session.pending) open, has \(sums.openOfSession[id] ?? 0)")
            }
            if let key = session.key, sessions.found(by: key) != id {
                found.append("\(name(id)) is not found by its key")
            }
            for client in session.clients where clients[client]?.session != id {
                found.append("\(name(id)) lists a client that is gone or another's")
            }
            for pool in session.pools where pools[pool]?.session != id {
                found.append("\(name(id)) lists a pool that is gone or another's")
            }
        }
        return found
    }

    /// Walks a list from its head.
    ///
    /// - Returns: how many stand there and the bytes of their messages; what is wrong with one, where something is.
    private func walk(
        _ list: ExchangeList, _ belongs: (borrowing Exchange) -> Bool
    ) -> (count: Int, bytes: Int, problem: String?) {
        var (count, bytes) = (0, 0)
        var (previous, candidate) = (ExchangeID.none, list.head)
        var problem: String?
        while let exchange = exchanges[candidate], count <= exchanges.count {
            count += 1
            bytes += exchange.size
            if exchange.previous != previous { problem = "\(name(candidate)) has a wrong neighbour" }
            if !belongs(exchange) { problem = "\(name(candidate)) does not belong there" }
            (previous, candidate) = (candidate, exchange.next)
        }
        if !candidate.isNone { problem = "the list leads to something that is gone" }
        if list.tail != previous { problem = "the list ends elsewhere" }
        return (count, bytes, problem)
    }

    private func name<Tag>(_ id: SlotID<Tag>) -> String {
        let kind = String(describing: Tag.self).dropLast(3).lowercased()
        return "\(kind) \(id.index).\(id.generation)"
    }
}
