import NIOCore
import NIOEmbedded
import ShuntCore
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

    let wire: Wire
    let route: Int
    let worker: Int
    var state = State.greeting
    var parser = NaiveFrameReader()
    /// The session that the connection was dialled for, known by the token or by the first message.
    var owner: String?
    /// Messages that came and are not answered.
    var asked: [Int] = []
    var answers = 0
    /// Takes messages and answers none of them.
    var isSilent = false
}

extension Storm {
    // MARK: Ports of the proxy

    /// A dial. The proxy makes it while it applies effects, so whatever it brings at once must wait for their end.
    func connect(_ order: Connector.Order, _ initializer: Connector.Initializer) -> EventLoopFuture<any Channel> {
        let failed: EventLoopFuture<any Channel> = order.eventLoop.makeFailedFuture(
            IOError(errnoCode: 111, reason: "connect"))
        guard let worker = workers.firstIndex(where: { $0.eventLoop === order.eventLoop }),
            let port = order.address.port
        else { return failed }
        if !workers[worker].isApplying { fail("worker \(worker) dials while its effects are over") }
        if !isCalm, dice.chance(plan.dialFails) {
            note("a dial to \(port) fails")
            met.insert("dial failed")
            return failed
        }
        let wire = Wire()
        wire.watermark = plan.upstreamWatermark
        do {
            let channel = try wire.makeChannel(on: loops[worker])
            let before = workers[worker].switchboard.tally
            try initializer(channel).wait()
            if !isCalm, dice.chance(plan.dialBreaksAtOnce) {
                note("a dial to \(port) breaks at once")
                met.insert("dial broken at once")
                channel.close(promise: nil)
                if workers[worker].switchboard.tally != before {
                    fail("worker \(worker) tells the core of a dial's end in the middle of its effects")
                }
                return failed
            }
            note("a\(agents.count) is dialled for \(StormPlan.routes[port - 7000]) by worker \(worker)")
            agents.append(StormAgent(wire: wire, route: port - 7000, worker: worker))
            return channel.connect(to: order.address).map { channel }
        } catch {
            fail("a dial's channel cannot be made: \(error)")
            return failed
        }
    }

    /// A client's connection leaves the worker that accepted it.
    func depart(_ channel: any Channel) -> SocketTransfer.Departure {
        guard let wire = clientWires[ObjectIdentifier(channel)] else { return .notPossible }
        if !isCalm, dice.chance(plan.moveFails) {
            note("no descriptor for a move")
            met.insert("no descriptor")
            return .failed
        }
        wire.departs()
        met.insert("move")
        return .ready(SocketTransfer.Passage { [unowned self] loop in arrive(wire, on: loop) })
    }

    private func arrive(_ wire: Wire, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        do {
            guard let loop = loops.first(where: { $0 === loop }) else { throw ChannelError.eof }
            let channel = try wire.arrives(on: loop)
            clientWires[ObjectIdentifier(channel)] = wire
            return loop.makeSucceededFuture(channel)
        } catch {
            met.insert("moved to no avail")
            return loop.makeFailedFuture(error)
        }
    }

    // MARK: What agents do

    /// Every agent reads, and does some of what it has to do.
    func serve() throws {
        for index in agents.indices where !agents[index].wire.isEnded {
            try read(index)
            if isCalm || dice.chance(70) { try work(index) }
        }
    }

    private func work(_ index: Int) throws {
        if agents[index].state == .open, !isCalm { misbehave(index) }
        if agents[index].state == .open, isCalm || !agents[index].isSilent {
            while !agents[index].asked.isEmpty, isCalm || dice.chance(60) { answer(index) }
        }
        let wire = agents[index].wire
        repeat {
            guard wire.isRead, !wire.unsent.isEmpty else { break }
            try wire.feed(isCalm || dice.chance(60) ? wire.unsent.count : dice.within(1...wire.unsent.count))
        } while isCalm || dice.chance(30)
        if agents[index].state == .closing, wire.unsent.isEmpty, isCalm || dice.chance(50) { wire.reset() }
    }

    private func read(_ index: Int) throws {
        let wire = agents[index].wire
        let heard = wire.heard
        wire.heard = []
        guard agents[index].state != .greeting else { return greet(index, heard) }
        for frame in agents[index].parser.feed(heard) {
            guard frame.isMasked, frame.isFinal else {
                return fail("a\(index) gets a frame that is not masked or not whole")
            }
            switch frame.opcode {
            case 1: take(frame.payload, index)
            case 8:
                note("a\(index) is told \(frame.code ?? 0)")
                if agents[index].state == .open {
                    wire.unsent += WireSocket.bytes(8, frame.payload, masked: false)
                    agents[index].state = .closing
                }
            case 9: wire.unsent += WireSocket.bytes(10, frame.payload, masked: false)
            default: break
            }
        }
    }

    private func greet(_ index: Int, _ heard: [UInt8]) {
        guard !heard.isEmpty else { return }
        let head = String(decoding: heard, as: UTF8.self)
        guard head.hasPrefix("GET /api/ws/\(StormPlan.routes[agents[index].route])"), head.hasSuffix("\r\n\r\n") else {
            return fail("a\(index) is asked with \(head)")
        }
        let target = String(head.split(separator: " ")[1])
        let tokens = QueryReader.values(of: "session_token", in: ByteString(target)).map(\.description)
        agents[index].owner = tokens.first
        if tokens.count > 1 { fail("a\(index) is given \(tokens)") }
        note("a\(index) is of \(tokens.first ?? "nobody known")")
        if !isCalm, dice.chance(plan.badUpgrade) {
            agents[index].state = .refused
            met.insert("bad upgrade")
            let answers = [
                "", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", TestBackend.upgrade(acceptKey: "no"),
                "hello\r\n\r\n",
            ]
            agents[index].wire.unsent = Array(dice.pick(answers).utf8)
            return
        }
        agents[index].state = .open
        agents[index].isSilent = dice.chance(plan.silence)
        let key = SecWebSocket.acceptKey(for: TestBackend.key(of: head))
        agents[index].wire.unsent = Array(TestBackend.upgrade(acceptKey: key).utf8)
        if agents[index].owner != nil, dice.chance(plan.pushes) { push(index) }
    }

    private func take(_ bytes: [UInt8], _ index: Int) {
        guard let members = JSONReader.members(of: bytes), let number = Self.integer("n", members),
            messages.indices.contains(number)
        else { return fail("a\(index) gets what nobody said: \(String(decoding: bytes.prefix(200), as: UTF8.self))") }
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
        agents[index].wire.unsent += WireSocket.bytes(1, writer.bytes, masked: false)
    }

    private func push(_ index: Int) {
        guard let owner = agents[index].owner else { return }
        let text = #"{"type":"welcome","who":"\#(owner)","push":\#(pushesMade)}"#
        note("a\(index) pushes \(pushesMade)")
        pushesMade += 1
        agents[index].wire.unsent += WireSocket.bytes(1, Array(text.utf8), masked: false)
    }

    private func misbehave(_ index: Int) {
        let wire = agents[index].wire
        if dice.chance(plan.pushes) { push(index) }
        // In place of a reply: it is taken for one.
        if dice.chance(plan.nonsense), !agents[index].asked.isEmpty {
            let number = agents[index].asked.removeFirst()
            met.insert("nonsense")
            note("a\(index) answers m\(number) with nonsense")
            wire.unsent += dice.pick([
                WireSocket.bytes(1, Array("nonsense".utf8), masked: false), WireSocket.bytes(2, [1, 2], masked: false),
                WireSocket.bytes(1, [0xFF], masked: false), WireSocket.bytes(1, [], masked: true),
            ])
        }
        if dice.chance(plan.nonsense) {
            wire.unsent += WireSocket.bytes(1, Array(#"{"type":"unlisted"}"#.utf8), masked: false)
        }
        guard dice.chance(plan.upstreamEnds), dice.chance(40) else { return }
        met.insert("upstream ended")
        if dice.chance(50) {
            note("a\(index) is gone")
            wire.reset()
        } else {
            note("a\(index) closes")
            wire.unsent += WireSocket.closeBytes(dice.pick([1000, 1011, 1012]), masked: false)
            agents[index].state = .closing
        }
    }
}
