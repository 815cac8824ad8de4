import ShuntCore

/// Clients: where they connect, on which way, how they go.
extension MetricsPage {
    mutating func addClients() {
        addSockets()
        writer.counter("shunt_client_connections_opened", "Client sockets that were accepted.")
        add { $0.opened }
        writer.counter("shunt_client_messages", "Messages that clients sent, by where they connected.")
        add { $0.messages }
        writer.counter(
            "shunt_client_messages_bytes",
            "Bytes of messages that clients sent, without their frames (raw sockets: with them).")
        add { $0.bytes }
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
        let path = table.definition.addressing.paths.first ?? ""
        for (way, count) in [
            ("idle", unified.idle), ("fan_out", unified.fanOut), ("relay", unified.relay), ("both", unified.both),
        ] {
            writer.sample(count, ["endpoint": path, "way": way])
        }
        let sockets = sum.sockets.legacy
        for endpoint in labels.legacy where sockets.indices.contains(endpoint.place) {
            add(sockets[endpoint.place], endpoint)
        }
        if let unlisted = labels.unlisted { add(sum.sockets.unlisted, unlisted) }
    }

    /// A socket is raw or not by the file: only one of both is told, unless there are some of both.
    private mutating func add(_ sockets: SocketCensus.Legacy, _ endpoint: MetricsLabels.OfEndpoint) {
        if !endpoint.isRaw || sockets.passthrough + sockets.collapse > 0 {
            writer.sample(sockets.passthrough, endpoint.passthrough)
            writer.sample(sockets.collapse, endpoint.collapse)
        }
        if endpoint.isRaw || sockets.raw > 0 { writer.sample(sockets.raw, endpoint.raw) }
    }

    private mutating func add(_ count: (EndpointMeter) -> Int) {
        writer.sample(count(sum.meter.unified), labels.unified.endpoint)
        let meters = sum.meter.endpoints
        for endpoint in labels.legacy where meters.indices.contains(endpoint.place) {
            writer.sample(count(meters[endpoint.place]), endpoint.endpoint)
        }
        if let unlisted = labels.unlisted { writer.sample(count(sum.meter.unlisted), unlisted.endpoint) }
    }

    /// As Kubernetes tells of deprecated APIs: 1 for each that is asked for, to be joined with its counts.
    private mutating func addDeprecated() {
        writer.gauge(
            "shunt_requested_deprecated_endpoints",
            "1 for each deprecated or closed legacy endpoint that clients have used since then; join it with other metrics by endpoint."
        )
        let (phase, meters) = (table.definition.phase, sum.meter.endpoints)
        for endpoint in table.endpoints.byRoute {
            guard let endpoint, endpoint.state(in: phase) != .open, meters.indices.contains(endpoint.route.index),
                meters[endpoint.route.index].deprecatedUses > 0
            else { continue }
            writer.sample(
                1,
                [
                    "endpoint": endpoint.path, "route": endpoint.route.name,
                    "state": endpoint.state(in: phase).rawValue,
                ])
        }
        if let sunset = table.definition.deprecation.sunset {
            writer.gauge(
                "shunt_legacy_sunset_timestamp_seconds", "When legacy endpoints are expected to go, since 1970.")
            writer.sample(Int(clamping: sunset.seconds))
        }
        writer.counter(
            "shunt_brownouts", "Clients that felt a brownout: their handshake was refused, or their socket closed.")
        writer.sample(sum.tally.brownoutRefused, ["outcome": "refused"])
        writer.sample(sum.tally.brownoutClosed, ["outcome": "closed"])
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
