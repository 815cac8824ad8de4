import ShuntCore
import ShuntTesting

typealias Driver = SwitchboardDriver

extension TableDefinition {
    /// A guide and two liaisons, each with a legacy backend (0, 1, 2), and the unified one (3).
    static func agents(
        servedBy side: Side = .legacy, _ change: (inout TableDefinition) -> Void = { _ in }
    ) -> TableDefinition {
        var definition = TableDefinition()
        definition.addressing.defaultRoute = "guide"
        for name in ["guide", "liaison/content", "liaison/insights"] {
            definition.addRoute(
                to: UpstreamSettings(name: name, address: .test("/\(name)")), servedBy: Rollout(side))
        }
        definition.addUnified(UpstreamSettings(name: "unified", address: .test("/api/ws/agent")))
        // When a socket opens is a matter of its own tests.
        definition.everywhere { $0.dialForLegacy = .onMessage }
        change(&definition)
        return definition
    }

    /// Changes what is set for every upstream.
    mutating func everywhere(_ change: (inout UpstreamSettings) -> Void) {
        for index in upstreams.indices { change(&upstreams[index]) }
    }
}

extension UpstreamAddress {
    static func test(_ path: String) -> UpstreamAddress { UpstreamAddress(host: "127.0.0.1", port: 7101, path: path) }
}

/// Messages to the agents, and what the agents say, as short as they can be.
enum Text {
    static func guide(_ message: String) -> String { #"{"agent_type":"guide","message":"\#(message)"}"# }
    static func content(_ message: String) -> String {
        #"{"agent_type":"liaison","pillar":"content","message":"\#(message)"}"#
    }
    static func insights(_ message: String) -> String {
        #"{"agent_type":"liaison","pillar":"insights","message":"\#(message)"}"#
    }
    /// A message as a legacy backend gets it.
    static func bare(_ message: String) -> String { #"{"message":"\#(message)"}"# }
    static func reply(_ message: String) -> String { #"{"type":"response","message":"\#(message)"}"# }
    /// The guide's reply as a client of that session gets it.
    static func fromGuide(_ message: String, to token: String) -> String {
        #"{"type":"response","message":"\#(message)","agent_type":"guide","#
            + #""conversation_id":"guide_\#(Driver.name(of: token))"}"#
    }
    /// What a message says in its member `message`.
    static func message(of text: String) -> String? { member("message", of: text) }
    /// What a message says in a member that is a string.
    static func member(_ name: String, of text: String) -> String? {
        JSONReader.members(of: [UInt8](text.utf8))?.last { $0.key == name }.flatMap { JSONReader.string(of: $0.value) }
    }
    /// The same for what was delivered or forwarded.
    static func member(_ name: String, of happening: Driver.Happening?) -> String? {
        switch happening {
        case .deliver(_, let text), .forward(_, let text): member(name, of: text)
        default: nil
        }
    }
    /// The same with the members of the message in the order of their names.
    static func sorted(_ happening: Driver.Happening) -> Driver.Happening {
        switch happening {
        case .deliver(let client, let text): .deliver(client, sorted(text))
        case .forward(let connection, let text): .forward(connection, sorted(text))
        default: happening
        }
    }
    private static func sorted(_ text: String) -> String {
        let members = JSONReader.members(of: [UInt8](text.utf8)) ?? []
        return members.map { "\($0.key)=" + String(decoding: $0.value, as: UTF8.self) }.sorted().joined(separator: " ")
    }
    static let zombie = #"{"type":"error","message":"Internal error: gone"}"#
}

extension [Driver.Happening] {
    /// The codes of the errors among them, each with whether the message was sent.
    var errors: [String] { compactMap(\.error) }

    var dials: Int { count { if case .dial = $0 { true } else { false } } }

    /// The `message` members of what is delivered, with the client's number.
    var delivered: [String] {
        compactMap { happening in
            guard case .deliver(let client, let text) = happening else { return nil }
            return Text.message(of: text).map { "\(client): \($0)" }
        }
    }

    /// The `message` members of what is forwarded, with the connection's number.
    var forwarded: [String] {
        compactMap { happening in
            guard case .forward(let connection, let text) = happening else { return nil }
            return Text.message(of: text).map { "\(connection): \($0)" }
        }
    }
}
