package import ShuntCore

/// Where the proxy is, and what it has there: what demo clients and the chat page go by. Read from the table once; a
/// path that changes later is not followed.
package struct Destination: Sendable, Equatable {
    /// An agent that a client can talk to.
    package struct Agent: Sendable, Equatable {
        /// The route's name: `liaison/content`.
        package let name: String
        /// Where old clients find it; nil where they cannot.
        package let legacyPath: String?
        /// The members by which a message on the unified endpoint names it.
        package let address: [Member]
    }

    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package let host: String
    package let port: Int
    package let unifiedPath: String
    package let agents: [Agent]

    /// - Parameter listeners: where the proxy really listens. The first TCP address counts; a wildcard address is
    ///   reached over loopback.
    /// - Returns: nil where there is no TCP address.
    package init?(table: RoutingTable, listeners: [ListenAddress]) {
        let address = listeners.lazy.compactMap { listener -> (host: String, port: Int)? in
            guard case .tcp(let host, let port) = listener else { return nil }
            return (Self.reachable(host), port)
        }.first
        guard let address, let path = table.definition.addressing.paths.first else { return nil }
        host = address.host
        port = address.port
        unifiedPath = path
        let members = table.definition.addressing.routeBy
        agents = table.definition.routes.map { route in
            Agent(
                name: route.name, legacyPath: route.endpoint?.path,
                address: zip(members, route.match).map { Member(name: $0, value: $1) })
        }
    }

    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0", "": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    /// `host:port`, as in a URL.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    func agent(_ name: String) -> Agent? { agents.first { $0.name == name } }
}
