/// How messages pass between clients and a connection.
package enum Passage: Sendable, Equatable {
    /// Read, reshaped and told apart here.
    case routed
    /// As they are, message by message, for this one client.
    case managed(ClientID)
    /// As bytes, for this one client.
    case raw(ClientID)

    /// The client whose own connection it is; nil where messages are routed.
    package var client: ClientID? {
        switch self {
        case .routed: nil
        case .managed(let client), .raw(let client): client
        }
    }

    package var isRouted: Bool { if case .routed = self { true } else { false } }
    package var isRaw: Bool { if case .raw = self { true } else { false } }
}
