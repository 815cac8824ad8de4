import ShuntCore

/// What a world is like where old clients live too and the table changes under everybody's feet.
extension Plan {
    /// What the members of unified replies are called on a legacy endpoint.
    static let oldConversation = "conversation"

    /// The place of the route that no message names, behind all others.
    var oddRoute: Int { routes.count }

    func match(_ route: Int) -> [String] { route < routes.count ? routes[route].match : [] }
    func name(_ route: Int) -> String { route < routes.count ? routes[route].name : "odd/{value}" }

    /// The plan's configuration, as it is at first.
    func arrangement() -> Arrangement {
        var made = Arrangement()
        made.upstreams = definition.upstreams
        made.routes = definition.routes
        made.hasRoute = routes.map { _ in true }
        made.hasLegacy = routes.map { _ in true }
        made.unified = definition.unified
        made.base = definition
        made.base.unlisted = []
        made.phase = definition.phase
        made.routeOrder = Array(routes.indices)
        made.upstreamOrder = Array(definition.upstreams.indices)
        made.unlisted = definition.unlisted.first
        return made
    }

    /// Gives most routes a legacy endpoint, a share and what goes with it.
    mutating func planMigration(_ dice: inout Dice) {
        guard let unified = definition.unified else { return }
        changes = dice.chance(80) ? dice.within(1...12) : 0
        oldClients = dice.within(10...80)
        // Every rule of an old reply stands at the top, where the endpoint's rules act on it.
        definition.upstreams[unified].toUnified.wrap = nil
        for route in definition.routes.indices {
            definition.routes[route].servedBy = Self.share(&dice)
            definition.routes[route].pin = dice.pick([.conversation, .conversation, .session, .exchange])
            definition.routes[route].pinIdle = dice.chance(30) ? dice.span(100...3_000) : .minutes(30)
            definition.routes[route].fallsBack = dice.chance(25)
            if dice.chance(20) { definition.routes[route].overrides = Self.overrides(&dice) }
            guard dice.chance(85) else { continue }
            var endpoint = EndpointSettings(path: "/api/ws/\(routes[route].name)")
            endpoint.aliases = dice.chance(20) ? ["/api/ws/agent/api/ws/\(routes[route].name)"] : []
            endpoint.passthrough = dice.chance(12) ? .raw : .managed
            endpoint.heartbeat = dice.chance(50) ? Self.heartbeat(&dice) : nil
            endpoint.toLegacy = Self.toLegacy(&dice)
            if dice.chance(40) {
                endpoint.greet = [
                    #"{"type":"hello","greeting":1,"of":"{agent_type}","session":"{session}","id":"{conversation_id}"}"#
                ]
            }
            definition.routes[route].endpoint = endpoint
        }
        if dice.chance(30) {
            let place = definition.upstreams.count
            let (settings, style) = planUpstream("odd/{value}", at: place, unified: false, &dice)
            definition.upstreams.append(settings)
            styles.append(style)
            usesIDs = usesIDs || settings.correlation == .field("id", unique: true)
            var unlisted = UnlistedEndpointSettings(name: "odd/{value}", path: "/api/ws/odd/{value}", upstream: place)
            unlisted.passthrough = dice.chance(20) ? .raw : .managed
            unlisted.heartbeat = dice.chance(30) ? Self.heartbeat(&dice) : nil
            definition.unlisted = [unlisted]
        }
        definition.phase = dice.chance(75) ? .migrate : dice.pick([.parallel, .deprecate])
    }

    static func share(_ dice: inout Dice) -> Rollout {
        switch dice.below(10) {
        case 0...2: .legacy
        case 3...5: .unified
        default: Rollout(steps: dice.within(1...9_999))
        }
    }

    static func overrides(_ dice: inout Dice) -> [ClientOverride] {
        [ClientOverride(app: dice.pick(["qa-*", "*", "old"]), servedBy: share(&dice))]
    }

    static func heartbeat(_ dice: inout Dice) -> HeartbeatSettings {
        var heartbeat = HeartbeatSettings()
        heartbeat.absorb = dice.chance(80) ? ["heartbeat", answeredPing] : []
        heartbeat.send = dice.chance(80) ? #"{"type":"heartbeat"}"# : nil
        heartbeat.every = dice.span(200...4_000)
        return heartbeat
    }

    static func toLegacy(_ dice: inout Dice) -> ReshapeRules {
        var rules = ReshapeRules()
        if dice.chance(60) {
            let type = dice.pick(["response", "chat_response"])
            rules.map = [.init(field: "type", values: [.init(from: "message", to: type)])]
        }
        if dice.chance(40) { rules.copy = [.init(from: "message", to: "response")] }
        if dice.chance(40) { rules.drop = dice.pick([["agent_type"], ["agent_type", "pillar"], ["version"]]) }
        if dice.chance(30) { rules.rename = [.init(from: "conversation_id", to: oldConversation)] }
        if dice.chance(20) { rules.set = [.init(field: "generation", json: "\(dice.within(1...9))")] }
        if dice.chance(10) { rules.defaults = [.init(field: "success", json: "true")] }
        return rules
    }
}
