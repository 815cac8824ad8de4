/// Counting for metrics: each of these is called in one place, where the thing happens.
extension Switchboard {
    /// A reply to a message that was sent at `sentAt`, or a part of it.
    @inline(__always)
    mutating func meterReply(
        _ route: Int, _ side: Side, bytes: Int, since sentAt: Instant, isFirst: Bool, ends: Bool, now: Instant
    ) {
        guard route >= 0, route < routeTallies.count else { return }
        if isFirst { meter.firstReplies.add(now - sentAt, at: Meter.place(of: route, side)) }
        routeTallies[route].answered(by: side, bytes: bytes, ends: ends)
    }

    /// Something else of a backend for a client that is passed through.
    @inline(__always)
    mutating func meterPassedDown(_ route: Int, bytes: Int) {
        guard route >= 0, route < routeTallies.count else { return }
        routeTallies[route].bytesFromLegacy &+= bytes
    }

    mutating func meterError(_ route: Route, _ side: Side, _ code: ErrorCode, _ count: Int = 1) {
        guard table.has(route) else { return }
        meter.errors[RouteError(route: route.index, side: side, code: code), default: 0] += count
    }

    mutating func meterRefusal(_ code: ErrorCode) { meter.refused[code, default: 0] += 1 }

    /// A message that waited is sent.
    mutating func meterWait(_ id: ExchangeID, now: Instant) {
        guard let pool = exchanges[id]?.pool, let index = pools[pool]?.key.upstream,
            meter.upstreams.indices.contains(index), let since = exchanges[id]?.queuedAt
        else { return }
        meter.upstreams[index].waits += 1
        meter.upstreams[index].waitedNanoseconds &+= max(0, (now - since).nanoseconds)
    }

    mutating func meterDial(_ upstream: Int) {
        guard meter.upstreams.indices.contains(upstream) else { return }
        meter.upstreams[upstream].dials += 1
    }

    mutating func meterFailure(_ upstream: Int, _ failure: DialFailure) {
        guard meter.upstreams.indices.contains(upstream) else { return }
        meter.upstreams[upstream].failures[failure.kind, default: 0] += 1
    }

    mutating func meterPush(_ upstream: Int, _ outcome: PushOutcome) {
        guard meter.upstreams.indices.contains(upstream) else { return }
        switch outcome {
        case .forwarded: meter.upstreams[upstream].pushes.forwarded += 1
        case .answered: meter.upstreams[upstream].pushes.answered += 1
        case .dropped: meter.upstreams[upstream].pushes.dropped += 1
        }
    }

    mutating func meterRetired(_ upstream: Int, _ reason: RetireReason) {
        guard meter.upstreams.indices.contains(upstream) else { return }
        meter.upstreams[upstream].retired[reason, default: 0] += 1
    }

    mutating func meterUpstreamClose(_ upstream: Int, _ close: PeerClose) {
        guard meter.upstreams.indices.contains(upstream) else { return }
        meter.upstreams[upstream].closed(ClientClose(.backend, close).code)
    }

    mutating func meterClose(_ close: ClientClose) { meter.closed(close) }

    /// A client's socket comes.
    mutating func meterOpened(_ endpoint: Endpoint?) {
        guard let endpoint else {
            meter.unified.opened += 1
            return
        }
        let index = endpoint.route.index
        guard meter.endpoints.indices.contains(index) else {
            meter.unlisted.opened += 1
            return
        }
        meter.endpoints[index].opened += 1
        if meter.isDeprecating { meter.endpoints[index].deprecatedUses += 1 }
    }

    /// Where the figures of a client's legacy endpoint are kept; -1 with those of unlisted values, which is where a route
    /// belongs that a change of the table removed: its index is another one's now. nil for the unified endpoint.
    @inline(__always)
    func routeIndex(of id: ClientID) -> Int? {
        guard let endpoint = clients.at(id)?.pointee.endpoint else { return nil }
        return clients.at(id)?.pointee.isStranded == true ? -1 : endpoint.route.index
    }

    /// Messages of a client on a legacy endpoint.
    @inline(__always)
    mutating func meterMessages(_ count: Int, bytes: Int, on route: Int) {
        guard route >= 0, route < meter.endpoints.count else {
            meter.unlisted.received(count, bytes: bytes, isDeprecated: false)
            return
        }
        meter.endpoints[route].received(count, bytes: bytes, isDeprecated: meter.isDeprecating)
    }

    /// Counts what became of a push.
    mutating func pushed(_ id: ConnectionID, _ outcome: PushOutcome) {
        switch outcome {
        case .forwarded: tally.pushesForwarded += 1
        case .answered: tally.pushesAnswered += 1
        case .dropped: tally.pushesDropped += 1
        }
        meterPush(links[id]?.upstreamIndex ?? -1, outcome)
    }
}

extension EndpointMeter {
    @inline(__always)
    mutating func received(_ count: Int, bytes size: Int, isDeprecated: Bool) {
        messages &+= count
        bytes &+= size
        if isDeprecated { deprecatedUses &+= count }
    }
}

extension RouteTally {
    @inline(__always)
    mutating func sent(to side: Side, bytes: Int) {
        if side == .legacy {
            byLegacy &+= 1
            bytesToLegacy &+= bytes
        } else {
            byUnified &+= 1
            bytesToUnified &+= bytes
        }
    }

    @inline(__always)
    mutating func answered(by side: Side, bytes: Int, ends: Bool) {
        let replies = ends ? 1 : 0
        if side == .legacy {
            repliesByLegacy &+= replies
            bytesFromLegacy &+= bytes
        } else {
            repliesByUnified &+= replies
            bytesFromUnified &+= bytes
        }
    }
}
