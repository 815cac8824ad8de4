import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// What is promised, judged by what the peers see.
extension Storm {
    // MARK: What clients hear

    func hear() {
        for index in clients.indices where !clients[index].isSettled {
            let end = clients[index].end
            if end.reads {
                parse(index, end.read(atMost: isCalm || dice.chance(70) ? .max : dice.within(1...200)))
            }
            if let problem = end.tls?.problem { fail("c\(index) cannot understand the proxy: \(problem)") }
            if end.follows, isCalm || dice.chance(50) { end.close() }
            settle(index)
        }
    }

    private func parse(_ index: Int, _ heard: [UInt8]) {
        guard !heard.isEmpty, !clients[index].isTurnedAway else { return }
        clients[index].heard += heard.count
        var bytes = heard
        if !clients[index].isUpgraded {
            clients[index].head += heard
            guard let end = headEnd(clients[index].head) else { return }
            let head = String(decoding: clients[index].head[..<end], as: UTF8.self)
            bytes = Array(clients[index].head[end...])
            guard head.hasPrefix("HTTP/1.1 101 ") else { return refused(index, head) }
            if clients[index].isRefused { return fail("c\(index) is accepted at a path that is not there") }
            if !head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") {
                fail("c\(index) is answered with another's key")
            }
            note("c\(index) is upgraded")
            clients[index].isUpgraded = true
            clients[index].compression = StormCompression(answer: head)
        }
        guard clients[index].kind != .raw else { return judgeRaw(bytes, index) }
        for var frame in clients[index].parser.feed(bytes) {
            if frame.isCompressed {
                guard let payload = clients[index].compression?.expand(frame.payload), frame.opcode < 8 else {
                    return fail("c\(index) gets a compressed frame that nobody can read")
                }
                frame.payload = payload
                frame.isCompressed = false
                met.insert("compressed back")
            }
            if clients[index].closeCode != nil { fail("c\(index) gets a frame behind the close frame") }
            if frame.isMasked || !frame.isFinal { fail("c\(index) gets a frame that is masked or in parts") }
            switch frame.opcode {
            case 8: closed(index, frame.code)
            case 9: clients[index].end.say(WireSocket.bytes(10, frame.payload, masked: true))
            case 10: break
            case _ where clients[index].kind == .managed: judgePassed(frame, index)
            case 1: judge(frame.payload, index)
            default: fail("c\(index) gets a frame of kind \(frame.opcode)")
            }
        }
    }

    private func headEnd(_ bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4 else { return nil }
        return (4...bytes.count).first { bytes[($0 - 4)..<$0].elementsEqual(mark) }
    }

    private func refused(_ index: Int, _ head: String) {
        note("c\(index) is refused: \(head.prefix(12))")
        clients[index].isTurnedAway = true
        clients[index].hasLeft = true
        let status = head.dropFirst(9).prefix(3)
        let isShort = met.contains("no descriptor") || met.contains("no watch") || !hasRoomAtDoor
        let isExpected =
            switch status {
            case "404": clients[index].isRefused && !clients[index].speaksPlain
            case "400": clients[index].speaksPlain
            case "408": true
            // In the words of its backend, or because there is none.
            case "403", "502", "504": clients[index].kind != .unified
            case "503": clients[index].kind != .unified || isDraining || isShort
            default: false
            }
        if clients[index].speaksPlain { met.insert("refused in the clear") }
        if !isExpected { fail("c\(index) is refused: \(head)") }
    }

    private func closed(_ index: Int, _ code: UInt16?) {
        note("c\(index) is told \(code ?? 0)")
        let hasLeft = clients[index].hasLeft
        let isPassed = clients[index].kind == .managed
        clients[index].closeCode = code ?? 1005
        switch code {
        case 1013 where !isPassed && (clients[index].wasHeldUp || isMuchAtOnce(index)): met.insert("slow reader")
        case 1012 where isDraining: met.insert("drained")
        case 1002 where hasLeft: becomeSure(index)
        case .some(let code) where code == clients[index].passed.closeSaid: becomeSure(index)
        case .some(let code) where isPassed && code == clients[index].passed.closeSaidBack: met.insert("close passed")
        default: fail("c\(index) is closed with \(code ?? 0)")
        }
        guard !hasLeft else { return }
        // It was not the first to say so: it answers, and has nothing more to say.
        clients[index].hasLeft = true
        clients[index].end.forgetUnsent()
        clients[index].end.say(WireSocket.closeBytes(code ?? 1000, masked: true))
    }

    /// Whether more was said to it than it may leave unread in the turn in which it was closed: nobody saw it held up.
    private func isMuchAtOnce(_ index: Int) -> Bool {
        clients[index].heard - clients[index].heardAsClient > plan.table.limits.unreadByClient
    }

    /// The proxy answers its last words: all before them was read while it was there.
    private func becomeSure(_ index: Int) {
        for number in clients[index].unsure { messages[number].mayBeLost = false }
        clients[index].unsure = []
    }

    /// Its connection is over: what it was told without having heard of it, nobody will hear.
    private func settle(_ index: Int) {
        let client = clients[index]
        guard client.standing == .gone, client.end.isOver else { return }
        clients[index].isSettled = true
        guard client.closeCode == nil, client.kind == .unified else { return }
        for number in client.perhapsTold where messages[number].outcome == nil { messages[number].mayBeLost = true }
        let reads = !client.end.hasPaused && !isCut && !met.contains("no watch")
        if reads, client.isUpgraded, !client.hasLeft { fail("c\(index) is cut without a word") }
        if reads, client.passed.closeSaid != nil, !client.end.isReset {
            fail("c\(index) took leave, and is not answered")
        }
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
        if message.isOvertaken { fail("m\(number) came to its agent after a later one, and is answered") }
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
            if clients[index].connectedAt < goneAt {
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
        let isRight =
            message.route == agents[index].route
            || message.route == StormPlan.moved && agents[index].route == StormPlan.relayed
        if !isRight { fail("m\(number) goes to the wrong agent") }
        if let owner = agents[index].owner, owner != message.owner {
            fail("m\(number) of \(message.owner) goes over a connection of \(owner)")
        }
        if message.route == StormPlan.moved { met.insert("by \(StormPlan.routes[agents[index].route])") }
        let stripped = agents[index].route == StormPlan.relayed ? [] : ["agent_type", "pillar"]
        let expected = message.members.filter { !stripped.contains($0.key) }
        if members != expected { fail("m\(number) is changed: \(members)") }
        for later in messages[number...]
        where later.client == message.client && later.route == message.route && later.agent != nil {
            if later.agent == index { fail("m\(number) is sent after a later one of its socket and route") }
            // Of a socket that is gone no order is kept from one connection to the next.
            if clients[message.client].standing != .gone { messages[number].isOvertaken = true }
        }
    }

    private func sorted(_ members: [JSONMember]) -> [String] {
        members.map { "\($0.key)=\(String(decoding: $0.value, as: UTF8.self))" }.sorted()
    }
}
