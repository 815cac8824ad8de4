import ShuntCore
import ShuntTesting

@testable import ShuntRuntime

/// What one seed's storm is like: the routing table, and how often what goes wrong, in percent of its chances.
struct StormPlan {
    static let routes = ["guide", "liaison/content", "scribe"]
    /// The route that the unified upstream serves.
    static let relayed = 2

    var table = TableDefinition()
    var tokens: [String] = []
    var mostClients = 12
    /// The longest pause between two steps, in milliseconds.
    var pause = 20
    var dialFails = 0
    var dialBreaksAtOnce = 0
    var badUpgrade = 0
    var silence = 0
    var upstreamEnds = 0
    var nonsense = 0
    var pushes = 0
    var moveFails = 0
    var drains = false
    var upstreamWatermark = 4096

    init(_ dice: inout Dice) {
        for number in 1...dice.within(1...4) { tokens.append("tok\(number)") }
        func rate(_ most: Int) -> Int { dice.chance(50) ? 0 : dice.within(1...most) }
        dialFails = rate(30)
        dialBreaksAtOnce = rate(40)
        badUpgrade = rate(15)
        silence = rate(6)
        upstreamEnds = rate(12)
        nonsense = rate(8)
        pushes = rate(30)
        moveFails = rate(10)
        drains = dice.chance(15)
        pause = dice.pick([2, 20, 20, 60, 300])
        upstreamWatermark = dice.pick([300, 4_096, 1 << 20])
        planTable(&dice)
    }

    private mutating func planTable(_ dice: inout Dice) {
        for (index, route) in Self.routes.enumerated() {
            var upstream = UpstreamSettings(
                name: route, address: UpstreamAddress(host: "127.0.0.1", port: 7000 + index, path: "/api/ws/\(route)"))
            upstream.mode = dice.chance(30) ? .client : .session
            upstream.inFlight = dice.pick([1, 1, 2, 8])
            upstream.exchangeTimeout = dice.span(1_000...6_000)
            upstream.queue.timeout = dice.span(500...4_000)
            upstream.queue.messages = dice.pick([2, 8, 64])
            upstream.connectTimeout = dice.span(200...2_000)
            upstream.handshakeTimeout = dice.span(200...2_000)
            upstream.maxConnections = dice.chance(20) ? dice.within(1...4) : 100
            // A 403 is no word about the session here, or most of the storm would be refusals.
            upstream.refusals = [:]
            upstream.pushes = ["welcome": .forward]
            upstream.pushTarget = dice.pick([.last, .all])
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
        table.limits.messagesPerSecond = 1_000_000
        table.limits.unreadByClient = dice.pick([200, 2_000, 1 << 20])
        table.limits.handshakeTimeout = .seconds(3)
        table.session.linger = .seconds(10)
        table.session.parkedFor = .seconds(60)
        table.session.parkedCount = 100_000
        table.session.parkedBytes = 1 << 30
    }
}
