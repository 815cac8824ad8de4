import Foundation

/// What the chat page has to know of the proxy, as it reads it from `/settings.json`.
struct ChatSettings: Codable, Equatable {
    struct Agent: Codable, Equatable {
        let name: String
        /// Nil where old clients cannot reach it.
        let path: String?
        /// The members of a message that name it on the unified endpoint.
        let address: [String: String]
    }

    /// `ws://host:port`.
    let proxy: String
    /// The unified endpoint's path.
    let unified: String
    let agents: [Agent]
    let dashboard: String?

    init(_ destination: Destination, dashboard: String?) {
        proxy = "ws://\(destination.authority)"
        unified = destination.unifiedPath
        agents = destination.agents.map { agent in
            Agent(
                name: agent.name, path: agent.legacyPath,
                address: Dictionary(agent.address.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
        }
        self.dashboard = dashboard
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
