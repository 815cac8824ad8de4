import ShuntCore
import ShuntReactor
import ShuntTesting

@testable import ShuntRuntime

/// What one seed's storm is like: the network, the routing table, and how often what goes wrong, in percent of its
/// chances.
struct StormPlan {
    static let routes = ["guide", "liaison/content", "scribe", "herald"]
    /// The route that the unified upstream serves, and the one that is moved to it and back.
    static let relayed = 2
    static let moved = 3
    /// The route whose old clients are passed through message by message, and the one whose are byte by byte.
    static let managed = 0
    static let raw = 1
    static let firstPort: UInt16 = 7000
    /// The name of the agents' host, where it is named.
    static let host = "agents.example"
    static let addresses = [SocketAddress.v4(0x7F00_0009, port: 0), .v4(0x7F00_0001, port: 0)]

    var faults = NetworkFaults.none
    /// One of them is the most that waits unread at an end.
    var windows = [64 << 10]
    var table = TableDefinition()
    var tokens: [String] = []
    var mostClients = 12
    /// The longest pause between two steps, in milliseconds.
    var pause = 20
    /// The most turns that a worker takes at a time.
    var turns = 4
    /// The longest text of a message, and of one in a hundred.
    var longest = 6_000
    var hugest = 6_000
    /// Of the clients, those that come to legacy endpoints.
    var oldClients = 0
    var dialFails = 0
    var dialBreaksAtOnce = 0
    var badUpgrade = 0
    var silence = 0
    var upstreamEnds = 0
    var nonsense = 0
    var pushes = 0
    var acceptFails = 0
    /// Of those who leave, who say nothing.
    var rude = 0
    /// Of peers, who never end a connection because the other side has.
    var stubborn = 0
    /// Upstreams are named, not numbered: nobody listens at the first address of each name.
    var hasNames = false
    var drains = false
    /// Everything is cut in the middle of the storm.
    var isCutShort = false
    var reloads = 0
    var strikes = 0
    var upstreamMarks = WaterMarks(1 << 20)
    /// Clients speak TLS, and the agents of which routes do.
    var securesClients = false
    var securesAgents = [Bool](repeating: false, count: routes.count)
    /// Of peers that speak TLS, who stop in the middle of the handshake.
    var stalls = 0
    /// Of clients, who speak none where it is spoken.
    var plainKnocks = 0
    /// Of agents, whose certificate is a stranger's.
    var untrusted = 0
    var renewals = 0
    /// Of clients, who offer compression.
    var compressing = 0

    /// - Parameter authorities: the file of those whom the proxy trusts.
    init(_ dice: inout Dice, authorities: String) {
        for number in 1...dice.within(1...4) { tokens.append("tok\(number)") }
        func rate(_ most: Int) -> Int { dice.chance(50) ? 0 : dice.within(1...most) }
        faults = dice.chance(60) ? .bad : .none
        windows = dice.pick([[64], [64 << 10], [300], [4_000], [64, 1_000, 64 << 10]])
        longest = windows[0] < 4_000 ? 1_200 : 6_000
        hugest = windows == [64 << 10] ? 150_000 : longest
        oldClients = dice.pick([0, 30, 50])
        dialFails = rate(30)
        dialBreaksAtOnce = rate(40)
        badUpgrade = rate(15)
        silence = rate(6)
        upstreamEnds = rate(12)
        nonsense = rate(8)
        pushes = rate(30)
        acceptFails = rate(40)
        rude = dice.pick([0, 50, 100])
        drains = dice.chance(15)
        stubborn = dice.pick([0, 0, 10, 50])
        hasNames = dice.chance(30)
        isCutShort = dice.chance(10)
        reloads = rate(40)
        strikes = dice.pick([0, 0, 30, 100])
        pause = dice.pick([2, 20, 20, 60, 300])
        turns = dice.pick([1, 4, 12])
        upstreamMarks = WaterMarks(dice.pick([300, 4_096, 1 << 20]))
        planTLS(&dice)
        planTable(&dice, authorities)
    }

    private mutating func planTLS(_ dice: inout Dice) {
        guard dice.chance(60) else { return }
        securesClients = dice.chance(60)
        if dice.chance(60) { securesAgents = Self.routes.map { _ in dice.chance(70) } }
        stalls = dice.pick([0, 0, 5, 20])
        plainKnocks = dice.pick([0, 0, 10])
        untrusted = dice.pick([0, 0, 10])
        renewals = dice.pick([0, 30, 100])
    }

    private mutating func planTable(_ dice: inout Dice, _ authorities: String) {
        for (index, route) in Self.routes.enumerated() {
            var upstream = UpstreamSettings(
                name: route,
                address: UpstreamAddress(
                    tls: securesAgents[index], host: hasNames ? Self.host : "127.0.0.1",
                    port: Int(Self.firstPort) + index,
                    path: "/api/ws/\(route)"))
            upstream.tls.authorities = authorities
            upstream.serverName = "127.0.0.1"
            upstream.tls.most = dice.pick([.tls12, .tls13])
            upstream.mode = dice.chance(30) ? .client : .session
            upstream.connectTimeout = dice.span(200...2_000)
            upstream.handshakeTimeout = dice.span(200...2_000)
            upstream.maxConnections = dice.chance(20) ? dice.within(1...4) : 100
            // A 403 is no word about the session here, or most of the storm would be refusals.
            upstream.refusals = [:]
            upstream.pushes = ["welcome": .forward]
            upstream.breakerFailures = dice.within(2...5)
            upstream.breakerOpen = dice.span(100...1_000)
            if index == Self.relayed {
                upstream.correlation = .field("conversation_id", unique: false)
                table.unified = index
            }
            table.upstreams.append(upstream)
            table.routes.append(
                RouteSettings(
                    name: route, match: route.split(separator: "/").map(String.init),
                    servedBy: index == Self.relayed ? .unified : .legacy, legacy: index == Self.relayed ? nil : index))
        }
        compressing = dice.pick([0, 50, 100])
        var compression = CompressionSettings()
        compression.contextTakeover = dice.chance(50)
        compression.minBytes = dice.pick([1, 1, 100])
        compression.windowBits = dice.within(9...15)
        compression.maxConnections = dice.pick([2, 100])
        table.addressing.compression = compression
        for (route, mode) in [(Self.managed, PassthroughMode.managed), (Self.raw, .raw)] {
            var endpoint = EndpointSettings(path: "/api/ws/\(Self.routes[route])")
            endpoint.passthrough = mode
            endpoint.compression = compression
            table.routes[route].endpoint = endpoint
        }
        table.limits.messagesPerSecond = 1_000_000
        table.limits.handshakeTimeout = .seconds(3)
        // Room for a handful of handshakes, or for all.
        table.limits.handshakeBytes = dice.pick([64 << 20, 64 << 20, 40_000])
        table.session.linger = .seconds(10)
        table.session.parkedFor = .seconds(60)
        table.session.parkedCount = 100_000
        table.session.parkedBytes = 1 << 30
        Self.change(&table, &dice)
    }

    /// What may be another value in the next table, too.
    static func change(_ table: inout TableDefinition, _ dice: inout Dice) {
        for index in table.upstreams.indices {
            table.upstreams[index].inFlight = dice.pick([1, 1, 2, 8])
            table.upstreams[index].exchangeTimeout = dice.span(1_000...6_000)
            table.upstreams[index].queue.timeout = dice.span(500...4_000)
            table.upstreams[index].queue.messages = dice.pick([2, 8, 64])
            table.upstreams[index].pushTarget = dice.pick([.last, .all])
        }
        table.limits.unreadByClient = dice.pick([200, 2_000, 1 << 20])
        table.routes[moved].servedBy = dice.pick([.legacy, .unified, Rollout(steps: Rollout.whole / 2)])
    }
}
