/// An address to listen on.
package enum ListenAddress: Sendable, Hashable {
    case tcp(host: String, port: Int)
    case unix(path: String)
}

/// Whose pages may connect (the `Origin` of a handshake). A client that sends none is no browser and is admitted.
package enum OriginPolicy: Sendable, Hashable {
    /// The origin's host is the one that the request names.
    case sameHost
    case any
    /// Origins as `scheme://host[:port]`; a leading `*.` in the host stands for any subdomain.
    case list([String])
}

/// The addresses where clients connect, and who may.
package struct ListenSettings: Sendable, Hashable {
    package var clients: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8080)]
    /// nil: one per core.
    package var workers: Int?
    package var reusePort = false
    package var origins = OriginPolicy.sameHost
    /// Origins of pages that this process serves itself, on other ports than its clients': admitted besides. No file
    /// says them.
    package var ownPages: [String] = []
    package var trustedProxies: [AddressRange] = []
    /// nil: clients connect in the clear, as they always do over Unix sockets.
    package var tls: TLSServerSettings?
    /// Whether trusted proxies say with a head of the PROXY protocol whom they speak for.
    package var proxyProtocol = false
    package init() {}

    /// Whether the first bytes of a connection from this address must be a head of the PROXY protocol. It is never guessed:
    /// a trusted proxy sends one, everybody else sends none.
    ///
    /// - Parameter host: the peer's address; empty over a Unix socket, where everybody is trusted.
    package func expectsProxyHead(from host: String) -> Bool {
        proxyProtocol && (host.isEmpty || trustedProxies.contains { $0.contains(host) })
    }
}

/// The admin listener: JSON API, health, and what is built on them.
package struct AdminSettings: Sendable, Hashable {
    /// nil: no admin listener.
    package var address: ListenAddress?
    /// Bearer tokens (RFC 6750), nil or not empty; secrets: in no log, error or description. A write token may read too.
    /// With neither, whoever reaches the listener may do everything, so that it must be on a loopback address.
    package var readToken: String?
    package var writeToken: String?
    /// nil: it speaks plain HTTP.
    package var tls: TLSServerSettings?
    package init() {}
}

/// The place of overrides and their audit trail.
package struct StoreSettings: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        /// Overrides end with the process.
        case memory
        /// A SQLite file; a path that is not absolute counts from the process's working directory.
        case sqlite(path: String)
    }
    package var place = Place.memory
    package init() {}
}

/// Settings of the usage ledger: what it counts and keeps.
package struct UsageSettings: Sendable, Hashable {
    /// Whether use is counted at all.
    package var isOn = true
    /// Apps, versions and origins that are counted by name on a day, for all endpoints together; the rest is `other`.
    package var maxClients = 1000
    /// How often what was counted is written down: a process that is killed loses no more than that.
    package var flush = TimeSpan.seconds(5)
    /// Days that are kept, today not among them.
    package var keepDays = 400
    /// How long nobody may have used an endpoint before it is safe to remove.
    package var quietPeriod = TimeSpan.hours(14 * 24)
    package init() {}
}

/// Lines of the file that say who serves a route, from 1.
package struct RouteLines: Sendable, Hashable {
    package var phase: Int?
    /// Lines by the route's name; a template's routes share theirs.
    package var servedBy: [String: Int] = [:]
    package var hold: [String: Int] = [:]
    package init() {}

    /// The line that a decision about a route comes from; nil where the file does not say it: for a default, an override,
    /// or a phase that is an override itself and stands in no file.
    package func line(of route: String, _ origin: RouteDecision.Origin) -> Int? {
        switch origin {
        case .override: nil
        case .hold: hold[route]
        case .phase: phase
        case .file: servedBy[route]
        }
    }
}

/// How a line of the log is written.
package enum LogFormat: Sendable, Hashable { case text, json }

/// How much is logged, and in which form.
package struct LogSettings: Sendable, Hashable {
    /// A level of swift-log: trace, debug, info, notice, warning, error, critical.
    package var level = "info"
    package var format = LogFormat.text
    package init() {}
}

/// The whole configuration as values: what ShuntConfig reads and ShuntRuntime runs on.
package struct ProxySettings: Sendable {
    package var listen = ListenSettings()
    package var drain = DrainSettings()
    package var log = LogSettings()
    package var admin = AdminSettings()
    package var store = StoreSettings()
    package var usage = UsageSettings()
    package var lines = RouteLines()
    /// What the certificates say of themselves that the file names, each file once.
    package var certificates: [CertificateFacts] = []
    /// Digests of all PEM files that the file names, by their paths: to see that one has changed. Nothing secret.
    package var tlsFiles: [String: UInt64] = [:]
    /// Compiled from the same file, checked.
    package var table: RoutingTable
    package init(table: RoutingTable) { self.table = table }
}
