import ShuntCore
import ShuntTesting

extension TableDefinition {
    /// The guide and the liaisons with the endpoints that old clients know, and a unified backend that speaks as the
    /// one in the field does.
    static func migration(
        servedBy rollout: Rollout = .legacy, _ change: (inout TableDefinition) -> Void = { _ in }
    ) -> TableDefinition {
        var definition = TableDefinition.agents()
        for index in definition.routes.indices {
            let name = definition.routes[index].name
            var endpoint = EndpointSettings(path: "/api/ws/\(name)")
            endpoint.aliases = ["/api/ws/agent/api/ws/\(name)"]
            endpoint.toLegacy = name == "guide" ? .guideToLegacy : .liaisonToLegacy
            var heartbeat = HeartbeatSettings()
            heartbeat.absorb = ["heartbeat", "ping"]
            heartbeat.send = Old.heartbeat
            endpoint.heartbeat = heartbeat
            definition.routes[index].endpoint = endpoint
            definition.routes[index].servedBy = rollout
        }
        definition.upstreams[0].toUnified.map = [.type("response", "message")]
        definition.upstreams[0].toUnified.drop = ["response"]
        for index in 1...2 {
            definition.upstreams[index].toUnified.map = [.type("chat_response", "message")]
            definition.upstreams[index].toUnified.drop = ["session_token"]
        }
        definition.upstreams[3].correlation = .field("conversation_id", unique: false)
        definition.upstreams[3].toUnified.rename = [.init(from: "response", to: "message")]
        definition.upstreams[3].toUnified.map = [.type("response", "message")]
        definition.upstreams[3].toUnified.defaults = [.init(field: "type", json: #""message""#)]
        definition.upstreams[3].toUnified.drop = ["success", "agent"]
        change(&definition)
        return definition
    }
}

extension ReshapeRules {
    /// What the old guide's clients know: `type: response`, and the text once more in `response`.
    static var guideToLegacy: ReshapeRules {
        var rules = ReshapeRules()
        rules.map = [.type("message", "response")]
        rules.copy = [.init(from: "message", to: "response")]
        return rules
    }
    static var liaisonToLegacy: ReshapeRules {
        var rules = ReshapeRules()
        rules.map = [.type("message", "chat_response")]
        return rules
    }
}

extension ReshapeRules.ValueMap {
    static func type(_ from: String, _ to: String) -> Self { .init(field: "type", values: [.init(from: from, to: to)]) }
}

extension Driver {
    /// A world of the migration without heartbeats: nothing is delivered but what is about messages.
    static func quiet(
        servedBy rollout: Rollout = .legacy, _ change: (inout TableDefinition) -> Void = { _ in }
    ) throws -> Driver {
        try Driver(
            .migration(servedBy: rollout) {
                for index in $0.routes.indices { $0.routes[index].endpoint?.heartbeat = nil }
                change(&$0)
            })
    }
}

/// What old clients and their backends say.
enum Old {
    static let guide = "/api/ws/guide"
    static let content = "/api/ws/liaison/content"
    static let insights = "/api/ws/liaison/insights"
    static let heartbeat = #"{"type":"heartbeat"}"#

    static func conversation(_ route: String, of token: String) -> String {
        route.replacing("/", with: "_") + "_" + Driver.name(of: token)
    }

    /// What the unified backend answers for a route, as the one in the field does.
    static func unifiedReply(_ message: String, _ route: String, of token: String) -> String {
        let tags = route.split(separator: "/")
        let pillar = tags.count > 1 ? #","pillar":"\#(tags[1])""# : ""
        return #"{"success":true,"response":"\#(message)","conversation_id":"\#(conversation(route, of: token))","#
            + #""agent":"x","agent_type":"\#(tags[0])"\#(pillar)}"#
    }
}

extension Driver {
    /// Changes who serves a route.
    @discardableResult
    func serve(_ route: Int, by rollout: Rollout) throws -> [Happening] {
        try change { $0.routes[route].servedBy = rollout }
    }
}
