/// Where the whole migration stands.
package enum Phase: String, Sendable, Hashable, CaseIterable {
    /// Everything is served by the legacy upstreams.
    case parallel
    /// Each route as it says.
    case migrate
    /// Everything is served by the unified upstream; legacy endpoints are deprecated.
    case deprecate
    /// Everything is served by the unified upstream; legacy endpoints are closed.
    case complete

    /// The side that the phase puts every route on; nil where each route decides.
    package var side: Side? {
        switch self {
        case .parallel: .legacy
        case .migrate: nil
        case .deprecate, .complete: .unified
        }
    }

    /// Whether clients may still connect to legacy endpoints.
    package var opensLegacyEndpoints: Bool { self != .complete }
}
