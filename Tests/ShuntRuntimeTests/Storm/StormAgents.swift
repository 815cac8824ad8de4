import Glibc
import ShuntCore
import ShuntReactor
import ShuntTesting

@testable import ShuntRuntime

/// An agent's end of a connection that the proxy dialled.
struct StormAgent {
    enum State {
        /// The opening handshake is not answered. Becomes `open`, `refused` or `closing`.
        case greeting
        case open
        /// It said no, or will never say anything.
        case refused
        /// A close frame was said; the end comes when it is out.
        case closing
    }

    let end: StormEnd
    let route: Int
    var state = State.greeting
    /// What came of the request.
    var head: [UInt8] = []
    var parser = NaiveFrameReader()
    /// The session that the connection was dialled for, known by the token or by the first message.
    var owner: String?
    /// The old client whose own connection it is.
    var client: Int?
    /// Messages that came and are not answered.
    var asked: [Int] = []
    var answers = 0
    /// Takes messages and answers none of them.
    var isSilent = false
    /// It said something that the proxy must end the connection for.
    var isSpoiled = false
    /// The proxy does not trust its certificate.
    var isUntrusted = false
}

extension Storm {
    static func back(_ route: Int) -> SocketAddress {
        .v4(0x7F00_0001, port: StormPlan.firstPort + UInt16(route))
    }

    /// What comes of a dial: the network asks when the proxy makes it.
    func fate(of address: SocketAddress) -> DialFate {
        network.window = dice.pick(plan.windows)
        if plan.hasNames { dials[address.with(port: 0), default: 0] += 1 }
        guard !isCalm, dice.chance(plan.dialFails) else { return .asListened }
        note("a dial to \(address.port) fails")
        met.insert("dial failed")
        return dice.pick([
            .fails(ECONNREFUSED), .fails(ETIMEDOUT), .fails(EHOSTUNREACH), .impossible(EADDRNOTAVAIL),
            .impossible(EMFILE), .hangs,
        ])
    }

    // MARK: What agents do

    /// Every agent reads, and does some of what it has to do.
    func serve() {
        for route in StormPlan.routes.indices where isCalm || dice.chance(70) {
            while let peer = network.accept(at: Self.back(route)) { met(peer, route) }
        }
        for index in agents.indices where !agents[index].end.isCut {
            if agents[index].end.reads {
                read(index, agents[index].end.read(atMost: isCalm || dice.chance(70) ? .max : dice.within(1...200)))
            }
            if isCalm || dice.chance(70) { work(index) }
            if let problem = agents[index].end.tls?.problem, !agents[index].isUntrusted {
                fail("a\(index) cannot understand the proxy: \(problem)")
            }
            if agents[index].end.follows, isCalm || dice.chance(50) { agents[index].end.close() }
        }
    }

    private func met(_ peer: FakePeer, _ route: Int) {
        let isUntrusted = plan.securesAgents[route] && !isCalm && dice.chance(plan.untrusted)
        let end = StormEnd(
            peer, plan.securesAgents[route] ? agentTLS(isUntrusted) : nil, isStubborn: dice.chance(plan.stubborn))
        note(
            "a\(agents.count) is dialled for \(StormPlan.routes[route])\(isUntrusted ? ", with a stranger's certificate" : "")"
        )
        agents.append(StormAgent(end: end, route: route, isUntrusted: isUntrusted))
        guard !isCalm, dice.chance(plan.dialBreaksAtOnce) else { return }
        note("a\(agents.count - 1) breaks at once")
        met.insert("dial broken at once")
        if dice.chance(50) { end.reset(overtaking: true) } else { end.close() }
    }

    private func agentTLS(_ isUntrusted: Bool) -> StormTLS? {
        met.insert(isUntrusted ? "stranger" : "agent with TLS")
        let context = isUntrusted ? certificates.untrusted : dice.pick(certificates.trusted)
        let stop = !isCalm && dice.chance(plan.stalls) ? dice.below(2_500) : nil
        return StormTLS(context, farewell: dice.pick(StormTLS.Farewell.allCases), stopsAfter: stop)
    }

    private func work(_ index: Int) {
        if agents[index].state == .open, !isCalm { misbehave(index) }
        if agents[index].state == .open, isCalm || !agents[index].isSilent {
            while !agents[index].asked.isEmpty, isCalm || dice.chance(60) { answer(index) }
            if agents[index].client != nil { workPassed(index) }
        }
        let end = agents[index].end
        end.send(atMost: isCalm || dice.chance(60) ? .max : dice.below(end.unsentCount + 1))
        if agents[index].state == .closing, !end.hasUnsent, isCalm || dice.chance(50) {
            if dice.chance(50) { end.close() } else { end.finish() }
        }
    }

    private func read(_ index: Int, _ heard: [UInt8]) {
        guard !heard.isEmpty else { return }
        guard agents[index].state != .greeting else { return greet(index, heard) }
        guard agents[index].state != .refused else { return }
        if let client = agents[index].client, clients[client].kind == .raw { return hearRaw(heard, from: client) }
        for frame in agents[index].parser.feed(heard) {
            guard frame.isMasked, frame.isFinal else {
                return fail("a\(index) gets a frame that is not masked or not whole")
            }
            switch frame.opcode {
            case 1, 2:
                if let client = agents[index].client { hearPassed(frame, from: client) } else { take(frame, index) }
            case 8: told(frame, index)
            case 9: agents[index].end.say(WireSocket.bytes(10, frame.payload, masked: false))
            default: break
            }
        }
    }

    private func told(_ frame: NaiveFrame, _ index: Int) {
        note("a\(index) is told \(frame.code ?? 0)")
        if let client = agents[index].client { clients[client].passed.closeHeard = frame.code }
        guard agents[index].state == .open else { return }
        agents[index].end.say(WireSocket.bytes(8, frame.payload, masked: false))
        agents[index].state = .closing
    }

    private func greet(_ index: Int, _ heard: [UInt8]) {
        if agents[index].isUntrusted { return fail("a\(index) is asked, and nobody trusts it") }
        agents[index].head += heard
        let head = String(decoding: agents[index].head, as: UTF8.self)
        guard head.hasSuffix("\r\n\r\n") else {
            // Nothing follows it before it is answered.
            if head.contains("\r\n\r\n") { fail("a\(index) is asked with \(head)") }
            return
        }
        guard head.hasPrefix("GET /api/ws/\(StormPlan.routes[agents[index].route])") else {
            return fail("a\(index) is asked with \(head)")
        }
        let target = ByteString(String(head.split(separator: " ")[1]))
        let tokens = QueryReader.values(of: "session_token", in: target).map(\.description)
        agents[index].owner = tokens.first
        agents[index].client = QueryReader.values(of: "c", in: target).first.flatMap { Int($0.description) }
        if tokens.count > 1 { fail("a\(index) is given \(tokens)") }
        if let client = agents[index].client {
            if clients[client].passed.agent != nil { fail("c\(client) has two agents at a time") }
            if clients[client].token != tokens.first { fail("a\(index) is told that c\(client) is of \(tokens)") }
            clients[client].passed.agent = index
        }
        note("a\(index) is of \(tokens.first ?? "nobody known")")
        guard isCalm || !dice.chance(plan.badUpgrade) else { return refuse(index) }
        agents[index].state = .open
        agents[index].isSilent = dice.chance(plan.silence)
        let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
        agents[index].end.say(Array(TestBackend.upgrade(acceptKey: key).utf8))
        guard dice.chance(plan.pushes) else { return }
        if agents[index].client != nil { sayBack(index) } else if agents[index].owner != nil { push(index) }
    }

    private func refuse(_ index: Int) {
        agents[index].state = .refused
        met.insert("bad upgrade")
        let answers = [
            "", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforbidden", TestBackend.upgrade(acceptKey: "no"),
            "hello\r\n\r\n", "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforb",
        ]
        agents[index].end.say(Array(dice.pick(answers).utf8))
        if dice.chance(30) { agents[index].end.finish() }
    }

    private func take(_ frame: NaiveFrame, _ index: Int) {
        guard frame.opcode == 1, let members = JSONReader.members(of: frame.payload),
            let number = Self.integer("n", members), messages.indices.contains(number)
        else { return fail("a\(index) gets what nobody said: \(frame.text.prefix(200))") }
        note("a\(index) gets m\(number)")
        checkForwarded(number, members, to: index)
        messages[number].agent = index
        agents[index].owner = messages[number].owner
        agents[index].asked.append(number)
        met.insert("forwarded")
    }

    private func answer(_ index: Int) {
        // The unified agent answers in any order, the legacy ones in that of the messages.
        let place = agents[index].route == StormPlan.relayed ? dice.below(agents[index].asked.count) : 0
        let number = agents[index].asked.remove(at: place)
        var writer = JSONWriter()
        let dies = !isCalm && dice.chance(plan.silence)
        writer.add("type", dies ? "error" : "response")
        writer.add("message", dies ? "Internal error: \(number)" : String(repeating: "y", count: dice.below(300)))
        writer.add("n", raw: "\(number)")
        writer.add("who", messages[number].owner)
        if agents[index].route == StormPlan.relayed { writer.add("conversation_id", "m\(number)") }
        writer.shuffle(&dice)
        if dies { agents[index].isSilent = true }
        note("a\(index) answers m\(number)")
        messages[number].answer = agents[index].answers
        messages[number].reply = writer.members
        agents[index].answers += 1
        agents[index].end.say(WireSocket.bytes(1, writer.bytes, masked: false))
    }

    private func push(_ index: Int) {
        guard let owner = agents[index].owner else { return }
        let text = #"{"type":"welcome","who":"\#(owner)","push":\#(pushesMade)}"#
        note("a\(index) pushes \(pushesMade)")
        pushesMade += 1
        agents[index].end.say(WireSocket.bytes(1, Array(text.utf8), masked: false))
    }

    private func misbehave(_ index: Int) {
        let end = agents[index].end
        if agents[index].client == nil {
            if dice.chance(plan.pushes) { push(index) }
            if dice.chance(plan.nonsense), !agents[index].asked.isEmpty { answerNonsense(index) }
            if dice.chance(plan.nonsense) {
                end.say(WireSocket.bytes(1, Array(#"{"type":"unlisted"}"#.utf8), masked: false))
            }
        }
        guard dice.chance(plan.upstreamEnds), dice.chance(40) else { return }
        met.insert("upstream ended")
        let isRaw = agents[index].client.map { clients[$0].kind == .raw } ?? false
        switch dice.below(4) {
        case 0:
            note("a\(index) is gone")
            end.reset(overtaking: dice.chance(50))
        case 1:
            note("a\(index) says no more")
            agents[index].state = .closing
            end.finish()
        case 2 where !isRaw:
            note("a\(index) closes")
            let code: UInt16 = dice.pick([1000, 1011, 1012])
            if let client = agents[index].client { clients[client].passed.closeSaidBack = code }
            end.say(WireSocket.closeBytes(code, masked: false))
            agents[index].state = .closing
        default:
            note("a\(index) closes its socket")
            end.close()
        }
    }

    /// In place of a reply: it is taken for one.
    private func answerNonsense(_ index: Int) {
        let number = agents[index].asked.removeFirst()
        met.insert("nonsense")
        note("a\(index) answers m\(number) with nonsense")
        agents[index].isSpoiled = true
        agents[index].end.say(
            dice.pick([
                WireSocket.bytes(1, Array("nonsense".utf8), masked: false),
                WireSocket.bytes(2, [1, 2], masked: false), WireSocket.bytes(1, [0xFF], masked: false),
                WireSocket.bytes(1, [], masked: true),
            ]))
    }
}
