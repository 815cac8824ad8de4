import NIOCore
import NIOEmbedded
import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// What is promised, judged by what the peers see.
extension Storm {
    // MARK: What clients hear

    func hear() {
        // Who was closed is known before anybody is judged: a reply may have been kept for its successor at once.
        for index in clients.indices {
            parse(index)
            if clients[index].isGone, clients[index].goneAt == nil { clients[index].goneAt = step }
        }
        for index in clients.indices {
            let frames = clients[index].frames
            clients[index].frames = []
            for frame in frames where frame.opcode == 1 { judge(frame.payload, index) }
        }
    }

    private func parse(_ index: Int) {
        let wire = clients[index].wire
        guard !wire.heard.isEmpty else { return }
        var bytes = wire.heard
        wire.heard = []
        if !clients[index].isUpgraded {
            guard let end = headEnd(bytes) else { return fail("c\(index) gets half of an answer") }
            let head = String(decoding: bytes[..<end], as: UTF8.self)
            bytes.removeFirst(end)
            guard head.hasPrefix("HTTP/1.1 101 ") else { return refused(index, head) }
            if clients[index].isRefused { return fail("c\(index) is accepted at a path that is not there") }
            note("c\(index) is upgraded")
            clients[index].isUpgraded = true
            clients[index].upgradedAt = step
        }
        for frame in clients[index].parser.feed(bytes) {
            if clients[index].closeCode != nil { fail("c\(index) gets a frame behind the close frame") }
            if frame.isMasked || !frame.isFinal { fail("c\(index) gets a frame that is masked or in parts") }
            clients[index].frames.append(frame)
            if frame.opcode == 8 { closed(index, frame.code) }
            if frame.opcode == 9 { clients[index].wire.unsent += WireSocket.bytes(10, frame.payload, masked: true) }
        }
    }

    private func headEnd(_ bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4 else { return nil }
        return (4...bytes.count).first { bytes[($0 - 4)..<$0].elementsEqual(mark) }
    }

    private func refused(_ index: Int, _ head: String) {
        note("c\(index) is refused: \(head.prefix(12))")
        clients[index].isClosed = true
        let isExpected =
            clients[index].isRefused || head.hasPrefix("HTTP/1.1 408 ")
            || head.hasPrefix("HTTP/1.1 503 ")
                && (isDraining || met.contains("no descriptor"))
        if !isExpected { fail("c\(index) is refused: \(head)") }
    }

    private func closed(_ index: Int, _ code: UInt16?) {
        note("c\(index) is told \(code ?? 0)")
        let left = clients[index].farewell != nil
        clients[index].closeCode = code ?? 1005
        clients[index].isClosed = true
        switch code {
        case 1013 where clients[index].wire.wasCongested: met.insert("slow reader")
        case 1012 where isDraining: met.insert("drained")
        case 1000 where left, 1002 where left: break
        default: fail("c\(index) is closed with \(code ?? 0)")
        }
        guard !left else { return }
        // It was not the first to say so: it answers, and has nothing more to say.
        clients[index].ends = []
        clients[index].farewell = 0
        clients[index].wire.unsent = WireSocket.closeBytes(code ?? 1000, masked: true)
    }

    private func judge(_ bytes: [UInt8], _ index: Int) {
        guard let members = JSONReader.members(of: bytes) else {
            return fail("c\(index) gets no JSON: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        if let push = Self.integer("push", members) {
            if Self.string("who", members) != clients[index].owner {
                fail("c\(index) gets push \(push) of another session")
            }
            if !clients[index].pushes.insert(push).inserted { fail("c\(index) gets push \(push) twice") }
            met.insert("push")
        } else if let code = Self.string("code", members) {
            judge(error: code, members, index)
        } else if let number = Self.integer("n", members), messages.indices.contains(number) {
            judge(replyTo: number, members, index)
        } else {
            fail("c\(index) gets what nobody said: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
    }

    private func judge(replyTo number: Int, _ members: [JSONMember], _ index: Int) {
        note("c\(index) gets the reply to m\(number)")
        outcome(.reply, of: number, to: index)
        let message = messages[number]
        guard let route = message.route, let agent = message.agent, let answer = message.answer else {
            return fail("c\(index) gets a reply to m\(number), which nobody gave")
        }
        // What the agent said, and the tags of the route.
        var expected = message.reply.filter { $0.key != "conversation_id" }
        let match = plan.table.routes[route].match
        for (key, value) in zip(["agent_type", "pillar"], match) {
            expected.append(JSONMember(key: key, value: Array("\"\(value)\"".utf8)))
        }
        expected.append(JSONMember(key: "conversation_id", value: Array("\"m\(number)\"".utf8)))
        if sorted(members) != sorted(expected) { fail("the reply to m\(number) is changed: \(members)") }
        guard message.client == index else {
            met.insert("parked reply")
            return
        }
        if let last = clients[index].lastAnswer[agent], last > answer {
            fail("c\(index) gets the reply to m\(number) of a\(agent) after a later one")
        }
        clients[index].lastAnswer[agent] = answer
        met.insert("reply")
    }

    private func judge(error code: String, _ members: [JSONMember], _ index: Int) {
        if code == "bad_json" {
            clients[index].refusals += 1
            if clients[index].refusals > clients[index].nonsense { fail("c\(index) is told bad_json too often") }
            return
        }
        guard let name = Self.string("conversation_id", members), let number = Int(name.dropFirst()),
            messages.indices.contains(number)
        else { return fail("c\(index) gets \(code) about nothing: \(members)") }
        note("c\(index) gets \(code) about m\(number)")
        met.insert(code)
        let wasSent = members.last { $0.key == "sent" }?.value == Array("true".utf8)
        if !wasSent, messages[number].agent != nil { fail("\(code) says that m\(number) was not sent, and it was") }
        let isRight =
            switch code {
            case "unknown_agent": !wasSent && messages[number].route == nil
            case "queue_timeout", "queue_full", "upstream_unavailable": !wasSent
            case "upstream_lost", "timeout", "upstream_protocol": wasSent
            case "draining": isDraining
            default: false
            }
        if !isRight { fail("\(code), sent: \(wasSent), for m\(number)") }
        messages[number].isDenied = !wasSent
        outcome(.error(code), of: number, to: index)
    }

    private func outcome(_ outcome: StormMessage.Outcome, of number: Int, to index: Int) {
        let message = messages[number]
        if message.owner != clients[index].owner { fail("c\(index) gets \(outcome) of m\(number), another session's") }
        if message.client != index {
            guard let goneAt = clients[message.client].goneAt else {
                return fail("c\(index) gets \(outcome) of m\(number), which is c\(message.client)'s, who is there")
            }
            if clients[index].upgradedAt < goneAt {
                fail("c\(index) gets \(outcome) of m\(number) of c\(message.client), whom it does not follow")
            }
        }
        if let earlier = message.outcome { fail("m\(number) ends in \(outcome) after \(earlier)") }
        messages[number].outcome = outcome
    }

    // MARK: What agents hear

    func checkForwarded(_ number: Int, _ members: [JSONMember], to index: Int) {
        let message = messages[number]
        if message.agent != nil { fail("m\(number) is sent twice") }
        if message.isDenied { fail("m\(number) is sent although its client was told that it is not") }
        if message.route != agents[index].route { fail("m\(number) goes to the wrong agent") }
        if let owner = agents[index].owner, owner != message.owner {
            fail("m\(number) of \(message.owner) goes over a connection of \(owner)")
        }
        let stripped = message.route == StormPlan.relayed ? [] : ["agent_type", "pillar"]
        let expected = message.members.filter { !stripped.contains($0.key) }
        if members != expected { fail("m\(number) is changed: \(members)") }
        let later = messages[number...].first {
            $0.client == message.client && $0.route == message.route && $0.agent != nil
        }
        if later != nil { fail("m\(number) is sent after a later one of its socket and route") }
    }

    private func sorted(_ members: [JSONMember]) -> [String] {
        members.map { "\($0.key)=\(String(decoding: $0.value, as: UTF8.self))" }.sorted()
    }

    // MARK: What holds at any time

    func checkWorkers() {
        for worker in workers {
            for problem in worker.switchboard.inconsistencies() { fail("worker \(worker.index): \(problem)") }
        }
        for worker in workers where worker.isApplying || !worker.inbox.isEmpty {
            fail("worker \(worker.index) left events behind")
        }
        var homes: [String: Int] = [:]
        func check(_ token: String?, _ home: Int?) {
            guard let token, let home else { return }
            if homes[token, default: home] != home { fail("\(token) lives on both workers") }
            homes[token] = home
        }
        for client in clients where client.isUpgraded && !client.wire.isEnded { check(client.token, home(client.wire)) }
        for agent in agents where agent.state == .open && !agent.wire.isEnded {
            if plan.tokens.contains(agent.owner ?? "") { check(agent.owner, agent.worker) }
        }
    }

    /// At the end of a loop's turn everything that was appended is on its way.
    func checkFlushed(_ worker: Worker) {
        if !worker.dirty.isEmpty || !worker.urgent.isEmpty { fail("worker \(worker.index) forgets to flush") }
    }

    private func home(_ wire: Wire) -> Int? {
        wire.channel.flatMap { channel in loops.firstIndex { $0 === channel.eventLoop } }
    }

    // MARK: What holds in the end

    func checkOutcomes() {
        for (number, message) in messages.enumerated() where message.isAccepted && message.outcome == nil {
            let client = clients[message.client]
            guard client.isUpgraded, !message.mayBeLost else { continue }
            // Its handshake was over only when it was closed for not reading what it had caused.
            if message.isEarly, client.closeCode == 1013 || client.breaksEarly { continue }
            if client.isGone, isDraining || client.token == nil { continue }
            fail("m\(number) of c\(message.client) has no outcome")
        }
        for (index, client) in clients.enumerated()
        where client.isUpgraded && !client.isGone && client.refusals != client.nonsense {
            fail("c\(index) was told bad_json \(client.refusals) times, not \(client.nonsense)")
        }
    }

    func checkNothingIsLeft() {
        for worker in workers {
            let census = worker.switchboard.census
            if census != emptyCensus { fail("worker \(worker.index) still has \(census)") }
            if !worker.openLegs.isEmpty { fail("worker \(worker.index) still has \(worker.openLegs.count) legs") }
            if !worker.handshakes.isEmpty { fail("worker \(worker.index) still has handshakes") }
            if worker.clients.count + worker.connections.count + worker.dials.count > 0 {
                fail("worker \(worker.index) still has ids")
            }
            if worker.switchboard.bufferedBytes != 0 {
                fail("worker \(worker.index) counts \(worker.switchboard.bufferedBytes) bytes of nobody")
            }
            if !worker.dirty.isEmpty || !worker.urgent.isEmpty || !worker.watched.isEmpty {
                fail("worker \(worker.index) still wants to flush")
            }
        }
        if process.admission.count > 0 { fail("\(process.admission.count) clients were never counted out") }
        for upstream in plan.table.upstreams where process.leases.count(upstream.name) > 0 {
            fail("\(process.leases.count(upstream.name)) connections to \(upstream.name) were never given back")
        }
        // Whoever comes sweeps the directory.
        _ = process.sessions.enter(SessionKey(token: "the last"), at: 0, now: workers[0].now())
        if process.sessions.count != 1 { fail("the directory still knows \(process.sessions.count - 1) sessions") }
        for (index, client) in clients.enumerated() where !client.wire.isEnded { fail("c\(index) is still connected") }
        for (index, agent) in agents.enumerated() where !agent.wire.isEnded { fail("a\(index) is still connected") }
    }
}
