/// By which `Host` a backend is called.
package enum UpstreamHost: Sendable, Hashable {
    /// As the client called this proxy.
    case client
    /// By the name in its url.
    case upstream
    case name(String)
}

/// Which `Origin` a backend is told.
package enum UpstreamOrigin: Sendable, Hashable {
    /// What the client said, if it did.
    case keep
    case drop
    /// A value of the file's, whatever the client said.
    case value(String)
}

extension UpstreamSettings {
    /// - Parameter isOwn: whether the connection is an old client's own, which stands in the place of the one that it had
    ///   before there was a proxy.
    func host(isOwn: Bool) -> UpstreamHost { host ?? (isOwn ? .client : .upstream) }

    /// What its backend is told by those fields, for people: `Host: …; Origin: …`.
    ///
    /// - Parameter isOwn: on an old client's own connection, or on the others; nil for all.
    package func namesText(isOwn: Bool? = nil) -> String {
        var choice = host
        if let isOwn { choice = host(isOwn: isOwn) }
        let host =
            switch choice {
            case .none: "the client's on old clients' own connections, else the upstream's"
            case .client: "the client's"
            case .upstream: "the upstream's"
            case .name(let name): name
            }
        let origin =
            switch origin {
            case .keep: "the client's"
            case .drop: "none"
            case .value(let value): value
            }
        return "Host: \(host); Origin: \(origin)"
    }

    /// Whether a backend that compares the two may find another host in `Origin` than in `Host`, which is how it knows
    /// pages of other sites: it refuses them, mostly with 403.
    package func mayDisagree(isOwn: Bool) -> Bool { host(isOwn: isOwn) != .client && origin == .keep }

    /// What to set against that.
    package static let namesAdvice =
        "a backend that compares Origin with Host refuses pages: say host: client on this upstream, or origin: drop"
}
