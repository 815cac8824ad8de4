import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// What an old client and its own agent say to each other, as they say it: messages where they are passed through one by
/// one, else bytes.
struct StormPassed {
    /// The agent that the client's connection was dialled to.
    var agent: Int?
    /// Messages that the client said, and how many of them the proxy has accepted and the agent has heard.
    var said: [NaiveFrame] = []
    var accepted = 0
    var heard = 0
    /// The same of what the agent says.
    var saidBack: [NaiveFrame] = []
    var heardBack = 0
    /// How many of them the agent has answered.
    var answered = 0
    /// Of a byte pipe.
    var bytes: [UInt8] = []
    var bytesHeard = 0
    var bytesBack: [UInt8] = []
    var bytesHeardBack = 0
    /// What the client heard instead of the agent's bytes.
    var goodbye: [UInt8] = []
    /// The codes of their close frames, where they said one.
    var closeSaid: UInt16?
    var closeSaidBack: UInt16?
    /// The code of the close frame that the agent was told.
    var closeHeard: UInt16?
    /// The client took leave in peace: its last words have to arrive.
    var hasTakenLeave = false
}

extension Storm {
    // MARK: Message by message

    func sayPassed(_ index: Int) {
        // Now and then more than its agent may take.
        for _ in 0..<(dice.chance(10) ? 20 : 1) { sayOnePassed(index) }
    }

    private func sayOnePassed(_ index: Int) {
        sayPassed(passedFrame("c\(index)", clients[index].passed.said.count), index)
    }

    /// More than the proxy keeps of a client that is not answered.
    func sayMuch(_ index: Int) {
        let bytes = dice.bytes(plan.longest < 6_000 ? plan.longest : dice.pick([20_000, 80_000]))
        guard clients[index].kind == .raw else { return sayPassed(NaiveFrame(opcode: 2, payload: bytes), index) }
        clients[index].passed.bytes += bytes
        clients[index].end.say(bytes)
    }

    private func sayPassed(_ frame: NaiveFrame, _ index: Int) {
        let number = clients[index].passed.said.count
        note("c\(index) says its \(number)., \(frame.payload.count) bytes")
        clients[index].passed.said.append(frame)
        sayFrames(frame.opcode, frame.payload, index)
        clients[index].ends.append((clients[index].end.said, number))
    }

    /// A message that has to arrive as it is, whatever it is.
    private func passedFrame(_ name: String, _ number: Int, type: String? = nil) -> NaiveFrame {
        let length = length(80)
        if type == nil, dice.chance(15) { return NaiveFrame(opcode: 2, payload: dice.bytes(length)) }
        if type == nil, dice.chance(10) { return NaiveFrame(opcode: 1, payload: Array("no JSON \(number)".utf8)) }
        var writer = JSONWriter()
        if let type { writer.add("type", type) }
        writer.add("who", name)
        writer.add("n", raw: "\(number)")
        writer.add("message", String(repeating: "z", count: length))
        writer.shuffle(&dice)
        return NaiveFrame(opcode: 1, payload: writer.bytes)
    }

    /// An agent hears a message of its client.
    func hearPassed(_ frame: NaiveFrame, from client: Int) {
        compare(frame, clients[client].passed.said, at: clients[client].passed.heard, "of c\(client)")
        clients[client].passed.heard += 1
        met.insert("passed through")
    }

    /// What is heard is what was said, in order.
    private func compare(_ frame: NaiveFrame, _ said: [NaiveFrame], at place: Int, _ whose: String) {
        guard place < said.count else {
            return fail("the \(place). \(whose) was said by nobody: \(frame.text.prefix(200))")
        }
        if said[place].opcode != frame.opcode || said[place].payload != frame.payload {
            fail("the \(place). \(whose) is changed, or not the next: \(frame.text.prefix(200))")
        }
    }

    /// An agent answers its client, and says other things.
    func workPassed(_ index: Int) {
        guard let client = agents[index].client else { return }
        if clients[client].kind == .raw {
            if !isCalm, dice.chance(50) { sayRawBack(client) }
            return
        }
        while clients[client].passed.answered < clients[client].passed.heard, isCalm || dice.chance(60) {
            clients[client].passed.answered += 1
            sayBack(index, type: "response")
        }
        if !isCalm, dice.chance(plan.pushes) { sayBack(index) }
    }

    func sayBack(_ index: Int, type: String? = nil) {
        guard let client = agents[index].client else { return }
        guard clients[client].kind == .managed else { return sayRawBack(client) }
        let frame = passedFrame("a\(index)", clients[client].passed.saidBack.count, type: type)
        clients[client].passed.saidBack.append(frame)
        agents[index].end.say(WireSocket.bytes(frame.opcode, frame.payload, masked: false))
    }

    /// A client hears a message of its agent.
    func judgePassed(_ frame: NaiveFrame, _ index: Int) {
        let place = clients[index].passed.heardBack
        if isDraining, JSONReader.members(of: frame.payload).flatMap({ Self.string("code", $0) }) == "draining" {
            return
        }
        compare(frame, clients[index].passed.saidBack, at: place, "for c\(index)")
        clients[index].passed.heardBack += 1
        met.insert("passed back")
    }

    // MARK: Byte by byte

    /// Frames, half frames, and what is none.
    private func rawBytes(masked: Bool) -> [UInt8] {
        let payload = dice.bytes(length(60))
        return dice.chance(70) ? WireSocket.bytes(dice.pick([1, 2, 9]), payload, masked: masked) : payload
    }

    func sayRaw(_ index: Int) {
        let bytes = rawBytes(masked: true)
        note("c\(index) says \(bytes.count) bytes")
        clients[index].passed.bytes += bytes
        clients[index].end.say(bytes)
    }

    func sayRawBack(_ client: Int) {
        guard let agent = clients[client].passed.agent, agents[agent].state == .open else { return }
        let bytes = rawBytes(masked: false)
        clients[client].passed.bytesBack += bytes
        agents[agent].end.say(bytes)
    }

    func hearRaw(_ heard: [UInt8], from client: Int) {
        let place = clients[client].passed.bytesHeard
        if !clients[client].passed.bytes.dropFirst(place).starts(with: heard) {
            fail("byte \(place) of c\(client) and what follows are changed")
        }
        clients[client].passed.bytesHeard += heard.count
        met.insert("piped")
    }

    func judgeRaw(_ heard: [UInt8], _ index: Int) {
        let place = clients[index].passed.bytesHeardBack
        let expected = clients[index].passed.bytesBack.dropFirst(place)
        let common = zip(expected, heard).prefix { $0 == $1 }.count
        clients[index].passed.bytesHeardBack += common
        if common > 0 { met.insert("piped back") }
        guard common < heard.count else { return }
        // A stop says why in a frame of its own, where no other one is under way; nothing follows it.
        let goodbye = naiveFrame(8, [0x03, 0xF4] + Array("server is restarting".utf8))
        let said = clients[index].passed.goodbye
        let isGoodbye = (0...(said.isEmpty ? common : 0)).contains { goodbye.starts(with: said + heard[$0...]) }
        clients[index].passed.goodbye += heard[common...]
        if !isDraining || !isGoodbye {
            fail("byte \(place + common) for c\(index) and what follows are changed")
        }
    }
}
