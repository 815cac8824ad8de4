/// What a switchboard counts for metrics beside its `Tally`: by route and side, by upstream, by code. Each entry only
/// grows. On the path of a message there are only plain integers; what has a code or a reason is rare and kept by key.
package struct Meter: Sendable {
    /// From the writing of a message to its first reply, by `Meter.place(of:_:)`.
    package var firstReplies: DurationTable
    /// By `Upstream.index`.
    package var upstreams: [UpstreamMeter]
    package var errors: [RouteError: Int] = [:]
    /// Errors about messages that were never accepted.
    package var refused: [ErrorCode: Int] = [:]
    package var closes: [ClientClose: Int] = [:]
    /// Sockets and messages of the unified endpoint.
    package var unified = EndpointMeter()
    /// Sockets and messages of values that a route's template does not list.
    package var unlisted = EndpointMeter()
    /// Sockets and messages of legacy endpoints, by `Route.index`.
    package var endpoints: [EndpointMeter]
    /// Whether listed legacy endpoints are deprecated or closed (`EndpointState`): their use is counted once more.
    package var isDeprecating: Bool

    package init(_ table: RoutingTable) {
        firstReplies = DurationTable(places: 2 * table.routes.count)
        upstreams = Array(repeating: UpstreamMeter(), count: table.upstreams.count)
        endpoints = Array(repeating: EndpointMeter(), count: table.routes.count)
        isDeprecating = EndpointState(in: table.definition.phase) != .open
    }

    /// Where a route's side is in `firstReplies`; a route that the table does not list has none.
    @inline(__always)
    package static func place(of route: Int, _ side: Side) -> Int { route < 0 ? -1 : 2 * route + Int(side.rawValue) }

    /// So many ends of sockets are told apart, so that a backend that makes up codes fills no memory.
    package static let mostCloses = 256

    mutating func closed(_ close: ClientClose) {
        let isTold = closes[close] != nil || closes.count < Self.mostCloses
        closes[isTold ? close : ClientClose(close.cause, code: ClientClose.other), default: 0] += 1
    }

    /// Adds what another worker counted by the same table.
    mutating func add(_ other: Meter) {
        firstReplies.add(other.firstReplies)
        for place in upstreams.indices where place < other.upstreams.count {
            upstreams[place].add(other.upstreams[place])
        }
        for place in endpoints.indices where place < other.endpoints.count {
            endpoints[place] = endpoints[place] + other.endpoints[place]
        }
        errors.merge(other.errors, uniquingKeysWith: +)
        refused.merge(other.refused, uniquingKeysWith: +)
        closes.merge(other.closes, uniquingKeysWith: +)
        unified = unified + other.unified
        unlisted = unlisted + other.unlisted
    }

    /// Another table comes into force.
    ///
    /// - Parameters:
    ///   - routes: by new place the old one, -1 for a new route.
    ///   - upstreams: the same of upstreams.
    package func moved(to table: RoutingTable, routes: [Int], upstreams: [Int]) -> Meter {
        var moved = self
        moved.firstReplies = firstReplies.moved(
            to: routes.flatMap { [Self.place(of: $0, .legacy), Self.place(of: $0, .unified)] })
        moved.upstreams = upstreams.map { self.upstreams.indices.contains($0) ? self.upstreams[$0] : UpstreamMeter() }
        moved.endpoints = routes.map { endpoints.indices.contains($0) ? endpoints[$0] : EndpointMeter() }
        moved.errors = [:]
        var places: [Int: Int] = [:]
        for (new, old) in routes.enumerated() where old >= 0 { places[old] = new }
        for (error, count) in errors {
            guard let place = places[error.route] else { continue }
            moved.errors[RouteError(route: place, side: error.side, code: error.code)] = count
        }
        moved.isDeprecating = EndpointState(in: table.definition.phase) != .open
        return moved
    }
}

/// Where an error of an accepted message belongs.
package struct RouteError: Sendable, Hashable {
    /// `Route.index`.
    package let route: Int
    package let side: Side
    package let code: ErrorCode
    package init(route: Int, side: Side, code: ErrorCode) {
        self.route = route
        self.side = side
        self.code = code
    }
}

/// How a client's socket ended: by whom, and with which code.
package struct ClientClose: Sendable, Hashable {
    /// Why; `client` and `backend` where it was their own wish.
    package enum Cause: Sendable, Hashable {
        case proxy(CloseReason)
        case client
        case backend
    }

    package let cause: Cause
    /// 0 for a socket that was cut, 1 for a code that is none of those that are told apart.
    package let code: UInt16

    package static let cut: UInt16 = 0
    package static let other: UInt16 = 1

    package init(_ cause: Cause, code: UInt16) {
        self.cause = cause
        self.code = code
    }

    /// Clients may make up any code: those of the protocol are told apart. A backend's codes are its own words, all of
    /// them; how many are counted apart is bounded (`Meter.closed`, `UpstreamMeter.closed`).
    package init(_ cause: Cause, _ close: PeerClose) {
        let code = close.isCut ? Self.cut : close.code?.rawValue ?? 1005
        switch (cause, code) {
        case (_, Self.cut), (_, 1000...1015), (.backend, 3000...4999): self.init(cause, code: code)
        default: self.init(cause, code: Self.other)
        }
    }
}

/// What was counted of one upstream.
package struct UpstreamMeter: Sendable, Hashable {
    package var dials = 0
    package var failures: [DialFailure.Kind: Int] = [:]
    package var retired: [RetireReason: Int] = [:]
    /// Connections that the backend ended, by `ClientClose.code`.
    package var closes: [UInt16: Int] = [:]
    /// Messages that answer nothing, by what was done with them; routed ways.
    package var pushes = PushCounts()
    /// Messages that waited before they were sent, and how long in all, in nanoseconds.
    package var waits = 0
    package var waitedNanoseconds: Int64 = 0
    package init() {}

    package static let mostCloses = 64

    /// The backend ended a connection. So many codes are told apart; those that come for the first time after that are
    /// counted together.
    mutating func closed(_ code: UInt16) {
        let isTold = closes[code] != nil || closes.count < Self.mostCloses
        closes[isTold ? code : ClientClose.other, default: 0] += 1
    }

    mutating func add(_ other: UpstreamMeter) {
        dials += other.dials
        waits += other.waits
        pushes.add(other.pushes)
        waitedNanoseconds &+= other.waitedNanoseconds
        if !other.failures.isEmpty { failures.merge(other.failures, uniquingKeysWith: +) }
        if !other.retired.isEmpty { retired.merge(other.retired, uniquingKeysWith: +) }
        if !other.closes.isEmpty { closes.merge(other.closes, uniquingKeysWith: +) }
    }
}

/// What becomes of a backend's message that answers nothing.
package enum PushOutcome: UInt8, Sendable, CaseIterable { case forwarded, answered, dropped }

/// What became of pushes.
package struct PushCounts: Sendable, Hashable {
    package var forwarded = 0
    package var answered = 0
    package var dropped = 0
    package init() {}

    mutating func add(_ other: PushCounts) {
        forwarded += other.forwarded
        answered += other.answered
        dropped += other.dropped
    }
}

/// What was counted of one endpoint that clients connect to.
package struct EndpointMeter: Sendable, Hashable {
    /// Sockets that were accepted.
    package var opened = 0
    package var messages = 0
    /// Of their messages, as they came; of raw sockets with all that frames add.
    package var bytes = 0
    /// Sockets and messages while the endpoint was deprecated.
    package var deprecatedUses = 0
    package init() {}

    package static func + (left: EndpointMeter, right: EndpointMeter) -> EndpointMeter {
        var sum = left
        sum.opened += right.opened
        sum.messages += right.messages
        sum.bytes &+= right.bytes
        sum.deprecatedUses += right.deprecatedUses
        return sum
    }
}

extension DialFailure {
    /// The failure without its details.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case connect
        case nameNotResolved = "name_not_resolved"
        case connectTimeout = "connect_timeout"
        case handshakeTimeout = "handshake_timeout"
        case noLocalAddress = "no_local_address"
        case limit
        case refused4xx = "refused_4xx"
        case refused5xx = "refused_5xx"
        case refused
        case badHandshake = "bad_handshake"
        case tls
        case opening
    }

    package var kind: Kind {
        switch self {
        case .connect: .connect
        case .nameNotResolved: .nameNotResolved
        case .connectTimeout: .connectTimeout
        case .handshakeTimeout: .handshakeTimeout
        case .noLocalAddress: .noLocalAddress
        case .limit: .limit
        case .refused(let status):
            switch status {
            case 400...499: .refused4xx
            case 500...599: .refused5xx
            default: .refused
            }
        case .badHandshake, .unanswered: .badHandshake
        case .tls: .tls
        case .opening: .opening
        }
    }
}
