import ShuntCore
import ShuntReactor
import ShuntTesting

@testable import ShuntRuntime

/// What holds at any time, and in the end.
extension Storm {
    func checkWorkers() {
        for worker in workers {
            for problem in worker.switchboard.inconsistencies() { fail("worker \(worker.index): \(problem)") }
        }
        let known = places()
        var homes: [String: Int] = [:]
        func check(_ token: String?, _ end: StormEnd) {
            guard let token, plan.tokens.contains(token), let descriptor = end.peer.descriptor,
                let home = known[descriptor]?.worker
            else { return }
            if homes[token, default: home] != home { fail("\(token) lives on both workers") }
            homes[token] = home
        }
        for client in clients where client.standing == .client { check(client.token, client.end) }
        for agent in agents where agent.state == .open { check(agent.owner, agent.end) }
    }

    // MARK: The calm

    func checkOutcomes() {
        for (number, message) in messages.enumerated() where message.isAccepted && message.outcome == nil {
            let client = clients[message.client]
            guard !message.mayBeLost else { continue }
            if client.standing == .gone, isDraining || client.token == nil { continue }
            fail("m\(number) of c\(message.client) has no outcome")
        }
        for (index, client) in clients.enumerated() where client.isUpgraded && !client.isGone {
            if client.refusals != client.nonsense {
                fail("c\(index) was told bad_json \(client.refusals) times, not \(client.nonsense)")
            }
            if client.kind != .unified { checkPassed(index) }
        }
    }

    /// An old client that is there has its agent, and both have heard everything.
    private func checkPassed(_ index: Int) {
        let passed = clients[index].passed
        guard let agent = passed.agent, !agents[agent].end.isCut, agents[agent].state == .open else {
            return fail("c\(index) is there, and its agent is not")
        }
        if passed.heard < passed.accepted || passed.heard < passed.said.count && !clients[index].end.hasUnsent {
            fail(
                "a\(agent) heard \(passed.heard) of \(passed.accepted) messages of c\(index), \(passed.said.count) said"
            )
        }
        if passed.heardBack < passed.saidBack.count {
            fail("c\(index) heard \(passed.heardBack) of \(passed.saidBack.count) messages")
        }
        if passed.bytesHeard < passed.bytes.count {
            fail("a\(agent) heard \(passed.bytesHeard) of \(passed.bytes.count) bytes")
        }
        if passed.bytesHeardBack < passed.bytesBack.count {
            fail("c\(index) heard \(passed.bytesHeardBack) of \(passed.bytesBack.count) bytes")
        }
    }

    // MARK: The end

    /// What old clients said before they left came to their agents, which were there, and so did their leave.
    func checkFarewells() {
        for (index, client) in clients.enumerated() where client.passed.hasTakenLeave && client.kind != .unified {
            let passed = client.passed
            if passed.heard < passed.said.count || passed.bytesHeard < passed.bytes.count {
                fail("the last words of c\(index) are lost: \(passed.heard) of \(passed.said.count) messages came")
            }
            if client.kind == .managed, !isDraining, passed.closeHeard != passed.closeSaid {
                fail("c\(index) left with \(passed.closeSaid ?? 0), its agent heard \(passed.closeHeard ?? 0)")
            }
        }
    }

    func checkNothingIsLeft() {
        let (first, second) = (dials[StormPlan.addresses[0], default: 0], dials[StormPlan.addresses[1], default: 0])
        if first > 4, second == 0 { fail("agents were dialled \(first) times, and never at their second address") }
        for worker in workers {
            let name = "worker \(worker.index)"
            let census = worker.switchboard.census
            if census != emptyCensus { fail("\(name) still has \(census)") }
            let listeners = isCut ? 0 : 1
            if worker.occupants.count != listeners { fail("\(name) still has \(worker.occupants.count) sockets") }
            if worker.reactor.count != listeners { fail("the reactor of \(name) has \(worker.reactor.count) sockets") }
            let watched = kernels[worker.index].watched
            if watched != listeners { fail("\(name) still watches \(watched) sockets") }
            if !worker.isIdle { fail("\(name) is not idle") }
            let ids = [
                "clients": worker.clients.count, "connections": worker.connections.count, "dials": worker.dials.count,
                "arrivals": worker.arrivals.count, "outcomes": worker.outcomes.count,
                "dial problems": worker.dialProblems.count, "pipes": worker.pipes.count,
                "piped connections": worker.pipedConnections.count, "uncounted": worker.uncountedPipes.count,
            ].filter { $0.value > 0 }
            if !ids.isEmpty { fail("\(name) still has \(ids)") }
            if !worker.handshakes.isEmpty || !worker.lingering.isEmpty || !worker.door.isEmpty {
                fail("\(name) still has somebody at the door")
            }
            if worker.switchboard.bufferedBytes != 0 {
                fail("\(name) counts \(worker.switchboard.bufferedBytes) bytes of nobody")
            }
            if worker.reactor.pendingBytes != 0 {
                fail("\(name) still has \(worker.reactor.pendingBytes) bytes to send")
            }
        }
        if network.openDescriptors != (isCut ? 0 : workers.count) {
            fail("\(network.openDescriptors) descriptors are open")
        }
        if process.admission.count > 0 { fail("\(process.admission.count) clients were never counted out") }
        if process.budget.bytes != 0 { fail("\(process.budget.bytes) bytes are counted at the door") }
        for upstream in plan.table.upstreams where process.leases.count(upstream.name) > 0 {
            fail("\(process.leases.count(upstream.name)) connections to \(upstream.name) were never given back")
        }
        // Whoever comes sweeps the directory.
        _ = process.sessions.enter(SessionKey(token: "the last"), at: 0, now: network.now)
        if process.sessions.count != 1 { fail("the directory still knows \(process.sessions.count - 1) sessions") }
        for (index, client) in clients.enumerated() where !client.end.isOver { fail("c\(index) is still connected") }
        for (index, agent) in agents.enumerated() where !agent.end.isOver { fail("a\(index) is still connected") }
    }
}
