import ShuntCore

/// Clients: where they connect, on which way, how they go.
extension MetricsPage {
    /// The endpoint of values that no template lists.
    private static let unlisted = "unlisted"
    private var unifiedPath: String { table.definition.addressing.paths.first ?? "" }

    /// The legacy endpoints of the table, with the places of their routes.
    private var legacy: [(place: Int, path: String)] {
        table.endpoints.byRoute.enumerated().compactMap { place, endpoint in endpoint.map { (place, $0.path) } }
    }

    private var hasUnlisted: Bool { !table.endpoints.unlisted.isEmpty }

    mutating func addClients() {
        addSockets()
        writer.counter("shunt_client_connections_opened", "Client sockets that were accepted.")
        add { $0.opened }
        writer.counter("shunt_client_messages", "Messages that clients sent, by where they connected.")
        add { $0.messages }
        writer.counter(
            "shunt_client_closes", "Client sockets that ended, by close code (RFC 6455; 0: cut) and whose wish it was.")
        let closes = sum.meter.closes.map { (reason: $0.cause.word, code: $0.codeText, count: $1) }
        for close in closes.sorted(by: { ($0.reason, $0.code) < ($1.reason, $1.code) }) {
            writer.sample(close.count, ["code": close.code, "reason": close.reason])
        }
        writer.counter("shunt_handshakes_refused", "Handshakes of clients that Shunt itself refused.")
        for (code, count) in sum.refusedHandshakes.sorted(by: { $0.key < $1.key }) {
            writer.sample(count, ["code": code])
        }
        addDeprecated()
    }

    private mutating func addSockets() {
        writer.gauge(
            "shunt_client_connections",
            "Client sockets, by where they connected and the way of their messages (unified endpoint: by all routes that a socket has used)."
        )
        let unified = sum.sockets.unified
        for (way, count) in [
            ("idle", unified.idle), ("fan_out", unified.fanOut), ("relay", unified.relay), ("both", unified.both),
        ] {
            writer.sample(count, ["endpoint": unifiedPath, "way": way])
        }
        for (place, path) in legacy where sum.sockets.legacy.indices.contains(place) {
            add(sum.sockets.legacy[place], path)
        }
        if hasUnlisted { add(sum.sockets.unlisted, Self.unlisted) }
    }

    private mutating func add(_ sockets: SocketCensus.Legacy, _ path: String) {
        writer.sample(sockets.passthrough, ["endpoint": path, "way": "passthrough"])
        writer.sample(sockets.raw, ["endpoint": path, "way": "raw"])
        writer.sample(sockets.collapse, ["endpoint": path, "way": "collapse"])
    }

    private mutating func add(_ count: (EndpointMeter) -> Int) {
        writer.sample(count(sum.meter.unified), ["endpoint": unifiedPath])
        for (place, path) in legacy where sum.meter.endpoints.indices.contains(place) {
            writer.sample(count(sum.meter.endpoints[place]), ["endpoint": path])
        }
        if hasUnlisted { writer.sample(count(sum.meter.unlisted), ["endpoint": Self.unlisted]) }
    }

    /// As Kubernetes tells of deprecated APIs: 1 for each that is asked for, to be joined with its counts.
    private mutating func addDeprecated() {
        writer.gauge(
            "shunt_requested_deprecated_endpoints",
            "1 for each deprecated legacy endpoint that clients have used since it is deprecated; join it with other metrics by endpoint."
        )
        guard table.definition.phase.deprecatesLegacyEndpoints else { return }
        for (place, path) in legacy where sum.meter.endpoints.indices.contains(place) {
            guard sum.meter.endpoints[place].deprecatedUses > 0 else { continue }
            writer.sample(1, ["endpoint": path, "route": table.routes[place].name])
        }
    }
}

extension ClientClose {
    fileprivate var codeText: String { code == Self.other ? "other" : "\(code)" }
}

extension ClientClose.Cause {
    fileprivate var word: String {
        switch self {
        case .client: "client"
        case .backend: "backend"
        case .proxy(let reason): LabelWord.snake("\(reason)")
        }
    }
}
