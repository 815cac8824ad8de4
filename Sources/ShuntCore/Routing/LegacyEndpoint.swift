/// How messages of an old client are carried to its legacy upstream.
package enum PassthroughMode: String, Sendable, Hashable, CaseIterable {
    /// Message by message: heartbeats and live toggles work; extensions are each end's own.
    case managed
    /// Byte by byte, extensions and pings end to end; the socket cannot be toggled while it lives.
    case raw
}

/// Heartbeats that keep old clients calm: their own are absorbed, ours are sent on schedule.
package struct HeartbeatSettings: Sendable, Hashable {
    /// Types of clients' messages that go no further.
    package var absorb: [AbsorbedType] = []
    /// The JSON text that is sent to the client; nil sends none.
    package var send: String?
    package var every = TimeSpan.seconds(8)
    package var beat: BeatSettings? { send.map { BeatSettings(send: $0, every: every) } }
    package init() {}
}

/// A path that old clients of one route connect to.
package struct EndpointSettings: Sendable, Hashable {
    /// Without placeholders: those of a route's template are filled in.
    package var path: String
    /// Other paths that mean the same one: wrongly built urls of clients in the field.
    package var aliases: [String] = []
    package var passthrough = PassthroughMode.managed
    package var heartbeat: HeartbeatSettings?
    /// How messages to and from its clients are compressed; nil where they are not.
    package var compression: CompressionSettings?
    /// Brings replies of the unified form to the shape that clients of this endpoint know.
    package var toLegacy = ReshapeRules()
    /// JSON texts that are sent to a client that connects while the unified upstream serves the route, in place of what
    /// the legacy backend would push. `{agent_type}` and the like, `{session}` and `{conversation_id}` are filled in.
    package var greet: [String] = []
    package var access = EndpointAccess()
    package init(path: String) { self.path = path }
}

/// The paths of a route's template whose values it does not list: always passed through to the legacy upstream, whose
/// path takes over the values as the client wrote them.
package struct UnlistedEndpointSettings: Sendable, Hashable {
    /// The route's name as written: `liaison/{pillar}`.
    package var name: String
    /// The path with its placeholders: `/api/ws/liaison/{pillar}`. One stands for one whole segment of a path.
    package var path: String
    package var aliases: [String] = []
    package var passthrough = PassthroughMode.managed
    package var heartbeat: HeartbeatSettings?
    /// How messages to and from its clients are compressed; nil where they are not.
    package var compression: CompressionSettings?
    /// Index in `TableDefinition.upstreams` of the legacy upstream; its address's path has the same placeholders.
    package var upstream: Int
    package var access = EndpointAccess()
    package init(name: String, path: String, upstream: Int) {
        self.name = name
        self.path = path
        self.upstream = upstream
    }
}
