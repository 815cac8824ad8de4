import NIOCore
import NIOEmbedded
import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// A client's end of its socket.
struct StormClient {
    let wire: Wire
    let token: String?
    let owner: String
    /// A handshake that the proxy must refuse.
    var isRefused = false
    var isUpgraded = false
    var parser = NaiveFrameReader()
    var frames: [NaiveFrame] = []
    /// Bytes of its last words at the end of what is unsent; nil while it stays.
    var farewell: Int?
    /// Where each message that is not wholly sent ends, counted in bytes from the first byte of the connection.
    var ends: [(at: Int, message: Int)] = []
    var said = 0
    /// The step in which its socket became one of the core, and the one in which it was gone.
    var upgradedAt = 0
    var goneAt: Int?
    /// Its connection breaks before its first words may have come through.
    var breaksEarly = false
    /// The code of the proxy's close frame.
    var closeCode: UInt16?
    var isClosed = false
    /// Texts that were no JSON, and errors about such.
    var nonsense = 0
    var refusals = 0
    var pushes: Set<Int> = []
    /// The last reply heard of each agent, by its place.
    var lastAnswer: [Int: Int] = [:]

    /// Nothing reaches it any more: it went, began to go, or was closed.
    var isGone: Bool {
        if isClosed || wire.isEnded { return true }
        guard let farewell else { return false }
        return wire.unsent.count < farewell
    }
}

extension Storm {
    func connectClient() throws {
        let token = dice.chance(15) ? nil : dice.pick(plan.tokens)
        try connectClient(token: token)
    }

    func connectClient(token: String?) throws {
        let wire = Wire()
        let worker = dice.below(workers.count)
        let index = clients.count
        var client = StormClient(wire: wire, token: token, owner: token ?? "alone\(index)")
        client.isRefused = !isCalm && dice.chance(4)
        let path = client.isRefused ? "/nowhere" : "/api/ws/agent"
        let target = path + (token.map { "?session_token=\($0)" } ?? "")
        wire.unsent = Array(WireSocket.request(target: target).utf8)
        client.said = wire.unsent.count
        note("c\(index) of \(client.owner) connects to worker \(worker)")
        let channel = try wire.makeChannel(on: loops[worker])
        clientWires[ObjectIdentifier(channel)] = wire
        try HandshakeHandler.install(in: channel, worker: workers[worker], workers: directory)
        clients.append(client)
        try channel.connect(to: Wire.address).wait()
        // Many say their first words without waiting for an answer.
        while !isCalm, dice.chance(40) { say(index) }
        if !isCalm, dice.chance(50) {
            try send(index, dice.chance(50) ? wire.unsent.count : dice.below(wire.unsent.count + 1))
        }
        // Some do not wait for it at all.
        if !isCalm, dice.chance(6) { leave(index, politely: false) }
    }

    // MARK: What it says

    private func someone() -> Int? {
        let there = clients.indices.filter { clients[$0].farewell == nil && !clients[$0].isGone }
        return there.isEmpty ? nil : dice.pick(there)
    }

    func say() {
        guard let index = someone() else { return }
        for _ in 0..<dice.within(1...3) { say(index) }
    }

    private func say(_ index: Int) {
        guard !clients[index].isRefused else { return }
        if dice.chance(3) {
            clients[index].nonsense += 1
            return queue(WireSocket.bytes(1, Array("{\"a\":".utf8), masked: true), index)
        }
        if dice.chance(8) { queue(WireSocket.bytes(9, [7], masked: true), index) }
        let route = dice.chance(4) ? nil : dice.below(StormPlan.routes.count)
        let number = messages.count
        let text = makeMessage(from: index, route: route)
        note("c\(index) says m\(number) (\(route.map { StormPlan.routes[$0] } ?? "nobody"), \(text.count) bytes)")
        let key = (0..<4).map { _ in UInt8(dice.below(256)) }
        if dice.chance(20), text.count > 2 {
            let cut = dice.within(1...text.count - 1)
            queue(WireSocket.bytes(1, Array(text[..<cut]), masked: true, final: false, key: key), index)
            if dice.chance(30) { queue(WireSocket.bytes(9, [], masked: true), index) }
            queue(WireSocket.bytes(0, Array(text[cut...]), masked: true, key: key), index)
        } else {
            queue(WireSocket.bytes(1, text, masked: true, key: key), index)
        }
        clients[index].ends.append((clients[index].said, number))
    }

    private func queue(_ bytes: [UInt8], _ index: Int) {
        clients[index].wire.unsent += bytes
        clients[index].said += bytes.count
    }

    func sendSome() throws {
        for index in clients.indices where dice.chance(40) {
            let count = clients[index].wire.unsent.count
            guard count > 0 else { continue }
            if dice.chance(10) {
                // Byte for byte, for a while.
                for _ in 0..<min(count, 60) { try send(index, 1) }
            } else {
                try send(index, dice.chance(50) ? count : dice.below(count + 1))
                if dice.chance(30) { try send(index, dice.below(count)) }
            }
        }
    }

    func sendAll() throws {
        for index in clients.indices { try send(index, clients[index].wire.unsent.count) }
    }

    /// One read of the proxy.
    private func send(_ index: Int, _ count: Int) throws {
        let wire = clients[index].wire
        guard count > 0, wire.isRead else { return }
        let wasClient = isClientOfTheCore(wire)
        try wire.feed(count)
        let isClient = isClientOfTheCore(wire)
        let read = clients[index].said - wire.unsent.count
        while let end = clients[index].ends.first, end.at <= read {
            clients[index].ends.removeFirst()
            guard !wire.isEnded else { continue }
            messages[end.message].isAccepted = wasClient != false
            messages[end.message].isEarly = !clients[index].isUpgraded
            // The proxy closed it in the middle of what it said.
            let isCut = isClient == false && (clients[index].farewell == nil || wire.wasCongested)
            if isCut { messages[end.message].mayBeLost = true }
        }
    }

    /// Whether the proxy listens to what it says; nil while its handshake lasts.
    private func isClientOfTheCore(_ wire: Wire) -> Bool? {
        guard let channel = wire.channel, let leg = try? channel.pipeline.syncOperations.handler(type: Leg.self) else {
            return wire.isEnded ? false : nil
        }
        if case .client = leg.role { return true }
        return false
    }

    // MARK: What else it does

    func pause() throws {
        if dice.chance(50), let index = someone() {
            clients[index].wire.takes.toggle()
            note("c\(index) \(clients[index].wire.takes ? "reads" : "reads no more")")
        } else if !agents.isEmpty {
            let index = dice.below(agents.count)
            agents[index].wire.takes.toggle()
            note("a\(index) \(agents[index].wire.takes ? "reads" : "reads no more")")
        }
        // Nobody stops for ever.
        for client in clients where dice.chance(30) { client.wire.takes = true }
        for agent in agents where dice.chance(30) { agent.wire.takes = true }
    }

    func breakAtFlush() {
        if dice.chance(50), let index = someone() {
            note("c\(index) breaks at the next flush")
            clients[index].wire.breaksAtFlush = true
            if !clients[index].isUpgraded { clients[index].breaksEarly = true }
        } else if !agents.isEmpty {
            let index = dice.below(agents.count)
            note("a\(index) breaks at the next flush")
            agents[index].wire.breaksAtFlush = true
        }
    }

    func leave() throws {
        guard let index = someone() else { return }
        leave(index, politely: dice.chance(40))
    }

    func leave(_ index: Int, politely: Bool) {
        if politely || dice.chance(50) { clients[index].wire.takes = true }
        let farewell: [UInt8]
        switch politely || !clients[index].isUpgraded ? 0 : dice.within(1...3) {
        case 0 where clients[index].isUpgraded:
            farewell = WireSocket.closeBytes(1000, masked: true)
        case 1:
            farewell = WireSocket.bytes(3, [], masked: true)
        case 2:
            note("c\(index) is gone in the middle of a message")
            clear(index)
            clients[index].wire.unsent += Array(WireSocket.bytes(1, [1, 2, 3, 4, 5], masked: true).prefix(7))
            try? clients[index].wire.feed(clients[index].wire.unsent.count)
            return clients[index].wire.reset()
        default:
            note("c\(index) is gone")
            clear(index)
            return clients[index].wire.reset()
        }
        note("c\(index) leaves")
        clients[index].farewell = farewell.count
        queue(farewell, index)
    }

    /// Makes sure that what is under way to a socket was written before it ends, or forgives that it was not: the model
    /// cannot know what a turn that is not over would have brought it.
    private func clear(_ index: Int) {
        if dice.chance(50) {
            runAll()
            hear()
        } else {
            // It may have taken over what those who were there before it are owed.
            for number in messages.indices where messages[number].owner == clients[index].owner {
                messages[number].mayBeLost = true
            }
        }
    }
}
