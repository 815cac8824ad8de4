/// Where a legacy endpoint stands in its life.
package enum EndpointState: String, Sendable, Hashable, CaseIterable {
    case open
    /// Clients may connect, and are told that the endpoint ends; brownouts as scheduled.
    case deprecated
    /// Handshakes are answered 410.
    case closed

    package init(in phase: Phase) {
        switch phase {
        case .parallel, .migrate: self = .open
        case .deprecate: self = .deprecated
        case .complete: self = .closed
        }
    }
}

extension Endpoint {
    /// The state in a phase. Unlisted values have no successor: their backend goes on deciding about them.
    package func state(in phase: Phase) -> EndpointState { route.index < 0 ? .open : EndpointState(in: phase) }

    /// The brownout that a handshake falls into; nil for none.
    ///
    /// - Parameter user: nil for a client without a token, who is sorted by its address.
    package func brownout(of handshake: Handshake, user: ByteString?, at wall: UnixTime) -> Brownout? {
        brownout(of: handshake, user: user, among: brownouts.filter { $0.isInForce(at: wall) })
    }

    func brownout(of handshake: Handshake, user: ByteString?, among windows: [Brownout]) -> Brownout? {
        guard !windows.isEmpty, !brownouts.isEmpty else { return nil }
        let user = user ?? handshake.farAddress
        return brownouts.first { windows.contains($0) && $0.picks(user) }
    }
}

/// A legacy endpoint's life, for people.
package struct EndpointLife: Sendable, Hashable {
    package var state: EndpointState
    package var deprecatedAt: UnixTime?
    package var sunset: UnixTime?
    /// The window in force, else the next one; nil where none is left.
    package var brownout: Brownout?

    package init(
        state: EndpointState, deprecatedAt: UnixTime? = nil, sunset: UnixTime? = nil, brownout: Brownout? = nil
    ) {
        self.state = state
        self.deprecatedAt = deprecatedAt
        self.sunset = sunset
        self.brownout = brownout
    }

    /// The life of a route's endpoint.
    package init(of route: String, in definition: TableDefinition, at wall: UnixTime) {
        state = EndpointState(in: definition.phase)
        guard state != .open else { return }
        let settings = definition.deprecation
        deprecatedAt = settings.deprecatedAt
        sunset = settings.sunset
        guard state == .deprecated else { return }
        brownout = settings.brownouts.filter { wall < $0.until && $0.covers(route: route) }
            .min { $0.from < $1.from }
    }
}
