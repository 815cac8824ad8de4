import ShuntCore
import ShuntReactor
import ShuntTesting

@testable import ShuntRuntime

/// A client's end of its socket.
struct StormClient {
    enum Kind {
        /// Of the unified endpoint.
        case unified
        /// Of a legacy endpoint, passed through message by message.
        case managed
        /// Of a legacy endpoint, passed through byte by byte.
        case raw
    }

    enum Standing {
        /// The proxy has not made it a client of the core. Becomes `client` or `gone`.
        case opening
        /// Becomes `gone`.
        case client
        /// What the proxy still reads of it is for nobody.
        case gone
    }

    let end: StormEnd
    let kind: Kind
    let token: String?
    let owner: String
    /// A handshake that the proxy must refuse.
    var isRefused = false
    /// It speaks in the clear where TLS is spoken, which is refused.
    var speaksPlain = false
    /// What came of the answer to the handshake.
    var head: [UInt8] = []
    var isUpgraded = false
    var parser = NaiveFrameReader()
    var frames: [NaiveFrame] = []
    /// It says nothing more but the rest of what it has said.
    var hasLeft = false
    /// Where each message that the proxy has not read ends, counted in bytes from the first byte of the connection.
    var ends: [(at: Int, message: Int)] = []
    var standing = Standing.opening
    /// More was said to it than it may leave unread, since the test last forgot it.
    var wasHeldUp = false
    /// Bytes that it has heard, and how many of them it had when it was last seen to be a client.
    var heard = 0
    var heardAsClient = 0
    /// A worker has had its socket.
    var hasKnocked = false
    /// The turn in which its socket became one of the core, and the one in which it was none any more.
    var connectedAt = 0
    var goneAt: Int?
    /// Messages that were read in the turn in which it was gone.
    var unsure: [Int] = []
    /// Messages of which it was perhaps told before that.
    var perhapsTold: [Int] = []
    /// The code of the proxy's close frame.
    var closeCode: UInt16?
    /// The answer to its handshake was a refusal.
    var isTurnedAway = false
    /// Its connection is over, and what that means for its messages is settled.
    var isSettled = false
    /// Texts that were no JSON, and errors about such.
    var nonsense = 0
    var refusals = 0
    var pushes: Set<Int> = []
    /// The last reply heard of each agent, by its place.
    var lastAnswer: [Int: Int] = [:]
    /// Of an old client: what it and its agent say to each other.
    var passed = StormPassed()
    /// How its messages are compressed; nil where nothing is agreed on.
    var compression: StormCompression?

    /// Nothing reaches it any more: it went, or was closed.
    var isGone: Bool { standing == .gone || end.isOver || closeCode != nil || isTurnedAway }
}

extension Storm {
    static let front = [FakeNetwork.front(1), FakeNetwork.front(2)]

    func connectClient() {
        let token = dice.chance(15) ? nil : dice.pick(plan.tokens)
        let isOld = dice.chance(plan.oldClients)
        connectClient(token: token, isOld ? dice.pick([.managed, .raw]) : .unified)
    }

    func connectClient(token: String?, _ kind: StormClient.Kind = .unified) {
        let index = clients.count
        network.window = dice.pick(plan.windows)
        guard let peer = network.dial(dice.pick(Self.front)) else { return fail("nobody listens") }
        let speaksPlain = plan.securesClients && !isCalm && dice.chance(plan.plainKnocks)
        let end = StormEnd(
            peer, plan.securesClients && !speaksPlain ? clientTLS() : nil, isStubborn: dice.chance(plan.stubborn))
        var client = StormClient(end: end, kind: kind, token: token, owner: token ?? "alone\(index)")
        client.speaksPlain = speaksPlain
        client.isRefused = speaksPlain || kind == .unified && !isCalm && dice.chance(4)
        var query = token.map { ["session_token=\($0)"] } ?? []
        if kind != .unified { query.append("c=\(index)") }
        let target = path(of: client) + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        // Who is piped agrees with its agent, which knows no extension.
        let offers = kind != .raw && dice.chance(plan.compressing)
        let offer = dice.pick(["", "; client_max_window_bits", "; client_no_context_takeover"])
        let fields = offers ? ["Sec-WebSocket-Extensions: permessage-deflate" + offer] : []
        end.say(Array(WireSocket.request(target: target, headers: fields).utf8))
        note("c\(index) of \(client.owner) connects, \(kind)")
        clients.append(client)
        // Many say their first words without waiting for an answer.
        while !isCalm, dice.chance(40) { say(index) }
        if !isCalm, kind != .unified, dice.chance(10) { sayMuch(index) }
        if !isCalm, dice.chance(50) { end.send(atMost: dice.chance(50) ? .max : dice.below(end.unsentCount + 1)) }
        // Some do not wait for it at all.
        if !isCalm, dice.chance(6) { leave(index, politely: false) }
    }

    private func clientTLS() -> StormTLS? {
        met.insert("client with TLS")
        let stop = !isCalm && dice.chance(plan.stalls) ? dice.below(900) : nil
        if stop != nil { met.insert("stopped in the handshake") }
        return StormTLS(
            dice.pick(clientContexts), name: "localhost", farewell: dice.pick(StormTLS.Farewell.allCases),
            stopsAfter: stop)
    }

    private func path(of client: StormClient) -> String {
        if client.isRefused { return "/nowhere" }
        switch client.kind {
        case .unified: return "/api/ws/agent"
        case .managed: return "/api/ws/\(StormPlan.routes[StormPlan.managed])"
        case .raw: return "/api/ws/\(StormPlan.routes[StormPlan.raw])"
        }
    }

    // MARK: What it says

    func someone() -> Int? {
        let there = clients.indices.filter { !clients[$0].hasLeft && !clients[$0].isGone }
        return there.isEmpty ? nil : dice.pick(there)
    }

    func say() {
        guard let index = someone() else { return }
        for _ in 0..<dice.within(1...3) { say(index) }
    }

    func say(_ index: Int) {
        guard !clients[index].isRefused else { return }
        let end = clients[index].end
        switch clients[index].kind {
        case .unified: break
        case .managed: return sayPassed(index)
        case .raw: return sayRaw(index)
        }
        if dice.chance(3) {
            clients[index].nonsense += 1
            return end.say(WireSocket.bytes(1, Array("{\"a\":".utf8), masked: true))
        }
        if dice.chance(8) { end.say(WireSocket.bytes(9, [7], masked: true)) }
        let route = dice.chance(4) ? nil : dice.below(StormPlan.routes.count)
        let number = messages.count
        let text = makeMessage(from: index, route: route)
        note("c\(index) says m\(number) (\(route.map { StormPlan.routes[$0] } ?? "nobody"), \(text.count) bytes)")
        sayFrames(1, text, index)
        clients[index].ends.append((end.said, number))
    }

    /// A message, in one frame or in two with a ping between them.
    func sayFrames(_ opcode: UInt8, _ payload: [UInt8], _ index: Int) {
        let end = clients[index].end
        let key = (0..<4).map { _ in UInt8(dice.below(256)) }
        var payload = payload
        var reserved: UInt8 = 0
        if clients[index].compression != nil, dice.chance(70) {
            guard let packed = clients[index].compression?.compress(payload) else { return fail("zlib fails") }
            payload = packed
            reserved = 4
            met.insert("compressed")
        }
        guard dice.chance(20), payload.count > 2 else {
            return end.say(WireSocket.bytes(opcode, payload, masked: true, reserved: reserved, key: key))
        }
        let cut = dice.within(1...payload.count - 1)
        let first = Array(payload[..<cut])
        end.say(WireSocket.bytes(opcode, first, masked: true, final: false, reserved: reserved, key: key))
        if dice.chance(30) { end.say(WireSocket.bytes(9, [], masked: true)) }
        end.say(WireSocket.bytes(0, Array(payload[cut...]), masked: true, key: key))
    }

    func sendSome() {
        for index in clients.indices where dice.chance(40) {
            let end = clients[index].end
            end.send(atMost: dice.chance(50) ? .max : dice.below(end.unsentCount + 1))
        }
    }

    func sendAll() {
        for client in clients { client.end.send() }
    }

    // MARK: What else it does

    func pause() {
        if dice.chance(50), let index = someone() {
            clients[index].end.reads.toggle()
            note("c\(index) \(clients[index].end.reads ? "reads" : "reads no more")")
        } else if !agents.isEmpty {
            let own = agents.indices.filter { agents[$0].client != nil && !agents[$0].end.isCut }
            let index = own.isEmpty || dice.chance(50) ? dice.below(agents.count) : dice.pick(own)
            agents[index].end.reads.toggle()
            note("a\(index) \(agents[index].end.reads ? "reads" : "reads no more")")
        }
        // Nobody stops for ever.
        for client in clients where dice.chance(30) { client.end.reads = true }
        for agent in agents where dice.chance(30) { agent.end.reads = true }
    }

    func leave() {
        guard let index = someone() else { return }
        leave(index, politely: !dice.chance(plan.rude))
    }

    func leave(_ index: Int, politely: Bool) {
        guard !clients[index].hasLeft else { return }
        let end = clients[index].end
        if politely || dice.chance(50) { end.reads = true }
        clients[index].hasLeft = true
        let isOpen = clients[index].isUpgraded && clients[index].kind != .raw
        switch politely ? 0 : dice.within(1...5) {
        case 0 where isOpen:
            note("c\(index) leaves")
            let code: UInt16 = dice.pick([1000, 1001, 4001])
            end.say(WireSocket.closeBytes(code, masked: true))
            clients[index].passed.closeSaid = code
        case 1 where isOpen:
            note("c\(index) breaks the protocol")
            end.say(WireSocket.bytes(3, [], masked: true))
        case 2 where isOpen:
            note("c\(index) is gone in the middle of a message")
            end.say(Array(WireSocket.bytes(1, [1, 2, 3, 4, 5], masked: true).prefix(7)))
            end.send()
            reset(index)
        case 0, 3:
            note("c\(index) says no more")
            end.finish()
            met.insert("half close")
            if let tls = end.tls, tls.isOpen { met.insert("half close, \(tls.farewell)") }
        case 4:
            note("c\(index) closes its socket")
            end.close()
        default:
            note("c\(index) is gone")
            reset(index)
        }
    }

    private func reset(_ index: Int) {
        met.insert(clients[index].standing == .opening ? "reset in the handshake" : "reset")
        if let stage = stage(of: clients[index].end) { met.insert("client reset \(stage)") }
        let end = clients[index].end
        if end.tls?.isOpen == false { met.insert("reset in the handshake of TLS") }
        end.reset(overtaking: dice.chance(50))
    }

    /// Somebody resets a socket with which the proxy is in the middle of something: of each kind as often.
    func strike() {
        let dialling = clients.indices.filter { !clients[$0].hasLeft }.map { (isAgent: false, index: $0) }
        let dialled = agents.indices.filter { !agents[$0].end.isCut }.map { (isAgent: true, index: $0) }
        var found: [String: [(isAgent: Bool, index: Int)]] = [:]
        for who in dialling + dialled {
            let end = who.isAgent ? agents[who.index].end : clients[who.index].end
            guard let stage = stage(of: end) else { continue }
            found[(who.isAgent ? "agent reset " : "client reset ") + stage, default: []].append(who)
        }
        guard !found.isEmpty else { return }
        let kind = dice.pick(found.keys.sorted())
        let who = dice.pick(found[kind] ?? [])
        note("\(who.isAgent ? "a" : "c")\(who.index): \(kind)")
        met.insert(kind)
        if who.isAgent { return agents[who.index].end.reset(overtaking: dice.chance(50)) }
        clients[who.index].hasLeft = true
        reset(who.index)
    }
}

extension FakeNetwork {
    /// Where a worker listens.
    static func front(_ number: UInt32) -> SocketAddress { .v4(0x7F00_0000 + number, port: 80) }
}
