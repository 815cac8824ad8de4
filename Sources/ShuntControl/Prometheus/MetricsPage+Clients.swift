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
            "shunt_client_closes",
            "Client sockets that ended, by close code (RFC 6455; none: cut) and whose wish it was.")
        let closes = sum.meter.closes.map { (reason: $0.cause.word, code: $0.codeText, count: $1) }
        for close in closes.sorted(by: { ($0.reason, $0.code) < ($1.reason, $1.code) }) {
            writer.sample(close.count, ["code": close.code, "reason": close.reason])
        }
        writer.counter(
            "shunt_handshakes_refused",
            "Handshakes of clients that were refused, by the answer's code (upstream_refused: in the words of the backend)."
        )
        for (code, count) in sum.refusedHandshakes.sorted(by: { $0.key < $1.key }) {
            writer.sample(count, ["code": code])
        }
        addCompression()
        addDeprecated()
    }

    private mutating func addCompression() {
        let figures = sum.compression
        writer.gauge("shunt_compressed_connections", "Sockets of clients and upstreams with permessage-deflate.")
        writer.sample(figures.sockets, [:])
        writer.counter(
            "shunt_compression_refused", "Handshakes that went on without permessage-deflate because there was no room."
        )
        writer.sample(figures.refused, [:])
        writer.counter(
            "shunt_compressed_messages_bytes",
            "Bytes of messages that were compressed on the wire, by direction: as they are (plain) and as they went (wire)."
        )
        for (direction, plain, wire) in [
            ("in", figures.receivedPlain, figures.receivedCompressed),
            ("out", figures.sentPlain, figures.sentCompressed),
        ] {
            writer.sample(plain, ["direction": direction, "form": "plain"])
            writer.sample(wire, ["direction": direction, "form": "wire"])
        }
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
        add(sum.sockets.legacy, labels.legacy)
        add([sum.sockets.unlisted], labels.unlisted)
    }

    /// A socket is raw or not by the file: only one of both is told, unless there are some of both.
    private mutating func add(_ sockets: [SocketCensus.Legacy], _ endpoints: MetricsLabels.OfEndpoints) {
        let (places, isRaw) = (endpoints.places, endpoints.isRaw)
        func told(_ count: Int, _ isUsual: Bool) -> Int? { count > 0 || isUsual ? count : nil }
        writer.samples(endpoints.passthrough) { told(sockets[places[$0]].passthrough, !isRaw[$0]) }
        writer.samples(endpoints.collapse) { told(sockets[places[$0]].collapse, !isRaw[$0]) }
        writer.samples(endpoints.raw) { told(sockets[places[$0]].raw, isRaw[$0]) }
    }

    @inline(__always)
    private mutating func add(_ count: (EndpointMeter) -> Int) {
        let (meters, places) = (sum.meter.endpoints, labels.legacy.places)
        writer.sample(count(sum.meter.unified), ["endpoint": table.definition.addressing.paths.first ?? ""])
        writer.samples(labels.legacy.plain) { count(meters[places[$0]]) }
        let unlisted = sum.meter.unlisted
        writer.samples(labels.unlisted.plain) { _ in count(unlisted) }
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
        writer.counter(
            "shunt_credentials",
            "Tokens whose time was over while their socket was open, and newer ones that took their place.")
        writer.sample(sum.tally.expired, ["outcome": "expired"])
        writer.sample(sum.tally.refreshed, ["outcome": "refreshed"])
    }
}

extension ClientClose {
    fileprivate var codeText: String { Self.text(of: code) }

    /// A code as a label, in the words of the log.
    static func text(of code: UInt16) -> String {
        switch code {
        case cut: "none"
        case other: "other"
        default: "\(code)"
        }
    }
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
