import ShuntCore

/// What can be wrong with an upstream though each of its values is allowed.
struct UpstreamChecks {
    let settings: UpstreamSettings
    let section: Section
    let isUnified: Bool

    /// One local address reaches one remote port from about as many local ports (Linux, `ip_local_port_range`).
    static let portsOfAnAddress = 28_000

    func run() {
        checkPool()
        checkExchanges()
        checkPushes()
        checkCredential()
    }

    private var diagnostics: DiagnosticList { section.diagnostics }

    /// Where a setting stands, or the upstream where it does not.
    private func place(_ keys: String...) -> DocumentNode {
        var node = section.node
        for key in keys {
            guard let next = node[key] else { break }
            node = next
        }
        return node
    }

    private func checkPool() {
        if settings.lanes > 1 {
            if !isUnified {
                diagnostics.error(
                    place("pool", "lanes"), "a legacy upstream has one lane",
                    advice: "lanes divide the routes of a session, and a legacy upstream serves one route")
            } else if settings.mode == .client {
                diagnostics.error(
                    place("pool", "lanes"), "lanes need mode: session",
                    advice: "with mode: client every client socket has its own connections")
            }
        }
        let reachable = Self.portsOfAnAddress * max(1, settings.sourceAddresses.count)
        if settings.maxConnections > reachable {
            diagnostics.warning(
                place("pool", "max_connections"),
                "\(settings.maxConnections) is more than the some \(reachable) connections that "
                    + (settings.sourceAddresses.count > 1
                        ? "\(settings.sourceAddresses.count) local addresses" : "one local address")
                    + " can open to one port",
                advice: "list more source_addresses, or dials will fail with EADDRNOTAVAIL")
        }
        if let ready = settings.ready, settings.queue.timeout < ready.timeout {
            diagnostics.warning(
                place("ready", "timeout"),
                "ready.timeout (\(Duration.text(ready.timeout))) is longer than exchange.queue.timeout "
                    + "(\(Duration.text(settings.queue.timeout)))",
                advice: "messages give up before a backend that does not greet is given up")
        }
        if Set(settings.sourceAddresses).count != settings.sourceAddresses.count {
            diagnostics.error(place("source_addresses"), "an address stands there twice")
        }
        if settings.lifetime < settings.exchangeTimeout {
            diagnostics.warning(
                place("pool", "lifetime"),
                "lifetime (\(Duration.text(settings.lifetime))) is shorter than exchange.timeout "
                    + "(\(Duration.text(settings.exchangeTimeout)))",
                advice: "connections would be retired faster than a slow answer comes")
        }
    }

    private func checkExchanges() {
        if settings.inFlight > 1, settings.correlation == .fifo {
            diagnostics.warning(
                place("exchange", "in_flight"), "in_flight: \(settings.inFlight) with correlation: fifo",
                advice: "a backend that answers out of order would mix replies up; correlate by a field, or keep "
                    + "in_flight: 1")
        }
        if settings.queue.timeout < settings.connectTimeout {
            diagnostics.warning(
                place("exchange", "queue", "timeout"),
                "queue.timeout (\(Duration.text(settings.queue.timeout))) is shorter than pool.connect_timeout "
                    + "(\(Duration.text(settings.connectTimeout)))",
                advice: "messages would give up before a slow dial has ended")
        }
        for rate in settings.pace where rate.count < settings.inFlight && rate.per > settings.queue.timeout {
            diagnostics.warning(
                place("pace"),
                "\(rate.count)/\(Duration.text(rate.per)) admits fewer messages than in_flight: \(settings.inFlight)",
                advice: "the rest is refused as rate_limited")
        }
        if settings.replies.match.isEmpty, !settings.replies.matchNone {
            diagnostics.error(place("replies", "match"), "nothing would ever be a reply")
        }
        if settings.deadAfterError.contains(where: \.isEmpty) {
            diagnostics.error(place("dead_after_error"), "an empty beginning fits every error")
        }
    }

    private func checkPushes() {
        guard case .member = settings.replies.by else { return }
        for type in settings.pushes.keys.sorted() {
            let isReply = type.isEmpty ? settings.replies.matchNone : settings.replies.match.contains(type)
            guard isReply else { continue }
            let shown = type.isEmpty ? "none" : type
            diagnostics.warning(
                place("pushes", shown), "\(Excerpt.quoted(shown)) is also in replies.match, so it is never a push",
                advice: "a message that fits replies.match ends an exchange: remove it from one of the two")
        }
    }

    private func checkCredential() {
        if settings.credential == nil, settings.identity == .handshake {
            diagnostics.warning(
                place("credential"), "credential: none with identity: handshake",
                advice:
                    "the backend is not told whose connection it is, unless the client's own query or headers say so")
        }
    }
}
