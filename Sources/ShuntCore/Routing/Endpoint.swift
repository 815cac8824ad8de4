/// A legacy endpoint: where old clients of one route connect.
package final class Endpoint: Sendable {
    /// The path, or for unlisted values its pattern: what is kept of an endpoint when the table changes.
    package let path: String
    package let route: Route
    package let mode: PassthroughMode
    /// How messages to and from its clients are compressed; nil where they are not.
    package let compression: CompressionSettings?
    /// Types of clients' messages that go no further.
    package let absorbed: Absorption
    /// What is sent to clients to keep them calm; nil for nothing.
    package let beat: Beat?
    /// Brings a reply of the unified form to this endpoint's.
    package let toLegacy: ReshapeProgram
    /// Whose `replyKeys` that program is for.
    package let unified: Upstream?
    package let greet: [ConnectTemplate]
    /// For unlisted values: where they stand in the path.
    package let pattern: PathPattern?
    /// What it says of its end; nil while it is open.
    package let announcement: Announcement?
    /// The brownouts of the endpoint's route, where it is deprecated.
    package let brownouts: [Brownout]
    package let access: EndpointAccess

    init(
        path: String, route: Route, mode: PassthroughMode, heartbeat: HeartbeatSettings?, toLegacy: ReshapeProgram,
        unified: Upstream? = nil, greet: [ConnectTemplate] = [], pattern: PathPattern? = nil,
        announcement: Announcement? = nil, brownouts: [Brownout] = [], access: EndpointAccess,
        compression: CompressionSettings? = nil
    ) {
        self.path = path
        self.route = route
        self.mode = mode
        absorbed = Absorption(heartbeat?.absorb ?? [])
        beat = heartbeat?.beat.map { Beat($0) }
        self.toLegacy = toLegacy
        self.unified = unified
        self.greet = greet
        self.pattern = pattern
        self.announcement = announcement
        self.brownouts = brownouts
        self.access = access
        self.compression = compression
    }
}

extension Endpoint {
    /// Whether clients may connect.
    package func isOpen(in phase: Phase) -> Bool { state(in: phase) != .closed }
}
